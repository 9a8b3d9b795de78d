"""What every story has: the SDK's clients, the simulator's control API, and a way to assert."""

import json
import os
import sys
import urllib.request

import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.default_http_client import DefaultHttpClient
from PureCloudPlatformClientV2.rest import ApiException

from models import problems_of


class Recorder(DefaultHttpClient):
    """The SDK's HTTP client; every answer is kept as it came, refusals too."""

    def __init__(self, story):
        super().__init__()
        self.story = story

    def request(self, http_request_options):
        try:
            answer = super().request(http_request_options)
        except ApiException as refusal:
            self.story.received(http_request_options.url, refusal.status, refusal.body, refusal.headers)
            raise
        self.story.received(http_request_options.url, answer.status, answer.data, answer.getheaders())
        return answer


class Client(sdk.ApiClient):
    """The SDK's client; every answer is held against the SDK's models."""

    def __init__(self, story):
        super().__init__(host=story.url)
        self.story = story
        self.set_http_client(Recorder(story))

    def deserialize(self, response, response_type):
        if response_type and response.getheader("Content-Type") == "application/json":
            self.story.held_against(response_type, json.loads(response.data))
        return super().deserialize(response, response_type)

    def call_api(self, *arguments, **named):
        answer = super().call_api(*arguments, **named)
        if not named.get("response_type") and self.last_response.data:
            self.story.problems.append(f"{arguments}: a body where the SDK knows of none")
        return answer


class Story:
    """One story on one simulator."""

    def __init__(self, job):
        self.url = job["url"]
        self.organization_id = job["organization"]
        self.own, self.other = job["client"], job["other"]
        self.values = self.answers = 0
        self.problems = []
        # Every body that came over the wire, as text, with its status and headers.
        self.bodies = []

    # The SDK's side.

    def client(self, credentials=None):
        """A client that is signed in, as the own client unless others' credentials are given."""
        return Client(self).get_client_credentials_token(*(credentials or self.own))

    def integrations(self):
        return sdk.IntegrationsApi(self.client())

    def received(self, url, status, body, headers):
        body = body or ""
        self.bodies.append((status, body, headers))
        if "/api/v2/" not in url:
            return
        place = f"{status} of {url.removeprefix(self.url)}"
        if not headers.get("ININ-Correlation-Id"):
            self.problems.append(f"{place}: no correlation id")
        if status >= 400:
            error = json.loads(body)
            self.held_against("ErrorBody", error)
            if (error["status"], error["contextId"]) != (status, headers.get("ININ-Correlation-Id")):
                self.problems.append(f"{place}: the body says {error['status']}, {error['contextId']}")

    def held_against(self, model, body):
        self.answers += 1
        self.problems += problems_of(str(model), body, str(model))

    @property
    def last(self):
        """Status and JSON body of the last answer."""
        status, body, _ = self.bodies[-1]
        return status, json.loads(body)

    # The simulator's control API.

    def control(self, name, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_control/{name}", data, timeout=60) as answer:
            return json.load(answer)

    def switch(self, **settings):
        self.control("switches", settings)

    def each(self, name):
        """Sets a switch to each of its values in turn, and gives it; in the end the default."""
        known = next(switch for switch in self.control("switches") if switch["name"] == name)
        for value in known["values"]:
            self.switch(**{name: value})
            yield value
        self.switch(**{name: known["default"]})

    def stale_codes(self):
        """Status and code of a stale version in PATCH, under each setting of its switch."""
        codes = {"400": "bad.request", "409": "request.conflict", "408": "client.timeout"}
        return ((status, codes[status]) for status in self.each("stale_action_version"))

    def advance(self, seconds):
        self.control("clock", {"advance_seconds": seconds})

    def calls(self, route):
        """What the simulator answered so far to the calls of a route."""
        return [call["status"] for call in self.control("calls") if call["route"] == route]

    # Assertions. They go on, so that one run tells all that is wrong.

    def _problem(self, what):
        frame = sys._getframe(2)
        while frame.f_code.co_filename == __file__:
            frame = frame.f_back
        place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        self.problems.append(f"{place}: {what}")

    def equal(self, what, found, expected):
        self.values += 1
        if found != expected:
            self._problem(f"{what}: found {found!r}, expected {expected!r}")

    def true(self, what, found):
        self.values += 1
        if not found:
            self._problem(f"{what}: it is not so")

    def fields(self, thing, **expected):
        """The named attributes of an SDK model have these values."""
        for name, value in expected.items():
            self.equal(f"{type(thing).__name__}.{name}", getattr(thing, name), value)

    def refused(self, status, code, call, message=None, field=None):
        """The call is refused with this status, code, and where given message and field; gives the body."""
        try:
            call()
        except ApiException as refusal:
            body = json.loads(refusal.body)
            self.equal("refusal", (refusal.status, body.get("code")), (status, code))
            if message is not None:
                self.equal("message", body["message"], message)
            if field is not None:
                self.equal("field", [at["fieldName"] for at in body["details"] if "fieldName" in at], [field])
            return body
        self.values += 1
        self._problem(f"expected {status} {code}, but the call succeeded")
        return {}

    def not_found(self, call):
        return self.refused(404, "not.found", call)

    def token_refused(self, status, error, description, credentials):
        """Signing in is refused, in the token endpoint's own shape."""
        try:
            self.client(credentials)
        except ApiException as refusal:
            expected = {"error": error, "description": description, "error_description": description}
            self.equal("token refusal", (refusal.status, json.loads(refusal.body)), (status, expected))
            return
        self.values += 1
        self._problem(f"expected {status} {error}, but signing in succeeded")

    def all_pages(self, what, page, expected, size):
        """All entities over pages of a size, each one once, in the order in which they are expected.

        `page` takes a page's number and size; the ids of what it should find in all are given.
        """
        pages = -(-len(expected) // size)
        found = []
        for number in range(1, pages + 1):
            got = page(page_number=number, page_size=size)
            self.equal(
                f"{what}: head of page {number}",
                (got.page_number, got.page_size, got.total, got.page_count),
                (number, size, len(expected), pages),
            )
            self.equal(f"{what}: a page after {number}", bool(got.next_uri), number < pages)
            self.equal(f"{what}: a page before {number}", bool(got.previous_uri), number > 1)
            found += [entity.id for entity in got.entities]
        self.equal(f"{what}: all pages", found, expected)
        self.equal(f"{what}: beyond the last page", page(page_number=pages + 1, page_size=size).entities, [])
