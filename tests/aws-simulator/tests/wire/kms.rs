use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyManagerType, KeyState};
use aws_simulator::services::kms::Key;

use crate::world::{account, code, sdk, start};

#[tokio::test(start_paused = true)]
async fn a_key_is_found_by_each_of_its_names_and_says_whether_it_is_rotated() {
    let account = account();
    let mut key = Key::new("1234abcd-12ab-34cd-56ef-1234567890ab", start());
    key.aliases.push("alias/mine".into());
    account.state().services.kms.put(key);
    let client = Client::new(&sdk(&account));
    let arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    for name in [arn, "1234abcd-12ab-34cd-56ef-1234567890ab", "alias/mine"] {
        let answer = client.describe_key().key_id(name).send().await.unwrap();
        let metadata = answer.key_metadata().unwrap();
        assert_eq!(metadata.arn(), Some(arn));
        assert_eq!(metadata.key_manager(), Some(&KeyManagerType::Customer));
        assert_eq!(metadata.key_state(), Some(&KeyState::Enabled));
        assert_eq!(
            metadata.creation_date().unwrap().secs(),
            start().as_second()
        );
    }
    let status = client
        .get_key_rotation_status()
        .key_id(arn)
        .send()
        .await
        .unwrap();
    assert!(status.key_rotation_enabled());
    assert_eq!(status.rotation_period_in_days(), Some(365));
    let by_alias = client
        .get_key_rotation_status()
        .key_id("alias/mine")
        .send()
        .await;
    assert_eq!(code(by_alias), ("NotFoundException".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_material_is_imported_is_never_rotated() {
    let account = account();
    let mut key = Key::new("k", start());
    key.origin = "EXTERNAL".into();
    account.state().services.kms.put(key);
    let client = Client::new(&sdk(&account));
    let status = client.get_key_rotation_status().key_id("k").send().await;
    assert_eq!(code(status), ("UnsupportedOperationException".into(), 400));
}
