"""Credentials: what is written into their fields is never told again, by no answer of any kind."""

import json
from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as sdk

from things import ROLE, ROLE_TYPE, SLOT, new_integration, role_credential

# What may appear in no answer. The judge's own test plants the first one in an answer.
PLANTED = "planted-secret-7f3a"
FIELDS = {
    "basicAuth": {"userName": f"{PLANTED}-user", "password": f"{PLANTED}-password"},
    "userDefined": {"anything": f"{PLANTED}-anything", "ARN": f"{PLANTED}-no-role"},
    "userDefinedOAuth": {"loginUrl": f"{PLANTED}-url", "clientSecret": f"{PLANTED}-oauth"},
    "pureCloudOAuthClient": {"clientId": f"{PLANTED}-id", "clientSecret": f"{PLANTED}-secret"},
    ROLE_TYPE: {"ARN": f"{ROLE}-{PLANTED}"},
}


def tell(story):
    api = story.integrations()
    every = types(story, api)
    for setting in ("masked", "omitted", "arn_visible"):
        story.switch(credential_redaction=setting, credential_audits="yes")
        told = len(story.bodies)
        made = written_and_read(story, api, setting, every)
        used(story, api, setting)
        audited(story, api, made)
        refused(story, api, made)
        nothing_is_told(story, setting, story.bodies[told:])
    listed(story, api)
    while_in_use(story, api)


def types(story, api):
    """Gives fields for each credential type that there is."""
    known = {kind.name: kind for kind in api.get_integrations_credentials_types()}
    story.equal("types that are missing", sorted(set(FIELDS) - set(known)), [])
    required = {ROLE_TYPE: ["ARN"], "basicAuth": ["userName"], "userDefined": [], "userDefinedOAuth": []}
    for name, fields in required.items():
        story.equal(f"required by {name}", known[name].required, fields)
    others = {name: {field: f"{PLANTED}-{field}" for field in kind.required or ["key"]} for name, kind in known.items()}
    return {**others, **FIELDS}


def written_and_read(story, api, setting, every):
    """Creates one of each type, reads it, replaces it, reads it again; gives ids by type."""
    ids = {}
    for kind, fields in every.items():
        made = api.post_integrations_credentials(
            body={"name": f"my {kind}", "type": {"name": kind}, "credentialFields": fields}
        )
        story.fields(made, name=f"my {kind}", self_uri=f"/api/v2/integrations/credentials/{made.id}")
        story.equal("type", made.type.name, kind)
        story.equal("fresh", made.created_date, made.modified_date)
        story.true("no fields", not hasattr(made, "credential_fields"))
        read = api.get_integrations_credential(made.id)
        story.fields(read, id=made.id, name=f"my {kind}", credential_fields=shown(kind, fields, setting))
        story.advance(1)
        changed = {name: f"{value}-changed" for name, value in fields.items()}
        after = api.put_integrations_credential(
            made.id, body={"name": f"new {kind}", "type": {"name": kind}, "credentialFields": changed}
        )
        story.fields(after, id=made.id, name=f"new {kind}", created_date=made.created_date)
        story.true("modified", after.modified_date > made.modified_date)
        story.fields(
            api.get_integrations_credential(made.id),
            name=f"new {kind}",
            credential_fields=shown(kind, changed, setting),
        )
        ids[kind] = made.id
    return ids


def shown(kind, fields, setting):
    if setting == "omitted":
        return None
    if setting == "arn_visible" and kind == ROLE_TYPE:
        return fields
    return {name: "********" for name in fields}


def used(story, api, setting):
    """A config refers to a credential; neither it nor the integration tells more than its name."""
    integration = new_integration(api, f"Rest {setting}", "custom-rest-actions")
    basic = {"name": "used", "type": {"name": "basicAuth"}, "credentialFields": FIELDS["basicAuth"]}
    credential = api.post_integrations_credentials(body=basic)
    config = api.get_integration_config_current(integration.id)
    config.credentials = {"basicAuth": credential}
    after = api.put_integration_config_current(integration.id, body=config)
    story.fields(after.credentials["basicAuth"], id=credential.id, name="used")
    api.get_integration(integration.id, expand=["config.current"])
    api.get_integrations(expand="config.current")
    api.get_integrations_credentials()
    api.get_integrations_credentials_listing()


def audited(story, api, made):
    now = datetime.now(timezone.utc)
    moment = "%Y-%m-%dT%H:%M:%SZ"
    interval = f"{(now - timedelta(hours=1)).strftime(moment)}/{(now + timedelta(hours=1)).strftime(moment)}"
    query = {
        "interval": interval,
        "serviceName": "Integrations",
        "filters": [{"property": "EntityId", "value": made["basicAuth"]}],
    }
    records = sdk.AuditApi(api.api_client).post_audits_query_realtime(query).entities
    story.equal(
        "audited",
        [(record.entity_type, record.action) for record in records],
        [("Credential", "Update"), ("Credential", "Create")],
    )


def refused(story, api, made):
    """Refusals don't repeat what they were sent."""

    def post(kind, fields):
        return lambda: api.post_integrations_credentials(
            body={"name": "wrong", "type": {"name": kind}, "credentialFields": fields}
        )

    half = {"clientId": f"{PLANTED}-half"}
    story.refused(
        400, "constraint.validation", post("pureCloudOAuthClient", half), field="credentialFields.clientSecret"
    )
    story.refused(400, "invalid.value", post("noSuchType", half), field="type.name")
    basic = {"name": "x" * 300, "type": {"name": "basicAuth"}, "credentialFields": FIELDS["basicAuth"]}
    story.refused(
        400,
        "constraint.validation",
        lambda: api.put_integrations_credential(made["basicAuth"], body=basic),
        field="name",
    )
    story.not_found(lambda: api.put_integrations_credential("none", body=basic))
    wrong = {"name": "x", "type": {"name": "userDefined"}, "credentialFields": [f"{PLANTED}-in-a-list"]}
    story.refused(400, "invalid.value", lambda: api.post_integrations_credentials(body=wrong), field="credentialFields")
    nested = {"name": "x", "type": {"name": "userDefined"}, "credentialFields": {"key": {"deep": f"{PLANTED}-deep"}}}
    story.refused(
        400, "invalid.value", lambda: api.post_integrations_credentials(body=nested), field="credentialFields.key"
    )


def nothing_is_told(story, setting, bodies):
    """The planted values stand in no answer, but for a role's ARN where it is visible."""
    story.true(f"{len(bodies)} answers were searched", len(bodies) > 30)
    for status, body, headers in bodies:
        if setting == "arn_visible" and status == 200:
            body = without_role(body)
        story.true(f"{setting}: {status} {body[:300]} tells nothing", PLANTED not in body + str(headers))


def without_role(body):
    """The body of a read role credential without its ARN; any other body as it is."""
    document = json.loads(body) if body.startswith("{") else {}
    if "credentialFields" in document and document["type"]["name"] == ROLE_TYPE:
        del document["credentialFields"]["ARN"]
        return json.dumps(document)
    return body


def listed(story, api):
    for page in api.get_integrations_credentials(page_size=100).entities:
        api.delete_integrations_credential(page.id)
        story.equal("status", story.bodies[-1][:2], (204, ""))
        story.not_found(lambda: api.get_integrations_credential(page.id))
    story.equal("all are gone", api.get_integrations_credentials().total, 0)
    made = [api.post_integrations_credentials(body=role_credential(f"role {number}")).id for number in range(7)]
    story.all_pages("credentials", api.get_integrations_credentials, made, 3)
    found, after = [], {}
    while len(found) < 20:
        page = api.get_integrations_credentials_listing(page_size="3", **after)
        found += [entity.id for entity in page.entities]
        if not page.next_uri:
            break
        after = {"after": page.entities[-1].id}
    story.equal("by cursor", found, made)
    back = api.get_integrations_credentials_listing(page_size="3", before=made[6])
    story.equal("back", [entity.id for entity in back.entities], made[3:6])
    story.refused(
        400, "invalid.query.param.value", lambda: api.get_integrations_credentials_listing(after="none"), field="after"
    )


def while_in_use(story, api):
    integration = new_integration(api)
    role = api.post_integrations_credentials(body=role_credential())
    config = api.get_integration_config_current(integration.id)
    config.credentials = {SLOT: role}
    config = api.put_integration_config_current(integration.id, body=config)
    story.switch(delete_used_credential="refuse")
    story.refused(409, "request.conflict", lambda: api.delete_integrations_credential(role.id))
    story.fields(api.get_integrations_credential(role.id), name="role")
    config.credentials = {}
    api.put_integration_config_current(integration.id, body=config)
    api.delete_integrations_credential(role.id)
    story.not_found(lambda: api.get_integrations_credential(role.id))
