// SPDX-License-Identifier: Apache-2.0

// A worker for Koogate in Node.js 18 or later with nothing but what Node brings: it leases tasks over REST, does them in "your system", a
// file here, and reports back. Copy it and replace class Crm. See README.md next to it.
//
//   node worker.mjs         works until it is stopped
//   node worker.mjs list    shows what there is in "your system"

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const env = process.env;
const LEASE = Number(env.KOOGATE_LEASE ?? 30); // seconds; a task that takes longer is held by heartbeats
let stopped = false;

/** The order can never be fulfilled: the marketplace is told by the code, and the buyer reads the message (ASCII). */
class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * Your system. The same task may come again after a crash or a lost answer, so everything is keyed by the instance and says what shall
 * be, not what to add; what has returned is durable. The file serves one worker; with a database in its place any number.
 */
class Crm {
  constructor(path) {
    this.path = path;
    try {
      this.tenants = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      this.tenants = {};
    }
  }

  /** Does one task and returns what its kind demands. */
  async perform(task) {
    const { instanceId, kind } = task;
    // 64-bit integers are texts in JSON, and members that are empty may be missing.
    const terms = { product: task.productId, sku: task.skuCode, seats: Number(task.linearValue ?? 0), expires: task.expireTime };
    switch (kind) {
      case "TASK_KIND_CREATE": {
        if ((env.NOT_SOLD ?? "").split(" ").includes(task.productId)) throw new Refused("FAILURE_CODE_SOLD_OUT", "this product is not sold any more");
        await sleep(1000 * Number(env.CRM_SECONDS ?? 0)); // yours may take as long as it likes
        const made = this.tenants[instanceId] ?? {
          id: "t-" + randomBytes(4).toString("hex"), password: randomBytes(9).toString("base64url"), order: task.causeOrderId, line: task.orderLineId, ...terms,
        };
        this.keep(instanceId, made);
        return { accessInfo: access(made) };
      }
      case "TASK_KIND_IDENTIFY": { // is it ours? Koogate does not know it; look, and make nothing
        const t = this.tenants[instanceId];
        if (!t) throw new Refused("FAILURE_CODE_UNKNOWN_INSTANCE", "no such tenant");
        return {
          instance: {
            orderId: t.order, orderLineId: t.line, productId: t.product, skuCode: t.sku, quantity: t.seats, expireTime: t.expires,
            state: t.frozen ? "IMPORT_STATE_FROZEN" : "IMPORT_STATE_ACTIVE", access: access(t),
          },
        };
      }
      case "TASK_KIND_REFRESH":
      case "TASK_KIND_UPGRADE":
        this.keep(instanceId, { ...this.tenants[instanceId], ...terms });
        return {};
      case "TASK_KIND_FREEZE":
      case "TASK_KIND_UNFREEZE":
        this.keep(instanceId, { ...this.tenants[instanceId], frozen: kind === "TASK_KIND_FREEZE" });
        return {};
      case "TASK_KIND_RELEASE":
        this.keep(instanceId, undefined);
        return {};
      case "TASK_KIND_CHECK_CHANGE":
        return { changeVerdict: { allowed: true } };
      case "TASK_KIND_ISSUE_LICENCE": // the same task must get the same licence
        return { licence: { text: "licence " + task.taskId } };
    }
    throw new Error(`${kind} is newer than this worker`);
  }

  /** Replaces the file; when it returns, the change is durable. */
  keep(instanceId, tenant) {
    const all = { ...this.tenants, [instanceId]: tenant };
    const file = openSync(this.path + ".new", "w", 0o600);
    try {
      writeSync(file, JSON.stringify(all));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(this.path + ".new", this.path);
    this.tenants = all;
  }

  list() {
    return Object.entries(this.tenants).map(([instanceId, t]) => ({ instanceId, resourceId: t.id, expiresAt: t.expires }));
  }
}

/** How the customer gets in. */
function access(tenant) {
  return { frontEndUrl: `https://${tenant.id}.crm.example.com/`, userName: "admin", password: tenant.password };
}

/** What Koogate refused, with its reason; docs/errors.md lists the reasons. */
class KoogateError extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
    this.reason = reason;
    this.final = status < 500 && status !== 429; // sending it again does not help
  }
}

/** Calls Koogate's REST API. Errors: KoogateError, and those of fetch when Koogate is away. */
async function post(path, body, seconds = 10) {
  const answer = await fetch(env.KOOGATE_URL.replace(/\/$/, "") + path, {
    method: "POST",
    headers: { authorization: "Bearer " + env.KOOGATE_TOKEN, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(seconds * 1000),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  throw new KoogateError(answer.status, said.details?.find((d) => d.reason)?.reason ?? `HTTP ${answer.status}`);
}

/**
 * One task that is ours, kept by heartbeats while it is worked on. Its token says so: when another worker has the task, Koogate refuses
 * the token, and the task is that worker's.
 */
class Lease {
  constructor(task) {
    this.task = task;
    this.until = Date.now() + LEASE * 1000;
    this.lost = false;
    this.beating = setInterval(() => this.beat(), (LEASE * 1000) / 3);
  }

  async beat() {
    const began = Date.now();
    try {
      await this.post("heartbeat", { leaseDuration: `${LEASE}s` });
      this.until = began + LEASE * 1000;
    } catch (error) {
      if (!error.final) return; // Koogate is away; the next one may reach it
      this.lost = true;
      this.end();
    }
  }

  end() {
    clearInterval(this.beating);
  }

  post(verb, body) {
    return post(`/v1/tasks/${this.task.taskId}:${verb}`, { fencingToken: this.task.fencingToken, ...body });
  }

  /** Tells how the task has ended, again while no answer comes: told twice it is answered the same. */
  async report(verb, body) {
    while (!this.lost && Date.now() < this.until) {
      try {
        return await this.post(verb, body);
      } catch (error) {
        console.error(`${verb}: ${error.message}`);
        if (error.reason === "RESULT_INVALID") return this.report("fail", { message: "the result was refused" }); // nobody else has the task: give it back
        if (error.final) return; // FENCING_TOKEN_STALE: another worker has it, or it was cancelled
        if (stopped) return; // the task comes again
        await sleep(1000);
      }
    }
  }
}

async function work(crm, task) {
  const bought = task.purchase ?? {}; // the buyer stands in task.input, which is personal data: keep it out of logs
  console.log(`${task.kind} ${task.instanceId}: order ${bought.orderId}, product ${bought.productId}`);
  const lease = new Lease(task);
  try {
    const result = await crm.perform(task);
    await lease.report("complete", result);
  } catch (error) {
    if (error instanceof Refused) {
      await lease.report("fail", { permanent: true, code: error.code, message: error.message, customerMessage: error.message });
    } else {
      console.error(`${task.kind} ${task.instanceId}:`, error.message);
      await lease.report("fail", { message: error.name }); // tried again later
    }
  } finally {
    lease.end();
  }
}

async function main() {
  const crm = new Crm(env.CRM_FILE ?? "crm.json");
  if (process.argv[2] === "list") {
    console.log(JSON.stringify(crm.list()));
    return;
  }
  const missing = ["KOOGATE_URL", "KOOGATE_TOKEN", "KOOGATE_QUEUE"].filter((name) => !env[name]);
  if (missing.length > 0) throw new Error(`set ${missing.join(" and ")}: KOOGATE_URL is the REST API, KOOGATE_QUEUE a provisioner of type worker`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stopped = true));
  console.log(`waiting for tasks of the queue ${env.KOOGATE_QUEUE} at ${env.KOOGATE_URL}`);
  while (!stopped) {
    try {
      // It waits up to 5 s for a task, so a stop waits no longer.
      const leased = await post("/v1/tasks:lease", {
        queue: env.KOOGATE_QUEUE, workerId: `${hostname()}-${process.pid}`, maxTasks: 1, wait: "5s", leaseDuration: `${LEASE}s`,
      }, 20);
      for (const task of leased.tasks ?? []) await work(crm, task);
    } catch (error) {
      if (!(error instanceof KoogateError)) console.error("Koogate is away:", error.cause?.message ?? error.message);
      else if ([400, 401, 403, 404].includes(error.status)) throw new Error(`${error.reason}: see docs/errors.md#${error.reason.toLowerCase()}`); // it does not help to ask again
      else console.error("no tasks:", error.reason);
      await sleep(2000);
    }
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
