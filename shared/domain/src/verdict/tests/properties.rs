//! What holds of every set of records.

use proptest::prelude::*;

use super::*;

fn any_record() -> impl Strategy<Value = AuditRecord> {
    (
        0..6_u8,
        prop::sample::select(vec!["Action", "ActionDraft", "Integration"]),
        prop::sample::select(vec!["Create", "Update", "Publish", "Delete", "Execute"]),
        prop::sample::select(vec![Some(OURS), Some("another"), None]),
        prop::sample::select(vec![
            RecordStatus::Success,
            RecordStatus::Failure,
            RecordStatus::Unstated,
        ]),
    )
        .prop_map(|(id, entity, action, client, status)| AuditRecord {
            client: client.map(str::to_owned),
            status,
            ..record(&format!("r{id}"), entity, action)
        })
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(
        mut records in prop::collection::vec(any_record(), 0..8),
    ) {
        // Two different records never share an id.
        records.sort_by(|a, b| a.id.cmp(&b.id));
        records.dedup_by(|a, b| a.id == b.id);
        let mut world = World::proved();
        world.records = records;
        let one = world.judge();
        world.records.reverse();
        prop_assert_eq!(one, world.judge());
    }

    #[test]
    fn one_more_strangers_change_always_violates(
        records in prop::collection::vec(any_record(), 0..8),
    ) {
        let mut world = World::proved();
        world.records = records;
        let world = world.with(AuditRecord {
            client: Some("another".into()),
            ..record("stranger", "Action", "Update")
        });
        let judgement = world.judge();
        prop_assert!(matches!(judgement.verdict, Verdict::Violated { .. }), "expected a violation");
        prop_assert!(judgement.principals.iter().any(|one| one.id == "another"));
    }

    #[test]
    fn nothing_is_verified_without_a_record_of_ours(
        records in prop::collection::vec(any_record(), 0..8),
    ) {
        let mut world = World::proved();
        world.records = records
            .into_iter()
            .filter(|one| one.client.as_deref() != Some(OURS))
            .collect();
        prop_assert_ne!(world.judge().verdict, Verdict::Verified);
    }
}
