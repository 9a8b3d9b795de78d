//! The example events of this workspace, taken by the rules that are made for them.

use serde_json::Value;

use super::*;

fn example(path: &str, stack: &Stack) -> Value {
    let path = format!("{}/../../events/{path}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut event: Value = serde_json::from_str(&text).expect("JSON");
    // The examples name a bucket of their own.
    if event["detail"]["bucket"]["name"] == "lockstep-manifests-123456789012" {
        let name = &stack.bucket("ManifestBucket").expect("the bucket").name;
        event["detail"]["bucket"]["name"] = Value::from(name.clone());
    }
    event
}

#[test]
fn each_example_is_taken_by_its_rule_and_by_no_other() -> Outcome {
    let stack = stack(&ALL)?;
    for (path, rule) in [
        (
            "provision-role/secret-label-updated",
            Some("SecretRotatedRule"),
        ),
        (
            "provision-role/secret-label-updated.ignored-other-label",
            Some("SecretRotatedRule"),
        ),
        (
            "provision-role/cloudtrail-put-secret-value",
            Some("SecretChangedByCallRule"),
        ),
        (
            "provision-role/cloudtrail-restore-secret",
            Some("SecretChangedByCallRule"),
        ),
        (
            "provision-role/cloudtrail-get-secret-value.ignored-read",
            None,
        ),
        (
            "provision-role/cloudtrail-rotation-succeeded",
            Some("SecretRotationSucceededRule"),
        ),
        (
            "provision-role/cloudtrail-rotation-failed.ignored-nothing-moved",
            None,
        ),
        (
            "provision-role/manifest-uploaded",
            Some("ManifestUploadedRule"),
        ),
        (
            "provision-role/manifest-uploaded.ignored-other-bucket",
            None,
        ),
        ("provision-role/change-verified", Some("ChangeVerifiedRule")),
        (
            "provision-role/data-action-rebound.ignored-not-a-verdict",
            Some("WebhookRule"),
        ),
        (
            "verify-change/genesys-audit-action-updated",
            Some("GenesysAuditRule"),
        ),
        (
            "verify-change/genesys-audit.ignored-without-entity",
            Some("GenesysAuditRule"),
        ),
    ] {
        let event = example(path, &stack);
        let taken: Vec<&str> = stack
            .rules
            .iter()
            .filter(|one| one.pattern.matches(&event))
            .map(|one| one.id.as_str())
            .collect();
        assert_eq!(taken, rule.into_iter().collect::<Vec<_>>(), "{path}");
    }
    Ok(())
}
