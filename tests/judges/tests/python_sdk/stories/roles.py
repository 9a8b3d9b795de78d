"""Roles: what a client may do comes from the roles that it has, each in a division."""

import PureCloudPlatformClientV2 as sdk


def tell(story):
    api, clients = sdk.AuthorizationApi(story.client()), sdk.OAuthApi(story.client())
    role_id = read(story, api, clients)
    who_one_is(story, api)
    listed(story, api, role_id)
    fewer(story, api, clients, role_id)


def read(story, api, clients):
    own, other = (clients.get_oauth_client(client[0]) for client in (story.own, story.other))
    story.equal("both have the same", own.role_ids, other.role_ids)
    story.equal("in a division", [role.role_id for role in own.role_divisions], own.role_ids)
    role = api.get_authorization_role(own.role_ids[0])
    story.fields(role, id=own.role_ids[0], default=False, base=False, self_uri=f"/api/v2/authorization/roles/{role.id}")
    needed = {
        "integrations:action:edit",
        "integrations:integration:edit",
        "audits:audit:view",
        "oauth:client:edit",
        "authorization:role:view",
    }
    story.equal("what is missing", sorted(needed - set(role.permissions)), [])
    story.equal("the same by policy", by_policy(role), sorted(role.permissions))
    story.switch(role_permissions="policies")
    policies = api.get_authorization_role(role.id)
    story.equal("policies alone", (policies.permissions, by_policy(policies)), (None, sorted(role.permissions)))
    story.switch(role_permissions="listed")
    story.not_found(lambda: api.get_authorization_role("none"))
    return role.id


def who_one_is(story, api):
    """What official tools ask before anything else."""
    story.equal("products", api.get_authorization_products().total, 1)
    home = api.get_authorization_divisions_home()
    story.fields(home, home_division=True)
    me = sdk.TokensApi(story.client()).get_tokens_me()
    story.fields(me.o_auth_client, id=story.own[0])
    story.equal("the client's division", me.o_auth_client.role_divisions[0].division_id, home.id)


def by_policy(role):
    return sorted(
        f"{policy.domain}:{policy.entity_name}:{action}"
        for policy in role.permission_policies
        for action in policy.action_set
    )


def listed(story, api, role_id):
    admin = api.get_authorization_roles(name="admin").entities
    story.equal("by name", [role.name for role in admin], ["admin"])
    every = [role_id, admin[0].id]
    story.equal("all", [role.id for role in api.get_authorization_roles().entities], every)
    story.equal("who may edit", api.get_authorization_roles(permission=["oauth:client:edit"]).total, 2)
    story.equal("who may fly", api.get_authorization_roles(permission=["oauth:client:fly"]).total, 0)
    story.all_pages("roles", api.get_authorization_roles, every, 1)


def fewer(story, api, clients, role_id):
    """A client whose permissions were taken reads as one with another role, and is refused accordingly."""
    story.control("permissions", {"client_id": story.other[0], "permissions": ["authorization:role:view"]})
    now = clients.get_oauth_client(story.other[0]).role_ids
    story.true("another role", now != [role_id])
    story.equal("its permissions", api.get_authorization_role(now[0]).permissions, ["authorization:role:view"])
    theirs = story.client(story.other)
    story.equal("may read roles", sdk.AuthorizationApi(theirs).get_authorization_role(role_id).id, role_id)
    refusal = story.refused(403, "missing.any.permissions", sdk.OAuthApi(theirs).get_oauth_clients)
    story.equal("missing", refusal["messageParams"], {"permissions": "[oauth:client:view]"})
    story.control("permissions", {"client_id": story.other[0], "permissions": []})
    story.refused(403, "missing.any.permissions", lambda: sdk.AuthorizationApi(theirs).get_authorization_roles())
