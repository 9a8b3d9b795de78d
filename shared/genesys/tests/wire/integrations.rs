//! Integrations and credentials: method, path, query and body of each operation, and how its answer is read.

use std::collections::BTreeMap;

use crate::support::{Platform, ok, one, status};
use genesys_cloud::{
    CredentialRef, ErrorKind, IntegrationConfig, IntegrationFilter, IntendedState,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

#[tokio::test]
async fn an_integration_is_created_enabled_and_deleted() {
    let body = json!({"id": "i-1", "name": "A", "integrationType": {"id": "aws-lambda-data-actions"},
        "intendedState": "ENABLED", "reportedState": {"code": "ACTIVE"}});
    let platform =
        Platform::start(move |seen| (seen.line != "POST /oauth/token").then(|| ok(body.clone())))
            .await;
    let client = platform.client();
    let created = client
        .create_integration("A", "aws-lambda-data-actions")
        .await
        .unwrap();
    assert_eq!(
        platform.last().json(),
        json!({"name": "A", "integrationType": {"id": "aws-lambda-data-actions"}})
    );
    assert_eq!(created.type_id(), Some("aws-lambda-data-actions"));
    client
        .set_intended_state("i-1", IntendedState::Enabled)
        .await
        .unwrap();
    assert_eq!(platform.last().line, "PATCH /api/v2/integrations/i-1");
    assert_eq!(platform.last().json(), json!({"intendedState": "ENABLED"}));
    client.delete_integration("i-1").await.unwrap();
    assert_eq!(platform.last().line, "DELETE /api/v2/integrations/i-1");
    let unknown = client
        .set_intended_state("i-1", IntendedState::Unknown)
        .await
        .unwrap_err();
    assert!(matches!(unknown.kind(), ErrorKind::BadRequest { .. }));
    assert_eq!(
        platform.calls().len(),
        3,
        "what we do not know is not written"
    );
}

#[tokio::test]
async fn an_integrations_config_is_written_as_it_was_read_but_for_what_is_read_only() {
    let read = json!({"id": "current", "name": null, "version": 7, "properties": {"p": 1}, "advanced": null, "notes": null,
        "credentials": {
            "AmazonWebServicesARN": {"id": "old", "name": "role", "selfUri": "/x"},
            "proxy": {"id": "kept", "name": "n", "type": {"name": "basicAuth"}, "selfUri": "/y",
                "createdDate": "2026-01-02T03:04:05Z", "modifiedDate": "2026-01-02T03:04:05Z"},
        },
        "selfUri": "/z"});
    let platform = Platform::start(move |seen| {
        let line = seen.line.as_str();
        (line.ends_with("/integrations/i-1/config/current")).then(|| match line.split(' ').next() {
            Some("PUT") => status(409, json!({"code": "version.conflict", "message": "stale"})),
            _ => ok(read.clone()),
        })
    })
    .await;
    let client = platform.client();
    let mut config = client.get_integration_config("i-1").await.unwrap().unwrap();
    config
        .credentials
        .insert("AmazonWebServicesARN".into(), CredentialRef::to("new"));
    let error = client
        .put_integration_config("i-1", &config)
        .await
        .unwrap_err();
    assert!(error.is_conflict() && !error.applied_unknown());
    assert_eq!(
        platform.last().json(),
        json!({"name": "", "version": 7, "properties": {"p": 1}, "advanced": {}, "notes": "",
        "credentials": {
            "AmazonWebServicesARN": {"id": "new"},
            "proxy": {"id": "kept", "name": "n", "type": {"name": "basicAuth"}},
        }})
    );
}

#[test]
fn members_of_an_integrations_config_that_the_sdk_does_not_have_survive() {
    let read = json!({"id": "current", "name": "A", "version": 7, "properties": {}, "advanced": {}, "notes": "",
        "credentials": {"proxy": {"id": "kept", "region": "eu", "selfUri": "/y"}},
        "routing": {"mode": "strict", "weights": [1, null]}, "selfUri": "/z"});
    let mut expected = read.clone();
    let members = expected.as_object_mut().unwrap();
    members.remove("id");
    members.remove("selfUri");
    let slot = members["credentials"]["proxy"].as_object_mut().unwrap();
    slot.remove("selfUri");
    let config: IntegrationConfig = serde_json::from_value(read).unwrap();
    assert_eq!(serde_json::to_value(config).unwrap(), expected);
}

#[tokio::test]
async fn credential_slots_are_read() {
    let platform = Platform::start(|seen| match seen.line.as_str() {
        "GET /api/v2/integrations/types/aws-lambda-data-actions" => Some(ok(json!({"id": "aws-lambda-data-actions",
            "credentials": {"AmazonWebServicesARN": {"required": true, "credentialTypes": ["amazonWebServicesARN"]}}}))),
        _ => None,
    })
    .await;
    let client = platform.client();
    let kind = client
        .integration_type("aws-lambda-data-actions")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        kind.credentials["AmazonWebServicesARN"].credential_types,
        ["amazonWebServicesARN"]
    );
}

#[tokio::test]
async fn more_ids_than_one_request_allows_need_several_requests() {
    let platform = Platform::start(|seen| {
        let line = url::Url::parse(&format!("http://h{}", &seen.line["GET ".len()..])).ok()?;
        let (_, ids) = line.query_pairs().find(|(name, _)| name == "ids")?;
        let found: Vec<_> = ids.split(',').map(|id| json!({"id": id})).collect();
        Some(ok(json!({"entities": found, "pageCount": 1})))
    })
    .await;
    let filter = IntegrationFilter {
        ids: (0..101).map(|number| format!("i-{number}")).collect(),
        ..IntegrationFilter::default()
    };
    let found = platform.client().list_integrations(&filter).await.unwrap();
    assert_eq!(found.len(), 101);
    let asked: Vec<usize> = platform
        .calls()
        .iter()
        .map(|line| line.matches("i-").count())
        .collect();
    assert_eq!(asked, [100, 1]);
}

#[tokio::test]
async fn a_deleted_integration_that_is_still_shown_is_gone() {
    let deleted = json!({"id": "i-1", "name": "A", "intendedState": "DELETED"});
    let kept = json!({"id": "i-2", "name": "A", "intendedState": "ENABLED"});
    let platform = Platform::start(move |seen| match seen.line.split('?').next()? {
        "GET /api/v2/integrations/i-1" => Some(ok(deleted.clone())),
        "GET /api/v2/integrations" => {
            Some(ok(json!({"entities": [deleted, kept], "pageCount": 1})))
        }
        _ => None,
    })
    .await;
    let client = platform.client();
    assert_eq!(client.get_integration("i-1").await.unwrap(), None);
    let listed = client
        .list_integrations(&IntegrationFilter::default())
        .await
        .unwrap();
    let ids: Vec<&str> = listed.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["i-2"]);
}

#[tokio::test]
async fn credentials_are_written_whole_and_listed_by_cursor() {
    let platform = Platform::start(|seen| {
        let info = |id: &str| json!({"id": id, "name": "n", "modifiedDate": "2026-01-02T03:04:05.678Z", "type": {"name": "userDefined"}});
        match seen.line.as_str() {
            "POST /api/v2/integrations/credentials" | "PUT /api/v2/integrations/credentials/c-1" => Some(ok(info("c-1"))),
            "GET /api/v2/integrations/credentials/listing?pageSize=200" => Some(ok(json!({"entities": [info("c-1"), info("c-2")]}))),
            "GET /api/v2/integrations/credentials/listing?pageSize=200&after=c-2" => Some(ok(json!({"entities": []}))),
            "GET /api/v2/integrations/credentials/c-1" => {
                Some(ok(json!({"id": "c-1", "type": {"name": "userDefined"}, "credentialFields": {"password": null, "ARN": "arn"}})))
            }
            _ => None,
        }
    })
    .await;
    let client = platform.client();
    let fields = BTreeMap::from([("password".to_owned(), SecretString::from("p4ss"))]);
    let created = client
        .create_credential("n", "userDefined", &fields)
        .await
        .unwrap();
    assert_eq!(created.kind.unwrap().name.as_deref(), Some("userDefined"));
    assert!(created.modified_date.is_some());
    let sent = json!({"name": "n", "type": {"name": "userDefined"}, "credentialFields": {"password": "p4ss"}});
    assert_eq!(platform.last().json(), sent);
    client
        .put_credential("c-1", "n", "userDefined", &fields)
        .await
        .unwrap();
    assert_eq!(platform.last().json(), sent, "the id is only read");
    let listed = client.list_credentials().await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|info| info.id.as_str())
            .collect::<Vec<_>>(),
        ["c-1", "c-2"]
    );
    let read = client.get_credential("c-1").await.unwrap().unwrap();
    assert!(read.credential_fields["password"].is_none());
    assert_eq!(
        read.credential_fields["ARN"]
            .as_ref()
            .unwrap()
            .expose_secret(),
        "arn"
    );
}

#[tokio::test]
async fn a_listing_whose_cursor_does_not_advance_is_an_error() {
    let platform = Platform::start(one(
        "GET /api/v2/integrations/credentials/listing",
        json!({"entities": [{"id": "c-1"}]}),
    ))
    .await;
    assert!(
        platform
            .client()
            .list_credentials()
            .await
            .unwrap_err()
            .is_transient()
    );
}
