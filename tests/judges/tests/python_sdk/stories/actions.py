"""Published actions: created, listed, read, patched, deleted."""

from urllib.parse import parse_qs, urlsplit

from things import (
    FUNCTION,
    INPUT,
    OUTPUT,
    REQUEST_TEMPLATE,
    SUCCESS_TEMPLATE,
    action_fields,
    lambda_integration,
)


def tell(story):
    api = story.integrations()
    integration_id = lambda_integration(story, api)
    action_id = created(story, api, integration_id)
    read(story, api, action_id)
    patched(story, api, action_id)
    stale(story, api, action_id)
    wrong(story, api, integration_id, action_id)
    listed(story, api, integration_id, action_id)
    deleted(story, api, action_id)


def created(story, api, integration_id):
    made = api.post_integrations_actions(action_fields(integration_id, "Orders"))
    story.equal("status", story.last[0], 201)
    story.true("id", made.id.startswith("custom_-_"))
    story.fields(made, name="Orders", category="Orders", integration_id=integration_id, version=1, secure=False)
    story.fields(made, contract=None, config=None, self_uri=f"/api/v2/integrations/actions/{made.id}")
    story.switch(create_status="200")
    spare = api.post_integrations_actions(action_fields(integration_id, "Spare", secure=True))
    story.equal("status", story.last[0], 200)
    story.fields(spare, name="Spare", version=1, secure=True)
    story.switch(create_status="201")
    api.delete_integrations_action(spare.id)
    return made.id


def read(story, api, action_id):
    plain = api.get_integrations_action(action_id)
    story.fields(plain, id=action_id, name="Orders", version=1, config=None)
    story.true("the contract unasked", plain.contract)
    whole = api.get_integrations_action(action_id, expand="contract", include_config=True)
    contract = story.last[1]["contract"]
    story.equal("input", contract["input"]["inputSchema"], INPUT)
    story.equal("output", contract["output"]["successSchema"], OUTPUT)
    story.equal("the SDK's input", list(whole.contract.input.input_schema.properties), ["order"])
    story.fields(whole.config, timeout_seconds=10)
    story.fields(
        whole.config.request, request_url_template=FUNCTION, request_type="POST", headers={"X-Trace": "${input.order}"}
    )
    story.fields(
        whole.config.response, translation_map={"state": "$.state"}, translation_map_defaults={"state": '"unknown"'}
    )
    only_config = api.get_integrations_action(action_id, include_config=True)
    story.equal("config alone", (bool(only_config.contract), bool(only_config.config)), (True, True))
    only_contract = api.get_integrations_action(action_id, expand="contract")
    story.equal("contract alone", (bool(only_contract.contract), only_contract.config), (True, None))
    templates(story, api, action_id, whole)
    api.get_integrations_action_schema(action_id, "inputschema.json")
    story.equal("schema", story.last[1], INPUT)
    api.get_integrations_action_schema(action_id, "successschema.json")
    story.equal("schema", story.last[1], OUTPUT)
    story.not_found(lambda: api.get_integrations_action_schema(action_id, "none.json"))


def templates(story, api, action_id, whole):
    """A config holds the addresses of the templates, or the templates themselves."""
    base = f"/api/v2/integrations/actions/{action_id}/templates/"
    story.fields(whole.config.request, request_template=None, request_template_uri=base + "requesttemplate.vm")
    story.fields(whole.config.response, success_template=None, success_template_uri=base + "successtemplate.vm")
    story.equal(
        "request template", api.get_integrations_action_template(action_id, "requesttemplate.vm"), REQUEST_TEMPLATE
    )
    story.equal(
        "success template", api.get_integrations_action_template(action_id, "successtemplate.vm"), SUCCESS_TEMPLATE
    )
    story.not_found(lambda: api.get_integrations_action_template(action_id, "other.vm"))
    story.switch(config_templates="inline")
    inline = api.get_integrations_action(action_id, include_config=True).config
    story.fields(inline.request, request_template=REQUEST_TEMPLATE)
    story.fields(inline.response, success_template=SUCCESS_TEMPLATE)
    story.switch(config_templates="uri")


def patched(story, api, action_id):
    after = api.patch_integrations_action(action_id, {"version": 1, "category": "New"})
    story.fields(after, id=action_id, version=2, category="New", name="Orders")
    config = api.get_integrations_action(action_id, include_config=True).config
    story.fields(config.request, request_url_template=FUNCTION)
    story.equal(
        "template kept", api.get_integrations_action_template(action_id, "requesttemplate.vm"), REQUEST_TEMPLATE
    )
    shorter = {"timeoutSeconds": 5}
    story.switch(patch_config="merge")
    story.fields(api.patch_integrations_action(action_id, {"version": 2, "config": shorter}), version=3)
    config = api.get_integrations_action(action_id, include_config=True).config
    story.equal("merged", (config.timeout_seconds, config.request.request_url_template), (5, FUNCTION))
    story.switch(patch_config="replace")
    story.fields(api.patch_integrations_action(action_id, {"version": 3, "config": shorter}), version=4)
    config = api.get_integrations_action(action_id, include_config=True).config
    story.equal("replaced", (config.timeout_seconds, config.request.request_url_template), (5, None))
    whole = action_fields("", "")["config"]
    story.fields(
        api.patch_integrations_action(action_id, {"version": 4, "config": whole, "name": "Renamed"}),
        version=5,
        name="Renamed",
    )
    config = api.get_integrations_action(action_id, include_config=True).config
    story.equal("whole again", (config.timeout_seconds, config.request.request_url_template), (10, FUNCTION))


def stale(story, api, action_id):
    for setting, code in story.stale_codes():
        for version in (1, 4, 6):
            story.refused(
                int(setting),
                code,
                lambda: api.patch_integrations_action(action_id, {"version": version, "name": "never"}),
                f"Supplied version {version} does not match the current version 5",
            )
    story.fields(api.get_integrations_action(action_id), version=5, name="Renamed", category="New")


def wrong(story, api, integration_id, action_id):
    def post(**changed):
        return lambda: api.post_integrations_actions({**action_fields(integration_id, "wrong"), **changed})

    def patch(**body):
        return lambda: api.patch_integrations_action(action_id, body)

    story.refused(400, "constraint.validation", patch(name="x"), field="version")
    story.refused(400, "invalid.value", patch(version="5"), field="version")
    story.refused(400, "invalid.property", patch(version=5, lambdaArn="x"), field="lambdaArn")
    story.refused(400, "constraint.validation", post(name=None), field="name")
    story.refused(400, "constraint.validation", post(name="n" * 257), field="name")
    story.refused(400, "constraint.validation", post(contract=None), field="contract")
    story.refused(400, "constraint.validation", post(config={"timeoutSeconds": 61}), field="config.timeoutSeconds")
    story.refused(400, "constraint.validation", post(integrationId="none"), field="integrationId")
    broken = {"input": {"inputSchema": {"type": "nothing"}}, "output": {"successSchema": {}}}
    story.refused(400, "invalid.schema", post(contract=broken))
    story.switch(unknown_fields="ignore")
    story.fields(api.patch_integrations_action(action_id, {"version": 5, "lambdaArn": "x"}), version=6)
    story.switch(unknown_fields="refuse")
    story.equal("none of them was made", api.get_integrations_actions().total, 1)


def listed(story, api, integration_id, action_id):
    names = ["bravo", "alpha", "delta", "charlie", "golf", "echo"]
    made = [api.post_integrations_actions(action_fields(integration_id, name, category="Listed")).id for name in names]
    everything = [action_id, *made]
    for size in (1, 3, 100):
        story.all_pages(f"pages of {size}", api.get_integrations_actions, everything, size)
    story.equal("by the next page's token", by_token(story, api), everything)
    story.equal("no config", {entity.config for entity in api.get_integrations_actions().entities}, {None})
    with_config = api.get_integrations_actions(include_config="true").entities
    story.equal("functions", {entity.config.request.request_url_template for entity in with_config}, {FUNCTION})
    found = api.get_integrations_actions(name="LPH").entities
    story.equal("by a part of the name", [entity.name for entity in found], ["alpha"])
    categories = api.get_integrations_actions_categories().entities
    story.true("the categories", "Listed" in [category.name for category in categories])
    story.equal("by category", api.get_integrations_actions(category="Listed").total, 6)
    story.equal("by ids", api.get_integrations_actions(ids=f"{made[0]},{made[5]}").total, 2)
    story.equal("by secure", api.get_integrations_actions(secure="true").total, 0)
    by_name = [
        entity.name
        for entity in api.get_integrations_actions(sort_by="name", sort_order="desc", category="Listed").entities
    ]
    story.equal("sorted", by_name, ["golf", "echo", "delta", "charlie", "bravo", "alpha"])
    too_large = lambda: api.get_integrations_actions(page_size=101)
    story.refused(400, "invalid.query.param.value", too_large, field="pageSize")
    story.switch(large_page="clamp")
    story.equal("cut", (too_large().page_size, too_large().total), (100, 7))
    story.switch(large_page="refuse")
    for spare in made:
        api.delete_integrations_action(spare)


def by_token(story, api):
    found, token = [], None
    while len(found) < 20:
        page = api.get_integrations_actions(page_size=2, **({"next_page": token} if token else {}))
        found += [entity.id for entity in page.entities]
        if not page.next_uri:
            break
        token = parse_qs(urlsplit(page.next_uri).query)["nextPage"][0]
    return found


def deleted(story, api, action_id):
    api.delete_integrations_action(action_id)
    story.equal("status", story.bodies[-1][:2], (204, ""))
    story.not_found(lambda: api.get_integrations_action(action_id))
    story.not_found(lambda: api.patch_integrations_action(action_id, {"version": 6}))
    story.not_found(lambda: api.delete_integrations_action(action_id))
    story.not_found(lambda: api.post_integrations_action_test(action_id, {"order": "1"}))
    story.equal("the list is empty", api.get_integrations_actions().entities, [])
