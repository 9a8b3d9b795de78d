"""Integrations: types, create, config under its version, intended and reported state, delete."""

from things import LAMBDA, ROLE_TYPE, SLOT, action_fields, new_integration, role_credential


def tell(story):
    api = story.integrations()
    types(story, api)
    integration_id = created(story, api)
    configured(story, api, integration_id)
    stale(story, api, integration_id)
    switched_on_and_off(story, api, integration_id)
    listed(story, api, integration_id)
    deleted(story, api, integration_id)
    spelled(story, api)


def types(story, api):
    known = api.get_integrations_types(page_size=100)
    story.equal("the SDK sees each once", len({kind.id for kind in known.entities}), known.total)
    story.true("Lambda is among them", LAMBDA in [kind.id for kind in known.entities])
    story.all_pages("types", api.get_integrations_types, [kind.id for kind in known.entities], 2)
    kind = api.get_integrations_type(LAMBDA)
    story.fields(kind, id=LAMBDA, name="AWS Lambda Data Actions", self_uri=f"/api/v2/integrations/types/{LAMBDA}")
    story.equal(
        "its slot", {slot: spec.credential_types for slot, spec in kind.credentials.items()}, {SLOT: [ROLE_TYPE]}
    )
    for part in ("properties", "advanced"):
        api.get_integrations_type_configschema(LAMBDA, part)
        story.equal("schema", (story.last[1]["type"], story.last[1]["title"]), ("object", kind.name))
    story.not_found(lambda: api.get_integrations_type("no-such-type"))
    story.not_found(lambda: api.get_integrations_type_configschema("no-such-type", "properties"))


def spelled(story, api):
    """How slot and credential type of a role are spelled is to be read from the types."""
    for _ in story.each("role_slot"):
        for _ in story.each("role_credential_type"):
            slot, spec = next(iter(api.get_integrations_type(LAMBDA).credentials.items()))
            [kind] = spec.credential_types
            story.true("known", kind in [known.name for known in api.get_integrations_credentials_types()])
            role = api.post_integrations_credentials(body={**role_credential(), "type": {"name": kind}})
            integration = new_integration(api)
            config = api.get_integration_config_current(integration.id)
            config.credentials = {slot: role}
            after = api.put_integration_config_current(integration.id, body=config)
            told = {slot: credential.type.name for slot, credential in after.credentials.items()}
            story.equal("as it was read", told, {slot: kind})
            api.delete_integration(integration.id)


def created(story, api):
    made = new_integration(api, "Orders")
    story.fields(
        made, name="Orders", intended_state="DISABLED", config=None, self_uri=f"/api/v2/integrations/{made.id}"
    )
    story.equal("reported", made.reported_state.code, "INACTIVE")
    story.equal("type", made.integration_type.id, LAMBDA)
    story.fields(
        api.get_integration_config_current(made.id),
        id=made.id,
        version=1,
        name="Orders",
        credentials={},
        properties={},
        advanced={},
        notes="",
    )
    story.switch(new_integration_state="ENABLED")
    other = new_integration(api, "Other")
    story.equal("status", story.last[0], 200)
    story.equal("at once", (other.intended_state, other.reported_state.code), ("ENABLED", "ACTIVE"))
    story.switch(new_integration_state="DISABLED")
    api.delete_integration(other.id)
    story.refused(400, "invalid.value", lambda: new_integration(api, kind="aws-lambda"), field="integrationType.id")
    story.refused(
        400, "constraint.validation", lambda: api.post_integrations(body={"name": "x"}), field="integrationType"
    )
    return made.id


def configured(story, api, integration_id):
    role = api.post_integrations_credentials(body=role_credential())
    config = api.get_integration_config_current(integration_id)
    config.credentials = {SLOT: role}
    config.notes = "by the SDK"
    after = api.put_integration_config_current(integration_id, body=config)
    story.fields(after, version=2, notes="by the SDK", name="Orders")
    story.fields(after.credentials[SLOT], id=role.id, name="role")
    story.fields(api.get_integration_config_current(integration_id), version=2, notes="by the SDK")
    whole = api.get_integration(integration_id, expand=["config.current"])
    story.equal("expanded", (whole.config.current.version, whole.config.current.credentials[SLOT].id), (2, role.id))
    story.fields(api.get_integration(integration_id), config=None, notes="by the SDK")


def stale(story, api, integration_id):
    conflict = "Integration configuration update failed due to version conflict."
    for version in (1, 3):
        config = api.get_integration_config_current(integration_id)
        config.version, config.notes = version, "never"
        put = lambda: api.put_integration_config_current(integration_id, body=config)
        story.refused(409, "version.conflict", put, conflict)
    config = api.get_integration_config_current(integration_id)
    story.fields(config, version=2, notes="by the SDK")
    wrong = [
        ({"basicAuth": {"id": "x"}}, "credentials.basicAuth"),
        ({SLOT: {"id": "none"}}, f"credentials.{SLOT}"),
        ({SLOT: {}}, f"credentials.{SLOT}"),
    ]
    for credentials, field in wrong:
        config.credentials = credentials
        story.refused(400, "constraint.validation", put_of(api, integration_id, config), field=field)
    basic = {"name": "basic", "type": {"name": "basicAuth"}, "credentialFields": {"userName": "u", "password": "p"}}
    config.credentials = {SLOT: api.post_integrations_credentials(body=basic)}
    story.refused(400, "constraint.validation", put_of(api, integration_id, config), field=f"credentials.{SLOT}")
    story.fields(api.get_integration_config_current(integration_id), version=2)


def put_of(api, integration_id, config):
    return lambda: api.put_integration_config_current(integration_id, body=config)


def switched_on_and_off(story, api, integration_id):
    """The reported state follows the intended one, after a time."""
    story.control("integrations", {"activation_seconds": 60})
    for intended, meanwhile, after in (
        ("ENABLED", "ACTIVATING", "ACTIVE"),
        ("DISABLED", "DEACTIVATING", "INACTIVE"),
        ("ENABLED", "ACTIVATING", "ACTIVE"),
    ):
        changed = api.patch_integration(integration_id, body={"intendedState": intended})
        story.equal("at first", (changed.intended_state, changed.reported_state.code), (intended, meanwhile))
        story.advance(61)
        later = api.get_integration(integration_id)
        story.equal(
            "later",
            (later.intended_state, later.reported_state.code, later.reported_state.effective),
            (intended, after, after.capitalize()),
        )
        story.equal("only once changed", later.reported_state.last_updated, changed.reported_state.last_updated)
    story.control("integrations", {"integration_id": integration_id, "in_error": True})
    story.equal("in error", api.get_integration(integration_id).reported_state.code, "ERROR")
    story.control("integrations", {"integration_id": integration_id, "in_error": False})
    story.refused(
        400,
        "invalid.value",
        lambda: api.patch_integration(integration_id, body={"intendedState": "ON"}),
        field="intendedState",
    )


def listed(story, api, integration_id):
    role = api.get_integration_config_current(integration_id).credentials[SLOT].id
    others = [new_integration(api, f"Other {number}", "custom-rest-actions").id for number in range(4)]
    story.all_pages("integrations", api.get_integrations, [integration_id, *others], 2)
    found = lambda **asked: [entity.id for entity in api.get_integrations(**asked).entities]
    story.equal("by type", found(integration_type=LAMBDA), [integration_id])
    story.equal("by credential", found(credential_id=role), [integration_id])
    story.equal("by state", found(reported_state="INACTIVE"), others)
    story.equal("by ids", found(ids=[others[1], others[2]]), [others[1], others[2]])
    expanded = api.get_integrations(expand="config.current", integration_type=LAMBDA).entities[0]
    story.equal("expanded", expanded.config.current.version, 2)


def deleted(story, api, integration_id):
    action = api.post_integrations_actions(action_fields(integration_id, "Orders"))
    gone = api.delete_integration(integration_id)
    story.equal("what was deleted", (gone.id, gone.intended_state), (integration_id, "DELETED"))
    story.not_found(lambda: api.get_integration(integration_id))
    story.not_found(lambda: api.get_integration_config_current(integration_id))
    story.not_found(lambda: api.patch_integration(integration_id, body={"intendedState": "ENABLED"}))
    story.not_found(lambda: api.get_integrations_action(action.id))
    refused_in_it = lambda: api.post_integrations_actions(action_fields(integration_id, "Orders"))
    story.refused(400, "constraint.validation", refused_in_it, field="integrationId")
