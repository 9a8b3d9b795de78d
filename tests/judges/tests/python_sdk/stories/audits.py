"""Audits, both ways: in real time by page, and asynchronously by polls and a cursor."""

from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as sdk

from things import FUNCTION, action_fields, lambda_integration

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
OTHER = FUNCTION.replace("orders", "others")


def tell(story):
    client = story.client()
    integrations, api = sdk.IntegrationsApi(client), sdk.AuditApi(client)
    integration_id = lambda_integration(story, integrations)
    action_id = changed_ten_times(story, integrations, integration_id)
    records = in_real_time(story, api, action_id)
    filtered(story, api, action_id, integration_id, records)
    asynchronous(story, api, action_id, records)
    related(story, api, records)
    mappings(story, api)
    delayed(story, api, action_id, len(records))
    wrong(story, api, action_id)


def query(entity_id=None, hours=1, service="Integrations", filters=(), **more):
    now = datetime.now(timezone.utc)
    interval = f"{(now - timedelta(hours=hours)).strftime(MOMENT)}/{(now + timedelta(hours=1)).strftime(MOMENT)}"
    filters = [{"property": name, "value": value} for name, value in filters]
    if entity_id:
        filters.append({"property": "EntityId", "value": entity_id})
    asked = {"interval": interval, "filters": filters, **more}
    return {**asked, "serviceName": service} if service else asked


def changed_ten_times(story, api, integration_id):
    """A create by us, eight updates by us, one by the other client; what the records should tell."""
    action_id = api.post_integrations_actions(action_fields(integration_id, "Orders")).id
    config = action_fields("", "")["config"]
    config["request"]["requestUrlTemplate"] = OTHER
    api.patch_integrations_action(action_id, {"version": 1, "config": config})
    for version in range(2, 9):
        api.patch_integrations_action(action_id, {"version": version, "category": f"New {version}"})
    other = sdk.IntegrationsApi(story.client(story.other))
    other.patch_integrations_action(action_id, {"version": 9, "name": "Theirs"})
    return action_id


def in_real_time(story, api, action_id):
    """Every record once over pages of four; the newest first."""
    records = []
    for number, size in ((1, 4), (2, 4), (3, 2)):
        page = api.post_audits_query_realtime(query(action_id, pageSize=4, pageNumber=number))
        story.fields(page, page_number=number, page_size=4, total=10, page_count=3)
        story.equal("on the page", len(page.entities), size)
        records += page.entities
    story.equal(
        "beyond the last", api.post_audits_query_realtime(query(action_id, pageSize=4, pageNumber=4)).entities, []
    )
    story.equal("each once", len({record.id for record in records}), 10)
    story.equal("actions", [record.action for record in records], ["Update"] * 9 + ["Create"])
    story.equal("by whom", [record.client.id for record in records], [story.other[0]] + [story.own[0]] * 9)
    newest, moved, first = records[0], records[8], records[9]
    story.fields(newest, service_name="Integrations", entity_type="Action", status="SUCCESS", level="USER", user=None)
    story.fields(newest.entity, id=action_id, name="Theirs")
    story.equal(
        "in order",
        [record.event_date for record in records],
        sorted((record.event_date for record in records), reverse=True),
    )
    story.equal("what moved", changes(moved), [("config.request.requestUrlTemplate", [FUNCTION], [OTHER])])
    story.equal("what was renamed", changes(newest), [("name", ["Orders"], ["Theirs"])])
    story.equal("nothing changed in a create", changes(first), [])
    oldest_first = api.post_audits_query_realtime(
        query(action_id, sort=[{"name": "Timestamp", "sortOrder": "ascending"}])
    )
    story.equal(
        "the other way round",
        [record.id for record in oldest_first.entities],
        [record.id for record in reversed(records)],
    )
    return records


def changes(record):
    return [(change.pcProperty, change.old_values, change.new_values) for change in record.property_changes]


def filtered(story, api, action_id, integration_id, records):
    def found(entity_id=None, service="Integrations", *filters):
        return api.post_audits_query_realtime(query(entity_id, service=service, filters=filters, pageSize=100)).entities

    story.equal(
        "by client",
        [record.id for record in found(action_id, "Integrations", ("ClientId", story.other[0]))],
        [records[0].id],
    )
    story.equal(
        "by action", [record.id for record in found(action_id, "Integrations", ("Action", "Create"))], [records[9].id]
    )
    story.equal("by type", len(found(None, "Integrations", ("EntityType", "Action"))), 10)
    story.equal("of another service", found(action_id, "PeoplePermissions"), [])
    kinds = [(record.action, record.entity_type) for record in found(integration_id)]
    story.equal(
        "of the integration", kinds, [("Update", "Integration"), ("Update", "Integration"), ("Create", "Integration")]
    )
    stranger = {"entity_type": "Action", "entity_id": action_id, "action": "Update", "user_id": "stranger"}
    planted = story.control("audits/record", stranger)["id"]
    by_user = found(action_id, "Integrations", ("UserId", "stranger"))
    story.equal("by a user", [(record.id, record.user.id) for record in by_user], [(planted, "stranger")])


def asynchronous(story, api, action_id, records):
    own = ("ClientId", story.own[0])
    submitted = api.post_audits_query(query(action_id, filters=[own]))
    story.equal("submitted", (story.last[0], submitted.state, submitted.service_name), (202, "Queued", "Integrations"))
    results = lambda **asked: api.get_audits_query_transaction_id_results(submitted.id, **asked)
    story.refused(400, "bad.request", results, "The query has not finished yet.")
    polled = []
    for _ in range(3):
        polled.append((api.get_audits_query_transaction_id(submitted.id).state, story.last[0]))
    story.equal("polls", polled, [("Running", 202), ("Succeeded", 200), ("Succeeded", 200)])
    found, sizes, cursor = [], [], {}
    while len(sizes) < 10:
        page = results(page_size=4, **cursor)
        story.fields(page, id=submitted.id, page_size=4)
        found += [record.id for record in page.entities]
        sizes.append(len(page.entities))
        if not page.cursor:
            break
        cursor = {"cursor": page.cursor}
    story.equal("pages", sizes, [4, 4, 1])
    story.equal("each once, as in real time", found, [record.id for record in records[1:]])
    story.refused(400, "invalid.query.param.value", lambda: results(cursor="none"), field="cursor")
    story.not_found(lambda: api.get_audits_query_transaction_id("none"))
    story.not_found(lambda: api.get_audits_query_transaction_id_results("none"))


def related(story, api, records):
    one = api.post_audits_query_realtime_related({"auditId": records[0].id}).entities
    story.equal("of the same transaction", [record.id for record in one], [records[0].id])
    story.not_found(lambda: api.post_audits_query_realtime_related({"auditId": "none"}))


def mappings(story, api):
    whole, realtime = api.get_audits_query_servicemapping(), api.get_audits_query_realtime_servicemapping()
    services = {
        service.name: {entity.name: entity.actions for entity in service.entities} for service in whole.services
    }
    story.equal(
        "actions of an action", sorted(services["Integrations"]["Action"]), ["Create", "Delete", "Publish", "Update"]
    )
    story.true("clients are audited", "Update" in services["PeoplePermissions"]["OAuthClient"])
    story.equal(
        "the same in real time",
        [service.name for service in realtime.services],
        [service.name for service in whole.services],
    )
    story.switch(realtime_audits="without_integrations")
    names = [service.name for service in api.get_audits_query_realtime_servicemapping().services]
    story.true("not in real time", "Integrations" not in names and "PeoplePermissions" in names)
    story.refused(
        400,
        "bad.request",
        lambda: api.post_audits_query_realtime(query("any")),
        "Service Integrations is not supported by realtime audit queries",
    )
    story.equal("asynchronously all the same", api.post_audits_query(query("any")).state, "Queued")
    story.switch(realtime_audits="all")


def delayed(story, api, action_id, count):
    """No record is no proof: it may show later."""
    total = lambda: api.post_audits_query_realtime(query(action_id)).total
    story.control("audits", {"delay_seconds": 600})
    story.equal("nothing shows yet", total(), 0)
    story.advance(601)
    # Ten of ours, and the one that was planted.
    story.equal("all show", total(), count + 1)
    story.control("audits", {"never": True})
    story.equal("none ever shows", total(), 0)
    story.control("audits", {"delay_seconds": 0})
    story.equal("all show again", total(), count + 1)


def wrong(story, api, action_id):
    def realtime(**changed):
        return lambda: api.post_audits_query_realtime({**query(action_id), **changed})

    story.refused(400, "constraint.validation", realtime(serviceName=None), field="serviceName")
    story.switch(audit_service_name="optional")
    story.true("without a service", realtime(serviceName=None)().total >= 10)
    story.switch(audit_service_name="required")
    story.refused(400, "invalid.value", realtime(serviceName="Nothing"), field="serviceName")
    story.refused(400, "constraint.validation", realtime(interval=None), field="interval")
    story.refused(400, "invalid.date", realtime(interval="yesterday"), field="interval")
    story.refused(400, "invalid.query.param.value", realtime(pageSize=501))
    long_ago = query(action_id, hours=24 * 15)["interval"]
    story.refused(
        400,
        "constraint.validation",
        realtime(interval=long_ago),
        "Realtime audit queries reach back 14 days",
        field="interval",
    )
    longer = query(action_id, hours=24 * 31)
    month = "The interval may not be longer than 30 days"
    story.refused(400, "constraint.validation", lambda: api.post_audits_query(longer), month, field="interval")
