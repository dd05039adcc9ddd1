"""PayQI, "Security": the timestamp is at most five minutes off, and the HMAC is of the raw body."""

import hashlib
import hmac
import time

from listening import listen


def verify(body, headers, secret):
    if abs(int(time.time()) - int(headers["X-PayQI-Timestamp"])) > 300:
        raise ValueError("the request is too old")
    expected = hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers["X-PayQI-Signature"]):
        raise ValueError("the signature does not fit")


listen(verify)
