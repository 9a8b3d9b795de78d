"""Hooks of schemathesis: living things for the traffic that it generates, and a count of what came of it.

Most of what is generated names things that do not exist and ends at a 404. A part of it therefore gets ids,
versions and names of things that do exist, so that what lies behind the first lookup is reached as well; all
else of the request stays as it was generated. What is made for this is made by a second client, so that the
generated requests can be counted by themselves.
"""

import atexit
import base64
import collections
import datetime
import json
import os
import random

import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["JUDGED_URL"]
MAKER = (os.environ["MAKER_ID"], os.environ["MAKER_SECRET"])
CALLER = (os.environ["CALLER_ID"], os.environ["CALLER_SECRET"])
REPORT = os.environ["JUDGED_REPORT"]
# How many of the requests that can be fed are fed.
SHARE = 0.7
# How many of the requests come from a caller who may.
GOOD_CALLERS = 0.97

chance = random.Random(int(os.environ["JUDGED_SEED"]))
session = requests.Session()


def bearer(client):
    form = {"grant_type": "client_credentials"}
    answer = session.post(f"{URL}/oauth/token", auth=client, data=form, timeout=30)
    answer.raise_for_status()
    return f"Bearer {answer.json()['access_token']}"


CALLER_BEARER = bearer(CALLER)
session.headers["Authorization"] = bearer(MAKER)


def ask(method, path, body=None):
    answer = session.request(method, f"{URL}/api/v2{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


class Stock:
    """Things that exist, by kind. One is used some times, then replaced: a generated DELETE may have hit it."""

    def __init__(self):
        self.kept = {}
        self.uses = collections.Counter()

    def one(self, kind, make, check):
        known = self.kept.get(kind)
        if known is not None and self.uses[kind] < 25 and self.is_there(check(known)):
            self.uses[kind] += 1
            return known
        self.uses[kind] = 0
        self.kept[kind] = make()
        return self.kept[kind]

    def is_there(self, path):
        return session.get(f"{URL}/api/v2{path}", timeout=30).ok


stock = Stock()


LAMBDA = "aws-lambda-data-actions"
ROLE_ARN = "arn:aws:iam::123456789012:role/fed"
SLOT, SLOT_HOLDS = next(iter(ask("GET", f"/integrations/types/{LAMBDA}")["credentials"].items()))
ROLE_TYPE = SLOT_HOLDS["credentialTypes"][0]


def integration():
    def make():
        body = {"name": "fed", "integrationType": {"id": LAMBDA}}
        id = ask("POST", "/integrations", body)["id"]
        ask("PATCH", f"/integrations/{id}", {"intendedState": "ENABLED"})
        return id

    return stock.one("integration", make, lambda id: f"/integrations/{id}")


def credential():
    body = {"name": "fed", "type": {"name": ROLE_TYPE}, "credentialFields": {"ARN": ROLE_ARN}}
    return stock.one(
        "credential",
        lambda: ask("POST", "/integrations/credentials", body)["id"],
        lambda id: f"/integrations/credentials/{id}",
    )


def new_action(place="/integrations/actions"):
    contract = {
        "input": {"inputSchema": {"type": "object"}},
        "output": {"successSchema": {"type": "object"}},
    }
    config = {
        "request": {
            "requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:fed",
            "requestType": "POST",
            "requestTemplate": "${input.rawRequest}",
        },
        "response": {"successTemplate": "${rawResult}"},
    }
    body = {
        "name": "fed",
        "category": "fed",
        "integrationId": integration(),
        "secure": False,
        "contract": contract,
        "config": config,
    }
    return ask("POST", place, body)["id"]


def action():
    return stock.one("action", new_action, lambda id: f"/integrations/actions/{id}")


def drafted():
    """Something with a draft: an action that has one too, or one that was never published."""
    is_published = chance.random() < 0.5

    def make():
        if not is_published:
            return new_action("/integrations/actions/drafts")
        id = new_action()
        ask("POST", f"/integrations/actions/{id}/draft")
        return id

    kind = "draft of an action" if is_published else "draft alone"
    return stock.one(kind, make, lambda id: f"/integrations/actions/{id}/draft")


ROLES = ask("GET", f"/oauth/clients/{MAKER[0]}")["roleDivisions"]


def client(state="active"):
    body = {
        "name": "fed",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "roleDivisions": ROLES,
    }

    def make():
        made = ask("POST", "/oauth/clients", body)["id"]
        if state != "active":
            ask("PUT", f"/oauth/clients/{made}", body | {"state": state})
        return made

    return stock.one(f"client {state}", make, lambda id: f"/oauth/clients/{id}")


def usage_query(client):
    return ask("POST", f"/oauth/clients/{client}/usage/query", {"interval": recent()})["executionId"]


def usage_job(client):
    return ask("POST", f"/usage/client/{client}/aggregates/query/jobs", {"interval": recent()})["id"]


def recent():
    """An interval that the audit log still has."""
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = now - datetime.timedelta(days=1), now + datetime.timedelta(hours=1)
    return "/".join(at.strftime("%Y-%m-%dT%H:%M:%S.000Z") for at in (begin, end))


def audit_query():
    """A finished query, so that it has results."""

    def make():
        asked = {"interval": recent(), "serviceName": "Integrations"}
        id = ask("POST", "/audits/query", asked)["id"]
        while ask("GET", f"/audits/query/{id}")["state"] != "Succeeded":
            pass
        return id

    return stock.one("audit query", make, lambda id: f"/audits/query/{id}")


def audit_record():
    # There is one at least: that the integration was made.
    integration()
    body = {"interval": recent(), "serviceName": "Integrations"}
    return ask("POST", "/audits/query/realtime", body)["entities"][0]["id"]


# The traffic's own clients: a changed secret or role of theirs would end the run, not judge the simulator.
OWN_CLIENTS = {MAKER[0], CALLER[0]}


def path_values(case):
    """Living values of the parameters in the operation's path."""
    path, method = case.path, case.method
    state = "inactive" if method == "DELETE" else "active"
    holder = client(state) if "clientId" in case.path_parameters else None
    creates_draft = method == "POST" and path.endswith("/draft")
    in_draft = "/{actionId}/draft" in path and not creates_draft
    file_names = {
        "templates": ["requesttemplate.vm", "successtemplate.vm"],
        "schemas": ["inputschema.json", "successschema.json"],
    }
    known = {
        "integrationId": integration,
        "credentialId": credential,
        "actionId": drafted if in_draft else new_action if creates_draft else action,
        "clientId": lambda: holder,
        "executionId": lambda: usage_query(holder),
        "jobId": lambda: usage_job(holder),
        "roleId": lambda: ROLES[0]["roleId"],
        "transactionId": audit_query,
        "typeId": lambda: LAMBDA,
        "configType": lambda: chance.choice(["properties", "advanced"]),
        "fileName": lambda: chance.choice(file_names[path.split("/")[-2]]),
    }
    return {name: known[name]() for name in case.path_parameters if name in known}


def exchange(holder, field, living):
    """Puts a living value in the place of a generated one of the same type; any other is wrong on purpose."""
    if isinstance(holder, dict) and type(holder.get(field)) is type(living):
        holder[field] = living


def fill(body):
    """Texts that may not be empty get one letter; other texts stay as generated."""
    for field in ("name", "category"):
        if body.get(field) == "":
            body[field] = "x"


def feed_query(case):
    """Pages that exist, and ids."""
    query = case.query
    for field in ("pageSize", "pageNumber"):
        if isinstance(query.get(field), int):
            query[field] = 1 + abs(query[field]) % 100
    if case.path.endswith("/credentials/listing"):
        exchange(query, "pageSize", "100")
        for field in ("before", "after"):
            exchange(query, field, credential())
    exchange(query, "days", "7")


def feed_body(case, living):
    """Links of the body to things that exist: ids, versions, names of types."""
    body, path = case.body, case.path.removeprefix("/api/v2")
    if path.endswith(("/test", "/execute")) and chance.random() < 0.5:
        case.body = {"order": "1"}
    if not isinstance(body, dict):
        return
    fill(body)
    exchange(body.get("integrationType"), "id", LAMBDA)
    if "integrationId" in body:
        exchange(body, "integrationId", integration())
    if path.startswith("/integrations/actions"):
        exchange(body.get("config"), "timeoutSeconds", 10)
        feed_schemas(body)
    if path.startswith("/integrations/credentials"):
        feed_credential(body)
    if "interval" in body:
        exchange(body, "interval", recent())
        if path.startswith("/audits/query"):
            body.setdefault("serviceName", "Integrations")
            exchange(body, "serviceName", "Integrations")
    if "auditId" in body:
        exchange(body, "auditId", audit_record())
    if path.startswith("/oauth/clients"):
        exchange(body, "accessTokenValiditySeconds", 300)
        exchange(body, "roleDivisions", ROLES)
    if path.endswith("/config/current"):
        exchange(body, "credentials", {SLOT: {"id": credential()}})
        for field in ("properties", "advanced"):
            if field in body:
                body[field] = {}
    feed_version(body, path, living)


def feed_schemas(body):
    """Generated schemas are hardly ever valid JSON Schema; half of them are left as they are."""
    contract = body.get("contract")
    if chance.random() < 0.5 and isinstance(contract, dict):
        exchange(contract.get("input"), "inputSchema", {"type": "object"})
        exchange(contract.get("output"), "successSchema", {"type": "object"})


def feed_credential(body):
    kind = body.get("type")
    if isinstance(kind, dict):
        kind.setdefault("name", ROLE_TYPE)
        exchange(kind, "name", ROLE_TYPE)
    body.setdefault("credentialFields", {})
    exchange(body, "credentialFields", {"ARN": ROLE_ARN})


def feed_version(body, path, living):
    """The version that the thing has now."""
    if "version" in body and living:
        place = path.removesuffix("/publish")
        for name, value in living.items():
            place = place.replace(f"{{{name}}}", value)
        exchange(body, "version", ask("GET", place)["version"])


def is_positive(case, location):
    """Whether this part of the request was generated to be right; a wrong one stays wrong."""
    part = case.meta.components.get(location) if case.meta else None
    return part is not None and part.mode == GenerationMode.POSITIVE


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["Authorization"] = authorization(case)
    if chance.random() < SHARE and case.path != "/oauth/token":
        living = {}
        if is_positive(case, ParameterLocation.PATH):
            living = path_values(case)
            case.path_parameters = {**case.path_parameters, **living}
        if is_positive(case, ParameterLocation.QUERY):
            feed_query(case)
        feed_body(case, living)
    if case.path_parameters.get("clientId") in OWN_CLIENTS:
        case.path_parameters["clientId"] = client()


def authorization(case):
    """A token, or for the token endpoint a client's id and secret; now and then one that is not good."""
    is_good = chance.random() < GOOD_CALLERS
    if case.path == "/oauth/token":
        pair = CALLER if is_good else ("nobody", "nothing")
        return "Basic " + base64.b64encode(":".join(pair).encode()).decode()
    return CALLER_BEARER if is_good else "Bearer nothing"


@schemathesis.check
def own_fields_are_known(context, response, case):
    """A field that the contract has is never refused as an unknown one."""
    if response.status_code == 400 and is_positive(case, ParameterLocation.BODY):
        refusal = response.json()
        assert refusal.get("code") != "invalid.property", refusal.get("message")


statuses = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(context, case, response):
    declared = case.operation.method.upper() == response.request.method
    label = f"{response.request.method} {case.path}" if declared else "undeclared verbs"
    statuses[label][response.status_code] += 1


@atexit.register
def report():
    with open(REPORT, "w", encoding="utf-8") as file:
        json.dump(statuses, file, indent=1, sort_keys=True)
