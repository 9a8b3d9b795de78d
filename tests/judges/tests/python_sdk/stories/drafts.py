"""Drafts, from their creation to publishing."""

from things import (
    FUNCTION,
    INPUT,
    OUTPUT,
    REQUEST_TEMPLATE,
    SUCCESS_TEMPLATE,
    action_fields,
    lambda_integration,
)

OTHER = FUNCTION.replace("orders", "others")


def tell(story):
    api = story.integrations()
    integration_id = lambda_integration(story, api)
    action_id = api.post_integrations_actions(action_fields(integration_id, "Orders")).id
    created(story, api, action_id)
    read(story, api, action_id)
    patched(story, api, action_id)
    contract_is_kept(story, api, action_id)
    validated(story, api, action_id)
    published(story, api, action_id)
    thrown_away(story, api, action_id)
    new_action(story, api, integration_id)
    listed(story, api, integration_id)


def created(story, api, action_id):
    story.not_found(lambda: api.get_integrations_action_draft(action_id))
    draft = api.post_integrations_action_draft(action_id)
    story.fields(draft, id=action_id, name="Orders", version=1, contract=None, config=None)
    story.fields(draft, self_uri=f"/api/v2/integrations/actions/{action_id}/draft")
    again = lambda: api.post_integrations_action_draft(action_id)
    story.refused(400, "bad.request", again, f"A draft already exists for action {action_id}")
    story.not_found(lambda: api.post_integrations_action_draft("custom_-_none"))


def read(story, api, action_id):
    draft = api.get_integrations_action_draft(action_id, expand="contract", include_config=True)
    story.equal("input", story.last[1]["contract"]["input"]["inputSchema"], INPUT)
    base = f"/api/v2/integrations/actions/{action_id}/draft/templates/"
    story.fields(draft.config.request, request_url_template=FUNCTION, request_template_uri=base + "requesttemplate.vm")
    story.equal(
        "request template",
        api.get_integrations_action_draft_template(action_id, "requesttemplate.vm"),
        REQUEST_TEMPLATE,
    )
    story.equal(
        "success template",
        api.get_integrations_action_draft_template(action_id, "successtemplate.vm"),
        SUCCESS_TEMPLATE,
    )
    api.get_integrations_action_draft_schema(action_id, "successschema.json")
    story.equal("schema", story.last[1], OUTPUT)


def patched(story, api, action_id):
    config = api.get_integrations_action_draft(action_id, include_config=True).config
    config.request.request_url_template = OTHER
    config.request.request_template = "${input.order}"
    draft = api.patch_integrations_action_draft(action_id, {"version": 1, "category": "Newer", "config": config})
    story.fields(draft, version=2, category="Newer")
    story.equal(
        "its template", api.get_integrations_action_draft_template(action_id, "requesttemplate.vm"), "${input.order}"
    )
    live = api.get_integrations_action(action_id, include_config=True)
    story.fields(live, version=1, category="Orders")
    story.equal("what is live stays", live.config.request.request_url_template, FUNCTION)
    for setting, code in story.stale_codes():
        story.refused(
            int(setting),
            code,
            lambda: api.patch_integrations_action_draft(action_id, {"version": 1, "category": "never"}),
            "Supplied version 1 does not match the current version 2",
        )
    story.fields(api.get_integrations_action_draft(action_id), version=2, category="Newer")


def contract_is_kept(story, api, action_id):
    wider = {"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": OUTPUT}}
    change = lambda: api.patch_integrations_action_draft(action_id, {"version": 2, "contract": wider})
    kept = "The contract of a published action cannot be changed"
    story.refused(400, "constraint.validation", change, kept, field="contract")
    secure = lambda: api.patch_integrations_action_draft(action_id, {"version": 2, "secure": True})
    story.refused(400, "constraint.validation", secure, field="secure")
    story.switch(draft_contract_change="accept")
    story.fields(change(), version=3)
    back = {"input": {"inputSchema": INPUT}, "output": {"successSchema": OUTPUT}}
    story.fields(api.patch_integrations_action_draft(action_id, {"version": 3, "contract": back}), version=4)
    story.switch(draft_contract_change="refuse")


def validated(story, api, action_id):
    story.fields(api.get_integrations_action_draft_validation(action_id), valid=True, errors=[])
    config = api.get_integrations_action_draft(action_id, include_config=True).config
    config.request.request_url_template = " "
    api.patch_integrations_action_draft(action_id, {"version": 4, "config": config})
    found = api.get_integrations_action_draft_validation(action_id)
    story.equal("invalid", (found.valid, [error.code for error in found.errors]), (False, ["constraint.validation"]))
    url = "config.request.requestUrlTemplate"
    publish = lambda: api.post_integrations_action_draft_publish(action_id, {"version": 5})
    story.refused(400, "constraint.validation", publish, field=url)
    config.request.request_url_template = OTHER
    config.request.request_template = "${input.order}"
    story.fields(api.patch_integrations_action_draft(action_id, {"version": 5, "config": config}), version=6)


def published(story, api, action_id):
    # The switch concerns PATCH; a stale publish was seen answering 400.
    for _ in story.stale_codes():
        for version in (1, 7):
            story.refused(
                400,
                "bad.request",
                lambda: api.post_integrations_action_draft_publish(action_id, {"version": version}),
                f"Supplied version {version} does not match latest draft version 6",
            )
    story.refused(
        400, "constraint.validation", lambda: api.post_integrations_action_draft_publish(action_id, {}), field="version"
    )
    story.fields(api.get_integrations_action(action_id), version=1)
    after = api.post_integrations_action_draft_publish(action_id, {"version": 6})
    story.fields(after, id=action_id, version=2, category="Newer", self_uri=f"/api/v2/integrations/actions/{action_id}")
    live = api.get_integrations_action(action_id, include_config=True)
    story.equal("what is live", (live.version, live.config.request.request_url_template), (2, OTHER))
    story.equal("its template", api.get_integrations_action_template(action_id, "requesttemplate.vm"), "${input.order}")
    story.not_found(lambda: api.get_integrations_action_draft(action_id))
    story.not_found(lambda: api.post_integrations_action_draft_publish(action_id, {"version": 6}))
    story.not_found(lambda: api.get_integrations_action_draft_validation(action_id))


def thrown_away(story, api, action_id):
    story.fields(api.post_integrations_action_draft(action_id), version=1, category="Newer")
    api.patch_integrations_action_draft(action_id, {"version": 1, "name": "Rejected"})
    api.delete_integrations_action_draft(action_id)
    story.equal("status", story.bodies[-1][:2], (204, ""))
    story.not_found(lambda: api.get_integrations_action_draft(action_id))
    story.fields(api.get_integrations_action(action_id), version=2, name="Orders")


def new_action(story, api, integration_id):
    """An action that begins as a draft is found only as one, until it is published."""
    draft = api.post_integrations_actions_drafts(action_fields(integration_id, "Fresh", secure=True))
    story.fields(draft, name="Fresh", version=1, secure=True, integration_id=integration_id)
    story.not_found(lambda: api.get_integrations_action(draft.id))
    again = lambda: api.post_integrations_action_draft(draft.id)
    story.refused(400, "bad.request", again, f"A draft already exists for action {draft.id}")
    # Nothing is published yet, so the contract may change.
    wider = {"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": OUTPUT}}
    story.fields(api.patch_integrations_action_draft(draft.id, {"version": 1, "contract": wider}), version=2)
    story.fields(api.post_integrations_action_draft_publish(draft.id, {"version": 2}), version=1, name="Fresh")
    story.fields(api.get_integrations_action(draft.id), version=1, secure=True)
    only = api.post_integrations_actions_drafts(action_fields(integration_id, "Only a draft"))
    api.delete_integrations_action_draft(only.id)
    story.not_found(lambda: api.get_integrations_action_draft(only.id))
    story.not_found(lambda: api.get_integrations_action(only.id))


def listed(story, api, integration_id):
    made = [
        api.post_integrations_actions_drafts(action_fields(integration_id, f"Draft {number}")).id for number in range(5)
    ]
    story.all_pages("drafts", api.get_integrations_actions_drafts, made, 2)
    story.equal("by name", api.get_integrations_actions_drafts(name="draft 3").entities[0].id, made[3])
    names = [entity.name for entity in api.get_integrations_actions().entities]
    story.equal("none of them is published", names, ["Orders", "Fresh"])
