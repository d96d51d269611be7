# SPDX-License-Identifier: Apache-2.0
"""A seller's server for SaaS V2.0 with Python's own library: KEY=... python3 server.py 127.0.0.1:9000

It keeps instances in memory. A real one keeps them in a table whose unique key is (orderId, orderLineId), so that they outlive it.
"""
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

OK, BAD_SIGNATURE, BAD_PARAMETER, UNKNOWN_INSTANCE = "000000", "000001", "000002", "000003"
SCENES = ("TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE")
SKEW_MS = 60_000
LONGEST, READ = 64 << 10, 8 << 20  # bytes of a call: looked at, and read at all
ACCESS = {"frontEndUrl": "https://app.example.com/"}

key = os.environ.get("KEY", "")
lock = threading.Lock()
instances = {}  # by ID: {"state", "expires", "done"}
nonces = {}  # signatures of calls, until when they could come again


def mac(data):
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def verify(url, body):
    """Looks at the bytes as they came, before anything else does."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    stamp, nonce, signature = query.get("timestamp", ""), query.get("nonce", ""), query.get("signature", "").lower()
    want = mac((key + nonce + stamp + mac(body)).encode())
    if not hmac.compare_digest(want.encode(), signature.encode()):
        return BAD_SIGNATURE
    now = time.time() * 1000
    if not nonce or not (stamp.isascii() and stamp.isdigit()) or abs(now - int(stamp)) > SKEW_MS:
        return BAD_PARAMETER
    for old in [s for s, until in nonces.items() if until < now]:
        del nonces[old]
    if signature in nonces:
        return BAD_SIGNATURE
    nonces[signature] = now + 2 * SKEW_MS
    return OK


def text(call, name):
    """A member that is a text of at most 64 characters, else ''."""
    value = call.get(name)
    return value if isinstance(value, str) and len(value) <= 64 else ""


def act(call, answer):
    """Does what a call says. A debugging call is answered and leaves nothing."""
    activity, test = call.get("activity"), call.get("testFlag") in ("1", 1)
    ident, order, line = text(call, "instanceId"), text(call, "orderId"), text(call, "orderLineId")
    if activity == "newInstance":
        if not order or not line:
            return BAD_PARAMETER
        # The same order line is the same instance, however often it comes.
        ident = hashlib.sha256(f"{order}\n{line}".encode("utf-8", "replace")).hexdigest()[:32]
        if not test:
            instances.setdefault(ident, {"state": "ACTIVE", "expires": "", "done": set()})
        answer.update(instanceId=ident, appInfo=ACCESS)
        return OK
    if activity == "queryInstance":
        asked = call.get("instanceId")
        ids = asked.split(",") if isinstance(asked, str) and asked else []
        if not 1 <= len(ids) <= 100:
            return BAD_PARAMETER
        answer["info"] = [
            {"instanceId": i, "appInfo": ACCESS} for i in ids if test or instances.get(i, {"state": "RELEASED"})["state"] != "RELEASED"
        ]
        return OK if answer["info"] else UNKNOWN_INSTANCE
    held = {"state": "ACTIVE", "expires": "", "done": set()} if test else instances.get(ident)
    if not ident:
        return BAD_PARAMETER
    if held is None:
        return UNKNOWN_INSTANCE
    if activity == "releaseInstance":
        held["state"] = "RELEASED"
        return OK
    if held["state"] == "RELEASED":  # nothing brings it back
        return UNKNOWN_INSTANCE
    if activity == "refreshInstance":
        expires, scene = text(call, "expireTime"), text(call, "scene")
        if scene not in SCENES or not (expires.isascii() and expires.isdigit()) or len(expires) not in (14, 17):
            return BAD_PARAMETER
        if (order, line, scene) not in held["done"]:  # an older renewal that is told again moves nothing back
            held["done"].add((order, line, scene))
            held["expires"] = expires[:14]
        return OK
    if activity == "updateInstanceStatus" and call.get("status") in ("FREEZE", "UNFREEZE"):
        held["state"] = "FROZEN" if call["status"] == "FREEZE" else "ACTIVE"
        return OK
    if activity == "upgradeInstance" and order and line or activity == "changeInstanceCheck":
        return OK
    return BAD_PARAMETER


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is written at once

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        body, answer = self.rfile.read(min(size, READ))[:LONGEST], {}  # what is cut off does not fit its signature
        with lock:
            code = verify(self.path, body)
            if code == OK:
                try:
                    call = json.loads(body)
                except (ValueError, RecursionError):  # not JSON, or nested without end
                    call = None
                code = act(call, answer) if isinstance(call, dict) else BAD_PARAMETER
        answer.update(resultCode=code, resultMsg="success" if code == OK else "refused")
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if size > READ:  # what was not read would be taken for the next call
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing of a call is logged: its URL carries the signature."""


if __name__ == "__main__":
    if len(sys.argv) != 2 or not key:
        sys.exit("usage: KEY=... python3 server.py HOST:PORT")
    host, port = sys.argv[1].rsplit(":", 1)
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
