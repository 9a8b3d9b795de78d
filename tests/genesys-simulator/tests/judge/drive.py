"""Drives every operation of the simulator with the official SDK and judges every answer by the SDK's models.

Prints one problem a line and ends with 1 where an answer has a field, a type or an enum value that the
SDK's models do not have. Arguments: API URL, client id, client secret.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as sdk
from dateutil.parser import isoparse
from PureCloudPlatformClientV2.rest import ApiException

PLAIN = {"str": str, "int": int, "float": (int, float), "bool": bool}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
ACTION_FIELDS = {
    "category": "Orders",
    "secure": False,
    "contract": {
        "input": {"inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}}},
        "output": {"successSchema": {"type": "object", "properties": {}}},
    },
    "config": {
        "timeoutSeconds": 10,
        "request": {"requestUrlTemplate": FUNCTION, "requestType": "POST", "headers": {}, "requestTemplate": "${input.rawRequest}"},
        "response": {"translationMap": {}, "translationMapDefaults": {}, "successTemplate": "${rawResult}"},
    },
}

problems = []


def judge(place, value, kind):
    """Compares a JSON value with a type of the SDK, down to the last field."""
    if kind.startswith("list["):
        if not isinstance(value, list):
            problems.append(f"{place}: {value!r} is no list")
            return
        for index, entry in enumerate(value):
            judge(f"{place}[{index}]", entry, kind[5:-1])
    elif kind.startswith("dict("):
        if not isinstance(value, dict):
            problems.append(f"{place}: {value!r} is no object")
            return
        for key, entry in value.items():
            judge(f"{place}.{key}", entry, kind[5:-1].split(", ", 1)[1])
    elif kind == "object":
        return
    elif kind == "datetime":
        try:
            if isoparse(value).tzinfo is None:
                problems.append(f"{place}: {value!r} has no time zone")
        except (TypeError, ValueError):
            problems.append(f"{place}: {value!r} is no time")
    elif kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (kind == "int" and isinstance(value, bool)):
            problems.append(f"{place}: {value!r} is no {kind}")
    else:
        judge_model(place, value, kind)


def judge_model(place, value, kind):
    if not isinstance(value, dict):
        problems.append(f"{place}: {value!r} is no {kind}")
        return
    model = getattr(sdk, kind)()
    attributes = {wire: name for name, wire in model.attribute_map.items()}
    for wire, entry in value.items():
        if wire not in attributes:
            # The API gives schemas keywords that the SDK's model of them lacks.
            if kind != "JsonSchemaDocument":
                problems.append(f"{place}.{wire}: {kind} has no such field")
            continue
        name = attributes[wire]
        judge(f"{place}.{wire}", entry, model.swagger_types[name])
        if isinstance(entry, str) and model.swagger_types[name] == "str":
            setattr(model, name, entry)
            # What the SDK's setters make of a value that their enum does not have.
            if getattr(model, name) == "outdated_sdk_version":
                problems.append(f"{place}.{wire}: {entry!r} is no allowed value of {kind}")


deserialize = sdk.api_client.ApiClient.deserialize


def judged(self, response, response_type):
    if response_type and response.getheader("Content-Type") == "application/json":
        judge(str(response_type), json.loads(response.data), str(response_type))
    return deserialize(self, response, response_type)


sdk.api_client.ApiClient.deserialize = judged


def refused(status, code, call):
    """A call that must be refused; its body is judged too."""
    try:
        call()
    except ApiException as refusal:
        body = json.loads(refusal.body)
        judge("ErrorBody", body, "ErrorBody")
        if (refusal.status, body["code"]) != (status, code):
            problems.append(f"expected {status} {code}, got {refusal.status} {body}")
        return
    problems.append(f"expected {status} {code}, but the call succeeded")


def equal(what, expected, found):
    if expected != found:
        problems.append(f"{what}: expected {expected!r}, found {found!r}")


def organization_and_clients(client, own_id):
    equal("organization", "Example", sdk.OrganizationApi(client).get_organizations_me().name)
    api = sdk.OAuthApi(client)
    wanted = {
        "name": "another",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "roleDivisions": [{"roleId": "role", "divisionId": "division"}],
    }
    made = api.post_oauth_clients(wanted)
    equal("a new client has a secret", True, bool(made.secret))
    equal("a read client has none", None, api.get_oauth_client(made.id).secret)
    equal("clients", 3, api.get_oauth_clients().total)
    equal("reset", True, bool(api.post_oauth_client_secret(own_id).secret))
    refused(400, "cannot.delete.client", lambda: api.delete_oauth_client(made.id))
    api.put_oauth_client(made.id, {**wanted, "state": "inactive"})
    api.delete_oauth_client(made.id)
    refused(404, "client.not.found", lambda: api.get_oauth_client(made.id))


def integration_with_role(api):
    equal("types", 5, api.get_integrations_types().total)
    kind = api.get_integrations_type("aws-lambda-data-actions")
    slot = next(iter(kind.credentials))
    credential_type = kind.credentials[slot].credential_types[0]
    api.get_integrations_type_configschema(kind.id, "properties")
    fields = next(known for known in api.get_integrations_credentials_types() if known.name == credential_type)
    credential = {"name": "role", "type": {"name": credential_type}, "credentialFields": {fields.required[0]: "arn:aws:iam::1:role/r"}}
    made = api.post_integrations_credentials(body=credential)
    api.put_integrations_credential(made.id, body=credential)
    api.get_integrations_credential(made.id)
    equal("credentials", 1, api.get_integrations_credentials().total)
    equal("listing", 1, len(api.get_integrations_credentials_listing(page_size="200").entities))
    spare = api.post_integrations_credentials(body=credential)
    api.delete_integrations_credential(spare.id)

    integration = api.post_integrations(body={"name": "Lambda", "integrationType": {"id": kind.id}})
    config = api.get_integration_config_current(integration.id)
    config.credentials = {slot: made}
    equal("config", 2, api.put_integration_config_current(integration.id, body=config).version)
    refused(409, "version.conflict", lambda: api.put_integration_config_current(integration.id, body=config))
    api.patch_integration(integration.id, body={"intendedState": "ENABLED"})
    api.get_integration(integration.id, expand=["config.current"])
    equal("integrations", 1, api.get_integrations(integration_type=kind.id, credential_id=made.id).total)
    return integration.id


def published(api, integration_id):
    made = api.post_integrations_actions({**ACTION_FIELDS, "name": "Orders", "integrationId": integration_id})
    read = api.get_integrations_action(made.id, expand="contract", include_config=True)
    equal("function", FUNCTION, read.config.request.request_url_template)
    equal("template", "${input.rawRequest}", api.get_integrations_action_template(made.id, "requesttemplate.vm"))
    api.get_integrations_action_schema(made.id, "input.json")
    equal("actions", 1, api.get_integrations_actions(name="order", include_config="true", page_size=100).total)
    equal("version", 2, api.patch_integrations_action(made.id, {"version": 1, "category": "New"}).version)
    refused(400, "bad.request", lambda: api.patch_integrations_action(made.id, {"version": 1, "name": "x"}))
    # There is no AWS behind this one.
    equal("test", False, api.post_integrations_action_test(made.id, {"order": "1"}).success)
    refused(400, "invalid.credentials", lambda: api.post_integrations_action_execute(made.id, {"order": "1"}))
    return made.id


def drafted(api, integration_id, action_id):
    equal("draft", 1, api.post_integrations_action_draft(action_id).version)
    refused(400, "bad.request", lambda: api.post_integrations_action_draft(action_id))
    equal("draft", 2, api.patch_integrations_action_draft(action_id, {"version": 1, "category": "Newer"}).version)
    api.get_integrations_action_draft(action_id, expand="contract", include_config=True)
    api.get_integrations_action_draft_template(action_id, "successtemplate.vm")
    api.get_integrations_action_draft_schema(action_id, "success.json")
    equal("valid", True, api.get_integrations_action_draft_validation(action_id).valid)
    equal("test", False, api.post_integrations_action_draft_test(action_id, {}).success)
    refused(400, "bad.request", lambda: api.post_integrations_action_draft_publish(action_id, {"version": 1}))
    equal("published", 3, api.post_integrations_action_draft_publish(action_id, {"version": 2}).version)
    fresh = api.post_integrations_actions_drafts({**ACTION_FIELDS, "name": "Fresh", "integrationId": integration_id})
    equal("drafts", 1, api.get_integrations_actions_drafts().total)
    api.delete_integrations_action_draft(fresh.id)


def audited(client, action_id, own_id):
    api = sdk.AuditApi(client)
    now = datetime.now(timezone.utc)
    moment = "%Y-%m-%dT%H:%M:%SZ"
    interval = f"{(now - timedelta(hours=1)).strftime(moment)}/{(now + timedelta(minutes=5)).strftime(moment)}"
    query = {"interval": interval, "serviceName": "Integrations", "filters": [{"property": "EntityId", "value": action_id}]}
    records = api.post_audits_query_realtime({**query, "pageSize": 500, "pageNumber": 1}).entities
    equal("audited", ["Publish", "Update", "Create", "Update", "Create"], [record.action for record in records])
    equal("by", {own_id}, {record.client.id for record in records})
    equal("related", 1, len(api.post_audits_query_realtime_related({"auditId": records[0].id}).entities))
    api.get_audits_query_servicemapping()
    api.get_audits_query_realtime_servicemapping()
    submitted = api.post_audits_query(query)
    states = [api.get_audits_query_transaction_id(submitted.id).state for _ in range(2)]
    equal("states", ["Running", "Succeeded"], states)
    first = api.get_audits_query_transaction_id_results(submitted.id, page_size=3)
    rest = api.get_audits_query_transaction_id_results(submitted.id, page_size=3, cursor=first.cursor)
    equal("asynchronous", [record.id for record in records], [record.id for record in first.entities + rest.entities])


def main():
    url, own_id, secret = sys.argv[1:]
    sdk.configuration.host = url
    client = sdk.api_client.ApiClient().get_client_credentials_token(own_id, secret)
    api = sdk.IntegrationsApi(client)
    organization_and_clients(client, own_id)
    integration_id = integration_with_role(api)
    action_id = published(api, integration_id)
    drafted(api, integration_id, action_id)
    audited(client, action_id, own_id)
    api.delete_integrations_action(action_id)
    refused(404, "not.found", lambda: api.get_integrations_action(action_id))
    api.delete_integration(integration_id)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
