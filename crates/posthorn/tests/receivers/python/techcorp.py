"""TechCorp, "How do I validate the webhook signature?": HMAC of the raw body, `sha256=` before it."""

import hashlib
import hmac

from listening import listen


def verify(body, headers, secret):
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={expected}", headers["X-Webhook-Signature"]):
        raise ValueError("the signature does not fit")


listen(verify)
