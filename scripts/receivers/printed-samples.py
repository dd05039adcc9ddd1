#!/usr/bin/env python3
"""Runs the verifiers that the five guides print, as they are printed, against real deliveries.

    scripts/receivers/printed-samples.py GUIDES_DIR [POSTHORN_BINARY]

The code blocks are taken out of the guides at that moment. What a sample leaves open (its framework,
its database) is put around it: Flask and Express, the real ones, installed into a temporary
directory; for Laravel, the few classes that the sample names. Nothing of a sample is changed.

Every event of the platform's catalogue is delivered as its test event, and one with text beyond
ASCII, slashes and odd numbers: the sample has to accept each. Then one byte of the body, then of the
signature, is changed on the way, and the signature shortened: the sample has to refuse. The result is printed as a Markdown
table; docs/conformance.md keeps the one of the last run. This is no part of the test suite, since
the guides are no part of the repository: crates/posthorn/tests/receivers is.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FLASK = "flask==3.1.2"
EXPRESS = "express@4.21.2"
ADMIN = "admin_for_this_run_only_0123456789"
SECRET = "obviously-fake-secret-0123456789abcdef"

ODD = {
    "id": "1", "transaction": {"id": "tx_1"},
    "text": 'João 😀 \u2028 "q" \\ </script> https://e.com/a?b=c',
    "valor": 100.50, "big": 1e21, "tiny": 1e-7, "b": {"10": 1, "9": {}}, "list": [], "nil": None,
}

# What stands around the samples.
FLASK_AROUND = """
import os, logging
from flask import Flask, request
logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
"""
FLASK_RUN = """
app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
"""
EXPRESS_RUN = """
app.listen(Number(process.env.PORT), '127.0.0.1')
"""
SENTINELGATE_AROUND = """
const db = { orders: { update: async () => {} } }
const sendOrderConfirmationEmail = async () => {}, updateInventory = async () => {}
const handlePaymentFailed = async () => {}, handlePaymentCancelled = async () => {}
"""
KRXSCALE_NODE_AROUND = """
const express = require('express')
const app = express()
const processWebhookAsync = () => {}
"""
TECHCORP_AROUND = FLASK_AROUND + """
WEBHOOK_SECRET = os.environ["WEBHOOK_SECRET"]
"""
TECHCORP_ROUTE = """
@app.route("/webhooks", methods=["POST"])
def handle():
    genuine = verify_webhook(request.data, request.headers["X-Webhook-Signature"], WEBHOOK_SECRET)
    return ("OK", 200) if genuine else ("Invalid signature", 401)
"""
PAYQI_ROUTE = """
@app.route("/webhooks", methods=["POST"])
def handle():
    if not verify_timestamp(request.headers.get("X-PayQI-Timestamp") or 0):
        return "Request too old", 400
    signature = request.headers.get("X-PayQI-Signature")
    if not verify_webhook_signature(request.data, signature, os.environ["WEBHOOK_SECRET"]):
        return "Invalid signature", 400
    return "OK", 200
"""
LARAVEL_BEFORE = """<?php
class Request {
    private $read;
    function __construct() { $this->read = json_decode(file_get_contents('php://input'), true); }
    function header($name) {
        return $_SERVER['HTTP_' . strtoupper(str_replace('-', '_', $name))] ?? null;
    }
    function json($path = null) {
        if ($path === null) { return $this; }
        $at = $this->read;
        foreach (explode('.', $path) as $step) { $at = $at[$step] ?? null; }
        return $at;
    }
    function all() { return $this->read; }
}
class Log { static function info($line) {} }
class Answers { function json($what, $status = 200) { http_response_code($status); return json_encode($what); } }
function response() { return new Answers(); }
function env($name) { return getenv($name); }
class Route {
    static $handler;
    static function post($path, $handler) { self::$handler = $handler; }
}
"""
LARAVEL_AFTER = """<?php echo (Route::$handler)(new Request());
"""


def blocks(guide, language):
    return re.findall(rf"```{language}\n(.*?)```", guide, re.S)


def block(guide, language, mark):
    found = [text for text in blocks(guide, language) if mark in text]
    assert found, f"no {language} block with {mark!r}"
    return found[0]


class Sample:
    """One printed verifier: where it is, what runs it, and how it is spoken to."""

    def __init__(self, contract, guide, what, path="/webhooks", style="js", secret=SECRET, port=None):
        self.contract, self.guide, self.what = contract, guide, what
        self.path, self.style, self.secret = path, style, secret
        self.port = port or free_port()

    def source(self, text):
        raise NotImplementedError

    def command(self, folder, text):
        raise NotImplementedError

    def start(self, folder, guides, tools):
        folder.mkdir()
        text = (guides / self.guide).read_text(encoding="utf-8")
        env = dict(os.environ, PORT=str(self.port), WEBHOOK_SECRET=self.secret,
                   SENTINELGATE_WEBHOOK_SECRET=self.secret, NODE_PATH=str(tools / "node_modules"))
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command(folder, text, tools), env=env, cwd=folder,
                                        stdout=quiet, stderr=quiet)
        wait_for_port(self.port)


class Flask(Sample):
    def __init__(self, *args, build, **kwargs):
        super().__init__(*args, **kwargs)
        self.build = build

    def command(self, folder, text, tools):
        (folder / "sample.py").write_text(self.build(text), encoding="utf-8")
        return [str(tools / "venv/bin/python3"), "sample.py"]


class Express(Flask):
    def command(self, folder, text, tools):
        (folder / "sample.js").write_text(self.build(text), encoding="utf-8")
        return ["node", "sample.js"]


class Php(Flask):
    def command(self, folder, text, tools):
        (folder / "index.php").write_text(self.build(text), encoding="utf-8")
        (folder / "before.inc").write_text(LARAVEL_BEFORE if "Route::post" in self.build(text) else "")
        (folder / "after.inc").write_text(LARAVEL_AFTER if "Route::post" in self.build(text) else "")
        return ["php", "-S", f"127.0.0.1:{self.port}", "-t", str(folder),
                "-d", f"auto_prepend_file={folder}/before.inc", "-d", f"auto_append_file={folder}/after.inc"]


def samples():
    krx, pag, sentinel = (
        "krxscale-outbound-webhooks.md", "pagtracker-webhooks.md", "sentinelgate-integration-guide.md")
    payqi, techcorp = "payqi-webhooks.md", "techcorp-integration-faq.md"
    until = lambda text, mark: text.split(mark)[0]
    return [
        Flask("techcorp", techcorp, "Python `verify_webhook`", build=lambda text: TECHCORP_AROUND
              + until(block(text, "python", "def verify_webhook("), "# Usage")
              + TECHCORP_ROUTE + FLASK_RUN),
        Flask("payqi", payqi, "Python `verify_webhook_signature`, `verify_timestamp`",
              build=lambda text: FLASK_AROUND
              + block(text, "python", "def verify_webhook_signature(")
              + until(block(text, "python", "def verify_timestamp("), "@app.route")
              + PAYQI_ROUTE + FLASK_RUN),
        Express("sentinelgate", sentinel, "Node/Express, the whole handler",
                path="/webhook/sentinelgate",
                build=lambda text: SENTINELGATE_AROUND
                + block(text, "javascript", "function verifyWebhookSignature(") + EXPRESS_RUN),
        Express("krxscale", krx, "Node/Express, function and handler",
                build=lambda text: KRXSCALE_NODE_AROUND
                + block(text, "javascript", "function verifyWebhook(") + EXPRESS_RUN),
        Flask("krxscale", krx, "Python/Flask, function and handler", style="python",
              build=lambda text: FLASK_AROUND
              + block(text, "python", "def verify_webhook(") + FLASK_RUN),
        Php("krxscale", krx, "PHP/Laravel, function and route", style="php",
            build=lambda text: block(text, "php", "function verifyWebhook(")),
        # Printed with its port and its secret.
        Express("pagtracker", pag, "Node/Express, the whole program", path="/webhook", port=3000,
                secret="seu_segredo_webhook",
                build=lambda text: block(text, "javascript", "x-pagtracker-signature")),
        Php("pagtracker", pag, "PHP, the whole script", secret="seu_segredo_webhook",
            build=lambda text: block(text, "php", "HTTP_X_PAGTRACKER_SIGNATURE")),
    ]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens at port {port}")


class Proxy:
    """Stands before a sample, remembers its answers, and changes one byte when told to."""

    def __init__(self, upstream):
        self.change, self.answers = None, []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = bytearray(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {k: v for k, v in self.headers.items()
                           if k.lower() not in ("host", "connection", "content-length")}
                if proxy.change == "body":
                    body[len(body) // 2] ^= 1
                elif proxy.change == "signature":
                    for name, value in headers.items():
                        if name.lower().endswith("-signature"):
                            middle = len(value) // 2
                            headers[name] = value[:middle] + chr(ord(value[middle]) ^ 1) + value[middle + 1:]
                elif proxy.change == "shorter":
                    headers = {k: v[:-1] if k.lower().endswith("-signature") else v
                               for k, v in headers.items()}
                request = urllib.request.Request(upstream, bytes(body), headers, method="POST")
                try:
                    status = urllib.request.urlopen(request, timeout=10).status
                except urllib.error.HTTPError as error:
                    status = error.code
                proxy.answers.append(status)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, number):
        until = time.monotonic() + 20
        while len(self.answers) < number:
            assert time.monotonic() < until, "no delivery came"
            time.sleep(0.02)
        return self.answers[number - 1]


class Api:
    def __init__(self, base, key):
        self.base, self.key = base, key

    def __call__(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            return json.load(urllib.request.urlopen(request, timeout=60))
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")


def try_sample(sample, operator, base):
    proxy = Proxy(f"http://127.0.0.1:{sample.port}{sample.path}")
    made = operator("POST", "/v1/merchants", {"name": sample.what, "contract": sample.contract})
    merchant = Api(base, made["keys"]["test"]["api_key"])
    endpoint = merchant("POST", "/v1/endpoints", {
        "url": proxy.url, "events": ["*"], "secret": sample.secret, "json": sample.style})
    contract = merchant("GET", f"/v1/contracts/{sample.contract}")
    kinds = [event["type"] for event in contract["events"]]
    count, accepted = 0, 0
    for kind in kinds:
        merchant("POST", f"/v1/endpoints/{endpoint['id']}/test", {"type": kind})
        count += 1
        accepted += proxy.answer(count) == 200
    merchant("POST", "/v1/events", {"type": kinds[0], "data": ODD})
    count += 1
    accepted += proxy.answer(count) == 200
    refusals = []
    for change in ("body", "signature", "shorter"):
        proxy.change = change
        merchant("POST", "/v1/events", {"type": kinds[0], "data": ODD})
        proxy.change = change
        count += 1
        refusals.append(proxy.answer(count))
        proxy.change = None
    genuine = f"{accepted} of {len(kinds) + 1}"
    # A verifier that throws (`timingSafeEqual` does, at another length) has refused as well.
    good = accepted == len(kinds) + 1 and all(status in (400, 401) for status in refusals[:2])
    good = good and refusals[2] in (400, 401, 500)
    return genuine, refusals, good


def version(*command):
    output = subprocess.run(command, capture_output=True, text=True).stdout
    return re.search(r"\d+\.\d+[.\d]*", output).group()


def run(guides, binary, scratch):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], **quiet)
    subprocess.run([scratch / "venv/bin/pip", "install", "-q", FLASK], **quiet)
    subprocess.run(["npm", "install", "--prefix", scratch, "--no-save", "--ignore-scripts", EXPRESS], **quiet)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [binary, "serve", "--sandbox", "--listen", f"127.0.0.1:{port}", "--data", scratch / "data"],
        env=dict(os.environ, POSTHORN_ADMIN_KEY=ADMIN), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    processes, sound = [server], True
    try:
        wait_for_port(port)
        operator = Api(base, ADMIN)
        today = time.strftime("%Y-%m-%d")
        print(f"Run on {today}: Node {version('node', '--version')}, "
              f"Python {version('python3', '--version')}, PHP {version('php', '--version')}, "
              f"{EXPRESS}, {FLASK}.\n")
        print("| guide | sample | endpoint `json` | genuine accepted | changed body | changed signature "
              "| shortened signature |")
        print("|---|---|---|---|---|---|---|")
        for number, sample in enumerate(samples()):
            sample.start(scratch / f"sample{number}", guides, scratch)
            processes.append(sample.process)
            genuine, refusals, good = try_sample(sample, operator, base)
            sound = sound and good
            mark = "refused, {}" if good else "**{}**"
            refused = " | ".join(mark.format(status) for status in refusals)
            print(f"| {sample.guide} | {sample.what} | {sample.style} | {genuine} | {refused} |")
            if sample.contract == "payqi":
                status = placeholder(guides / sample.guide, sample)
                print(f"| {sample.guide} | its printed curl with `test_signature` | | not genuine "
                      f"| | refused, {status} | |")
                sound = sound and status == 400
    finally:
        for process in processes:
            process.terminate()
    return sound


def placeholder(guide, sample):
    """The guide's "Local Testing" command, sent to the sample instead of a tunnel."""
    command = next(text for text in blocks(guide.read_text(encoding="utf-8"), "bash") if "test_signature" in text)
    command = command[command.index("curl"):]
    command = command.replace("https://abc123.ngrok.io/webhooks/payqi", f"http://127.0.0.1:{sample.port}/webhooks")
    command = command.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ")
    return int(subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    guides = Path(sys.argv[1]).resolve()
    here = Path(__file__).resolve().parents[2]
    binary = Path(sys.argv[2]).resolve() if len(sys.argv) == 3 else here / "target/debug/posthorn"
    if not binary.exists():
        sys.exit(f"{binary} is not there: cargo build")
    for tool in ("node", "npm", "php", "curl"):
        shutil.which(tool) or sys.exit(f"{tool} is not installed")
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(0 if run(guides, binary, Path(scratch)) else "a sample did not do what it should")


if __name__ == "__main__":
    main()
