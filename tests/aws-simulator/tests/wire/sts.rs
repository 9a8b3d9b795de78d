use crate::world::{account, sdk};

#[tokio::test(start_paused = true)]
async fn everybody_learns_who_they_are() {
    let account = account();
    let answer = aws_sdk_sts::Client::new(&sdk(&account)).get_caller_identity();
    let answer = answer.send().await.unwrap();
    let session = "arn:aws:sts::123456789012:assumed-role/tester/a";
    assert_eq!(answer.arn(), Some(session));
    assert_eq!(answer.account(), Some("123456789012"));
}
