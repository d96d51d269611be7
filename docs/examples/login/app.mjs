// SPDX-License-Identifier: Apache-2.0

// An app whose users log in through Koogate, in Node.js 20 or later with openid-client, a certified OpenID client. Copy it, and replace what
// page() shows. See docs/login.md.
//
//   npm ci && ISSUER=http://127.0.0.1:8082 APP_ID=demo-crm APP_SECRET=kgl_… PORT=9000 node app.mjs

import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import * as oidc from "openid-client";

const { ISSUER, APP_ID, APP_SECRET, PORT = "9000" } = process.env;
const base = process.env.BASE_URL ?? `http://127.0.0.1:${PORT}`;
const callback = `${base}/callback`;
const insecure = ISSUER.startsWith("http://") ? { execute: [oidc.allowInsecureRequests] } : {}; // http is for this machine alone
const config = await oidc.discovery(new URL(ISSUER), APP_ID, APP_SECRET, undefined, insecure);
const sessions = new Map(); // by cookie; yours will be in a database

const cookie = (request) => /(?:^|; )example=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
const lead = (response, to, cookies = []) => response.writeHead(303, { location: String(to), "set-cookie": cookies }).end();
const text = (s) => String(s ?? "").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Leads the browser to the login. What it began with stays here, under a cookie of its own. */
async function begin(response, hint) {
  const id = randomBytes(32).toString("hex");
  const pending = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  sessions.set(id, { pending });
  const to = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope: "openid profile", state: pending.expectedState, nonce: pending.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pending.pkceCodeVerifier), code_challenge_method: "S256", ...(hint ? { login_hint: hint } : {}),
  });
  lead(response, to, [`example=${id}; Path=/; HttpOnly; SameSite=Lax`]);
}

function page(person) {
  const bought = person.instances.map((i) => `<li>${text(i.id)}</li>`).join("");
  return `<!doctype html><meta charset="utf-8"><title>Example</title><h1>${text(person.name ?? person.user_name)}</h1>
<p>${text(person.user_name)} of ${text(person.enterprise)} (${text(person.tenant_id)}), ${text(person.role)}</p><ul>${bought}</ul><p><a href="/logout">Log out</a></p>`;
}

async function serve(request, response) {
  const url = new URL(request.url, base);
  const session = sessions.get(cookie(request));
  switch (url.pathname) {
    case "/callback": {
      if (!session?.pending) return response.writeHead(403).end("this login was not begun in this browser");
      const tokens = await oidc.authorizationCodeGrant(config, url, { ...session.pending, idTokenExpected: true });
      const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      sessions.delete(cookie(request));
      const id = randomBytes(32).toString("hex");
      sessions.set(id, { person, idToken: tokens.id_token, sid: tokens.claims().sid });
      return lead(response, "/", [`example=${id}; Path=/; HttpOnly; SameSite=Lax`]);
    }
    case "/initiate": // a login that the workbench has begun
      return begin(response, url.searchParams.get("login_hint"));
    case "/logout":
      sessions.delete(cookie(request));
      return lead(response, session?.idToken ? oidc.buildEndSessionUrl(config, { id_token_hint: session.idToken }) : "/");
    default:
      if (!session?.person) return begin(response);
      return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page(session.person));
  }
}

createServer((request, response) => {
  serve(request, response).catch((fault) => {
    console.error(fault.message);
    if (!response.headersSent) response.writeHead(502).end("the login has failed: log in again");
  });
}).listen(Number(PORT), "127.0.0.1", () => console.log(`open ${base}/`));
