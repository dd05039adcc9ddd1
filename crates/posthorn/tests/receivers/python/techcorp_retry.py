"""TechCorp, "Error 429: What to do?": the guide's function, letter by letter, around a search that has used up its minute.

Arguments: the API's base and a key. It prints what it saw as one JSON object.
"""

import json
import sys
import urllib.error
import urllib.request

import time

base, key = sys.argv[1:]
statuses = []
waits = []


class RateLimitError(Exception):
    pass


class Waiting:
    """The module `time`, which remembers for how long it was asked to wait."""

    @staticmethod
    def sleep(seconds):
        waits.append(seconds)
        time_itself.sleep(seconds)


time_itself, time = time, Waiting


def call_with_retry(func, max_retries=5):
    for i in range(max_retries):
        try:
            return func()
        except RateLimitError as e:
            wait = 2 ** i
            time.sleep(wait)
    raise Exception("Max retries exceeded")


def search():
    request = urllib.request.Request(
        f"{base}/api/orders?q=keyboard", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            statuses.append(answer.status)
            return json.load(answer)
    except urllib.error.HTTPError as error:
        statuses.append(error.code)
        if error.code == 429:
            raise RateLimitError(error.headers["Retry-After"]) from error
        raise


found = None
# A search comes free each second, so a slow machine is refused after some more than the minute's sixty; one that never is, never.
while not waits and len(statuses) < 600:
    found = call_with_retry(search)
print(json.dumps({"statuses": statuses, "waits": waits, "found": found["data"]}))
