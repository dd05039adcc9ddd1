"""TechCorp, "How do I validate the webhook signature?": the guide's function, letter by letter, and its usage."""

import hmac
import hashlib

from listening import listen


def verify_webhook(payload: bytes, signature: str, secret: str) -> bool:
    expected = hmac.new(
        secret.encode(),
        payload,
        hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(f"sha256={expected}", signature)


def verify(body, headers, secret):
    is_valid = verify_webhook(
        body,
        headers['X-Webhook-Signature'],
        secret
    )
    if not is_valid:
        raise ValueError("the signature does not fit")


listen(verify)
