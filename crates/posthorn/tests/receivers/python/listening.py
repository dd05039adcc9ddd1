"""What every Python receiver here has in common.

A receiver binds a free loopback port and prints it; reads its secret from standard input (again
with each further line, so that a test can change it) and says when it has it; answers 200 to what
its verifier takes for genuine and 400 to everything else; and prints what it saw, one JSON object
a line. It ends when standard input does, so that nothing is left behind by a test that was killed.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

secret = None
secret_is_known = threading.Event()


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def read_secrets():
    global secret
    for line in sys.stdin:
        secret = line.rstrip("\n")
        say({"secret": "taken"})
        secret_is_known.set()
    os._exit(0)


def listen(verify):
    """Serves forever. `verify(body, headers, secret)` raises what is wrong, as ValueError."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            secret_is_known.wait()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            why = None
            try:
                verify(body, self.headers, secret)
            except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                why = f"{type(error).__name__}: {error}"
            seen = {"genuine": why is None, "why": why}
            for name in ("id", "type"):
                seen[name] = self.headers.get(f"X-Event-{name}")
            seen["attempt"] = self.headers.get("X-Delivery-Attempt")
            say(seen)
            answer = b"OK" if why is None else b"Invalid signature"
            self.send_response(200 if why is None else 400)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=read_secrets, daemon=True).start()
    say({"port": server.server_port})
    server.serve_forever()
