//! Integration credentials that carry values, and the entries that belong to them.

use lockstep_domain::manifest::{KmsDirective, Overlap};

use crate::support::{accepted, assert_refused, bounds, edited, refused, with};

const CRM: &str =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys-credentials/crm-AbCdEf";

/// A manifest with a credential for a Web Services integration, and an action to try it with.
fn crm() -> String {
    let text = with(
        "actions:\n",
        "  - {key: crm, name: CRM, type: custom-rest-actions}\nactions:\n  - {key: lookup, name: Find contact, integration: crm, test: {input: {id: \"1\"}, safe: true}}\n",
    );
    format!(
        "{text}credentials:\n  - {{key: crm-user, integration: crm, slot: basicAuth, type: basicAuth, secret: \"{CRM}\", overlap: alternating, fields: {{userName: $.username, password: $.password}}, test: [lookup], rotation: {{max_age_days: 30, kms: customer_managed, kms_rotation: required}}}}\n"
    )
}

#[test]
fn a_credential_and_what_it_needs_reach_the_manifest() {
    let manifest = accepted(&crm(), &bounds());
    let [credential] = manifest.credentials.as_slice() else {
        panic!("{:#?}", manifest.credentials);
    };
    assert_eq!(credential.key.as_str(), "crm-user");
    assert_eq!(
        (
            credential.slot.as_str(),
            credential.credential_type.as_str()
        ),
        ("basicAuth", "basicAuth")
    );
    assert_eq!(credential.overlap, Overlap::Alternating);
    assert_eq!(credential.fields["userName"].pointer(), "/username");
    assert_eq!(manifest.credentials_of(&CRM.parse().unwrap()), [credential]);
    let rotation = credential.rotation.as_ref().unwrap();
    assert_eq!(rotation.max_age_days, Some(30));
    assert_eq!(rotation.kms, KmsDirective::CustomerManaged);
    assert!(rotation.kms_rotation_required);
    accepted(&edited(&crm(), "kms: customer_managed, ", ""), &bounds());
    let integration = manifest.other_integration(&credential.integration).unwrap();
    assert_eq!(integration.integration_type, "custom-rest-actions");
    let tried = manifest.tried_action(&credential.test[0]).unwrap();
    assert_eq!(tried.integration, integration.key);
    // What is managed stays what it was.
    assert_eq!(
        (manifest.integrations.len(), manifest.actions.len()),
        (1, 1)
    );
}

#[test]
fn a_lambda_integration_has_a_role_and_no_other_has() {
    assert_refused(
        &with(", role: GenesysRole}", "}"),
        &bounds(),
        "integrations[0].role",
        "`role` is missing",
    );
    assert_refused(
        &edited(
            &crm(),
            "type: custom-rest-actions}",
            "type: custom-rest-actions, role: GenesysCrm}",
        ),
        &bounds(),
        "integrations[1].role",
        "of type custom-rest-actions has no role",
    );
}

#[test]
fn an_action_that_is_only_tried_is_named_for_its_safe_test_alone() {
    let tried = |from: &str, to: &str| refused(&edited(&crm(), from, to), &bounds());
    let safe = tried(", safe: true}}", "}}");
    assert_eq!(safe[0].at, "actions[0].test");
    assert!(safe[0].problem.contains("would never run it"), "{safe:#?}");
    let without = tried(", test: {input: {id: \"1\"}, safe: true}}", "}");
    assert_eq!(without[0].at, "actions[0].test");
    let managed = tried(
        "name: Find contact,",
        "name: Find contact, secure: true, pin: true,",
    );
    let places: Vec<_> = managed.iter().map(|one| one.at.as_str()).collect();
    assert_eq!(places, ["actions[0].pin", "actions[0].secure"]);
    assert_refused(
        &with(
            "    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders\n",
            "",
        ),
        &bounds(),
        "actions[0].function",
        "`function` is missing",
    );
}

#[test]
fn a_credential_fits_its_integration_and_its_secret_may_be_read() {
    let wrong = |from: &str, to: &str, at: &str, says: &str| {
        assert_refused(&edited(&crm(), from, to), &bounds(), at, says);
    };
    let at = "credentials[0].integration";
    wrong(
        "crm-user, integration: crm,",
        "crm-user, integration: crmm,",
        at,
        "Did you mean `crm`?",
    );
    wrong("slot: basicAuth", "slot: ''", "credentials[0].slot", "slot");
    wrong(
        "genesys-credentials/crm",
        "prod/crm",
        "credentials[0].secret",
        "CredentialSecretPrefix",
    );
    wrong(
        "$.username",
        "username",
        "credentials[0].fields.userName",
        "$.name",
    );
    wrong(
        "test: [lookup]",
        "test: [lokup]",
        "credentials[0].test[0]",
        "Did you mean `lookup`?",
    );
    wrong(
        "test: [lookup]",
        "test: [orders]",
        "credentials[0].test[0]",
        "belongs to another integration",
    );
    let lambda = edited(
        &crm(),
        "crm-user, integration: crm,",
        "crm-user, integration: prod,",
    );
    let found = refused(&edited(&lambda, "test: [lookup]", "test: []"), &bounds());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].problem.contains("only credential is its role"),
        "{found:#?}"
    );
}

#[test]
fn credentials_of_one_secret_move_together() {
    let second = |fields: &str| {
        format!(
            "{}  - {{key: second, integration: crm, type: basicAuth, secret: \"{CRM}\", fields: {{password: $.password}}, {fields}}}\n",
            crm()
        )
    };
    accepted(&second("slot: other, overlap: alternating"), &bounds());
    assert_refused(
        &second("slot: other, overlap: none"),
        &bounds(),
        "credentials[1].overlap",
        "for the same secret",
    );
    assert_refused(
        &second("slot: basicAuth, overlap: alternating"),
        &bounds(),
        "credentials[1].slot",
        "credentials[0].slot already fills the slot",
    );
    assert_refused(
        &second("slot: other, overlap: alternating, rotation: {max_age_days: 31}"),
        &bounds(),
        "credentials[1].rotation",
        "for the same secret",
    );
}

#[test]
fn keys_that_lockstep_keeps_for_itself_are_refused() {
    for key in ["_secret_crm", "_client_crm", "_integration_crm"] {
        assert_refused(
            &edited(&crm(), "key: crm-user", &format!("key: {key}")),
            &bounds(),
            "credentials[0].key",
            "reserved for Lockstep",
        );
    }
}

#[test]
fn further_clients_are_read_and_rotated_from_secrets_under_the_prefix() {
    let list = |name: &str| {
        with(
            "integrations:\n",
            &format!(
                "  rotated_clients: [\"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}\"]\nintegrations:\n"
            ),
        )
    };
    let manifest = accepted(&list("genesys/dialer-AbCdEf"), &bounds());
    let names: Vec<_> = manifest
        .client_secrets()
        .map(|secret| secret.name())
        .collect();
    assert_eq!(names, ["genesys/client", "genesys/dialer"]);
    assert_refused(
        &list("other/dialer-AbCdEf"),
        &bounds(),
        "organization.rotated_clients[0]",
        "ClientSecretPrefix",
    );
    assert_refused(
        &list("genesys/client-a1B2c3"),
        &bounds(),
        "organization.rotated_clients[0]",
        "organization.client_secret already names the secret",
    );
}
