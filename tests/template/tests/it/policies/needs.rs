//! What the functions need is allowed, and no more is said than that.

use super::*;

#[test]
fn each_function_may_do_what_it_needs() -> Result<(), Error> {
    let account = Account::usual()?;
    let object = |bucket: &str, key: &str| account.bucket(bucket, key);
    let bus = account.template.arn("EventBus")?;
    let managed = role("GenesysActions");
    let queue = |id: &str| account.template.arn(id);
    let state = object("StateBucket", "/state/org/orders.json")?;
    let rotation = object("StateBucket", "/rotations/org/_client_lockstep.json")?;
    let client = secret("genesys/lockstep-client");
    let accepted = object("StateBucket", "/accepted/org.json")?;
    let changed = object("StateBucket", "/roles/GenesysActions.json")?;
    let evidence = object("EvidenceBucket", "/evidence/org/orders/000001-abc.json")?;
    let manifest = object("ManifestBucket", "/manifests/main.yaml")?;
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:OrdersLookup");
    let needs = [
        (PROVISION, "sqs:ReceiveMessage", queue("ProvisionQueue")?),
        (PROVISION, "sqs:SendMessage", queue("RebindQueue")?),
        (PROVISION, "s3:GetObject", manifest),
        // The resync looks for lost uploads.
        (
            PROVISION,
            "s3:ListBucket",
            account.bucket("ManifestBucket", "")?,
        ),
        (PROVISION, "s3:PutObject", accepted.clone()),
        (PROVISION, "s3:GetObject", state.clone()),
        (PROVISION, "s3:PutObject", changed.clone()),
        (PROVISION, "iam:GetRolePolicy", managed.clone()),
        (PROVISION, "iam:ListAttachedRolePolicies", managed.clone()),
        (REBIND, "sqs:ReceiveMessage", queue("RebindQueue")?),
        (REBIND, "sqs:ChangeMessageVisibility", queue("RebindQueue")?),
        (REBIND, "sqs:SendMessage", queue("VerifyQueue")?),
        (REBIND, "s3:GetObject", accepted.clone()),
        (REBIND, "s3:GetObject", changed),
        (REBIND, "s3:PutObject", state.clone()),
        (REBIND, "s3:PutObject", evidence.clone()),
        (REBIND, "lambda:GetFunctionConfiguration", function.clone()),
        (
            COMPLIANCE,
            "lambda:GetFunctionConfiguration",
            function.clone(),
        ),
        (COMPLIANCE, "lambda:GetPolicy", function),
        (
            COMPLIANCE,
            "secretsmanager:GetResourcePolicy",
            secret("prod/db"),
        ),
        (REBIND, "iam:GetRole", managed.clone()),
        (REBIND, "iam:GetRolePolicy", managed.clone()),
        (REBIND, "iam:ListRolePolicies", managed.clone()),
        (REBIND, "iam:ListAttachedRolePolicies", managed.clone()),
        (
            REBIND,
            "iam:SimulatePrincipalPolicy",
            role("AnyExecutionRole"),
        ),
        (VERIFY, "sqs:ReceiveMessage", queue("VerifyQueue")?),
        (VERIFY, "sqs:ChangeMessageVisibility", queue("VerifyQueue")?),
        (VERIFY, "s3:PutObject", state.clone()),
        (VERIFY, "s3:PutObject", evidence.clone()),
        (VERIFY, "s3:GetObject", accepted.clone()),
        (VERIFY, "iam:GetRolePolicy", managed.clone()),
        (COMPLIANCE, "sqs:ReceiveMessage", queue("ComplianceQueue")?),
        (COMPLIANCE, "s3:PutObject", state),
        (COMPLIANCE, "s3:PutObject", evidence.clone()),
        (COMPLIANCE, "s3:GetObject", accepted.clone()),
        (COMPLIANCE, "iam:GetRolePolicy", managed),
        (ROTATE, "s3:GetObject", accepted),
        (ROTATE, "s3:PutObject", rotation.clone()),
        (ROTATE, "s3:GetObject", rotation),
        (ROTATE, "s3:PutObject", evidence),
        (ROTATE, "secretsmanager:GetSecretValue", client.clone()),
        (ROTATE, "secretsmanager:DescribeSecret", client.clone()),
        (ROTATE, "secretsmanager:ListSecretVersionIds", client),
    ];
    for (function, action, on) in needs {
        assert!(
            account.may(function, action, &on, &[])?,
            "{function} may not {action} on {on}"
        );
    }
    // Of what there was an event already; a rotation's record says that itself.
    let emitted = object("StateBucket", "/emitted/abc.json")?;
    for function in [PROVISION, REBIND, VERIFY, COMPLIANCE] {
        for action in ["s3:GetObject", "s3:PutObject"] {
            assert!(
                account.may(function, action, &emitted, &[])?,
                "{function} may not {action} on {emitted}"
            );
        }
    }
    for function in ROLES {
        assert!(
            account.may(function, "events:PutEvents", &bus, &[])?,
            "{function}"
        );
    }
    Ok(())
}

#[test]
fn every_function_has_one_policy_of_its_own_without_wildcards_in_what_it_allows()
-> Result<(), Error> {
    let account = Account::usual()?;
    let functions = account.template.of_type("AWS::Serverless::Function")?;
    assert_eq!(
        functions.len(),
        ROLES.len(),
        "a function without a story here"
    );
    for role in ROLES {
        let properties = account.template.properties(role)?;
        assert_eq!(properties.get("ManagedPolicyArns"), None, "{role}");
        let policies = properties["Policies"].as_array().map_or(0, Vec::len);
        assert_eq!(policies, 1, "{role}");
        let statements = &properties["Policies"][0]["PolicyDocument"]["Statement"];
        for statement in statements.as_array().into_iter().flatten() {
            if statement["Effect"] == "Deny" {
                continue;
            }
            assert!(
                !statement["Action"].to_string().contains('*'),
                "{role}: {statement}"
            );
            assert_ne!(statement["Resource"], "*", "{role}: {statement}");
        }
    }
    Ok(())
}
