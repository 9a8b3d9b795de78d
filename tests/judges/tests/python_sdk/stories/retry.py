"""The SDK's own retry: urllib3's, for any verb, by Retry-After, on 413, 429 and 503."""

import time

import PureCloudPlatformClientV2 as sdk

ME = "/api/v2/organizations/me"
CREDENTIALS = "/api/v2/integrations/credentials"


def tell(story):
    client = story.client()
    a_planted_limit_is_waited_out(story, client)
    a_refused_write_is_done_once(story, client)
    without_a_time_it_is_not_repeated(story, client)
    the_limit_itself_says_how_long(story)


def plant(story, status, method="GET", route=ME, times=1, headers=None):
    story.control(
        "faults", {"method": method, "route": route, "status": status, "headers": headers or {}, "times": times}
    )


def timed(call):
    began = time.monotonic()
    return call(), time.monotonic() - began


def a_planted_limit_is_waited_out(story, client):
    api = sdk.OrganizationApi(client)
    plant(story, 429, headers={"Retry-After": "2"})
    organization, took = timed(api.get_organizations_me)
    story.equal("it succeeded", organization.name, "Example")
    story.equal("calls", story.calls(ME), [429, 200])
    story.true(f"it waited two seconds ({took:.2f} s)", 2.0 <= took < 10)
    plant(story, 503, times=2, headers={"Retry-After": "1"})
    organization, took = timed(api.get_organizations_me)
    story.equal("it succeeded again", organization.name, "Example")
    story.equal("calls in all", story.calls(ME), [429, 200, 503, 503, 200])
    story.true(f"it waited twice ({took:.2f} s)", 2.0 <= took < 10)


def a_refused_write_is_done_once(story, client):
    api = sdk.IntegrationsApi(client)
    plant(story, 429, "POST", CREDENTIALS, headers={"Retry-After": "1"})
    body = {"name": "once", "type": {"name": "userDefined"}, "credentialFields": {"key": "value"}}
    made, took = timed(lambda: api.post_integrations_credentials(body=body))
    story.true(f"it waited ({took:.2f} s)", took >= 1.0)
    listed = api.get_integrations_credentials()
    story.equal("one was made", [entity.id for entity in listed.entities], [made.id])
    story.equal("calls", story.calls(CREDENTIALS), [429, 200, 200])


def without_a_time_it_is_not_repeated(story, client):
    before = len(story.calls(ME))
    plant(story, 429)
    story.refused(429, "too.many.requests.retry.after", sdk.OrganizationApi(client).get_organizations_me)
    story.equal("one call", story.calls(ME)[before:], [429])


def the_limit_itself_says_how_long(story):
    """Without a planted fault: the window of the rate limit, its headers, and its Retry-After."""
    story.control("rate-limit", {"allowed": 3, "window_seconds": 2})
    story.switch(rate_limit_headers="sent")
    api = sdk.OrganizationApi(story.client())
    before = len(story.calls(ME))
    for count in range(1, 4):
        api.get_organizations_me()
        _, _, headers = story.bodies[-1]
        said = [headers[f"inin-ratelimit-{name}"] for name in ("count", "allowed")]
        story.equal("what the headers say", said, [str(count), "3"])
        story.true("until the window ends", headers["inin-ratelimit-reset"] in ("1", "2"))
    organization, took = timed(api.get_organizations_me)
    story.equal("it succeeded", organization.name, "Example")
    story.equal("calls", story.calls(ME)[before:], [200, 200, 200, 429, 200])
    story.true(f"it waited ({took:.2f} s)", took >= 1.0)
