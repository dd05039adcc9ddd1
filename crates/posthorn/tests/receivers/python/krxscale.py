"""KrxScale, "Python / Flask": reads the JSON, prints it again with `json.dumps`, and signs that.

The endpoint has to ask for `json = "python"`.
"""

import hashlib
import hmac
import json
import time

from listening import listen


def verify(body, headers, secret):
    if abs(int(time.time()) - int(headers["X-Webhook-Timestamp"])) > 300:
        raise ValueError("the timestamp is too old or in the future")
    stamp, signature = (part.split("=")[1] for part in headers["X-Webhook-Signature"].split(","))
    signed = f"t={stamp}.{json.dumps(json.loads(body))}"
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, expected):
        raise ValueError("the signature does not fit")


listen(verify)
