// The unified login page has its parameters behind #, which no server sees: #/portal-login?ind=UNOP&appId=… becomes a query.
const fragment = document.querySelector("[data-fragment]");
function read() {
  const [, query] = location.hash.split("?");
  const asked = new URLSearchParams(query || "");
  const to = new URLSearchParams();
  for (const name of ["ind", "appId"]) to.set(name, asked.get(name) || "");
  location.replace("/unified-login/portal-login?" + to);
}
if (fragment && location.hash.includes("portal-login")) read();
if (fragment) addEventListener("hashchange", read);

// What is new waits behind a link; the page does not jump.
const live = document.querySelector("[data-after]");
async function follow(after) {
  try {
    const answer = await fetch("/centre/log?wait=25s&after=" + after);
    const log = await answer.json();
    if (log.events.length > 0) { live.hidden = false; return; }
    follow(after);
  } catch { setTimeout(() => follow(after), 5000); }
}
if (live) follow(live.dataset.after);
