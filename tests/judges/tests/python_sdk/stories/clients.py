"""OAuth clients: their one secret, its reset, their states, and who may do it."""

import PureCloudPlatformClientV2 as sdk

NOT_FOUND = "Client was not found."


def tell(story):
    api = sdk.OAuthApi(story.client())
    wanted = made_like(api, story.own[0])
    client_id, secret = created(story, api, wanted)
    secret = reset(story, api, client_id, secret)
    secret = in_grace(story, api, client_id, secret)
    tokens_after_a_reset(story, api, client_id, secret)
    who_may_reset(story, api, wanted)
    states(story, api, wanted)
    wrong(story, api, wanted)
    deleted(story, api, client_id, wanted)


def name_as(client):
    return sdk.OrganizationApi(client).get_organizations_me().name


def made_like(api, client_id):
    """A request for a client with the same roles as another."""
    like = api.get_oauth_client(client_id)
    divisions = [{"roleId": role.role_id, "divisionId": role.division_id} for role in like.role_divisions]
    return {
        "name": "Rotated",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "roleDivisions": divisions,
        "accessTokenValiditySeconds": 3600,
    }


def created(story, api, wanted):
    before = [client.id for client in api.get_oauth_clients().entities]
    made = api.post_oauth_clients(wanted)
    story.fields(
        made,
        name="Rotated",
        state="active",
        authorized_grant_type="CLIENT-CREDENTIALS",
        access_token_validity_seconds=3600,
    )
    story.equal(
        "roles", [role.role_id for role in made.role_divisions], [role["roleId"] for role in wanted["roleDivisions"]]
    )
    story.true("a secret", len(made.secret) >= 32)
    story.equal("it signs in", name_as(story.client((made.id, made.secret))), "Example")
    read = api.get_oauth_client(made.id)
    story.fields(read, id=made.id, name="Rotated", secret=None)
    listing = api.get_oauth_clients()
    story.equal("clients", [client.id for client in listing.entities], [*before, made.id])
    story.equal("the first two", before[:2], [story.own[0], story.other[0]])
    story.equal("no secret in a list", {client.secret for client in listing.entities}, {None})
    story.switch(client_secret_in_get="shown")
    story.fields(api.get_oauth_client(made.id), secret=made.secret)
    story.switch(client_secret_in_get="hidden")
    renamed = api.put_oauth_client(made.id, {**wanted, "description": "of a pair"})
    story.fields(renamed, description="of a pair", secret=None, state="active")
    return made.id, made.secret


def reset(story, api, client_id, old):
    before = api.get_oauth_client(client_id)
    client = story.client((client_id, old))
    story.advance(1)
    after = api.post_oauth_client_secret(client_id)
    story.fields(after, id=client_id, name="Rotated")
    story.true("another secret", len(after.secret) >= 32 and after.secret != old)
    story.token_refused(401, "invalid_client", "authentication failed", (client_id, old))
    story.equal("the new one signs in", name_as(story.client((client_id, after.secret))), "Example")
    story.equal("tokens stay valid", name_as(client), "Example")
    story.true("modified", api.get_oauth_client(client_id).date_modified > before.date_modified)
    story.equal("created", after.date_created, before.date_created)
    # Nobody else's secret has changed.
    story.equal("the other client", name_as(story.client(story.other)), "Example")
    return after.secret


def in_grace(story, api, client_id, old):
    story.switch(old_client_secret="grace")
    new = api.post_oauth_client_secret(client_id).secret
    for secret in (old, new):
        story.equal("both sign in", name_as(story.client((client_id, secret))), "Example")
    story.advance(61)
    story.token_refused(401, "invalid_client", "authentication failed", (client_id, old))
    story.equal("the new one does", name_as(story.client((client_id, new))), "Example")
    story.switch(old_client_secret="refused")
    return new


def tokens_after_a_reset(story, api, client_id, secret):
    story.switch(tokens_after_reset="revoked")
    client = story.client((client_id, secret))
    story.equal("a token", name_as(client), "Example")
    new = api.post_oauth_client_secret(client_id).secret
    story.refused(401, "bad.credentials", lambda: name_as(client))
    story.equal("a new token", name_as(client.get_client_credentials_token(client_id, new)), "Example")
    story.switch(tokens_after_reset="valid")


def who_may_reset(story, api, wanted):
    """A reset asks the caller for every role of the client."""
    foreign = {**wanted, "name": "Foreign", "roleDivisions": [{"roleId": "foreign", "divisionId": "foreign"}]}
    made = api.post_oauth_clients(foreign)
    lacking = "The caller does not have all the roles assigned to this client."
    story.refused(400, "bad.client.role", lambda: api.post_oauth_client_secret(made.id), lacking)
    story.equal("its secret stays", name_as(story.client((made.id, made.secret))), "Example")
    # A role that this organization does not have grants nothing, not even its own reset.
    itself = sdk.OAuthApi(story.client((made.id, made.secret)))
    story.refused(403, "missing.any.permissions", lambda: itself.post_oauth_client_secret(made.id))
    same_role = sdk.OAuthApi(story.client(story.other))
    story.true(
        "of a client with the same roles", same_role.post_oauth_client_secret(api.post_oauth_clients(wanted).id).secret
    )
    story.control("permissions", {"client_id": story.other[0], "permissions": ["oauth:client:view"]})
    other = sdk.OAuthApi(story.client(story.other))
    refusal = story.refused(403, "missing.any.permissions", lambda: other.post_oauth_client_secret(made.id))
    story.equal("missing", refusal["messageParams"], {"permissions": "[oauth:client:edit]"})


def states(story, api, wanted):
    """Inactive: no new tokens. Disabled: nor do the old ones work."""
    made = api.post_oauth_clients({**wanted, "name": "Idle"})
    credentials = (made.id, made.secret)
    client = story.client(credentials)
    story.fields(api.put_oauth_client(made.id, {**wanted, "state": "inactive"}), state="inactive")
    for setting in ("400", "401"):
        story.switch(inactive_client=setting)
        story.token_refused(int(setting), "invalid_client", "Access tokens cannot be created", credentials)
    story.switch(inactive_client="400")
    story.equal("its token still works", name_as(client), "Example")
    api.put_oauth_client(made.id, {**wanted, "state": "disabled"})
    story.refused(401, "bad.credentials", lambda: name_as(client))
    api.put_oauth_client(made.id, {**wanted, "state": "active"})
    story.equal("active again", name_as(story.client(credentials)), "Example")


def wrong(story, api, wanted):
    def post(**changed):
        return lambda: api.post_oauth_clients({**wanted, **changed})

    story.refused(400, "constraint.validation", post(name=None), field="name")
    story.refused(400, "grant.type.required", post(authorizedGrantType=None))
    story.refused(400, "bad.grant.type", post(authorizedGrantType="MAGIC"))
    story.refused(400, "missing.client.roles", post(roleDivisions=[]))
    story.refused(400, "bad.client.state", post(state="inactive"), "New clients can only have an active state")
    story.refused(
        400, "constraint.validation", post(accessTokenValiditySeconds=299), field="accessTokenValiditySeconds"
    )
    for call in (api.get_oauth_client, api.delete_oauth_client):
        story.refused(404, "client.not.found", lambda: call("none"), NOT_FOUND)
    # The published swagger declares another code for the reset.
    story.not_found(lambda: api.post_oauth_client_secret("none"))


def deleted(story, api, client_id, wanted):
    active = "Clients must be marked as inactive to be eligible for deletion."
    story.refused(400, "cannot.delete.client", lambda: api.delete_oauth_client(client_id), active)
    api.put_oauth_client(client_id, {**wanted, "state": "inactive"})
    api.delete_oauth_client(client_id)
    # The published swagger declares 200 here, where other deletes answer 204.
    story.equal("status", story.bodies[-1][:2], (200, ""))
    story.refused(404, "client.not.found", lambda: api.get_oauth_client(client_id), NOT_FOUND)
    story.token_refused(400, "invalid_client", "client not found", (client_id, "any"))
    story.true("not in the list", client_id not in [client.id for client in api.get_oauth_clients().entities])
