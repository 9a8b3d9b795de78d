//! Manifests: uploaded, accepted, and read by every function.

use lockstep::services::Provision;
use lockstep::store::AcceptError;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, Manifest};

use crate::world::{FUNCTION, ORGANIZATION, Setup};

fn text(role: &str) -> String {
    format!(
        r#"version: 1
organization:
  id: {ORGANIZATION}
  api_url: https://api.mypurecloud.com
  login_url: https://login.mypurecloud.com
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-AbCdEf
integrations:
  - {{key: prod, name: AWS Lambda production, role: {role}}}
actions:
  - key: order-lookup
    name: Order Lookup
    integration: prod
    function: {FUNCTION}
    contract: {{input: {{type: object}}, output: {{type: object}}}}
"#
    )
}

async fn upload(setup: &Setup, object: &str, text: &str) -> Manifest {
    let world: &Provision = &setup.services();
    setup.put(&world.config.manifest_bucket, object, text).await;
    let uploaded = world.uploads.read(object).await.unwrap().unwrap();
    assert_eq!(uploaded.text, text);
    manifest::read(&uploaded.text, &world.config.bounds, &[]).unwrap()
}

async fn accept(
    world: &Provision,
    object: &str,
    manifest: &Manifest,
    text: &str,
) -> Result<(), AcceptError> {
    let now = world.now();
    world
        .uploads
        .accept(object, Some("v"), text, manifest, now)
        .await
}

#[tokio::test(start_paused = true)]
async fn one_organization_is_managed_by_one_object_that_exists() {
    let setup = Setup::new();
    let world: &Provision = &setup.services();
    let organization: OrganizationId = ORGANIZATION.parse().unwrap();
    assert_eq!(world.uploads.read("probe/none.yaml").await.unwrap(), None);
    let first_text = text("GenesysOne");
    let first = upload(&setup, "probe/first.yaml", &first_text).await;
    accept(world, "probe/first.yaml", &first, &first_text)
        .await
        .unwrap();
    accept(world, "probe/first.yaml", &first, &first_text)
        .await
        .unwrap();

    let second_text = text("GenesysTwo");
    let second = upload(&setup, "probe/second.yaml", &second_text).await;
    let refused = accept(world, "probe/second.yaml", &second, &second_text).await;
    let Err(AcceptError::Taken(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert!(problem.fix.contains("probe/first.yaml"), "{problem}");
    let manifests = world.store.accepted().await.unwrap();
    assert_eq!(manifests.of(&organization).unwrap().manifest, first);

    // A deleted object leaves its manifest current, and no longer holds the organization.
    let bucket = &world.config.manifest_bucket;
    let s3 = aws_sdk_s3::Client::new(&setup.sdk);
    let delete = s3.delete_object().bucket(bucket);
    delete.key("probe/first.yaml").send().await.unwrap();
    let manifests = world.store.accepted().await.unwrap();
    assert_eq!(manifests.of(&organization).unwrap().manifest, first);
    accept(world, "probe/second.yaml", &second, &second_text)
        .await
        .unwrap();
    let manifests = world.store.accepted().await.unwrap();
    let accepted = manifests.of(&organization).unwrap();
    assert_eq!(accepted.manifest, second);
    assert_eq!(accepted.object, "probe/second.yaml");

    // What a narrowed stack no longer allows is not current.
    let narrowed: Provision = setup.configured(|config| config.bounds.organization_ids.clear());
    let manifests = narrowed.store.accepted().await.unwrap();
    assert_eq!(manifests.of(&organization), None);
    assert_eq!(manifests.refused[0].0, "probe/second.yaml");
}

/// How many manifests are current for a world, and how many objects were read to know that.
async fn current(setup: &Setup, world: &Provision) -> (usize, usize) {
    let before = setup.reads();
    let manifests = world.store.accepted().await.unwrap();
    (manifests.current.len(), setup.reads() - before)
}

#[tokio::test(start_paused = true)]
async fn a_warm_environment_reads_only_accepted_copies_that_were_written_since() {
    let setup = Setup::new();
    let world: &Provision = &setup.services();
    let bucket = &world.config.state_bucket;
    let copy = format!("accepted/{ORGANIZATION}.json");
    assert_eq!(current(&setup, world).await, (0, 0));

    let first_text = text("GenesysOne");
    let first = upload(&setup, "probe/first.yaml", &first_text).await;
    let accepted = accept(world, "probe/first.yaml", &first, &first_text);
    accepted.await.unwrap();
    assert_eq!(current(&setup, world).await, (1, 1), "it was just written");
    assert_eq!(current(&setup, world).await, (1, 0), "nothing was written");

    let other: Provision = setup.services();
    assert_eq!(current(&setup, &other).await, (1, 1), "a cold environment");

    let second_text = text("GenesysTwo");
    let second = upload(&setup, "probe/first.yaml", &second_text).await;
    let accepted = accept(&other, "probe/first.yaml", &second, &second_text);
    accepted.await.unwrap();
    let manifests = world.store.accepted().await.unwrap();
    assert_eq!(
        manifests.current[0].manifest, second,
        "another one wrote it"
    );

    setup.put(bucket, &copy, "not a manifest").await;
    assert_eq!(current(&setup, world).await, (0, 1), "it is corrupt");
    assert_eq!(current(&setup, world).await, (0, 1), "and may be repaired");
}

#[tokio::test(start_paused = true)]
async fn a_warm_environment_that_found_nothing_wrong_does_not_read_again_what_was_emitted() {
    let setup = Setup::new();
    let world: &Provision = &setup.services();
    let text = text("GenesysOne");
    let manifest = upload(&setup, "probe/first.yaml", &text).await;
    let accepted = accept(world, "probe/first.yaml", &manifest, &text);
    accepted.await.unwrap();
    let reads = async || {
        let before = setup.reads();
        lockstep::manifest_upload::current(world).await.unwrap();
        setup.reads() - before
    };
    assert_eq!(reads().await, 2, "the copy, and what was emitted of it");
    assert_eq!(reads().await, 0);
}
