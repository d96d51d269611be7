# SPDX-License-Identifier: Apache-2.0

"""A worker for Koogate in Python with nothing but the standard library: it leases tasks over REST, does them in "your system", a table of
SQLite here, and reports back. Copy it and replace class Crm. See README.md next to it.

  python3 worker.py         works until it is stopped
  python3 worker.py list    shows what there is in "your system"
"""

import json
import os
import secrets
import signal
import socket
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request

LEASE = float(os.environ.get("KOOGATE_LEASE", 30))  # seconds; a task that takes longer is held by heartbeats
STOPPED = threading.Event()


class Refused(Exception):
    """The order can never be fulfilled: the marketplace is told by the code, and the buyer reads the message (ASCII)."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class Crm:
    """Your system. The same task may come again after a crash or a lost answer, so everything is keyed by the instance and says what
    shall be, not what to add; what has returned is durable."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None, timeout=10)  # each statement is a transaction
        self.db.execute("""CREATE TABLE IF NOT EXISTS tenants (instance TEXT PRIMARY KEY, tenant TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
            product TEXT, sku TEXT, seats INTEGER, expires TEXT, order_id TEXT, line_id TEXT, frozen INTEGER NOT NULL DEFAULT 0)""")

    def perform(self, task):
        """Does one task and returns what its kind demands."""
        instance, kind = task["instanceId"], task["kind"]
        # 64-bit integers are texts in JSON, and members that are empty may be missing.
        terms = (task.get("productId"), task.get("skuCode"), int(task.get("linearValue", 0)), task.get("expireTime"))
        if kind == "TASK_KIND_CREATE":
            if task.get("productId") in os.environ.get("NOT_SOLD", "").split():
                raise Refused("FAILURE_CODE_SOLD_OUT", "this product is not sold any more")
            time.sleep(float(os.environ.get("CRM_SECONDS", 0)))  # yours may take as long as it likes
            self.db.execute("INSERT OR IGNORE INTO tenants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                            (instance, "t-" + secrets.token_hex(4), secrets.token_urlsafe(12), *terms, task.get("causeOrderId"), task.get("orderLineId")))
            return {"accessInfo": self.access(instance)}
        if kind == "TASK_KIND_IDENTIFY":  # is it ours? Koogate does not know it; look, and make nothing
            return {"instance": self.known(instance)}
        if kind in ("TASK_KIND_REFRESH", "TASK_KIND_UPGRADE"):
            self.db.execute("UPDATE tenants SET product = ?, sku = ?, seats = ?, expires = ? WHERE instance = ?", (*terms, instance))
        elif kind in ("TASK_KIND_FREEZE", "TASK_KIND_UNFREEZE"):
            self.db.execute("UPDATE tenants SET frozen = ? WHERE instance = ?", (kind == "TASK_KIND_FREEZE", instance))
        elif kind == "TASK_KIND_RELEASE":
            self.db.execute("DELETE FROM tenants WHERE instance = ?", (instance,))
        elif kind == "TASK_KIND_CHECK_CHANGE":
            return {"changeVerdict": {"allowed": True}}
        elif kind == "TASK_KIND_ISSUE_LICENCE":  # the same task must get the same licence
            return {"licence": {"text": f"licence {task['taskId']}"}}
        else:
            raise RuntimeError(f"{kind} is newer than this worker")
        return {}

    def access(self, instance):
        tenant, password = self.db.execute("SELECT tenant, password FROM tenants WHERE instance = ?", (instance,)).fetchone()
        return {"frontEndUrl": f"https://{tenant}.crm.example.com/", "userName": "admin", "password": password}

    def known(self, instance):
        row = self.db.execute("SELECT order_id, line_id, product, sku, seats, expires, frozen FROM tenants WHERE instance = ?", (instance,)).fetchone()
        if row is None:
            raise Refused("FAILURE_CODE_UNKNOWN_INSTANCE", "no such tenant")
        order, line, product, sku, seats, expires, frozen = row
        return {"orderId": order, "orderLineId": line, "productId": product, "skuCode": sku, "quantity": seats, "expireTime": expires,
                "state": "IMPORT_STATE_FROZEN" if frozen else "IMPORT_STATE_ACTIVE", "access": self.access(instance)}

    def list(self):
        rows = self.db.execute("SELECT instance, tenant, expires FROM tenants ORDER BY instance").fetchall()
        return [{"instanceId": i, "resourceId": t, **({"expiresAt": e} if e else {})} for i, t, e in rows]


class Koogate:
    """The task service over REST."""

    def __init__(self):
        missing = [name for name in ("KOOGATE_URL", "KOOGATE_TOKEN", "KOOGATE_QUEUE") if not os.environ.get(name)]
        if missing:
            sys.exit(f"set {' and '.join(missing)}: KOOGATE_URL is the REST API, KOOGATE_QUEUE a provisioner of type worker")
        self.url, self.token, self.queue = os.environ["KOOGATE_URL"].rstrip("/"), os.environ["KOOGATE_TOKEN"], os.environ["KOOGATE_QUEUE"]
        self.name = f"{socket.gethostname()}-{os.getpid()}"

    def post(self, path, body, timeout=10):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {
            "Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)

    def lease(self):
        """Waits up to 5 s for a task, so a stop waits no longer."""
        leased = self.post("/v1/tasks:lease", {"queue": self.queue, "workerId": self.name, "maxTasks": 1, "wait": "5s",
                                               "leaseDuration": f"{LEASE}s"}, timeout=20)
        return leased.get("tasks", [])


class Lease:
    """One task that is ours, kept by heartbeats while it is worked on. Its token says so: when another worker has the task, Koogate
    refuses the token, and the task is that worker's."""

    def __init__(self, koogate, task):
        self.koogate, self.task, self.until = koogate, task, time.monotonic() + LEASE
        self.over, self.lost = threading.Event(), False

    def __enter__(self):
        threading.Thread(target=self.beat, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()

    def beat(self):
        while not self.over.wait(LEASE / 3):
            began = time.monotonic()
            try:
                self.post("heartbeat", {"leaseDuration": f"{LEASE}s"})
                self.until = began + LEASE
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    self.lost = True
                    return
            except OSError:
                pass  # Koogate is away; the next one may reach it

    def post(self, verb, body):
        path = f"/v1/tasks/{self.task['taskId']}:{verb}"
        return self.koogate.post(path, {"fencingToken": self.task["fencingToken"], **body})

    def report(self, verb, body):
        """Tells how the task has ended, again while no answer comes: told twice it is answered the same."""
        while not self.lost:
            try:
                return self.post(verb, body)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    reason = reason_of(error)
                    print(f"{verb} was refused: {reason}", file=sys.stderr)
                    if reason == "RESULT_INVALID":  # nobody else has the task: give it back
                        return self.report("fail", {"message": "the result was refused"})
                    return None  # FENCING_TOKEN_STALE: another worker has it, or it was cancelled
            except OSError as error:
                print(f"Koogate is away: {error}", file=sys.stderr)
            if time.monotonic() > self.until or STOPPED.wait(1):
                return None  # the task comes again
        return None


def reason_of(error):
    """The reason of Koogate's error, or its HTTP status; docs/errors.md lists the reasons."""
    try:
        return next(d["reason"] for d in json.load(error)["details"] if "reason" in d)
    except (ValueError, KeyError, TypeError, StopIteration):
        return f"HTTP {error.code}"


def work(koogate, crm, task):
    bought = task.get("purchase") or {}  # the buyer stands in task["input"], which is personal data: keep it out of logs
    print(f"{task['kind']} {task['instanceId']}: order {bought.get('orderId')}, product {bought.get('productId')}", flush=True)
    with Lease(koogate, task) as lease:
        try:
            result = crm.perform(task)
        except Refused as refused:  # for good
            lease.report("fail", {"permanent": True, "code": refused.code, "message": refused.message, "customerMessage": refused.message})
        except Exception as error:  # pylint: disable=broad-except  # tried again later
            print(f"{task['kind']} {task['instanceId']}: {error}", file=sys.stderr)
            lease.report("fail", {"message": type(error).__name__})
        else:
            lease.report("complete", result)


def main():
    crm = Crm(os.environ.get("CRM_FILE", "crm.db"))
    if sys.argv[1:] == ["list"]:
        print(json.dumps(crm.list()))
        return
    koogate = Koogate()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: STOPPED.set())
    print(f"waiting for tasks of the queue {koogate.queue} at {koogate.url}", flush=True)
    while not STOPPED.is_set():
        try:
            tasks = koogate.lease()
        except urllib.error.HTTPError as error:
            reason = reason_of(error)
            print(f"no tasks: {reason}", file=sys.stderr)
            if error.code in (400, 401, 403, 404):
                sys.exit(f"{reason}: see docs/errors.md#{reason.lower()}")  # it does not help to ask again
            STOPPED.wait(2)
            continue
        except OSError as error:
            print(f"Koogate is away: {error}", file=sys.stderr)
            STOPPED.wait(2)
            continue
        for task in tasks:
            work(koogate, crm, task)


if __name__ == "__main__":
    main()
