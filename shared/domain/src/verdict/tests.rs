use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::audit::UserRef;

mod overwritten;
mod properties;

const ACTION: &str = "custom_-_1";
const INTEGRATION: &str = "integration-1";
const OURS: &str = "our-client";
/// The other one of the pair.
const OUR_OTHER: &str = "our-other-client";

fn record(id: &str, entity_type: &str, action: &str) -> AuditRecord {
    AuditRecord {
        id: id.into(),
        at: Some("2026-01-02T03:04:10Z".parse().unwrap()),
        service: SERVICE.into(),
        level: Level::User,
        action: action.into(),
        entity_type: entity_type.into(),
        entity_id: if entity_type == "Integration" {
            INTEGRATION.into()
        } else {
            ACTION.into()
        },
        entity_name: Some("Order lookup".into()),
        status: RecordStatus::Success,
        user: None,
        client: Some(OURS.into()),
    }
}

fn expected(entity_type: &str, any_of: &[&str]) -> Expected {
    Expected {
        entity_id: if entity_type == "Integration" {
            INTEGRATION.into()
        } else {
            ACTION.into()
        },
        any_of: any_of
            .iter()
            .map(|&action| Entry {
                entity_type: entity_type.into(),
                action: action.into(),
            })
            .collect(),
    }
}

/// A world in which one update of the action was made and proved; tests nudge it.
struct World {
    expected: Vec<Expected>,
    records: Vec<AuditRecord>,
    mapping: ServiceMapping,
    our_clients: OurClients,
    authorized: Authorized,
    drift: Vec<Finding>,
    incomplete: Vec<String>,
}

impl World {
    fn proved() -> Self {
        let actions = || {
            ["Create", "Update", "Publish", "Delete"]
                .map(str::to_owned)
                .into()
        };
        Self {
            expected: vec![expected("Action", &["Update"])],
            records: vec![record("r1", "Action", "Update")],
            mapping: ServiceMapping {
                services: BTreeMap::from([(
                    SERVICE.into(),
                    ["Action", "ActionDraft", "Integration"]
                        .map(|entity| (entity.to_owned(), actions()))
                        .into(),
                )]),
            },
            our_clients: OurClients::now(
                [OURS.parse().unwrap(), OUR_OTHER.parse().unwrap()].into(),
            ),
            authorized: Authorized::default(),
            drift: Vec::new(),
            incomplete: Vec::new(),
        }
    }

    fn judge(&self) -> Judgement {
        self.judged(|judgement, _| judgement)
    }

    fn judged(&self, then: impl Fn(Judgement, &Case<'_>) -> Judgement) -> Judgement {
        let entities = BTreeSet::from([ACTION.to_owned(), INTEGRATION.to_owned()]);
        let case = Case {
            expected: &self.expected,
            records: &self.records,
            entities: &entities,
            window: Interval::new(
                "2026-01-02T03:04:00Z".parse().unwrap(),
                "2026-01-02T03:05:00Z".parse().unwrap(),
            ),
            mapping: &self.mapping,
            our_clients: &self.our_clients,
            authorized: &self.authorized,
            drift: &self.drift,
            incomplete: &self.incomplete,
        };
        then(judge(&case), &case)
    }

    fn with(mut self, record: AuditRecord) -> Self {
        self.records.push(record);
        self
    }
}

fn findings(judgement: &Judgement) -> Vec<&str> {
    match &judgement.verdict {
        Verdict::Violated { findings } => findings.iter().map(|one| one.id.as_str()).collect(),
        Verdict::Verified | Verdict::Pending { .. } => Vec::new(),
    }
}

fn missing(judgement: &Judgement) -> Vec<&str> {
    match &judgement.verdict {
        Verdict::Pending { missing } => missing.iter().map(String::as_str).collect(),
        Verdict::Verified | Verdict::Violated { .. } => Vec::new(),
    }
}

#[test]
fn a_change_with_its_record_and_nobody_elses_is_verified() {
    let judgement = World::proved().judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
    assert_eq!(judgement.records, ["r1"]);
    assert_eq!(judgement.principals.len(), 1);
    assert_eq!(judgement.principals[0].id, OURS);
    assert_eq!(judgement.compliance_audit.len(), 1);
    assert!(judgement.notices.is_empty());
}

#[test]
fn no_record_is_pending_and_never_fine() {
    let mut world = World::proved();
    world.records.clear();
    let judgement = world.judge();
    assert_eq!(
        missing(&judgement),
        ["no audit record yet: Update of Action custom_-_1"]
    );
}

#[test]
fn a_change_that_wrote_nothing_needs_no_record_but_suffers_no_stranger() {
    let mut world = World::proved();
    world.expected.clear();
    world.records.clear();
    assert_eq!(world.judge().verdict, Verdict::Verified);
    let stranger = AuditRecord {
        client: Some("another".into()),
        ..record("r2", "Action", "Update")
    };
    assert_eq!(findings(&world.with(stranger).judge()), ["LS-PRINCIPAL"]);
}

#[test]
fn each_write_needs_its_own_record() {
    let mut world = World::proved();
    world.expected.push(expected("Action", &["Update"]));
    assert_eq!(missing(&world.judge()).len(), 1);
    let world = world.with(record("r2", "Action", "Update"));
    assert_eq!(world.judge().verdict, Verdict::Verified);
}

#[test]
fn the_same_record_twice_proves_one_write_only() {
    let mut world = World::proved().with(record("r1", "Action", "Update"));
    world.expected.push(expected("Action", &["Update"]));
    let judgement = world.judge();
    assert_eq!(missing(&judgement).len(), 1);
    assert_eq!(judgement.records, ["r1"]);
}

#[test]
fn a_choice_of_words_does_not_take_the_record_another_write_needs() {
    let mut world = World::proved().with(record("r2", "Action", "Publish"));
    world.expected = vec![
        expected("Action", &["Publish", "Update"]),
        expected("Action", &["Update"]),
    ];
    assert_eq!(world.judge().verdict, Verdict::Verified);
    world.expected.reverse();
    assert_eq!(world.judge().verdict, Verdict::Verified);
}

#[test]
fn a_stranger_is_named() {
    let stranger = AuditRecord {
        user: Some(UserRef {
            id: "user-9".into(),
            name: Some("Eve".into()),
        }),
        client: Some("browser".into()),
        ..record("r2", "ActionDraft", "Update")
    };
    let judgement = World::proved().with(stranger).judge();
    assert_eq!(findings(&judgement), ["LS-PRINCIPAL"]);
    let Verdict::Violated { findings } = &judgement.verdict else {
        panic!("{judgement:?}")
    };
    assert!(findings[0].what.contains("user-9 (Eve)"), "{findings:?}");
    assert!(judgement.principals.iter().any(|one| one.id == "user-9"));
}

#[test]
fn a_strangers_failed_attempt_is_a_violation_too() {
    let stranger = AuditRecord {
        client: Some("another".into()),
        status: RecordStatus::Failure,
        ..record("r2", "Integration", "Update")
    };
    let judgement = World::proved().with(stranger).judge();
    assert_eq!(findings(&judgement), ["LS-PRINCIPAL"]);
}

#[test]
fn who_is_authorized_may_and_is_mentioned() {
    let mut world = World::proved().with(AuditRecord {
        client: Some("pipeline".into()),
        ..record("r2", "Action", "Update")
    });
    world.authorized.clients.insert("pipeline".parse().unwrap());
    let world = world.with(AuditRecord {
        user: Some(UserRef {
            id: "ada".into(),
            name: None,
        }),
        client: Some("browser".into()),
        ..record("r3", "Action", "Update")
    });
    assert_eq!(findings(&world.judge()), ["LS-PRINCIPAL"]);
    let mut world = world;
    world.authorized.users.insert("ada".parse().unwrap());
    let judgement = world.judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
    assert_eq!(judgement.notices.len(), 2);
    assert_eq!(judgement.principals.len(), 3);
}

#[test]
fn an_authorized_ones_record_does_not_prove_our_write() {
    let mut world = World::proved();
    world.records[0].client = Some("pipeline".into());
    world.authorized.clients.insert("pipeline".parse().unwrap());
    assert_eq!(missing(&world.judge()).len(), 1);
}

#[test]
fn a_record_by_nobody_is_a_violation_unless_the_platform_did_it() {
    let nobody = AuditRecord {
        client: None,
        ..record("r2", "Action", "Update")
    };
    let judgement = World::proved().with(nobody.clone()).judge();
    assert_eq!(findings(&judgement), ["LS-PRINCIPAL"]);
    assert!(judgement.principals.iter().any(|one| one.id == "N/A"));
    let platform = AuditRecord {
        level: Level::Platform,
        ..nobody
    };
    let judgement = World::proved().with(platform).judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
    assert_eq!(judgement.notices.len(), 1);
}

#[test]
fn a_change_that_the_other_client_of_our_pair_made_is_ours() {
    let mut world = World::proved();
    world.records[0].client = Some(OUR_OTHER.into());
    let judgement = world.judge();
    assert_eq!(judgement.verdict, Verdict::Verified, "{judgement:#?}");
    assert_eq!(judgement.principals[0].id, OUR_OTHER);
}

#[test]
fn a_failed_write_of_ours_is_a_violation() {
    let failed = AuditRecord {
        status: RecordStatus::Failure,
        ..record("r2", "Action", "Update")
    };
    let judgement = World::proved().with(failed).judge();
    assert_eq!(findings(&judgement), ["LS-AUDIT-FAILED"]);
}

#[test]
fn only_success_proves() {
    for status in [RecordStatus::Warning, RecordStatus::Unstated] {
        let mut world = World::proved();
        world.records[0].status = status;
        assert_eq!(missing(&world.judge()).len(), 1, "{status:?}");
    }
}

#[test]
fn a_deletion_under_our_name_was_never_planned_except_of_a_draft() {
    for entity in ["Action", "Integration"] {
        let judgement = World::proved().with(record("r2", entity, "Delete")).judge();
        assert_eq!(findings(&judgement), ["LS-AUDIT-UNPLANNED"], "{entity}");
    }
    let judgement = World::proved()
        .with(record("r2", "ActionDraft", "Delete"))
        .judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
}

#[test]
fn running_an_action_is_not_a_change() {
    for word in ["Execute", "Test", "View"] {
        let run = AuditRecord {
            client: Some("flow".into()),
            ..record("r2", "Action", word)
        };
        let judgement = World::proved().with(run).judge();
        assert_eq!(judgement.verdict, Verdict::Verified, "{word}");
        assert_eq!(judgement.principals.len(), 1, "{word}");
    }
}

#[test]
fn what_the_platform_does_not_audit_is_said_and_not_waited_for() {
    let mut world = World::proved();
    world.expected.push(expected("Credential", &["Create"]));
    let judgement = world.judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
    assert_eq!(
        judgement.notices,
        ["not evaluable: Genesys Cloud does not audit Create of Credential custom_-_1"]
    );
}

#[test]
fn an_incomplete_answer_is_never_verified() {
    let mut world = World::proved();
    world.incomplete.push("the audit query failed".into());
    assert_eq!(missing(&world.judge()), ["the audit query failed"]);
}

#[test]
fn drift_is_a_violation_even_while_records_are_missing() {
    let mut world = World::proved();
    world.records.clear();
    world.drift.push(Finding::failed(
        Check::ActionDrift,
        "genesys:action/1",
        "the timeout differs",
    ));
    assert_eq!(findings(&world.judge()), ["LS-ACTION-DRIFT"]);
}

#[test]
fn records_of_other_things_and_other_times_do_not_count() {
    let elsewhere = AuditRecord {
        entity_id: "custom_-_2".into(),
        client: Some("another".into()),
        ..record("r2", "Action", "Update")
    };
    let before = AuditRecord {
        at: Some("2026-01-02T03:03:59Z".parse().unwrap()),
        client: Some("another".into()),
        ..record("r3", "Action", "Update")
    };
    let judgement = World::proved().with(elsewhere).with(before).judge();
    assert_eq!(judgement.verdict, Verdict::Verified);
    assert_eq!(judgement.records, ["r1"]);
}

#[test]
fn pending_ends_unverified_at_the_deadline_and_not_before() {
    let pending = Verdict::Pending {
        missing: vec!["a record".into()],
    };
    let deadline: Timestamp = "2026-01-02T04:00:00Z".parse().unwrap();
    let before: Timestamp = "2026-01-02T03:59:59Z".parse().unwrap();
    assert_eq!(pending.end(before, deadline), None);
    assert_eq!(
        pending.end(deadline, deadline),
        Some(End::Unverified {
            missing: vec!["a record".into()]
        })
    );
    assert_eq!(Verdict::Verified.end(before, deadline), Some(End::Verified));
}

#[test]
fn a_client_that_was_replaced_is_ours_for_what_it_did_for_us() {
    let written = |at: &str| BTreeMap::from([(OURS.parse().unwrap(), at.parse().unwrap())]);
    let replaced = |world: World, written: &BTreeMap<_, _>| World {
        our_clients: OurClients::now(["new-client".parse().unwrap()].into()).and(written),
        ..world
    };
    // The record of the change is of 03:04:10.
    let world = replaced(World::proved(), &written("2026-01-02T03:04:09Z"));
    assert_eq!(world.judge().verdict, Verdict::Verified);
    let forgotten = replaced(World::proved(), &BTreeMap::new());
    assert_eq!(findings(&forgotten.judge()), ["LS-PRINCIPAL"]);
    let long_after = replaced(World::proved(), &written("2026-01-02T02:00:00Z"));
    assert_eq!(findings(&long_after.judge()), ["LS-PRINCIPAL"]);
}
