"""A program that knows OAuth 2 from Authlib alone: it is told a base, credentials and a user, and goes the whole way.

What it was told comes as JSON in its first argument; it says `done` when every step was as the RFCs have it.
"""

import json
import os
import sys
from html.parser import HTMLParser

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # The server under test listens on loopback, without TLS.

import requests
from authlib.common.security import generate_token
from authlib.common.urls import url_decode
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

REDIRECT = "http://127.0.0.1:50123/callback"


class Form(HTMLParser):
    """The form of a page: where it goes, and what stands in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes["value"]


def refused(word, attempt):
    try:
        attempt()
    except OAuthError as error:
        assert error.error == word, error
        return
    raise AssertionError(f"{word} was expected")


def through_the_page(url, told, decision):
    """What a browser does: shows the page, sends its form, and is sent on."""
    page = requests.get(url, timeout=30)
    assert page.status_code == 200, page.text
    form = Form(page.text)
    fields = form.fields | {"email": told["email"], "password": told["password"], "decision": decision}
    action = requests.compat.urljoin(page.url, form.action)
    sent = requests.post(action, data=fields, timeout=30, allow_redirects=False)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


def is_good(session, told):
    return session.get(told["base"] + "/v1/payments").status_code == 200


def for_itself(told, server):
    for way in ["client_secret_basic", "client_secret_post"]:
        session = OAuth2Session(told["client_id"], told["client_secret"], scope="read", token_endpoint_auth_method=way)
        token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "read" and token["expires_in"] == 1800 and "refresh_token" not in token, token
        assert is_good(session, told)
        known = session.introspect_token(server["introspection_endpoint"], token=token["access_token"])
        assert known.json()["active"] is True and known.json()["client_id"] == told["client_id"], known.text
        gone = session.revoke_token(server["revocation_endpoint"], token=token["access_token"])
        assert gone.status_code == 200 and not is_good(session, told)
        known = session.introspect_token(server["introspection_endpoint"], token=token["access_token"])
        assert known.json() == {"active": False}, known.text
    wrong = OAuth2Session(told["client_id"], "cs_test_wrong")
    refused("invalid_client", lambda: wrong.fetch_token(server["token_endpoint"], grant_type="client_credentials"))


def for_its_user(told, server):
    def begun():
        session = OAuth2Session(
            told["public_id"], redirect_uri=REDIRECT, token_endpoint_auth_method="none", code_challenge_method="S256"
        )
        verifier = generate_token(48)
        url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
        return session, url, state, verifier

    def brought(session, location, state, verifier):
        return session.fetch_token(
            server["token_endpoint"], authorization_response=location, state=state, code_verifier=verifier
        )

    _, url, state, _ = begun()
    said = dict(url_decode(requests.compat.urlparse(through_the_page(url, told, "deny")).query))
    assert (said["error"], said["state"], "code" in said) == ("access_denied", state, False), said

    session, url, state, verifier = begun()
    location = through_the_page(url, told, "allow")
    assert location.startswith(REDIRECT + "?code="), location
    refused("invalid_grant", lambda: brought(session, location, state, generate_token(48)))
    first = brought(session, location, state, verifier)
    assert is_good(session, told)

    second = session.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"] and is_good(session, told)
    printed = requests.post(
        told["base"] + "/v1/auth/refresh", json={"refresh_token": second["refresh_token"]}, timeout=30
    )
    third = printed.json()
    session.token = third
    assert printed.status_code == 200 and is_good(session, told), printed.text
    stolen = second["refresh_token"]
    refused("invalid_grant", lambda: session.refresh_token(server["token_endpoint"], refresh_token=stolen))
    session.token = third
    assert not is_good(session, told), "a refresh token that is used twice ends its family"

    session, url, state, verifier = begun()
    token = brought(session, through_the_page(url, told, "allow"), state, verifier)
    gone = session.revoke_token(
        server["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token"
    )
    assert gone.status_code == 200 and not is_good(session, told)


def main():
    told = json.loads(sys.argv[1])
    found = requests.get(told["metadata"], timeout=30).json()
    server = AuthorizationServerMetadata(found)
    server.validate()
    assert server["issuer"] == told["base"], server
    for_itself(told, server)
    for_its_user(told, server)
    print("done")


main()
