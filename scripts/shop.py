#!/usr/bin/env python3
"""Fills a shop of TechCorp's through its API, and measures what must not grow with it.

A page far down a list beside the first ones, searches, the CSV feed's memory. It fails when a row is missing, when the last pages
take half as long again as the first (of 20,000 rows or more), or when making and reading the feed takes more than 64 MiB beyond what the server had. Times are
of this machine: the page's are beside a call that reads nothing, in the same run.
"""

import argparse
import contextlib
import csv
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ADMIN = "admin_key_for_measuring_0123456789abcdef"
BATCH = 100
WRITERS = 16
PAGES = 100
SLOWER_MAX = 1.5
FEED_MIB_MAX = 64
RARE = 1000


def arguments():
    parser = argparse.ArgumentParser(prog="./x shop", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000, help="orders, and as many products (1,000,000)")
    parser.add_argument("--disk", help="where the server's data is kept while it runs (target/tmp)")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rows < 2 * BATCH or given.rows % BATCH:
        parser.error(f"{given.rows} rows: give hundreds, at least {2 * BATCH}")
    return given


class Server:
    """The program on a fresh directory."""

    def __init__(self, program, folder):
        self.child = subprocess.Popen(
            [program, "serve", "--sandbox", "--data", folder, "--listen", "127.0.0.1:0"],
            env=dict(os.environ, POSTHORN_ADMIN_KEY=ADMIN, POSTHORN_LOG="warn", NO_COLOR="1"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.port = next((int(line.rsplit(":", 1)[1]) for line in self.child.stdout if "API        http" in line), None)
        if self.port is None:
            sys.exit("shop: the server did not start")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            if "WARN" in line or "ERROR" in line:
                sys.stderr.write(line)

    def memory(self):
        """Resident now, and the most it ever was, in MiB."""
        lines = pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
        return sizes["VmRSS"], sizes["VmHWM"]

    def forget_the_most(self):
        pathlib.Path(f"/proc/{self.child.pid}/clear_refs").write_text("5")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


class Refused(Exception):
    """What the server would not do."""


class Client:
    """One connection with a key."""

    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.key = key

    def send(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        if answer.status >= 300:
            raise Refused(f"{method} {path}: {answer.status} {answer.read().decode()}")
        return answer

    def call(self, method, path, body=None):
        return json.loads(self.send(method, path, body).read())

    def timed(self, path):
        """What a page took, in milliseconds, and the page."""
        begun = time.perf_counter()
        text = self.send("GET", path).read()
        return (time.perf_counter() - begun) * 1000, json.loads(text)


def shop(server):
    """A merchant whose limits are no bounds here; answers its key."""
    operator = Client(server.port, ADMIN)
    made = operator.call("POST", "/v1/merchants", {"name": "Shop", "contract": "techcorp"})
    limits = {f"{kind}_per_minute": 1_000_000 for kind in ("requests", "searches", "writes")}
    operator.call("PATCH", f"/v1/merchants/{made['id']}", {"rate_limits": limits})
    return made["keys"]["test"]["api_key"]


def order(at):
    rare = " rarity" if at % RARE == 0 else ""
    item = {"product_id": f"p-{at}", "name": f"Keyboard{rare}", "quantity": 1, "price": 299.9}
    return {"items": [item], "customer": {"name": "João Silva", "email": f"joao{at}@example.com"}}


def product(at):
    return {"name": f"Keyboard {at}, mechanical", "sku": f"KB-{at}", "price": 299.9, "stock": 3}


def bar(what, done, of):
    if sys.stderr.isatty():
        filled = 40 * done // of
        sys.stderr.write(f"\r{what:18} {'█' * filled}{'░' * (40 - filled)} {done:,} of {of:,}" + ("\n" if done >= of else ""))
        sys.stderr.flush()


def fill(server, key, what, rows, draft):
    """Makes so many through batches on several connections; how many a second."""
    batches, lock, failed = iter(range(0, rows, BATCH)), threading.Lock(), []
    done = 0

    def made(client, drafts):
        """Makes a batch; what could not be made."""
        try:
            outcomes = client.call("POST", f"/techcorp/v1/{what}/batch", {"data": drafts})["data"]
        except (Refused, OSError, http.client.HTTPException) as error:
            return [error]
        return [outcome for outcome in outcomes if "error" in outcome]

    def write():
        nonlocal done
        client = Client(server.port, key)
        while True:
            with lock:
                first = next(batches, None)
            if first is None or failed:
                return
            bad = made(client, [draft(first + at) for at in range(BATCH)])
            with lock:
                failed.extend(bad)
                done += BATCH
                bar(what, done, rows)

    begun = time.perf_counter()
    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if failed:
        raise Refused(f"not all {what} were made: {failed[0]}")
    return rows / (time.perf_counter() - begun)


def walk(client, path, pages_max):
    """The milliseconds of each page, and all the ids."""
    times, ids, cursor = [], [], None
    while len(times) < pages_max:
        took, page = client.timed(path + (f"&cursor={cursor}" if cursor else ""))
        times.append(took)
        ids.extend(row["id"] for row in page["data"])
        cursor = page["next_cursor"]
        bar("pages", len(times) if cursor else pages_max, pages_max)
        if cursor is None:
            break
    return times, ids


def lists(client, rows):
    empty = [client.timed("/techcorp/v1/users?limit=100")[0] for _ in range(PAGES)]
    # One page more than there are, so that a row too many is found, too.
    times, ids = walk(client, "/techcorp/v1/orders?limit=100", rows // 100 + 1)
    few = min(PAGES, len(times) // 2)
    first, last = statistics.median(times[:few]), statistics.median(times[-few:])
    if len(set(ids)) != rows or len(ids) != rows:
        raise Refused(f"{len(ids)} orders, {len(set(ids))} of them different, are on the pages; {rows} were made")
    return {
        "an empty page, p50, ms": statistics.median(empty),
        f"orders: the first {few} pages, p50, ms": first,
        f"orders: the last {few} of {len(times):,} pages, p50, ms": last,
        "orders: all pages, p99, ms": statistics.quantiles(times, n=100)[98],
        "orders: a last page beside a first one": last / first,
    }


def searches(client, rows):
    figures = {}
    for query, found in (("rarity", -(-rows // RARE)), ("joao", None), ("joao+silva+rarity", -(-rows // RARE))):
        times, ids = walk(client, f"/techcorp/v1/orders?limit=100&q={query}", 10)
        figures[f"orders: search {query}, pages of 100, p50, ms"] = statistics.median(times)
        if len(ids) != min(found or 1000, 1000, rows):
            raise Refused(f"{query} found {len(ids)} orders on {len(times)} pages")
    return figures


def feed(server, client, rows):
    server.forget_the_most()
    before, _ = server.memory()
    begun = time.perf_counter()
    client.call("POST", "/techcorp/v1/products/feed", {})
    while (told := client.call("GET", "/techcorp/v1/products/feed"))["status"] != "READY":
        time.sleep(0.05)
    made = time.perf_counter() - begun
    begun = time.perf_counter()
    answer = client.send("GET", "/techcorp/v1/products/feed.csv")
    lines = (line.decode() for line in answer)
    count = sum(1 for _ in csv.reader(lines, strict=True)) - 1
    read = time.perf_counter() - begun
    if count != rows:
        raise Refused(f"the feed has {count} products; {rows} were made")
    _, most = server.memory()
    return {
        "feed: MiB": told["bytes"] / 2**20,
        "feed: made, products/s": rows / made,
        "feed: read by Python's csv, products/s": rows / read,
        "feed: memory before it, MiB": before,
        "feed: memory at most, making and sending, MiB": most,
        "feed: more memory, MiB": most - before,
    }


def failures(figures, rows):
    # Of fewer pages the first are the last, too, or too few for a median.
    if rows >= 2 * PAGES * BATCH and figures["orders: a last page beside a first one"] > SLOWER_MAX:
        yield f"the last pages took more than {SLOWER_MAX} times as long as the first"
    if figures["feed: more memory, MiB"] > FEED_MIB_MAX:
        yield f"the feed took more than {FEED_MIB_MAX} MiB"


def main():
    given = arguments()
    disk = pathlib.Path(given.disk or pathlib.Path(__file__).parent.parent / "target/tmp")
    disk.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="shop-", dir=disk)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = stack.enter_context(Server(given.program, folder))
        key = shop(server)
        figures = {f"{what}: made, a second": fill(server, key, what, given.rows, draft)
                   for what, draft in (("orders", order), ("products", product))}
        client = Client(server.port, key)
        figures |= lists(client, given.rows) | searches(client, given.rows) | feed(server, client, given.rows)
    failed = list(failures(figures, given.rows))
    if given.json:
        print(json.dumps({"rows": given.rows, "figures": figures, "failed": failed}, indent=1))
    else:
        print(f"{given.rows:,} orders and as many products")
        for name, value in figures.items():
            print(f"  {name:58} {value:12,.2f}")
    if failed:
        sys.exit("shop: " + "; ".join(failed))


try:
    main()
except Refused as error:
    sys.exit(f"shop: {error}")
