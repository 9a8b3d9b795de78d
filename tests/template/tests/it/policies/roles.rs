//! Roles: who may change which, and what a managed one can ever do.

use super::*;

/// Whatever changes a role and knows the condition on its boundary.
const CHANGES_OF_ROLES: [&str; 10] = [
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:AttachRolePolicy",
];

/// What would let a function out of its bounds, whatever the boundary.
const NEVER: [&str; 17] = [
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:UntagRole",
    "iam:PassRole",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:CreateUser",
    "iam:CreateAccessKey",
    "iam:PutUserPolicy",
    "sts:AssumeRole",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];

const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

#[test]
fn no_function_can_change_a_role_without_the_boundary() -> Result<(), Error> {
    let account = Account::usual()?;
    let managed = role("GenesysActions");
    let other = format!("arn:aws:iam::{ACCOUNT}:policy/Wider");
    let without: [&[(&str, &str)]; 3] = [
        &[],
        &[(BOUNDARY_KEY, &other)],
        &[(BOUNDARY_KEY, "arn:aws:iam::aws:policy/AdministratorAccess")],
    ];
    for function in ROLES {
        for action in CHANGES_OF_ROLES {
            for context in without {
                assert!(
                    !account.may(function, action, &managed, context)?,
                    "{function} may {action} with {context:?}"
                );
            }
        }
    }
    Ok(())
}

/// The local AWS does not know the condition. Nothing else may go without it.
#[test]
fn only_the_local_stack_goes_without_the_boundary() -> Result<(), Error> {
    let local = Account::with(&[("LocalStack", "true")])?;
    assert!(local.may(PROVISION, "iam:PutRolePolicy", &role("GenesysActions"), &[])?);
    let parameters = local.template.parameters();
    assert_eq!(parameters["LocalStack"]["Default"], "false");
    Ok(())
}

#[test]
fn only_provision_role_changes_roles_and_only_those_with_the_prefix_and_the_boundary()
-> Result<(), Error> {
    let account = Account::usual()?;
    let boundary = account.boundary()?;
    let bounded = [(BOUNDARY_KEY, boundary.as_str())];
    let needed = [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRoleDescription",
    ];
    for action in needed {
        assert!(
            account.may(PROVISION, action, &role("GenesysActions"), &bounded)?,
            "{action}"
        );
        assert!(
            !account.may(PROVISION, action, &role("OrderService"), &bounded)?,
            "{action}"
        );
        for function in [REBIND, VERIFY, COMPLIANCE] {
            assert!(
                !account.may(function, action, &role("GenesysActions"), &bounded)?,
                "{function}: {action}"
            );
        }
    }
    Ok(())
}

#[test]
fn roles_without_the_prefix_are_read_by_nobody() -> Result<(), Error> {
    let account = Account::usual()?;
    for function in ROLES {
        for action in [
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListRolePolicies",
            "iam:ListAttachedRolePolicies",
        ] {
            assert!(
                !account.may(function, action, &role("OrderService"), &[])?,
                "{function} may {action}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_boundary_of_the_customers_own_takes_the_place_of_the_stacks() -> Result<(), Error> {
    let own = format!("arn:aws:iam::{ACCOUNT}:policy/OurBoundary");
    let account = Account::with(&[("PermissionsBoundaryArn", own.as_str())])?;
    let managed = role("GenesysActions");
    assert!(account.may(
        PROVISION,
        "iam:PutRolePolicy",
        &managed,
        &[(BOUNDARY_KEY, &own)]
    )?);
    let stacks = account.boundary()?;
    assert!(!account.may(
        PROVISION,
        "iam:PutRolePolicy",
        &managed,
        &[(BOUNDARY_KEY, &stacks)]
    )?);
    assert!(
        account
            .template
            .of_type("AWS::IAM::ManagedPolicy")?
            .is_empty()
    );
    Ok(())
}

#[test]
fn no_function_can_attach_a_policy_pass_a_role_or_loosen_a_boundary() -> Result<(), Error> {
    let account = Account::usual()?;
    let boundary = account.boundary()?;
    let context = [
        (BOUNDARY_KEY, boundary.as_str()),
        (
            "iam:PolicyARN",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        ("iam:PassedToService", "lambda.amazonaws.com"),
        ("aws:TagKeys", "lockstep:managed"),
    ];
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:Orders");
    let targets = [
        role("GenesysActions"),
        role("OrderService"),
        boundary.clone(),
        function,
    ];
    for role in ROLES {
        for action in NEVER {
            for target in &targets {
                assert!(
                    !account.may(role, action, target, &context)?,
                    "{role} may {action} on {target}"
                );
            }
        }
    }
    Ok(())
}

/// Even where the prefix of managed roles is the stack's own name.
#[test]
fn no_function_can_change_the_roles_of_the_stack() -> Result<(), Error> {
    let account = Account::with(&[("RoleNamePrefix", "lockstep")])?;
    let boundary = account.boundary()?;
    let context = [
        (BOUNDARY_KEY, boundary.as_str()),
        ("aws:TagKeys", "lockstep:managed"),
    ];
    // The prefix does let others through: what follows is not true for want of a match.
    assert!(account.may(
        PROVISION,
        "iam:PutRolePolicy",
        &role("lockstepper"),
        &context
    )?);
    for target in account.template.of_type("AWS::IAM::Role")? {
        let target = account.template.arn(target)?;
        for function in ROLES {
            for action in CHANGES_OF_ROLES.into_iter().chain(["iam:TagRole"]) {
                assert!(
                    !account.may(function, action, &target, &context)?,
                    "{function} may {action} on {target}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn only_our_own_tags_can_be_set_on_a_role() -> Result<(), Error> {
    let account = Account::usual()?;
    let managed = role("GenesysActions");
    assert!(account.may(
        PROVISION,
        "iam:TagRole",
        &managed,
        &[("aws:TagKeys", "lockstep:stack,lockstep:organization")]
    )?);
    for keys in ["team", "lockstep:stack,team"] {
        assert!(
            !account.may(PROVISION, "iam:TagRole", &managed, &[("aws:TagKeys", keys)])?,
            "{keys}"
        );
    }
    Ok(())
}

/// The boundary is the most that a managed role can do, whatever its own policies come to say.
#[test]
fn a_managed_role_can_do_nothing_but_call_the_functions_named_to_the_stack() -> Result<(), Error> {
    let account = Account::usual()?;
    let boundary = account.template.properties("PermissionsBoundary")?["PolicyDocument"].clone();
    let within = |action: &str, on: &str| {
        judge(
            std::slice::from_ref(&boundary),
            &role("GenesysActions"),
            action,
            on,
            &[],
        )
    };
    let function = |name: &str| format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
    assert_eq!(
        within("lambda:InvokeFunction", &function("OrdersLookup"))?,
        Decision::Allowed
    );
    let beyond = [
        ("lambda:InvokeFunction", function("lockstep-provision-role")),
        ("lambda:InvokeFunction", function("Payments")),
        ("lambda:UpdateFunctionCode", function("OrdersLookup")),
        ("secretsmanager:GetSecretValue", secret("prod/db")),
        ("sts:AssumeRole", role("OrderService")),
        ("iam:CreateRole", role("GenesysActions")),
    ];
    for (action, on) in beyond {
        assert!(!within(action, &on)?.is_allowed(), "{action} on {on}");
    }
    Ok(())
}

/// However wide the functions are that are named to the stack.
#[test]
fn a_managed_role_can_never_call_the_functions_of_the_stack() -> Result<(), Error> {
    let every = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:*");
    let account = Account::with(&[("AllowedFunctionArns", every.as_str())])?;
    let boundary = account.template.properties("PermissionsBoundary")?["PolicyDocument"].clone();
    let invoke = |on: &str| {
        judge(
            std::slice::from_ref(&boundary),
            &role("GenesysActions"),
            "lambda:InvokeFunction",
            on,
            &[],
        )
    };
    // The pattern does let others through: what follows is not true for want of a match.
    let other = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:OrdersLookup");
    assert_eq!(invoke(&other)?, Decision::Allowed);
    for id in account.template.of_type("AWS::Serverless::Function")? {
        let function = account.template.arn(id)?;
        for on in [
            function.clone(),
            format!("{function}:live"),
            format!("{function}:1"),
        ] {
            let says = invoke(&on)?;
            assert!(matches!(says, Decision::ExplicitDeny(_)), "{on}: {says:?}");
        }
    }
    Ok(())
}
