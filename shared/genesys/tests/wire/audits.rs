//! Audit queries: method, path, query and body of each operation, and how its answer is read.

use crate::support::{Platform, ok, one, status};
use genesys_cloud::{AuditFilter, AuditProperty, AuditQuery, ErrorKind};
use serde_json::json;

fn audit_query() -> AuditQuery {
    AuditQuery {
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        to: "2026-01-01T01:00:00Z".parse().unwrap(),
        service: Some("Integrations".into()),
        filters: vec![AuditFilter {
            property: AuditProperty::EntityId,
            value: "a-1".into(),
        }],
    }
}

#[tokio::test]
async fn a_realtime_audit_query_asks_for_every_page() {
    let platform = Platform::start(|seen| {
        (seen.line == "POST /api/v2/audits/query/realtime?expand=user").then(|| {
            let page = seen.json()["pageNumber"].as_u64().unwrap();
            ok(json!({"entities": [{"id": format!("r-{page}")}], "pageCount": 2, "total": 2}))
        })
    })
    .await;
    let found = platform
        .client()
        .query_audits_realtime(&audit_query())
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .filter_map(|record| record.id.as_deref())
            .collect::<Vec<_>>(),
        ["r-1", "r-2"]
    );
    assert_eq!(
        platform.last().json(),
        json!({"interval": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", "serviceName": "Integrations",
            "filters": [{"property": "EntityId", "value": "a-1"}],
            "sort": [{"name": "Timestamp", "sortOrder": "ascending"}], "pageNumber": 2, "pageSize": 500})
    );
}

#[tokio::test]
async fn a_realtime_query_of_several_days_is_sent_day_by_day_and_returns_each_record_once() {
    let platform = Platform::start(|seen| {
        seen.line
            .starts_with("POST /api/v2/audits/query/realtime")
            .then(|| {
                let interval = seen.json()["interval"].as_str().unwrap().to_owned();
                // The record of the border belongs to both pieces.
                let day = json!([{"id": interval}, {"id": "at-a-border"}, {"id": ""}]);
                ok(json!({"entities": day, "pageCount": 1}))
            })
    })
    .await;
    let query = AuditQuery {
        to: "2026-01-03T06:00:00Z".parse().unwrap(),
        ..audit_query()
    };
    let found = platform
        .client()
        .query_audits_realtime(&query)
        .await
        .unwrap();
    let asked: Vec<_> = platform
        .all()
        .iter()
        .filter(|seen| seen.line != "POST /oauth/token")
        .map(|seen| seen.json()["interval"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        asked,
        [
            "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
            "2026-01-02T00:00:00Z/2026-01-03T00:00:00Z",
            "2026-01-03T00:00:00Z/2026-01-03T06:00:00Z",
        ]
    );
    let at_the_border = |id: Option<&str>| id == Some("at-a-border");
    let ids = found.iter().map(|record| record.id.as_deref());
    assert_eq!(ids.filter(|id| at_the_border(*id)).count(), 1);
    assert_eq!(found.len(), 3 + 1 + 3, "what has no id can't be told apart");
}

#[tokio::test]
async fn a_filter_by_action_alone_is_never_sent() {
    let platform = Platform::start(|_| None).await;
    let client = platform.client();
    let mut query = audit_query();
    query.filters.push(AuditFilter {
        property: AuditProperty::Action,
        value: "Update".into(),
    });
    for refused in [
        client.query_audits_realtime(&query).await.unwrap_err(),
        client.query_audits(&query).await.unwrap_err(),
    ] {
        assert!(matches!(refused.kind(), ErrorKind::BadRequest { .. }));
        assert!(refused.message().contains("EntityType"), "{refused}");
    }
    assert!(platform.all().is_empty());
}

#[tokio::test]
async fn an_asynchronous_audit_query_is_polled_and_its_pages_followed() {
    let platform = Platform::start(|seen| match (seen.line.as_str(), seen.before) {
        ("POST /api/v2/audits/query", _) => {
            Some(status(202, json!({"id": "q-1", "state": "Queued"})))
        }
        ("GET /api/v2/audits/query/q-1", 0) => {
            Some(status(202, json!({"id": "q-1", "state": "Running"})))
        }
        ("GET /api/v2/audits/query/q-1", _) => Some(ok(json!({"id": "q-1", "state": "SUCCEEDED"}))),
        ("GET /api/v2/audits/query/q-1/results?pageSize=500&expand=user", _) => {
            Some(ok(json!({"entities": [{"id": "r-1"}], "cursor": "c=/+1"})))
        }
        ("GET /api/v2/audits/query/q-1/results?pageSize=500&expand=user&cursor=c%3D%2F%2B1", _) => {
            Some(ok(json!({"entities": [{"id": "r-2"}], "cursor": "",
                "nextUri": "/api/v2/audits/query/q-1/results?pageSize=500&cursor=c2"})))
        }
        ("GET /api/v2/audits/query/q-1/results?pageSize=500&expand=user&cursor=c2", _) => {
            Some(ok(json!({"entities": [{"id": "r-2"}, {"id": "r-3"}]})))
        }
        _ => None,
    })
    .await;
    let found = platform
        .client()
        .query_audits(&audit_query())
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .filter_map(|record| record.id.as_deref())
            .collect::<Vec<_>>(),
        ["r-1", "r-2", "r-3"]
    );
    let submitted = platform
        .all()
        .into_iter()
        .find(|seen| seen.line == "POST /api/v2/audits/query")
        .unwrap();
    assert!(submitted.json().get("pageSize").is_none());
}

#[tokio::test]
async fn an_audit_query_that_the_platform_gave_up_is_an_error_not_an_empty_answer() {
    for state in ["Failed", "Cancelled"] {
        let platform = Platform::start(one(
            "POST /api/v2/audits/query",
            json!({"id": "q-1", "state": state}),
        ))
        .await;
        let error = platform
            .client()
            .query_audits(&audit_query())
            .await
            .unwrap_err();
        assert!(error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn the_service_mapping_says_what_is_audited() {
    let mapping = json!({"services": [{"name": "Integrations", "entities": [{"name": "Action", "actions": ["Update"]}]}]});
    let platform = Platform::start(move |seen| {
        seen.line
            .ends_with("/servicemapping")
            .then(|| ok(mapping.clone()))
    })
    .await;
    let client = platform.client();
    let audited = client.audit_services().await.unwrap();
    let [integrations] = audited.services.as_slice() else {
        panic!("{audited:?}");
    };
    assert_eq!(integrations.name, "Integrations");
    assert_eq!(integrations.entities[0].name, "Action");
    assert_eq!(integrations.entities[0].actions, ["Update"]);
    client.audit_services_realtime().await.unwrap();
    assert_eq!(
        platform.calls(),
        [
            "GET /api/v2/audits/query/servicemapping",
            "GET /api/v2/audits/query/realtime/servicemapping"
        ]
    );
}
