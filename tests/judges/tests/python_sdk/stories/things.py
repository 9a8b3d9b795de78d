"""The things that stories begin with."""

ROLE = "arn:aws:iam::123456789012:role/orders"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
SLOT = "AmazonWebServicesARN"
ROLE_TYPE = "amazonWebServicesARN"
LAMBDA = "aws-lambda-data-actions"
INPUT = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
OUTPUT = {"type": "object", "properties": {"state": {"type": "string"}}}
REQUEST_TEMPLATE = '{"input": ${input.rawRequest}, "secrets": {}}'
SUCCESS_TEMPLATE = "${rawResult}"


def action_fields(integration_id, name, secure=False, category="Orders"):
    """A new action, as `PostActionInput` has it."""
    return {
        "name": name,
        "category": category,
        "integrationId": integration_id,
        "secure": secure,
        "contract": {"input": {"inputSchema": INPUT}, "output": {"successSchema": OUTPUT}},
        "config": {
            "timeoutSeconds": 10,
            "request": {
                "requestUrlTemplate": FUNCTION,
                "requestType": "POST",
                "headers": {"X-Trace": "${input.order}"},
                "requestTemplate": REQUEST_TEMPLATE,
            },
            "response": {
                "translationMap": {"state": "$.state"},
                "translationMapDefaults": {"state": '"unknown"'},
                "successTemplate": SUCCESS_TEMPLATE,
            },
        },
    }


def role_credential(name="role", arn=ROLE):
    return {"name": name, "type": {"name": ROLE_TYPE}, "credentialFields": {"ARN": arn}}


def new_integration(api, name="Lambda", kind=LAMBDA):
    return api.post_integrations(body={"name": name, "integrationType": {"id": kind}})


def lambda_integration(story, api):
    """An enabled and active Lambda integration with a role; gives its id."""
    story.control("integrations", {"activation_seconds": 0})
    integration = new_integration(api)
    config = api.get_integration_config_current(integration.id)
    config.credentials = {SLOT: api.post_integrations_credentials(body=role_credential())}
    api.put_integration_config_current(integration.id, body=config)
    api.patch_integration(integration.id, body={"intendedState": "ENABLED"})
    return integration.id
