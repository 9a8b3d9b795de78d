//! An event of each type, with every field that applies to it.

use lockstep_domain::arn::FunctionArn;
use lockstep_domain::change::{ChangeId, SecretVersion};
use lockstep_domain::event::{
    Body, ChangeUnverified, ChangeVerified, ChangeViolated, ClientRotated, ClientRotationFailed,
    ComplianceFinding, CredentialRebindFailed, CredentialRebound, CredentialSplit,
    CredentialUnhealthy, DataActionRebound, DataActionUnhealthy, Event, EventType, Header,
    ManifestAccepted, ManifestRefused, ObjectUnreadable, PlanRefused, Principal, PrincipalKind,
    RebindFailed, RebindRolledBack, RequestRefused, RoleProvisioned, RoleProvisioningFailed,
    UnreadableObject,
};
use lockstep_domain::finding::{Finding, Severity, Status};
use lockstep_domain::ids::{ActionId, ClientId, CredentialId, IntegrationId};
use lockstep_domain::problem::Problem;

/// An event of the type with every field that applies to it.
pub fn event(event: EventType) -> Event {
    match event {
        EventType::RoleProvisioned => Event::new(
            binding(),
            RoleProvisioned {
                role_arn: role(),
                function_arn: function(),
                notices: notices(),
                reason: reason(),
            },
        ),
        EventType::RoleProvisioningFailed => Event::new(
            binding(),
            RoleProvisioningFailed {
                role_arn: role(),
                function_arn: function(),
                notices: notices(),
                errors: errors(),
                reason: reason(),
            },
        ),
        EventType::DataActionRebound => Event::new(
            change(),
            DataActionRebound {
                action_id: action(),
                action_version: Some(7),
                integration_id: integration(),
                role_arn: role(),
                function_arn: function(),
                secrets: secrets(),
                notices: notices(),
            },
        ),
        EventType::DataActionUnhealthy => Event::new(
            change(),
            DataActionUnhealthy {
                action_id: action(),
                action_version: Some(7),
                integration_id: integration(),
                role_arn: role(),
                function_arn: function(),
                secrets: secrets(),
                notices: notices(),
                reason: reason(),
            },
        ),
        EventType::RebindFailed => Event::new(
            change(),
            RebindFailed {
                action_id: action(),
                integration_id: integration(),
                role_arn: role(),
                function_arn: function(),
                secrets: secrets(),
                principals: principals(),
                notices: notices(),
                errors: errors(),
                reason: reason(),
                evidence: evidence(),
            },
        ),
        EventType::RebindRolledBack => Event::new(
            change(),
            RebindRolledBack {
                action_id: action(),
                integration_id: integration(),
                role_arn: role(),
                function_arn: function(),
                secrets: secrets(),
                principals: principals(),
                notices: notices(),
                reason: reason(),
                evidence: evidence(),
            },
        ),
        EventType::ChangeVerified | EventType::ChangeViolated | EventType::ChangeUnverified => {
            verdict(event)
        }
        EventType::ManifestAccepted => Event::new(
            organization(),
            ManifestAccepted {
                notices: notices(),
                reason: reason(),
            },
        ),
        EventType::ManifestRefused => Event::new(
            binding(),
            ManifestRefused {
                errors: errors(),
                reason: reason(),
                ..ManifestRefused::default()
            },
        ),
        EventType::RequestRefused => Event::new(organization(), RequestRefused::of(errors())),
        EventType::PlanRefused => Event::new(
            organization(),
            PlanRefused {
                reason: reason(),
                ..PlanRefused::of(errors())
            },
        ),
        EventType::ComplianceFinding => Event::new(
            binding(),
            ComplianceFinding {
                findings: findings(),
                reason: reason(),
                evidence: evidence(),
                ..ComplianceFinding::default()
            },
        ),
        EventType::ClientRotated => Event::new(
            organization(),
            ClientRotated {
                client_id: client(),
                gap_seconds: Some(14),
                secrets: secrets(),
                notices: notices(),
                reason: reason(),
                evidence: evidence(),
            },
        ),
        EventType::ClientRotationFailed => Event::new(
            organization(),
            ClientRotationFailed {
                client_id: client(),
                secrets: secrets(),
                notices: notices(),
                errors: errors(),
                reason: reason(),
            },
        ),
        EventType::CredentialRebound
        | EventType::CredentialRebindFailed
        | EventType::CredentialUnhealthy
        | EventType::CredentialSplit => Event::new(change(), of_credential(event)),
        EventType::ObjectUnreadable => Event::new(
            organization(),
            ObjectUnreadable {
                reason: reason(),
                object: Some(UnreadableObject {
                    bucket: "state".to_owned(),
                    key: "state/org/order-lookup.json".to_owned(),
                    version_id: Some("v1".to_owned()),
                    restore: Some("aws s3api copy-object ...".to_owned()),
                    permission: None,
                }),
                ..ObjectUnreadable::default()
            },
        ),
    }
}

fn verdict(event: EventType) -> Event {
    let verified = ChangeVerified {
        action_id: action(),
        integration_id: integration(),
        role_arn: role(),
        function_arn: function(),
        credential_id: credential(),
        secrets: secrets(),
        principals: principals(),
        notices: notices(),
        evidence: evidence(),
    };
    if event == EventType::ChangeVerified {
        return Event::new(change(), verified);
    }
    if event == EventType::ChangeUnverified {
        let unverified = ChangeUnverified {
            action_id: verified.action_id,
            integration_id: verified.integration_id,
            role_arn: verified.role_arn,
            function_arn: verified.function_arn,
            credential_id: verified.credential_id,
            secrets: verified.secrets,
            principals: verified.principals,
            notices: verified.notices,
            reason: reason(),
            evidence: verified.evidence,
        };
        return Event::new(change(), unverified);
    }
    let violated = ChangeViolated {
        action_id: verified.action_id,
        integration_id: verified.integration_id,
        role_arn: verified.role_arn,
        function_arn: verified.function_arn,
        credential_id: verified.credential_id,
        secrets: verified.secrets,
        principals: verified.principals,
        findings: findings(),
        notices: verified.notices,
        reason: reason(),
        evidence: verified.evidence,
    };
    Event::new(change(), violated)
}

fn of_credential(event: EventType) -> Body {
    let split = CredentialSplit {
        integration_id: integration(),
        credential_id: credential(),
        secrets: secrets(),
        principals: principals(),
        notices: notices(),
        reason: reason(),
        evidence: evidence(),
    };
    if event == EventType::CredentialRebound {
        return CredentialRebound {
            integration_id: split.integration_id,
            credential_id: split.credential_id,
            secrets: split.secrets,
            notices: split.notices,
        }
        .into();
    }
    if event == EventType::CredentialUnhealthy {
        return CredentialUnhealthy {
            integration_id: split.integration_id,
            credential_id: split.credential_id,
            secrets: split.secrets,
            notices: split.notices,
            reason: split.reason,
        }
        .into();
    }
    if event == EventType::CredentialRebindFailed {
        return CredentialRebindFailed {
            integration_id: split.integration_id,
            credential_id: split.credential_id,
            secrets: split.secrets,
            principals: split.principals,
            notices: split.notices,
            errors: errors(),
            reason: split.reason,
            evidence: split.evidence,
        }
        .into();
    }
    split.into()
}

fn header() -> Header {
    let actor = principal(PrincipalKind::Function, "lockstep-rebind-action", None);
    let mut header = Header::new("2026-05-04T10:15:30.5Z".parse().unwrap(), actor);
    header.occurrence = Some("message-1".to_owned());
    header
}

fn organization() -> Header {
    Header {
        organization_id: Some("3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e".parse().unwrap()),
        ..header()
    }
}

fn binding() -> Header {
    Header {
        key: Some("order-lookup".parse().unwrap()),
        ..organization()
    }
}

fn change() -> Header {
    let id: ChangeId = serde_json::from_str("\"6f1c0c9f2b7e4d5a8c3b1e0f\"").unwrap();
    Header {
        change_id: Some(id),
        sequence: Some(12),
        ..binding()
    }
}

fn action() -> Option<ActionId> {
    let id = "custom_-_31391f6e-eae2-4a7f-9805-a113cf95ca94";
    Some(id.parse().unwrap())
}

fn integration() -> Option<IntegrationId> {
    Some("9e3c7a52-6f0d-4c55-8f5e-2d0a4b1c6e77".parse().unwrap())
}

fn role() -> Option<String> {
    Some("arn:aws:iam::123456789012:role/GenesysOrders".to_owned())
}

fn function() -> Option<FunctionArn> {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:Orders:live";
    Some(arn.parse().unwrap())
}

fn credential() -> Option<CredentialId> {
    Some("5d0f6a1e-8f4c-4c0e-9b58-1f2f6f1f7c11".parse().unwrap())
}

fn client() -> Option<ClientId> {
    Some("27939b85-f3b3-46ad-b1ec-3bc06e12c4ed".parse().unwrap())
}

fn secrets() -> Vec<SecretVersion> {
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";
    vec![SecretVersion {
        name: "DB".to_owned(),
        arn: arn.parse().unwrap(),
        version_id: "0f1e2d3c-4b5a-4697-8877-665544332211".to_owned(),
    }]
}

fn principal(kind: PrincipalKind, id: &str, name: Option<&str>) -> Principal {
    Principal {
        kind,
        id: id.to_owned(),
        name: name.map(str::to_owned),
    }
}

fn principals() -> Vec<Principal> {
    vec![
        principal(
            PrincipalKind::Client,
            "27939b85-f3b3-46ad-b1ec-3bc06e12c4ed",
            Some("Lockstep"),
        ),
        principal(PrincipalKind::Unknown, "N/A", None),
    ]
}

fn findings() -> Vec<Finding> {
    vec![Finding {
        id: "LS-PRINCIPAL".to_owned(),
        severity: Severity::Critical,
        resource: "genesys:action/1".to_owned(),
        status: Status::Failed,
        what: "somebody changed it".to_owned(),
        why: "Somebody who may not has changed what Lockstep manages.".to_owned(),
        fix: "Ask the named principal. Name them under `authorized` in the manifest if they may; \
              otherwise withdraw their permission and run rebind-action."
            .to_owned(),
    }]
}

fn notices() -> Vec<String> {
    vec!["a notice with \"quotes\" and é".to_owned()]
}

fn errors() -> Vec<Problem> {
    vec![
        Problem::new("actions[2].secrets[0].arn", "is no ARN", "Write one.").on_line(31),
        Problem::new("event.keys[0]", "is unknown", "Name a binding."),
    ]
}

fn reason() -> Option<String> {
    Some("what happened".to_owned())
}

fn evidence() -> Option<String> {
    Some("s3://evidence/evidence/org/order-lookup/12.json".to_owned())
}
