#!/usr/bin/env python3
"""Three servers on one PostgreSQL under steady load, and everything that can happen to them: nothing may be lost.

Run it with `./x nodes`, which starts the database. Each server is a process of its own; clients retry at the next
server with the same idempotency key, as a client behind a load balancer would. Prints what it saw; exits with 1 when
an accepted event never came, or came twice although no lease of it had run out.
"""

import argparse
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADMIN_KEY = "admin_a-fake-key-for-the-nodes"
MASTER_KEY = "00" * 32
CONTRACT = "techcorp"
LEASE_S = 5 + 2 + 10  # the contract's timeout, the wait in memory, the margin
SETTLED_S = 90


class Arrivals:
    """What came to the receiver: per event the times, and how long after it was to be sent."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times = {}
        self.waits = []

    def note(self, event, seq, sent):
        now = time.monotonic()
        with self.lock:
            known = self.times.setdefault(seq, [])
            known.append((now, event))
            if len(known) == 1:
                self.waits.append((sent, now - sent))

    def distinct(self):
        with self.lock:
            return len(self.times)


def receiver(arrivals):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            data = json.loads(body)
            data = data.get("data", data)
            arrivals.note(self.headers["x-event-id"], data["seq"], data["sent"])
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Node:
    """A server; it can be killed and started again where it was."""

    def __init__(self, program, database, folder, number):
        self.program, self.database, self.number = program, database, number
        self.data = os.path.join(folder, f"node-{number}")
        self.port = None
        self.start()

    def start(self):
        log = open(self.data + ".log", "ab")
        arguments = [self.program, "serve", "--sandbox", "--data", self.data, "--database", self.database]
        arguments += ["--listen", f"127.0.0.1:{self.port or 0}"]
        environment = dict(os.environ, POSTHORN_ADMIN_KEY=ADMIN_KEY, POSTHORN_MASTER_KEY=MASTER_KEY, NO_COLOR="1")
        environment.pop("TEST_POSTGRES", None)
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)
        for line in self.process.stdout:
            if "http://127.0.0.1:" in line and self.port is None:
                self.port = int(line.split("http://127.0.0.1:")[1].split("/")[0].split()[0])
            if "http://127.0.0.1:" in line:
                break
        else:
            sys.exit(f"server {self.number} did not start: see {self.data}.log")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def signal(self, which):
        self.process.send_signal(which)


def call(port, key, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, json.dumps(body), {"authorization": f"Bearer {key}", "content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"POST {path}: {answer.status} {text}")
    return json.loads(text)


class Balancer:
    """What stands before the servers: who does not answer a probe within a second gets no requests."""

    def __init__(self, nodes):
        self.nodes, self.up = nodes, {node.number for node in nodes}
        for node in nodes:
            threading.Thread(target=self.probe, args=(node,), daemon=True).start()

    def probe(self, node):
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=1)
                connection.request("GET", "/healthz")
                healthy = connection.getresponse().status == 200
                connection.close()
            except (OSError, http.client.HTTPException):
                healthy = False
            (self.up.add if healthy else self.up.discard)(node.number)
            time.sleep(0.5)

    def pick(self, turn):
        up = [node for node in self.nodes if node.number in self.up] or self.nodes
        return up[turn % len(up)]


class Load:
    """Events on a fixed beat; each is sent until some server accepts it."""

    def __init__(self, balancer, key, rate, workers):
        self.balancer, self.key, self.rate = balancer, key, rate
        self.beats = queue.Queue()
        self.accepted, self.retries, self.answers = {}, 0, []
        self.lock = threading.Lock()
        self.going = True
        threading.Thread(target=self.beat, daemon=True).start()
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(workers)]
        for thread in self.threads:
            thread.start()

    def beat(self):
        began, seq = time.monotonic(), 0
        while self.going:
            at = began + seq / self.rate
            time.sleep(max(0, at - time.monotonic()))
            self.beats.put((seq, at))
            seq += 1
        for _ in self.threads:
            self.beats.put(None)

    def work(self, turn):
        connections = {}
        while (beat := self.beats.get()) is not None:
            seq, at = beat
            body = json.dumps({"type": "order.paid", "data": {"seq": seq, "sent": at, "filling": "x" * 400}})
            tries = 0
            while True:
                node = self.balancer.pick(turn + seq + tries)
                try:
                    connection = connections.setdefault(node.number, None) or http.client.HTTPConnection(
                        "127.0.0.1", node.port, timeout=2)
                    connections[node.number] = connection
                    headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json",
                               "idempotency-key": f"event-{seq}"}
                    connection.request("POST", "/v1/events", body, headers)
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status == 202:
                        break
                    if answer.status < 500 and answer.status not in (409, 429):
                        print(f"POST /v1/events: {answer.status} {text}", file=sys.stderr)
                except (OSError, http.client.HTTPException):
                    connections.pop(node.number).close()
                tries += 1
                time.sleep(0.02)
            with self.lock:
                self.accepted[seq] = json.loads(text)["id"]
                self.retries += tries
                self.answers.append((at, time.monotonic() - at))

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join()


def psql(database, sql):
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", database, "-c", sql], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr}")
    return done.stdout.strip()


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0


class Story:
    """What is done to the servers, and how long the others' users notice."""

    def __init__(self, arrivals, load):
        self.arrivals, self.load, self.rows = arrivals, load, []

    def phase(self, name, seconds, *deeds):
        """Deeds are (second, what to do); the first begins the phase."""
        began = time.monotonic()
        print(f"  {name} …", file=sys.stderr, flush=True)
        for second, deed in deeds:
            time.sleep(max(0, began + second - time.monotonic()))
            deed()
        time.sleep(max(0, began + seconds - time.monotonic()))
        self.rows.append((name, began, began + seconds))

    def table(self):
        with self.arrivals.lock:
            waits = list(self.arrivals.waits)
        with self.load.lock:
            answers = list(self.load.answers)
        table, normal = [], None
        for name, began, ended in self.rows:
            seconds = {}
            for sent, wait in waits:
                if began <= sent < ended:
                    seconds.setdefault(int(sent - began), []).append(wait)
            every = [wait for all in seconds.values() for wait in all]
            normal = normal or percentile(every, 99)
            slow = [second for second, waits in seconds.items() if percentile(waits, 99) > 3 * normal + 0.05]
            accepted = [took for sent, took in answers if began <= sent < ended]
            table.append({
                "phase": name, "events": len(every), "at_receiver_p50_ms": percentile(every, 50) * 1e3,
                "at_receiver_p99_ms": percentile(every, 99) * 1e3, "at_receiver_max_ms": max(every, default=0) * 1e3,
                "accepted_p99_ms": percentile(accepted, 99) * 1e3,
                "normal_again_after_s": max(slow) if slow else 0,
            })
        return table


def main():
    parser = argparse.ArgumentParser(prog="./x nodes", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--database", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--restart", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=int, default=100, help="events a second (100)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    name = f"nodes_{os.getpid()}"
    psql(options.database + "/postgres", f"create database {name}")
    database = f"{options.database}/{name}"
    arrivals = Arrivals()
    folder = tempfile.mkdtemp(prefix="posthorn-nodes-")
    nodes = [Node(options.program, database, folder, number) for number in range(3)]
    merchant = call(nodes[0].port, ADMIN_KEY, "/v1/merchants", {"name": "Nodes", "contract": CONTRACT})
    key = merchant["keys"]["test"]["api_key"]
    url = f"http://127.0.0.1:{receiver(arrivals)}/"
    call(nodes[0].port, key, "/v1/endpoints", {"url": url, "events": ["*"]})
    time.sleep(2)  # every server knows the endpoint within a second
    load = Load(Balancer(nodes), key, options.rate, 64)
    story = Story(arrivals, load)
    cut = lambda: psql(options.database + "/postgres",
                       f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' "
                       "and application_name = 'posthorn'")
    restart = lambda how: lambda: subprocess.run([*options.restart.split(), "-m", how], check=True, stdout=subprocess.DEVNULL)
    try:
        story.phase("all well", 15)
        story.phase("kill -9 of one server; it is started again", 40,
                    (1, lambda: nodes[1].signal(signal.SIGKILL)), (25, nodes[1].start))
        story.phase("one server frozen for 25 s, past its leases", 45,
                    (1, lambda: nodes[2].signal(signal.SIGSTOP)), (26, lambda: nodes[2].signal(signal.SIGCONT)))
        story.phase("every connection to the database cut, three times", 20, (1, cut), (4, cut), (7, cut))
        story.phase("PostgreSQL restarted (fast)", 20, (1, restart("fast")))
        story.phase("PostgreSQL restarted (immediate: it recovers)", 25, (1, restart("immediate")))
        story.phase("all well again", 10)
        load.stop()
        give_up = time.monotonic() + SETTLED_S
        while arrivals.distinct() < len(load.accepted) and time.monotonic() < give_up:
            time.sleep(0.2)
        time.sleep(2)
        done = report(story, load, arrivals, database)
    finally:
        for node in nodes:
            node.signal(signal.SIGCONT)
            node.signal(signal.SIGKILL)
    if options.json:
        print(json.dumps(done, indent=2))
    else:
        show(done)
    sys.exit(1 if done["missing"] or done["duplicates_without_a_lost_lease"] or done["unfinished"] else 0)


def report(story, load, arrivals, database):
    with arrivals.lock:
        times = dict(arrivals.times)
    missing = [seq for seq in load.accepted if seq not in times]
    twice = {seq: [event for _, event in seen] for seq, seen in times.items() if len(seen) > 1}
    leased_again = set(psql(database, "select id & ~1023 from posthorn.deliveries where claim > 1").split())
    by_event = {wire: row for wire, row in (line.split("|") for line in psql(
        database, "select seq, id from (select id, (convert_from(data, 'UTF8')::json ->> 'seq') as seq "
        "from posthorn.events where kind = 'order.paid') as events").splitlines())}
    without = [seq for seq in twice if by_event.get(str(seq)) not in leased_again]
    other = [seq for seq, events in twice.items() if len(set(events)) > 1]
    states = psql(database, "select state, count(*) from posthorn.deliveries where state <> 2 group by 1")
    return {
        "phases": story.table(), "accepted": len(load.accepted), "client_retries": load.retries,
        "missing": len(missing), "duplicates": sum(len(seen) - 1 for seen in times.values()),
        "duplicates_without_a_lost_lease": len(without), "events_accepted_twice": len(other),
        "unfinished": states, "lease_s": LEASE_S,
    }


def show(done):
    print(f"{'':52} {'events':>7} {'p50 ms':>8} {'p99 ms':>9} {'max ms':>9} {'202 p99':>9} {'normal after':>12}")
    for row in done["phases"]:
        print(f"{row['phase']:52} {row['events']:7} {row['at_receiver_p50_ms']:8.1f} {row['at_receiver_p99_ms']:9.1f} "
              f"{row['at_receiver_max_ms']:9.1f} {row['accepted_p99_ms']:9.1f} {row['normal_again_after_s']:10} s")
    print(f"\naccepted {done['accepted']}, missing {done['missing']}, came twice {done['duplicates']} "
          f"(without a lost lease: {done['duplicates_without_a_lost_lease']}), "
          f"accepted twice {done['events_accepted_twice']}, clients tried again {done['client_retries']} times; "
          f"a lease is {done['lease_s']} s")


main()
