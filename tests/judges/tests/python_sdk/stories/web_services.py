"""Actions that call a web service: test and execute succeed, with the credential that the config names."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from things import action_fields, new_integration

PLANTED = "planted-web-secret-41c9"
ORDER = {"order": "42"}


class Shop(ThreadingHTTPServer):
    """A web service on loopback: keeps the requests it gets, and answers with the next status it is told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Counter)
        self.requests, self.status = [], 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def taken(self):
        """The requests since they were last taken."""
        taken, self.requests = self.requests, []
        return taken


class Counter(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.requests.append((self.path, self.headers, body))
        signing_in = self.path == "/token"
        status = 200 if signing_in else self.server.status
        answer = {"access_token": f"{PLANTED}-token"} if signing_in else {"state": "sent", "at": "noon"}
        text = json.dumps(answer if status == 200 else {"why": "no"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Nothing is logged."""


def tell(story):
    shop = Shop()
    api = story.integrations()
    story.control("integrations", {"activation_seconds": 0})
    with_a_password(story, api, shop)
    with_fields_of_any_name(story, api, shop)
    with_an_authentication_first(story, api, shop)
    for status, body, _ in story.bodies:
        story.true(f"{status} {body[:300]} tells nothing", PLANTED not in body)
    shop.shutdown()


def basic(password):
    return {
        "name": "of the shop",
        "type": {"name": "basicAuth"},
        "credentialFields": {"userName": "shop", "password": password},
    }


def bound(api, integration_id, credential):
    """Points the integration at a new credential, in the slot that its type has."""
    slot = next(iter(api.get_integrations_type("custom-rest-actions").credentials))
    made = api.post_integrations_credentials(body=credential)
    config = api.get_integration_config_current(integration_id)
    config.credentials = {slot: made}
    api.put_integration_config_current(integration_id, body=config)
    return made.id


def shop_action(api, shop, credential, headers, name="Order"):
    """An enabled integration with this credential, and an action in it; gives both ids."""
    integration_id = new_integration(api, f"Shop of {name}", "custom-rest-actions").id
    bound(api, integration_id, credential)
    api.patch_integration(integration_id, body={"intendedState": "ENABLED"})
    fields = action_fields(integration_id, name)
    fields["config"]["request"] = {
        "requestUrlTemplate": f"{shop.url}/orders/${{input.order}}",
        "requestType": "POST",
        "headers": headers,
        "requestTemplate": '{"id": "${input.order}"}',
    }
    fields["config"]["response"] = {
        "translationMap": {"state": "$.state", "place": "$.place"},
        "translationMapDefaults": {"place": '"unknown"'},
        "successTemplate": '{"state": ${state}, "place": ${place}}',
    }
    return integration_id, api.post_integrations_actions(fields).id


def with_a_password(story, api, shop):
    integration_id, action_id = shop_action(api, shop, basic(f"{PLANTED}-1"), {"X-Order": "${input.order}"})
    result = api.post_integrations_action_test(action_id, ORDER)
    story.fields(result, success=True, error=None, final_result={"state": "sent", "place": "unknown"})
    story.equal("every step", {operation.success for operation in result.operations}, {True})
    story.equal(
        "by number", [operation.step for operation in result.operations], list(range(1, len(result.operations) + 1))
    )
    [(path, headers, body)] = shop.taken()
    story.equal("what arrived", (path, headers["X-Order"], json.loads(body)), ("/orders/42", "42", {"id": "42"}))
    story.equal("signed in as", headers["Authorization"], authorization(f"{PLANTED}-1"))
    story.equal(
        "execute", api.post_integrations_action_execute(action_id, ORDER), {"state": "sent", "place": "unknown"}
    )
    story.equal(
        "with the same", [headers["Authorization"] for _, headers, _ in shop.taken()], [authorization(f"{PLANTED}-1")]
    )
    moved(story, api, shop, integration_id, action_id)
    refused_there(story, api, shop, action_id)


def authorization(password):
    return "Basic " + base64.b64encode(f"shop:{password}".encode()).decode()


def moved(story, api, shop, integration_id, action_id):
    """The config points at another credential; the next call carries it, and the old one can go."""
    old = next(iter(api.get_integration_config_current(integration_id).credentials.values())).id
    new = bound(api, integration_id, basic(f"{PLANTED}-2"))
    api.delete_integrations_credential(old)
    story.equal("execute", api.post_integrations_action_execute(action_id, ORDER)["state"], "sent")
    story.equal(
        "with the new one",
        [headers["Authorization"] for _, headers, _ in shop.taken()],
        [authorization(f"{PLANTED}-2")],
    )
    api.put_integrations_credential(new, body=basic(f"{PLANTED}-3"))
    api.post_integrations_action_execute(action_id, ORDER)
    story.equal(
        "replaced in place",
        [headers["Authorization"] for _, headers, _ in shop.taken()],
        [authorization(f"{PLANTED}-3")],
    )


def refused_there(story, api, shop, action_id):
    execute = lambda: api.post_integrations_action_execute(action_id, ORDER)
    shop.status = 401
    codes = {"invalid.credentials": "invalid.credentials", "bad.request": "bad.request"}
    for setting in story.each("upstream_refusal"):
        result = api.post_integrations_action_test(action_id, ORDER)
        story.equal(
            "test", (result.success, result.error.code, result.operations[-1].success), (False, codes[setting], False)
        )
        refusal = story.refused(400, codes[setting], execute)
        story.true("it says so", "401" in refusal.get("message", ""))
    shop.status = 500
    refusal = story.refused(400, "bad.request", execute)
    story.true("it says so", "500" in refusal.get("message", ""))
    shop.status = 200
    story.equal("and works again", execute()["state"], "sent")
    shop.taken()


def with_fields_of_any_name(story, api, shop):
    credential = {
        "name": "of the shop",
        "type": {"name": "userDefined"},
        "credentialFields": {"apiKey": f"{PLANTED}-key"},
    }
    _, action_id = shop_action(api, shop, credential, {"X-Key": "${credentials.apiKey}"}, "Keyed")
    result = api.post_integrations_action_test(action_id, ORDER)
    story.fields(result, success=True)
    [(_, headers, _)] = shop.taken()
    story.equal("the key arrives", headers["X-Key"], f"{PLANTED}-key")
    story.equal("nobody signs in", headers["Authorization"], None)


def with_an_authentication_first(story, api, shop):
    fields = {"loginUrl": f"{shop.url}/token", "clientId": "shop", "clientSecret": f"{PLANTED}-oauth"}
    credential = {"name": "of the shop", "type": {"name": "userDefinedOAuth"}, "credentialFields": fields}
    integration_id, action_id = shop_action(
        api, shop, credential, {"Authorization": "Bearer ${authResponse.access_token}"}, "Signed in"
    )
    plain = {action.id for action in api.get_integrations_actions(page_size=100).entities}
    every = {action.id for action in api.get_integrations_actions(page_size=100, include_auth_actions="true").entities}
    story.equal("its own action", every - plain, {f"customAuth_-_{integration_id}"})
    story.equal("execute", api.post_integrations_action_execute(action_id, ORDER)["state"], "sent")
    calls = [(path, headers["Authorization"]) for path, headers, _ in shop.taken()]
    bearer = ("/orders/42", f"Bearer {PLANTED}-token")
    story.equal("signed in first", calls, [("/token", authorization(f"{PLANTED}-oauth")), bearer])
    api.post_integrations_action_execute(action_id, ORDER)
    story.equal("and not again", [(path, headers["Authorization"]) for path, headers, _ in shop.taken()], [bearer])
