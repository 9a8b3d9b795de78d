"""Signing in: good and bad credentials, tokens that expire, what a caller may do."""

import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.rest import ApiException

from story import Client

TOKEN = "/oauth/token"
ME = "/api/v2/organizations/me"
LOST = "Invalid login credentials."


def tell(story):
    good_and_bad_credentials(story)
    calls_without_a_good_token(story)
    a_token_expires(story)
    reauthentication_of_the_sdk(story)


def name_as(client):
    return sdk.OrganizationApi(client).get_organizations_me().name


def good_and_bad_credentials(story):
    client = story.client()
    status, body = story.last
    story.equal("token answer", (status, body["token_type"], body["expires_in"]), (200, "bearer", 86400))
    story.equal("fields", sorted(body), ["access_token", "expires_in", "token_type"])
    story.equal("the SDK has the token", client.access_token, body["access_token"])
    story.true("a token is long", len(client.access_token) >= 32)
    story.true("each token is another", story.client().access_token != client.access_token)
    own_id, secret = story.own
    story.token_refused(401, "invalid_client", "authentication failed", (own_id, secret + "x"))
    story.token_refused(401, "invalid_client", "authentication failed", (own_id, story.other[1]))
    story.token_refused(400, "invalid_client", "client not found", ("00000000-0000-4000-8000-000000000000", secret))
    story.equal("token calls", story.calls(TOKEN), [200, 200, 401, 401, 400])
    story.equal("the first token still works", name_as(client), "Example")


def calls_without_a_good_token(story):
    client = Client(story)
    none = "No authentication bearer token specified in authorization header."
    story.refused(401, "authentication.required", lambda: name_as(client), none)
    client.access_token = "0123456789abcdef"
    story.refused(401, "bad.credentials", lambda: name_as(client), LOST)
    story.control("permissions", {"client_id": story.other[0], "permissions": ["integrations:action:view"]})
    api = sdk.IntegrationsApi(story.client(story.other))
    story.equal("what it may read", api.get_integrations_actions().total, 0)
    refusal = story.refused(403, "missing.any.permissions", api.get_integrations)
    story.equal("missing", refusal["messageParams"], {"permissions": "[integrations:integration:view]"})


def a_token_expires(story):
    story.control("clients", {"client_id": story.own[0], "access_token_validity_seconds": 300})
    client = story.client()
    story.equal("life of a token", story.last[1]["expires_in"], 300)
    old = client.access_token
    story.advance(290)
    story.equal("shortly before", name_as(client), "Example")
    story.advance(11)
    asked = len(story.calls(TOKEN))
    story.refused(401, "bad.credentials", lambda: name_as(client), LOST)
    # For client credentials the SDK has no re-authentication of its own.
    story.equal("no sign-in by itself", len(story.calls(TOKEN)), asked)
    client.get_client_credentials_token(*story.own)
    story.true("a new token", client.access_token != old)
    story.equal("signed in again", name_as(client), "Example")
    story.control("clients", {"client_id": story.own[0], "revoke_tokens": True})
    story.refused(401, "bad.credentials", lambda: name_as(client), LOST)


def reauthentication_of_the_sdk(story):
    """With a refresh token the SDK signs in again by itself; a client-credentials client has no such grant."""
    client = story.client()
    client.client_id, client.client_secret = story.own
    client.refresh_token = "of another grant"
    story.advance(301)
    asked = len(story.calls(TOKEN))
    try:
        name_as(client)
        story.true("the refresh is refused", False)
    except ApiException as refusal:
        story.equal("where it ended", refusal.status, 400)
        story.equal("why", story.last[1]["error"], "unsupported_grant_type")
    story.equal("it asked once", len(story.calls(TOKEN)), asked + 1)


def tell_organization(story):
    organization = sdk.OrganizationApi(story.client()).get_organizations_me()
    story.fields(organization, id=story.organization_id, name="Example", state="active", self_uri=ME)
    story.equal("a live region", organization.default_country_code, "US")
    for credentials in (story.own, story.other):
        story.equal("for every client", name_as(story.client(credentials)), "Example")
