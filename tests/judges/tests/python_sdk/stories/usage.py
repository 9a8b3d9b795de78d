"""How often an OAuth client called: a query is submitted, and its result polled for."""

from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as sdk

ME = "api/v2/organizations/me"
ACTIONS = "api/v2/integrations/actions"


def tell(story):
    api = sdk.OAuthApi(story.client())
    used(story)
    counted(story, api)
    grouped(story, api)
    in_pages(story, api)
    jobs(story, sdk.UsageApi(story.client()))
    late(story, api)
    wrong(story, api)


def used(story):
    """The other client calls five times, twice in vain; signing in is no call of the API."""
    client = story.client(story.other)
    for _ in range(3):
        sdk.OrganizationApi(client).get_organizations_me()
    integrations = sdk.IntegrationsApi(client)
    for action_id in ("one", "two"):
        story.not_found(lambda: integrations.get_integrations_action(action_id))


def query(days=1, **more):
    moment = "%Y-%m-%dT%H:%M:%SZ"
    now = datetime.now(timezone.utc)
    return {
        "interval": f"{(now - timedelta(days=days)).strftime(moment)}/{(now + timedelta(days=1)).strftime(moment)}",
        **more,
    }


def result(story, api, submitted, client_id):
    """Running, Running, and then what it ends as."""
    story.equal(
        "where",
        submitted.results_uri,
        f"/api/v2/oauth/clients/{client_id}/usage/query/results/{submitted.execution_id}",
    )
    poll = lambda: api.get_oauth_client_usage_query_result(submitted.execution_id, client_id)
    for _ in range(2):
        running = poll()
        story.equal("not yet", (running.query_status, running.results), ("Running", None))
    return poll()


def answered(story, api, body, client_id=None):
    client_id = client_id or story.other[0]
    return result(story, api, api.post_oauth_client_usage_query(client_id, body), client_id)


def counted(story, api):
    whole = answered(story, api, query())
    story.equal("complete", (whole.query_status, len(whole.results), whole.cursors), ("Complete", 1, None))
    row = whole.results[0]
    story.fields(row, client_id=None, organization_id=None, requests=5, status200=3, status400=2)
    story.fields(row, status300=0, status429=0, status500=0, template_uri=None, http_method=None, date=None)
    story.equal("before that", answered(story, api, past()).results, [])
    submitted = api.get_oauth_client_usage_summary(story.other[0], days="7")
    summary = result(story, api, submitted, story.other[0])
    story.equal(
        "summary", [row_of(row) for row in summary.results], [(f"{ACTIONS}/{{actionId}}", "GET", 2), (ME, "GET", 3)]
    )


def past():
    return {"interval": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"}


def row_of(row):
    return row.template_uri, row.http_method, row.requests


def grouped(story, api):
    found = answered(story, api, query(groupBy=["TemplateUri", "HttpMethod"], metrics=["Requests"]))
    story.equal(
        "by template",
        [row_of(row) for row in found.results],
        [(f"{ACTIONS}/{{actionId}}", "GET", 2), (ME, "GET", 3)],
    )
    story.equal("only what was asked for", {row.status200 for row in found.results}, {None})
    whose = answered(story, api, query(groupBy=["OAuthClientId", "OrganizationId"])).results[0]
    story.fields(whose, client_id=story.other[0], organization_id=story.organization_id, requests=5)
    by_day = answered(story, api, query(granularity="Day"))
    # Midnight may have passed between the calls.
    story.equal("by day", sum(row.requests for row in by_day.results), 5)
    story.equal("at midnight", {(row.date.hour, row.date.minute) for row in by_day.results}, {(0, 0)})


def jobs(story, api):
    """The successor: other states, other members, pages by cursor."""
    client_id = story.other[0]
    body = query(groupBy=["TemplateUri", "HttpMethod"])
    submitted = api.post_usage_client_client_id_aggregates_query_jobs(client_id, body)
    poll = lambda **how: api.get_usage_client_client_id_aggregates_query_job(client_id, submitted.id, **how)
    story.equal("states", [poll().query_status for _ in range(3)], ["Queued", "Running", "Succeeded"])
    whole = poll().entities
    story.true("who called", {(ME, "GET", 3)} <= {(row.template_uri, row.http_method, row.request_count) for row in whole})
    first = poll(page_size=1)
    story.equal("a page", len(first.entities), 1)
    story.true("there is more", "after=" in first.next_uri)
    wrong = lambda **changed: lambda: api.post_usage_client_client_id_aggregates_query_jobs(
        client_id, {**body, **changed}
    )
    story.refused(400, "invalid.value", wrong(groupBy=["UserId"]), field="groupBy")


def in_pages(story, api):
    """The model has cursors, the SDK's operation no parameter for one: it sees the first page, and that there is more."""
    client = story.client(story.other)
    reads = sdk.IntegrationsApi(client)
    reads.get_integrations_types()
    reads.get_integrations()
    story.switch(usage_pages="cursors")
    found = answered(story, api, query(groupBy=["TemplateUri", "HttpMethod"]))
    story.equal("a page", len(found.results), 3)
    story.true("there is more", found.cursors and found.cursors.after)
    story.switch(usage_pages="whole")
    found = answered(story, api, query(groupBy=["TemplateUri", "HttpMethod"]))
    story.equal("whole", (len(found.results), found.cursors), (4, None))


def late(story, api):
    """No usage may be usage that does not show yet."""
    story.control("usage", {"delay_seconds": 600})
    story.equal("nothing shows yet", answered(story, api, query()).results, [])
    story.advance(601)
    story.equal("now it does", answered(story, api, query()).results[0].requests, 7)
    story.control("usage", {"fails": True})
    failed = answered(story, api, query())
    story.equal("failed", (failed.query_status, failed.results), ("Failed", None))
    story.control("usage", {"fails": False, "delay_seconds": 0})


def wrong(story, api):
    def post(**changed):
        return lambda: api.post_oauth_client_usage_query(story.other[0], {**query(), **changed})

    story.refused(400, "constraint.validation", post(interval=None), field="interval")
    story.refused(400, "invalid.value", post(interval="2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"), field="interval")
    story.refused(400, "invalid.value", post(granularity="Hour"), field="granularity")
    story.refused(400, "invalid.value", post(groupBy=["UserId"]), field="groupBy")
    story.refused(400, "invalid.value", post(metrics=["requests"]), field="metrics")
    story.not_found(lambda: api.post_oauth_client_usage_query("none", query()))
    story.not_found(lambda: api.get_oauth_client_usage_summary("none"))
    submitted = api.post_oauth_client_usage_query(story.other[0], query())
    # A query belongs to its client.
    story.not_found(lambda: api.get_oauth_client_usage_query_result(submitted.execution_id, story.own[0]))
    story.not_found(lambda: api.get_oauth_client_usage_query_result("none", story.other[0]))
