"""Test and execute, without an AWS behind the simulator: how far a run comes, and how it says so."""

from things import REQUEST_TEMPLATE, SLOT, action_fields, lambda_integration

STEPS = ["Validate input", "Check integration", "Resolve request URL", "Resolve request template", "Assume role"]
NO_AWS = "The credentials of the integration are invalid: this simulator has no AWS side"
ORDER = {"order": "42"}


def tell(story):
    api = story.integrations()
    integration_id = lambda_integration(story, api)
    action_id = api.post_integrations_actions(action_fields(integration_id, "Orders")).id
    no_role_can_be_assumed(story, api, action_id)
    a_draft_is_tested_by_itself(story, api, action_id)
    wrong_input(story, api, action_id)
    without_a_role(story, api, integration_id, action_id)
    not_enabled(story, api, integration_id, action_id)


def ended_at(story, result, step, code, message):
    """A test answers 200 also when it failed: each step by number and name, the last one with its error."""
    story.equal("status", story.bodies[-1][0], 200)
    story.fields(result, success=False, final_result=None)
    steps = STEPS[: STEPS.index(step) + 1]
    told = [(operation.step, operation.name, operation.success) for operation in result.operations]
    story.equal("steps", told, [(number, name, name != step) for number, name in enumerate(steps, 1)])
    for error in (result.error, result.operations[-1].error):
        story.fields(error, code=code, message=message, status=400)
    story.equal("no other has an error", {operation.error for operation in result.operations[:-1]} - {None}, set())


def no_role_can_be_assumed(story, api, action_id):
    result = api.post_integrations_action_test(action_id, ORDER)
    ended_at(story, result, "Assume role", "invalid.credentials", NO_AWS)
    story.equal("its input", result.operations[0].result, ORDER)
    story.true("its function", result.operations[2].result["requestUrl"].endswith(":function:orders"))
    # The SDK writes JSON with a space after each colon, and that is what was sent.
    body = REQUEST_TEMPLATE.replace("${input.rawRequest}", '{"order": "42"}')
    story.equal("its request", result.operations[3].result, {"requestBody": body})
    story.refused(400, "invalid.credentials", lambda: api.post_integrations_action_execute(action_id, ORDER), NO_AWS)


def a_draft_is_tested_by_itself(story, api, action_id):
    api.post_integrations_action_draft(action_id)
    config = action_fields("", "")["config"]
    config["request"]["requestTemplate"] = "order ${input.order}"
    api.patch_integrations_action_draft(action_id, {"version": 1, "config": config})
    result = api.post_integrations_action_draft_test(action_id, ORDER)
    ended_at(story, result, "Assume role", "invalid.credentials", NO_AWS)
    story.equal("the draft's request", result.operations[3].result, {"requestBody": "order 42"})
    live = api.post_integrations_action_test(action_id, ORDER)
    story.true("not what is live", live.operations[3].result != result.operations[3].result)
    api.delete_integrations_action_draft(action_id)
    story.not_found(lambda: api.post_integrations_action_draft_test(action_id, ORDER))


def wrong_input(story, api, action_id):
    problem = "There was an issue validating the schema. The input is not an object."
    ended_at(story, api.post_integrations_action_test(action_id, [1]), "Validate input", "invalid.schema", problem)
    story.refused(400, "invalid.schema", lambda: api.post_integrations_action_execute(action_id, [1]), problem)
    story.switch(input_check="schema")
    refusal = story.refused(
        400, "invalid.schema", lambda: api.post_integrations_action_execute(action_id, {"order": 42})
    )
    story.true("what is wrong with it", "42" in refusal.get("message", ""))
    story.switch(input_check="lenient")
    story.refused(
        400, "invalid.credentials", lambda: api.post_integrations_action_execute(action_id, {"order": 42}), NO_AWS
    )


def without_a_role(story, api, integration_id, action_id):
    config = api.get_integration_config_current(integration_id)
    role = config.credentials[SLOT]
    config.credentials = {}
    config = api.put_integration_config_current(integration_id, body=config)
    none = "The credentials of the integration are invalid: it has no role ARN"
    ended_at(story, api.post_integrations_action_test(action_id, ORDER), "Assume role", "invalid.credentials", none)
    config.credentials = {SLOT: role}
    api.put_integration_config_current(integration_id, body=config)
    ended_at(story, api.post_integrations_action_test(action_id, ORDER), "Assume role", "invalid.credentials", NO_AWS)


def not_enabled(story, api, integration_id, action_id):
    api.patch_integration(integration_id, body={"intendedState": "DISABLED"})
    problem = "The integration Lambda is not active: INACTIVE"
    ended_at(story, api.post_integrations_action_test(action_id, ORDER), "Check integration", "bad.request", problem)
    story.refused(400, "bad.request", lambda: api.post_integrations_action_execute(action_id, ORDER), problem)
