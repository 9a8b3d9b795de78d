//! An event of each type, with every field that applies to it.

use lockstep_domain::change::SecretVersion;
use lockstep_domain::event::{Detail, EventType, Principal, PrincipalKind, UnreadableObject};
use lockstep_domain::finding::{Finding, Severity, Status};
use lockstep_domain::problem::Problem;

/// What an event can be about: the groups of fields that go together.
struct Fields {
    detail: Detail,
}

/// The detail of an event with every field that applies to its type.
pub fn detail(event: EventType) -> Detail {
    let of = Fields::new();
    match event {
        EventType::RoleProvisioned => of.binding().role().notices().reason(),
        EventType::RoleProvisioningFailed => of.binding().role().notices().errors().reason(),
        EventType::DataActionRebound => of.change().action().version().role().notices(),
        EventType::DataActionUnhealthy => of.change().action().version().role().notices().reason(),
        EventType::RebindFailed => {
            let of = of.change().action().role().principals().notices();
            of.errors().reason().evidence()
        }
        EventType::RebindRolledBack => {
            let of = of.change().action().role().principals().notices();
            of.reason().evidence()
        }
        EventType::ChangeVerified => {
            let of = of.change().action().role().credential();
            of.principals().notices().evidence()
        }
        EventType::ChangeViolated => {
            let of = of.change().action().role().credential();
            of.principals().findings().notices().reason().evidence()
        }
        EventType::ChangeUnverified => {
            let of = of.change().action().role().credential();
            of.principals().notices().reason().evidence()
        }
        EventType::ManifestAccepted => of.organization().notices().reason(),
        EventType::ManifestRefused => of.binding().errors().reason(),
        EventType::RequestRefused => of.organization().errors(),
        EventType::PlanRefused => of.organization().errors().reason(),
        EventType::ComplianceFinding => of.binding().findings().reason().evidence(),
        EventType::ClientRotated => {
            let of = of.organization().client().gap().secrets();
            of.notices().reason().evidence()
        }
        EventType::ClientRotationFailed => {
            let of = of.organization().client().secrets();
            of.notices().errors().reason()
        }
        EventType::CredentialRebound => of.change().credential().notices(),
        EventType::CredentialRebindFailed => {
            let of = of.change().credential().principals().notices();
            of.errors().reason().evidence()
        }
        EventType::CredentialUnhealthy => of.change().credential().notices().reason(),
        EventType::CredentialSplit => {
            let of = of.change().credential().principals().notices();
            of.reason().evidence()
        }
        EventType::ObjectUnreadable => of.organization().reason().object(),
    }
    .detail
}

fn principal(kind: PrincipalKind, id: &str, name: Option<&str>) -> Principal {
    Principal {
        kind,
        id: id.to_owned(),
        name: name.map(str::to_owned),
    }
}

impl Fields {
    fn new() -> Self {
        let actor = principal(PrincipalKind::Function, "lockstep-rebind-action", None);
        let mut detail = Detail::new("2026-05-04T10:15:30.5Z".parse().unwrap(), actor);
        detail.occurrence = Some("message-1".to_owned());
        Self { detail }
    }

    fn organization(mut self) -> Self {
        self.detail.organization_id = Some("3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e".parse().unwrap());
        self
    }

    fn binding(self) -> Self {
        let mut of = self.organization();
        of.detail.key = Some("order-lookup".parse().unwrap());
        of
    }

    fn change(self) -> Self {
        let mut of = self.binding().secrets();
        let change: Result<_, _> = serde_json::from_str("\"6f1c0c9f2b7e4d5a8c3b1e0f\"");
        of.detail.change_id = Some(change.unwrap());
        of.detail.sequence = Some(12);
        of
    }

    fn action(mut self) -> Self {
        self.detail.action_id = Some(
            "custom_-_31391f6e-eae2-4a7f-9805-a113cf95ca94"
                .parse()
                .unwrap(),
        );
        self.detail.integration_id = Some("9e3c7a52-6f0d-4c55-8f5e-2d0a4b1c6e77".parse().unwrap());
        let function = "arn:aws:lambda:us-east-1:123456789012:function:Orders:live";
        self.detail.function_arn = Some(function.parse().unwrap());
        self
    }

    fn version(mut self) -> Self {
        self.detail.action_version = Some(7);
        self
    }

    fn role(mut self) -> Self {
        self.detail.role_arn = Some("arn:aws:iam::123456789012:role/GenesysOrders".to_owned());
        let function = "arn:aws:lambda:us-east-1:123456789012:function:Orders:live";
        self.detail.function_arn = Some(function.parse().unwrap());
        self
    }

    fn credential(mut self) -> Self {
        self.detail.integration_id = Some("9e3c7a52-6f0d-4c55-8f5e-2d0a4b1c6e77".parse().unwrap());
        self.detail.credential_id = Some("5d0f6a1e-8f4c-4c0e-9b58-1f2f6f1f7c11".parse().unwrap());
        self
    }

    fn client(mut self) -> Self {
        self.detail.client_id = Some("27939b85-f3b3-46ad-b1ec-3bc06e12c4ed".parse().unwrap());
        self
    }

    fn gap(mut self) -> Self {
        self.detail.gap_seconds = Some(14);
        self
    }

    fn secrets(mut self) -> Self {
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";
        self.detail.secrets = vec![SecretVersion {
            name: "DB".to_owned(),
            arn: arn.parse().unwrap(),
            version_id: "0f1e2d3c-4b5a-4697-8877-665544332211".to_owned(),
        }];
        self
    }

    fn principals(mut self) -> Self {
        self.detail.principals = vec![
            principal(
                PrincipalKind::Client,
                "27939b85-f3b3-46ad-b1ec-3bc06e12c4ed",
                Some("Lockstep"),
            ),
            principal(PrincipalKind::Unknown, "N/A", None),
        ];
        self
    }

    fn findings(mut self) -> Self {
        self.detail.findings = vec![Finding {
            id: "LS-PRINCIPAL".to_owned(),
            severity: Severity::Critical,
            resource: "genesys:action/1".to_owned(),
            status: Status::Failed,
            what: "somebody changed it".to_owned(),
            why: "Somebody who may not has changed what Lockstep manages.".to_owned(),
            fix: "Ask the named principal. Name them under `authorized` in the manifest if they may; otherwise withdraw their permission and run rebind-action.".to_owned(),
        }];
        self
    }

    fn notices(mut self) -> Self {
        self.detail.notices = vec!["a notice with \"quotes\" and é".to_owned()];
        self
    }

    fn errors(mut self) -> Self {
        self.detail.errors = vec![
            Problem::new("actions[2].secrets[0].arn", "is no ARN", "Write one.").on_line(31),
            Problem::new("event.keys[0]", "is unknown", "Name a binding."),
        ];
        self
    }

    fn reason(mut self) -> Self {
        self.detail.reason = Some("what happened".to_owned());
        self
    }

    fn evidence(mut self) -> Self {
        self.detail.evidence = Some("s3://evidence/evidence/org/order-lookup/12.json".to_owned());
        self
    }

    fn object(mut self) -> Self {
        self.detail.object = Some(UnreadableObject {
            bucket: "state".to_owned(),
            key: "state/org/order-lookup.json".to_owned(),
            version_id: Some("v1".to_owned()),
            restore: Some("aws s3api copy-object ...".to_owned()),
            permission: None,
        });
        self
    }
}
