"""Standard Webhooks, with the official library."""

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from listening import listen


def verify(body, headers, secret):
    carried = {name: headers[name] for name in headers if name.lower().startswith("webhook-")}
    try:
        Webhook(secret).verify(body, carried)
    except WebhookVerificationError as error:
        raise ValueError(str(error)) from error


listen(verify)
