//! What is remembered of bindings, as objects of S3.

use lockstep::services::{Provision, Rebind};
use lockstep::store::StoreError;
use lockstep_domain::ids::{Key, OrganizationId};

use crate::world::{Setup, binding};

#[tokio::test(start_paused = true)]
async fn of_two_runs_that_read_the_same_state_only_one_saves() {
    let setup = Setup::new();
    let world: &Rebind = &setup.services();
    let (organization, key) = binding("two-runs");
    let mut one = world.states.load(&organization, &key).await.unwrap();
    let mut other = world.states.load(&organization, &key).await.unwrap();
    assert!(!one.is_stored());
    one.value.action_id = Some("custom_-_1".parse().unwrap());
    world.state_writer.save(&mut one).await.unwrap();
    let late = world.state_writer.save(&mut other).await;
    assert!(late.is_ok() == (one.value == other.value), "{late:?}");
    assert!(matches!(late, Err(StoreError::Conflict { .. })));

    let mut third = world.states.load(&organization, &key).await.unwrap();
    assert_eq!(third.value, one.value);
    third.value.integration_id = Some("int-1".parse().unwrap());
    world.state_writer.save(&mut third).await.unwrap();
    one.value.action_id = None;
    let late = world.state_writer.save(&mut one).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    // Who saved last goes on from there.
    third.value.action_id = None;
    world.state_writer.save(&mut third).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_was_lost_is_not_a_conflict_with_itself() {
    let setup = Setup::new();
    let world: &Rebind = &setup.services();
    let (organization, key) = binding("lost-answer");
    let mut first = world.states.load(&organization, &key).await.unwrap();
    let mut again = world.states.load(&organization, &key).await.unwrap();
    world.state_writer.save(&mut first).await.unwrap();
    // The same write once more, under the same condition, as a retry would send it.
    world.state_writer.save(&mut again).await.unwrap();
    again.value.action_id = Some("custom_-_1".parse().unwrap());
    world.state_writer.save(&mut again).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_understood_is_not_an_empty_one() {
    let setup = Setup::new();
    let world: &Rebind = &setup.services();
    let (organization, key) = binding("garbage");
    let mut state = world.states.load(&organization, &key).await.unwrap();
    world.state_writer.save(&mut state).await.unwrap();
    let whole = serde_json::to_value(&state.value).unwrap();
    let mut newer = whole.clone();
    newer["schema"] = 3.into();
    let mut foreign = whole;
    foreign["key"] = "another".into();
    for bytes in ["{".to_owned(), newer.to_string(), foreign.to_string()] {
        let bucket = &world.config.state_bucket;
        let object = "state/garbage/order-lookup.json";
        setup.put(bucket, object, &bytes).await;
        let read = world.states.load(&organization, &key).await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
        let all = world.states.states(&organization).await;
        assert!(matches!(all, Err(StoreError::Corrupt { .. })), "{all:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_states_of_an_organization_are_all_there_and_sorted_however_small_the_pages() {
    let setup = Setup::new();
    setup.account.state().services.s3.page = 7;
    let world: &Rebind = &setup.services();
    let organization: OrganizationId = "many".parse().unwrap();
    let neighbour: OrganizationId = "many-2".parse().unwrap();
    let keys: Vec<Key> = (0..40)
        .map(|n| format!("key-{n:02}").parse().unwrap())
        .collect();
    for key in keys.iter().rev() {
        let mut state = world.states.load(&organization, key).await.unwrap();
        world.state_writer.save(&mut state).await.unwrap();
    }
    let mut state = world.states.load(&neighbour, &keys[0]).await.unwrap();
    world.state_writer.save(&mut state).await.unwrap();
    let states = world.states.states(&organization).await.unwrap();
    let found: Vec<Key> = states.into_iter().map(|state| state.key).collect();
    assert_eq!(found, keys);
}

#[tokio::test(start_paused = true)]
async fn a_warm_environment_reads_only_states_that_were_written_since() {
    let setup = Setup::new();
    let world: &Rebind = &setup.services();
    let (organization, key) = binding("org-1");
    let other: Key = "invoices".parse().unwrap();
    for key in [&key, &other] {
        let mut state = world.states.load(&organization, key).await.unwrap();
        world.state_writer.save(&mut state).await.unwrap();
    }
    let read = async || {
        let before = setup.reads();
        let states = world.states.each_state(&organization).await.unwrap();
        (states, setup.reads() - before)
    };
    assert_eq!(read().await.1, 2, "none was read before");
    assert_eq!(read().await.1, 0, "none was written");

    let elsewhere: Rebind = setup.services();
    let mut state = elsewhere.states.load(&organization, &other).await.unwrap();
    state.value.action_id = Some("custom_-_1".parse().unwrap());
    elsewhere.state_writer.save(&mut state).await.unwrap();
    let (states, reads) = read().await;
    assert_eq!(reads, 1, "one was written by another environment");
    assert_eq!(states[0].as_ref().unwrap(), &state.value);

    let object = format!("state/{organization}/{other}.json");
    setup.put(&world.config.state_bucket, &object, "{").await;
    for _ in 0..2 {
        let (states, reads) = read().await;
        assert_eq!(
            reads, 1,
            "what is corrupt is read again: it may be repaired"
        );
        assert!(states[0].is_err(), "{states:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_states_are_found_by_one_listing_and_one_alone_by_its_read() {
    let setup = Setup::new();
    let world: &Rebind = &setup.services();
    let (organization, key) = binding("org-1");
    let (other, new): (Key, Key) = ("invoices".parse().unwrap(), "new".parse().unwrap());
    for key in [&key, &other] {
        let mut state = world.states.load(&organization, key).await.unwrap();
        world.state_writer.save(&mut state).await.unwrap();
    }
    let read = async |keys: &[&Key]| {
        let before = setup.reads();
        let states = world.states.some(&organization, keys).await;
        let stored = states
            .into_iter()
            .map(|state| state.map(|state| (state.value.key.clone(), state.is_stored())));
        let stored: Vec<(Key, bool)> = stored.map(Result::unwrap).collect();
        (stored, setup.reads() - before)
    };
    let all = [&other, &new, &key];
    let expected = vec![
        (other.clone(), true),
        (new.clone(), false),
        (key.clone(), true),
    ];
    assert_eq!(
        read(&all).await,
        (expected.clone(), 2),
        "in the given order"
    );
    assert_eq!(read(&all).await, (expected, 0), "none was written");
    let alone = vec![(key.clone(), true)];
    assert_eq!(read(&[&key]).await, (alone, 1), "a listing is no cheaper");
}

#[tokio::test(start_paused = true)]
async fn a_role_is_known_to_have_been_changed_once_it_was() {
    let setup = Setup::new();
    let (writes, reads): (Provision, Rebind) = (setup.services(), setup.services());
    let role = "Genesys+Odd=Name,1@x.y".parse().unwrap();
    assert_eq!(reads.role_marks.changed_at(&role).await.unwrap(), None);
    let at = writes.now();
    let marked = writes.role_mark_writer.mark_changed(&role, at).await;
    marked.unwrap();
    assert_eq!(reads.role_marks.changed_at(&role).await.unwrap(), Some(at));
}

#[tokio::test(start_paused = true)]
async fn the_store_notices_a_writer_in_between_and_not_its_own_lost_answer() {
    let setup = Setup::new();
    let services: &Rebind = &setup.services();
    let (organization, key) = binding("lost-answer");
    let load = async || services.states.load(&organization, &key).await.unwrap();
    let named = |id: &str| Some(id.parse().unwrap());
    let mut first = load().await;
    let mut absent = first.clone();
    first.value.action_id = named("custom_-_1");
    setup.lose("PutObject");
    services.state_writer.save(&mut first).await.unwrap();
    let mut other = load().await;
    assert_eq!(other.value, first.value);
    other.value.action_id = named("custom_-_2");
    services.state_writer.save(&mut other).await.unwrap();
    for stale in [&mut first, &mut absent] {
        stale.value.action_id = named("custom_-_3");
        let lost = services.state_writer.save(stale).await;
        assert!(matches!(lost, Err(StoreError::Conflict { .. })), "{lost:?}");
    }
}
