//! Actions, drafts, templates and lists: method, path, query and body of each operation, and how its answer is read.

use crate::support::{Platform, Reply, ok, one, status};
use genesys_cloud::{
    ActionConfig, ActionContract, ActionFilter, ActionUpdate, DraftUpdate, ErrorKind,
    IntegrationFilter, NewAction, Template,
};
use serde_json::{Value, json};

fn action() -> Value {
    json!({"id": "custom_-_1", "name": "A", "integrationId": "i-1", "category": "C", "version": 4, "secure": false,
        "contract": {"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": {"type": "array", "items": {}}}},
        "config": {"timeoutSeconds": 10, "future": {"kept": true},
            "request": {"requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:f", "requestType": "POST",
                "requestTemplateUri": "/uri", "headers": {}, "other": 1},
            "response": {"translationMap": {}, "translationMapDefaults": null, "successTemplate": "${rawResult}"}},
        "unknown": 1})
}

#[tokio::test]
async fn an_action_is_read_whole_and_its_config_written_back_whole() {
    let platform = Platform::start(one("GET /api/v2/integrations/actions/", action())).await;
    let read = platform
        .client()
        .get_action("custom_-_1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        platform.calls(),
        ["GET /api/v2/integrations/actions/custom_-_1?expand=contract&includeConfig=true"]
    );
    let contract = read.contract.unwrap();
    assert_eq!(
        contract.output.unwrap().success_schema,
        Some(json!({"type": "array", "items": {}}))
    );
    let written = serde_json::to_value(read.config.unwrap()).unwrap();
    assert_eq!(
        written,
        json!({"timeoutSeconds": 10, "future": {"kept": true},
            "request": {"requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:f", "requestType": "POST",
                "headers": {}, "other": 1},
            "response": {"translationMap": {}, "translationMapDefaults": {}, "successTemplate": "${rawResult}"}})
    );
}

#[tokio::test]
async fn actions_of_a_name_are_the_custom_ones_of_exactly_that_name_and_integration() {
    let action = |id: &str, name: &str, integration: &str| json!({"id": id, "name": name, "integrationId": integration});
    let page = json!({"entities": [
        action("custom_-_1", "Order", "i-1"),
        action("static_-_order", "Order", "i-1"),
        action("custom_-_2", "Order lookup", "i-1"),
        action("custom_-_3", "order", "i-1"),
        action("custom_-_4", "Order", "i-2"),
        action("custom_-_5", "Order", "i-1"),
    ], "pageNumber": 1, "pageCount": 1});
    let platform = Platform::start(one("GET /api/v2/integrations/actions?", page)).await;
    let named = platform.client().custom_actions_named("Order", "i-1").await;
    let ids: Vec<String> = named.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["custom_-_1", "custom_-_5"]);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let platform = Platform::start(|_| None).await;
    let client = platform.client();
    assert!(client.get_action("x").await.unwrap().is_none());
    assert!(client.get_draft("x").await.unwrap().is_none());
    assert!(
        client
            .action_template("x", Template::Request)
            .await
            .unwrap()
            .is_none()
    );
    assert!(client.get_integration("x").await.unwrap().is_none());
    assert!(client.get_integration_config("x").await.unwrap().is_none());
    assert!(client.integration_type("x").await.unwrap().is_none());
    assert!(client.get_credential("x").await.unwrap().is_none());
    assert!(client.get_oauth_client("x").await.unwrap().is_none());
    let gone = client.publish_draft("x", 1).await.unwrap_err();
    assert_eq!(
        (gone.is_not_found(), gone.resource()),
        (true, Some("draft of action x"))
    );
}

#[tokio::test]
async fn the_page_of_a_proxy_is_no_template() {
    let platform = Platform::start(|seen| {
        let kind = ("content-type", "text/html; charset=utf-8".to_owned());
        let page = "<html><body>Sign in</body></html>".to_owned();
        let is_template = seen.line.contains("/templates/");
        is_template.then(|| Reply::Answer(200, vec![kind], page))
    })
    .await;
    let client = platform.client();
    let read = client.action_template("a", Template::Request).await;
    let error = read.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Garbled);
}

#[tokio::test]
async fn templates_come_byte_for_byte() {
    let text = "{\"a\": \"$esc.jsonEncode(${input.a})\"}\r\n  ";
    let platform = Platform::start(move |seen| {
        seen.line
            .contains("/templates/")
            .then(|| Reply::Answer(200, Vec::new(), text.to_owned()))
    })
    .await;
    let client = platform.client();
    assert_eq!(
        client
            .action_template("a", Template::Request)
            .await
            .unwrap()
            .as_deref(),
        Some(text)
    );
    assert_eq!(
        platform.calls(),
        ["GET /api/v2/integrations/actions/a/templates/requesttemplate.vm"]
    );
    assert_eq!(platform.last().header("accept"), "text/plain");
}

#[tokio::test]
async fn an_action_is_created_changed_and_deleted() {
    let platform = Platform::start(|seen| match seen.line.split(' ').next() {
        Some("DELETE") => Some(Reply::Answer(204, Vec::new(), String::new())),
        _ if seen.line.starts_with("POST /oauth") => None,
        _ => Some(status(201, action())),
    })
    .await;
    let client = platform.client();
    let new = NewAction {
        name: "A".into(),
        category: "C".into(),
        integration_id: "i-1".into(),
        contract: ActionContract::of(json!({"type": "object"}), json!({"type": "object"})),
        config: ActionConfig {
            timeout_seconds: Some(10),
            ..ActionConfig::default()
        },
        secure: false,
    };
    client.create_action(&new).await.unwrap();
    assert_eq!(platform.last().line, "POST /api/v2/integrations/actions");
    assert_eq!(platform.last().header("content-type"), "application/json");
    assert_eq!(
        platform.last().json(),
        json!({"name": "A", "category": "C", "integrationId": "i-1", "secure": false, "config": {"timeoutSeconds": 10},
            "contract": {"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": {"type": "object"}}}})
    );
    let update = ActionUpdate {
        version: 4,
        name: None,
        category: Some("D".into()),
        config: None,
    };
    let updated = client.patch_action("custom_-_1", &update).await.unwrap();
    assert_eq!(updated.version, Some(4));
    assert_eq!(
        platform.last().line,
        "PATCH /api/v2/integrations/actions/custom_-_1"
    );
    assert_eq!(
        platform.last().json(),
        json!({"version": 4, "category": "D"})
    );
    client.delete_action("custom_-_1").await.unwrap();
    assert_eq!(
        platform.last().line,
        "DELETE /api/v2/integrations/actions/custom_-_1"
    );
}

#[tokio::test]
async fn a_draft_is_made_changed_checked_tested_and_published_under_its_own_version() {
    let platform = Platform::start(|seen| {
        if seen.line.starts_with("POST /oauth") {
            None
        } else if seen.line.ends_with("/validation") {
            Some(ok(json!({"valid": false, "errors": [{"message": "no template"}]})))
        } else if seen.line.ends_with("/test") {
            Some(ok(json!({"success": false, "operations": [
                {"step": 1, "name": "Assume role", "success": false, "error": {"message": "denied"}, "result": "p4ss"}]})))
        } else {
            Some(ok(action()))
        }
    })
    .await;
    let client = platform.client();
    client.create_draft("a").await.unwrap();
    assert_eq!(platform.last().body, "");
    let update = DraftUpdate {
        version: 1,
        name: None,
        category: None,
        config: Some(ActionConfig::default()),
        contract: None,
    };
    client.patch_draft("a", &update).await.unwrap();
    assert_eq!(platform.last().json(), json!({"version": 1, "config": {}}));
    let validation = client.validate_draft("a").await.unwrap();
    assert!(!validation.is_valid());
    assert_eq!(validation.messages(), ["no template"]);
    let result = client.test_draft("a", &json!({"n": 1})).await.unwrap();
    assert_eq!(platform.last().json(), json!({"n": 1}));
    assert!(!result.passed());
    assert_eq!(result.error_message(), Some("denied"));
    assert!(
        !format!("{result:?}").contains("p4ss"),
        "an action may answer with secrets"
    );
    client.publish_draft("a", 2).await.unwrap();
    assert_eq!(platform.last().json(), json!({"version": 2}));
    client.delete_draft("a").await.unwrap();
    assert_eq!(
        platform.calls(),
        [
            "POST /api/v2/integrations/actions/a/draft",
            "PATCH /api/v2/integrations/actions/a/draft",
            "GET /api/v2/integrations/actions/a/draft/validation",
            "POST /api/v2/integrations/actions/a/draft/test",
            "POST /api/v2/integrations/actions/a/draft/publish",
            "DELETE /api/v2/integrations/actions/a/draft",
        ]
    );
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page() {
    let platform = Platform::start(|seen| {
        let page = |ids: [&str; 2]| {
            ok(json!({"entities": ids.map(|id| json!({"id": id})), "total": 4, "pageCount": 2}))
        };
        let line = seen.line.strip_prefix(
            "GET /api/v2/integrations/actions?name=Order+%26+Co&includeConfig=true&pageSize=2&",
        )?;
        match line {
            "pageNumber=1" => Some(page(["a", "b"])),
            "pageNumber=2" => Some(page(["c", "d"])),
            _ => None,
        }
    })
    .await;
    let filter = ActionFilter {
        name: Some("Order & Co".into()),
        include_config: true,
        ..ActionFilter::default()
    };
    let found = platform.client().list_actions(&filter).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|action| action.id.as_str())
            .collect::<Vec<_>>(),
        ["a", "b", "c", "d"]
    );
    assert_eq!(platform.calls().len(), 2);
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let platform = Platform::start(|seen| {
        if seen.line.ends_with("pageNumber=1") {
            return Some(ok(
                json!({"entities": [{"id": "a"}, {"id": "b"}], "total": 3, "pageCount": 2}),
            ));
        }
        seen.line
            .ends_with("pageNumber=2")
            .then(|| status(403, json!({"message": "no"})))
    })
    .await;
    let error = platform
        .client()
        .list_integrations(&IntegrationFilter::default())
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Denied { .. }), "{error}");
}

#[tokio::test]
async fn a_page_of_another_form_is_an_error_not_the_end() {
    let platform = Platform::start(one("GET /api/v2/integrations?", json!({}))).await;
    let error = platform
        .client()
        .list_integrations(&IntegrationFilter::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Garbled);
}

#[tokio::test]
async fn many_ids_are_requested_fifty_at_a_time() {
    let platform = Platform::start(|seen| {
        seen.line
            .starts_with("GET /api")
            .then(|| ok(json!({"entities": [], "pageCount": 0})))
    })
    .await;
    let ids: Vec<String> = (0..51).map(|number| number.to_string()).collect();
    platform
        .client()
        .list_actions(&ActionFilter {
            ids,
            ..ActionFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(platform.calls().len(), 2);
    assert!(
        platform.calls()[1].contains("ids=50&"),
        "{:?}",
        platform.calls()
    );
}

#[tokio::test]
async fn an_id_cannot_lead_to_another_path() {
    let platform = Platform::start(|_| None).await;
    let client = platform.client();
    client.get_action("a/../b?c#d").await.unwrap();
    assert_eq!(
        platform.calls(),
        ["GET /api/v2/integrations/actions/a%2F..%2Fb%3Fc%23d?expand=contract&includeConfig=true"]
    );
    for id in ["", ".", ".."] {
        assert!(matches!(
            client.delete_action(id).await.unwrap_err().kind(),
            ErrorKind::BadRequest { .. }
        ));
    }
    assert_eq!(platform.calls().len(), 1);
}
