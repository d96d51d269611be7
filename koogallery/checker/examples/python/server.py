# SPDX-License-Identifier: Apache-2.0
"""A seller's server for SaaS V2.0 with Python's own library: KEY=... python3 server.py 127.0.0.1:9000

It keeps instances in memory. A real one keeps them in a table whose unique key is (orderId, orderLineId), so that they outlive it.
"""
import hashlib
import hmac
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

OK, BAD_SIGNATURE, BAD_PARAMETER, UNKNOWN_INSTANCE = "000000", "000001", "000002", "000003"
SCENES = ("TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE")
STATES = {"FREEZE": "FROZEN", "UNFREEZE": "ACTIVE"}
SKEW_MS = 60_000
LONGEST, READ = 64 << 10, 8 << 20  # bytes of a call: looked at, and read at all
ACCESS = {"frontEndUrl": "https://app.example.com/"}

key = os.environ.get("KEY", "")
lock = threading.Lock()
instances = {}  # by ID: {"state", "expires", "renewed"}
nonces = {}  # signatures of calls, until when they could come again


def mac(data):
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def verify(url, body):
    """Looks at the bytes as they came, before anything else does."""
    query = dict(parse_qsl(urlsplit(url).query))
    stamp, nonce, signature = query.get("timestamp", ""), query.get("nonce", ""), query.get("signature", "").lower()
    want = mac((key + nonce + stamp + mac(body)).encode())
    if not hmac.compare_digest(want.encode(), signature.encode()):
        return BAD_SIGNATURE
    now = time.time() * 1000
    if not nonce or not re.fullmatch("[0-9]{13}", stamp) or abs(now - int(stamp)) > SKEW_MS:
        return BAD_PARAMETER
    for old in [s for s, until in nonces.items() if until < now]:
        del nonces[old]
    if signature in nonces:
        return BAD_SIGNATURE
    nonces[signature] = now + 2 * SKEW_MS
    return OK


def act(call, answer):
    """Does what a call says. A debugging call is answered and leaves nothing."""
    call = {name: value for name, value in call.items() if isinstance(value, str) or name == "testFlag"}
    activity, ident, scene = call.get("activity"), call.get("instanceId"), call.get("scene")
    line, ordered = (call.get("orderId"), call.get("orderLineId")), call.get("orderId") and call.get("orderLineId")
    new, test = {"state": "ACTIVE", "expires": "", "renewed": set()}, call.get("testFlag") in ("1", 1)
    held = new if test else instances.get(ident)
    if activity == "newInstance" and ordered:
        # The same order line is the same instance, however often it comes.
        ident = hashlib.sha256("\n".join(line).encode("utf-8", "replace")).hexdigest()[:32]
        if not test:
            instances.setdefault(ident, new)
        answer.update(instanceId=ident, appInfo=ACCESS)
    elif not ident:
        return BAD_PARAMETER
    elif activity == "queryInstance":
        shown = [i for i in ident.split(",") if test or i in instances and instances[i]["state"] != "RELEASED"]
        if not shown:
            return UNKNOWN_INSTANCE
        answer["info"] = [{"instanceId": i, "appInfo": ACCESS} for i in shown]
    elif held is None:
        return UNKNOWN_INSTANCE
    elif activity == "releaseInstance":
        held["state"] = "RELEASED"
    elif held["state"] == "RELEASED":  # nothing brings it back
        return UNKNOWN_INSTANCE
    elif activity == "refreshInstance" and ordered and scene in SCENES and re.fullmatch("[0-9]{14}([0-9]{3})?", call.get("expireTime", "")):
        if (line, scene) not in held["renewed"]:  # an older renewal that is told again moves nothing back
            held["renewed"].add((line, scene))
            held["expires"] = call["expireTime"][:14]
    elif activity == "updateInstanceStatus" and call.get("status") in STATES:
        held["state"] = STATES[call["status"]]
    elif not (activity == "upgradeInstance" and ordered or activity == "changeInstanceCheck"):
        return BAD_PARAMETER
    return OK


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
