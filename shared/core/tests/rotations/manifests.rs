//! Manifests that can't be read, or that the stack's parameters do not cover any more: what they name is still
//! somebody's.

use std::collections::BTreeSet;

use super::*;

const ANOTHER: &str = "0f1e2d3c-0000-4000-8000-000000000002";
/// Outside of the prefix of clients' secrets.
const OUTSIDE: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:elsewhere/x-AbCdEf";

impl Setup {
    /// A secret that names the client whose turn it is.
    fn names_the_next(&self, secret: &str) {
        let value = json!({"client_id": self.pair[1], "client_secret": "x"});
        self.aws.secret(secret, &value);
    }

    fn kinds(&self) -> Vec<String> {
        let held = self.aws.held();
        held.events.iter().map(|(kind, _)| kind.clone()).collect()
    }

    /// The ids of the events of rotations that failed, in order.
    fn failure_ids(&self) -> Vec<String> {
        let held = self.aws.held();
        let failures = held.events.iter();
        let failures = failures.filter(|(kind, _)| kind == "Client Rotation Failed");
        failures
            .map(|(_, detail)| detail["event_id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_manifest_is_unreadable_no_client_is_reset_because_it_may_name_it() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    setup.copy(ANOTHER, "");
    let said = setup.refused("createSecret", "manifest_unreadable").await;
    assert!(said.contains(&setup.pair[1]), "{said}");
    assert!(said.contains(ANOTHER), "{said}");
    assert_eq!(setup.resets(), 0);
    assert_eq!(
        setup.kinds(),
        ["Object Unreadable", "Client Rotation Failed"]
    );
    // Once it is repaired the rotation goes on.
    setup.accepted(ANOTHER, &[]);
    setup.step("createSecret").await.unwrap();
    assert_eq!(setup.resets(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_manifest_is_not_one_that_names_no_secret() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    let organization = setup.genesys.organization_id().to_owned();
    setup.copy(&organization, "{");
    let said = setup.refused("createSecret", "manifest_unreadable").await;
    assert!(
        said.contains("does not know whether a manifest names the secret"),
        "{said}"
    );
    assert_eq!(
        setup.kinds(),
        ["Object Unreadable", "Client Rotation Failed"]
    );
    for mode in ["plan", "apply"] {
        let report = setup.repair(mode).await;
        let of_it = format!("the clients of the organization {organization} were not inspected");
        assert!(report.contains(&of_it), "{report}");
    }
    assert_eq!(
        setup.kinds().len(),
        2,
        "one event for each version of the object"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_record_of_rotations_is_an_event() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    setup.step("createSecret").await.unwrap();
    for (key, bytes) in &mut setup.aws.held().objects {
        if key.contains("/rotations/") {
            *bytes = b"{".to_vec();
        }
    }
    setup.refused("testSecret", "corrupt").await;
    assert_eq!(setup.kinds(), ["Object Unreadable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_stack_covers_no_more_still_names_its_clients() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    let organization = setup.genesys.organization_id().to_owned();
    setup.accepted(&organization, &[TEAM, OUTSIDE]);
    setup.names_the_next(OUTSIDE);
    let said = setup.refused("createSecret", "named_elsewhere").await;
    assert!(said.contains(OUTSIDE), "{said}");
    assert_eq!(setup.resets(), 0);
    // Its own rotation is refused for what is wrong, under its organization.
    let refused = setup.step_of(OUTSIDE, TOKEN, "createSecret").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), "not_covered", "{refused}");
    let (_, last) = setup.aws.held().events.last().unwrap().clone();
    assert_eq!(last["organization_id"], json!(organization));
    let report = setup.repair("plan").await;
    assert!(
        report.contains(&format!("{OUTSIDE} was not inspected")),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_not_allowed_any_more_still_names_its_clients() {
    let setup = Setup::new().await;
    setup.aws.begin(TEAM, TOKEN, None);
    let third = THIRD.replace("third", "fourth");
    setup.names_the_next(&third);
    setup.accepted(ANOTHER, &[&third]);
    let said = setup.refused("createSecret", "named_elsewhere").await;
    assert!(said.contains(&third), "{said}");
    // What is not a manifest any more may name anything.
    let copy = json!({"object": "manifests/two.yaml", "version_id": null,
        "accepted_at": "2026-01-01T00:00:00Z", "text": "- 1"});
    setup.copy(ANOTHER, &copy.to_string());
    let said = setup.refused("createSecret", "manifest_unreadable").await;
    assert!(said.contains("manifests/two.yaml"), "{said}");
    assert_eq!(setup.resets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_failure_of_another_rotation_is_another_event() {
    let setup = Setup::new().await;
    let next = TOKEN.replace('7', "8");
    setup.used(&setup.pair[1], 1);
    for token in [TOKEN, &next] {
        setup.aws.begin(TEAM, token, None);
        let refused = setup.step_of(TEAM, token, "createSecret").await;
        assert_eq!(refused.unwrap_err().kind(), "client_in_use");
        setup
            .aws
            .held()
            .secrets
            .get_mut(TEAM)
            .unwrap()
            .versions
            .remove(token);
    }
    // No manifest names it: nothing is remembered, and each try emits.
    setup.names_the_next(OUTSIDE);
    for token in [TOKEN, TOKEN, &next] {
        let refused = setup.step_of(OUTSIDE, token, "createSecret").await;
        assert_eq!(refused.unwrap_err().kind(), "not_in_manifest");
    }
    let ids = setup.failure_ids();
    assert_eq!(ids.len(), 5, "{ids:?}");
    assert_eq!(ids[2], ids[3], "one rotation that is repeated is one event");
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), 4, "{ids:?}");
}
