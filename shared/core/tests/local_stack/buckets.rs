//! State, manifests and evidence.

use aws_sdk_s3::primitives::ByteStream;
use lockstep::store::{AcceptError, StoreError};
use lockstep::world::World;
use lockstep_domain::change::{BindingState, Change, ChangeId, End};
use lockstep_domain::evidence::{Body, verify_chain};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{self, Manifest};
use sandbox::Stack;

use crate::on_the_stack;

fn binding(organization: &str) -> (OrganizationId, Key) {
    (
        organization.parse().unwrap(),
        "order-lookup".parse().unwrap(),
    )
}

#[test]
fn of_two_runs_that_read_the_same_state_only_one_saves() {
    on_the_stack(async |_, world| {
        let (organization, key) = binding("two-runs");
        let mut one = world.store.load(&organization, &key).await.unwrap();
        let mut other = world.store.load(&organization, &key).await.unwrap();
        assert!(!one.is_stored());
        one.value.action_id = Some("custom_-_1".parse().unwrap());
        world.store.save(&mut one).await.unwrap();
        let late = world.store.save(&mut other).await;
        assert!(late.is_ok() == (one.value == other.value), "{late:?}");
        assert!(matches!(late, Err(StoreError::Conflict { .. })));

        let mut third = world.store.load(&organization, &key).await.unwrap();
        assert_eq!(third.value, one.value);
        third.value.integration_id = Some("int-1".parse().unwrap());
        world.store.save(&mut third).await.unwrap();
        one.value.action_id = None;
        let late = world.store.save(&mut one).await;
        assert!(matches!(late, Err(StoreError::Conflict { .. })));
        // Who saved last goes on from there.
        third.value.action_id = None;
        world.store.save(&mut third).await.unwrap();
    });
}

#[test]
fn a_save_whose_answer_was_lost_is_not_a_conflict_with_itself() {
    on_the_stack(async |_, world| {
        let (organization, key) = binding("lost-answer");
        let mut first = world.store.load(&organization, &key).await.unwrap();
        let mut again = world.store.load(&organization, &key).await.unwrap();
        world.store.save(&mut first).await.unwrap();
        // The same write once more, under the same condition, as a retry would send it.
        world.store.save(&mut again).await.unwrap();
        again.value.action_id = Some("custom_-_1".parse().unwrap());
        world.store.save(&mut again).await.unwrap();
    });
}

#[test]
fn a_state_that_cannot_be_understood_is_not_an_empty_one() {
    on_the_stack(async |stack, world| {
        let (organization, key) = binding("garbage");
        let mut state = world.store.load(&organization, &key).await.unwrap();
        world.store.save(&mut state).await.unwrap();
        let whole = serde_json::to_value(&state.value).unwrap();
        let mut newer = whole.clone();
        newer["schema"] = 3.into();
        let mut foreign = whole;
        foreign["key"] = "another".into();
        for bytes in ["{".to_owned(), newer.to_string(), foreign.to_string()] {
            let bucket = &world.config.state_bucket;
            let object = "state/garbage/order-lookup.json";
            put(stack, bucket, object, &bytes).await;
            let read = world.store.load(&organization, &key).await;
            assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
            let all = world.store.states(&organization).await;
            assert!(matches!(all, Err(StoreError::Corrupt { .. })), "{all:?}");
        }
    });
}

#[test]
fn the_states_of_an_organization_are_all_there_and_sorted() {
    on_the_stack(async |_, world| {
        let organization: OrganizationId = "many".parse().unwrap();
        let neighbour: OrganizationId = "many-2".parse().unwrap();
        let keys: Vec<Key> = (0..40)
            .map(|n| format!("key-{n:02}").parse().unwrap())
            .collect();
        for key in keys.iter().rev() {
            let mut state = world.store.load(&organization, key).await.unwrap();
            world.store.save(&mut state).await.unwrap();
        }
        let mut state = world.store.load(&neighbour, &keys[0]).await.unwrap();
        world.store.save(&mut state).await.unwrap();
        let states = world.store.states(&organization).await.unwrap();
        let found: Vec<Key> = states.into_iter().map(|state| state.key).collect();
        assert_eq!(found, keys);
    });
}

#[test]
fn a_role_is_known_to_have_been_changed_once_it_was() {
    on_the_stack(async |_, world| {
        let role = "Genesys+Odd=Name,1@x.y".parse().unwrap();
        assert_eq!(world.store.role_changed_at(&role).await.unwrap(), None);
        let at = world.now();
        world.store.mark_role_changed(&role, at).await.unwrap();
        assert_eq!(world.store.role_changed_at(&role).await.unwrap(), Some(at));
    });
}

fn text(stack: &Stack, organization: &str, role: &str) -> String {
    let aws = stack.aws_endpoints();
    let genesys = &stack.endpoints().genesys;
    format!(
        r#"version: 1
organization:
  id: {organization}
  api_url: {api}
  login_url: {login}
  client_secret: {secret}
integrations:
  - {{key: prod, name: AWS Lambda production, role: {role}}}
actions:
  - key: order-lookup
    name: Order Lookup
    integration: prod
    function: {function}
    contract: {{input: {{type: object}}, output: {{type: object}}}}
"#,
        api = genesys.genesys_api_url,
        login = genesys.genesys_login_url,
        secret = aws.client_secret_arn,
        function = aws.target_function_arn,
    )
}

async fn put(stack: &Stack, bucket: &str, object: &str, text: &str) {
    let body = ByteStream::from(text.as_bytes().to_vec());
    let put = stack.aws.s3.put_object().bucket(bucket).key(object);
    put.body(body).send().await.unwrap();
}

/// Uploads beside `manifests/`, so that no function of the stack is woken.
async fn upload(stack: &Stack, world: &World, object: &str, text: &str) -> Manifest {
    put(stack, &world.config.manifest_bucket, object, text).await;
    let uploaded = world.store.uploaded(object).await.unwrap().unwrap();
    assert_eq!(uploaded.text, text);
    manifest::read(&uploaded.text, &world.config.bounds, &[]).unwrap()
}

async fn accept(
    world: &World,
    object: &str,
    manifest: &Manifest,
    text: &str,
) -> Result<(), AcceptError> {
    let now = world.now();
    world
        .store
        .accept(object, Some("v"), text, manifest, now)
        .await
}

#[test]
fn one_organization_is_managed_by_one_object_that_exists() {
    on_the_stack(async |stack, world| {
        let organization: OrganizationId = sandbox::ORGANIZATION_ID.parse().unwrap();
        assert_eq!(world.store.uploaded("probe/none.yaml").await.unwrap(), None);
        let first_text = text(stack, sandbox::ORGANIZATION_ID, "GenesysOne");
        let first = upload(stack, &world, "probe/first.yaml", &first_text).await;
        accept(&world, "probe/first.yaml", &first, &first_text)
            .await
            .unwrap();
        accept(&world, "probe/first.yaml", &first, &first_text)
            .await
            .unwrap();

        let second_text = text(stack, sandbox::ORGANIZATION_ID, "GenesysTwo");
        let second = upload(stack, &world, "probe/second.yaml", &second_text).await;
        let refused = accept(&world, "probe/second.yaml", &second, &second_text).await;
        let Err(AcceptError::Taken(problem)) = refused else {
            panic!("{refused:?}");
        };
        assert!(problem.fix.contains("probe/first.yaml"), "{problem}");
        let manifests = world.store.accepted().await.unwrap();
        assert_eq!(manifests.of(&organization).unwrap().manifest, first);

        // A deleted object leaves its manifest in force, and no longer holds the organization.
        let bucket = &world.config.manifest_bucket;
        let delete = stack.aws.s3.delete_object().bucket(bucket);
        delete.key("probe/first.yaml").send().await.unwrap();
        let manifests = world.store.accepted().await.unwrap();
        assert_eq!(manifests.of(&organization).unwrap().manifest, first);
        accept(&world, "probe/second.yaml", &second, &second_text)
            .await
            .unwrap();
        let manifests = world.store.accepted().await.unwrap();
        let accepted = manifests.of(&organization).unwrap();
        assert_eq!(accepted.manifest, second);
        assert_eq!(accepted.object, "probe/second.yaml");

        // What a narrowed stack no longer allows is not in force.
        let mut narrowed = world.config.clone();
        narrowed.bounds.organization_ids.clear();
        let narrowed = World::new(narrowed, &stack.aws.config);
        let manifests = narrowed.store.accepted().await.unwrap();
        assert_eq!(manifests.of(&organization), None);
        assert_eq!(manifests.refused[0].0, "probe/second.yaml");
    });
}

fn ended(state: &BindingState, world: &World, end: End) -> Body {
    let id = ChangeId::of(&state.organization, &state.key, &1);
    let change = Change::begin(id, 1, Vec::new(), None, world.now());
    Body::new(state, &change, end)
}

#[test]
fn evidence_is_neither_lost_nor_doubled_by_a_run_that_died() {
    on_the_stack(async |_, world| {
        let (organization, key) = binding("evidence");
        let mut state = BindingState::new(organization.clone(), key.clone());
        let before = state.clone();
        let verified = ended(&state, &world, End::Verified);
        let uri = world
            .store
            .append_evidence(&mut state, &verified)
            .await
            .unwrap();
        assert!(
            uri.ends_with("/evidence/evidence/order-lookup/000001.json"),
            "{uri}"
        );

        // It died before it saved the state. The next run comes to the same verdict ...
        let mut again = before.clone();
        let same = world
            .store
            .append_evidence(&mut again, &verified)
            .await
            .unwrap();
        assert_eq!(same, uri);
        assert_eq!(again.chain, state.chain);
        // ... or to another one, which then follows.
        let mut differing = before;
        let missing = vec!["Action Update".to_owned()];
        let unverified = ended(&differing, &world, End::Unverified { missing });
        let second = world
            .store
            .append_evidence(&mut differing, &unverified)
            .await
            .unwrap();
        assert!(second.ends_with("/000002.json"), "{second}");

        let records = world.store.evidence(&organization, &key).await.unwrap();
        assert_eq!(records.len(), 2);
        verify_chain(&records).unwrap();
        assert_eq!(differing.chain.length, 2);
        assert_eq!(differing.chain.uri.as_deref(), Some(second.as_str()));
    });
}

#[test]
fn a_record_that_does_not_continue_the_chain_is_not_adopted() {
    on_the_stack(async |_, world| {
        let (organization, key) = binding("forked");
        let mut state = BindingState::new(organization, key);
        let body = ended(&state, &world, End::Verified);
        world
            .store
            .append_evidence(&mut state, &body)
            .await
            .unwrap();
        let mut forked = state.clone();
        forked.chain.hash = None;
        forked.chain.length = 0;
        forked.chain.hash = Some(lockstep_domain::digest::Digest::of(&"elsewhere"));
        let appended = world.store.append_evidence(&mut forked, &body).await;
        assert!(
            matches!(appended, Err(StoreError::Corrupt { .. })),
            "{appended:?}"
        );
    });
}

#[test]
fn a_report_is_written_once() {
    on_the_stack(async |_, world| {
        let object = "evidence/sweeps/probe.json";
        let uri = world.store.write_evidence(object, &[1, 2]).await.unwrap();
        assert_eq!(
            uri,
            format!("s3://{}/{object}", world.config.evidence_bucket)
        );
        world.store.write_evidence(object, &[1, 2]).await.unwrap();
        let other = world.store.write_evidence(object, &[3]).await;
        assert!(matches!(other, Err(StoreError::Conflict { .. })));
    });
}
