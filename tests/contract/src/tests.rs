//! The judge finds what it is for, and says where.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::*;

const ACTIONS: &str = "/api/v2/integrations/actions";
const ACTION: &str = "/api/v2/integrations/actions/{actionId}";
const SECRET: &str = "/api/v2/oauth/clients/{clientId}/secret";
const USAGE: &str = "/api/v2/oauth/clients/{clientId}/usage/query";
const OPERATIONS: &[(&str, &str)] = &[
    ("POST", "/oauth/token"),
    ("GET", ACTIONS),
    ("POST", ACTIONS),
    ("PATCH", ACTION),
    ("DELETE", ACTION),
    (
        "GET",
        "/api/v2/integrations/actions/{actionId}/templates/{fileName}",
    ),
    ("POST", "/api/v2/audits/query/realtime"),
    ("POST", SECRET),
    (
        "GET",
        "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}",
    ),
    ("POST", USAGE),
    // Without an addition of ours: the SDK alone is enough.
    ("GET", "/api/v2/authorization/roles/{roleId}"),
];

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| Contract::of(OPERATIONS, &|line| eprintln!("{line}")).unwrap())
}

fn told(found: &[Violation]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

fn requested(method: &str, route: &str, query: &[(&str, &str)], body: &str) -> Vec<String> {
    let owned: Vec<_> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let kind = (!body.is_empty()).then_some("application/json");
    told(&contract().judge_request(method, route, &owned, kind, body.as_bytes()))
}

fn answered(method: &str, route: &str, status: u16, body: &Value) -> Vec<String> {
    let body = body.to_string();
    let kind = Some("application/json");
    told(&contract().judge_answer(method, route, status, kind, body.as_bytes()))
}

fn action() -> Value {
    json!({
        "id": "custom_-_1", "name": "Orders", "integrationId": "i", "category": "Orders", "version": 2,
        "secure": false, "selfUri": "/api/v2/integrations/actions/custom_-_1",
        "config": {"timeoutSeconds": 10, "request": {"requestType": "POST", "headers": {"a": "b"}}},
    })
}

fn new_action() -> Value {
    json!({
        "name": "Orders", "integrationId": "i", "category": "Orders", "config": {},
        "contract": {"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": {"type": "array", "items": {}}}},
    })
}

fn refusal(status: u16, code: &str) -> Value {
    json!({"message": "m", "code": code, "status": status, "messageParams": {}, "contextId": "c", "details": [], "errors": []})
}

#[test]
fn correct_exchanges_have_no_violation() {
    let nothing: Vec<String> = Vec::new();
    assert_eq!(
        requested("POST", ACTIONS, &[], &new_action().to_string()),
        nothing
    );
    assert_eq!(answered("POST", ACTIONS, 200, &action()), nothing);
    let query = [
        ("pageSize", "100"),
        ("includeConfig", "true"),
        ("sortOrder", "ASC"),
    ];
    assert_eq!(requested("GET", ACTIONS, &query, ""), nothing);
    assert_eq!(
        answered(
            "GET",
            ACTIONS,
            200,
            &json!({"entities": [action()], "total": 1})
        ),
        nothing
    );
    assert_eq!(
        answered("PATCH", ACTION, 409, &refusal(409, "request.conflict")),
        nothing
    );
    assert_eq!(
        told(&contract().judge_answer("DELETE", ACTION, 204, None, b"")),
        nothing
    );
    // What the official Python SDK sends where there is no body.
    assert_eq!(requested("POST", SECRET, &[], "null"), nothing);
}

#[test]
fn a_renamed_field_is_found_in_an_answer_and_in_a_request() {
    let mut renamed = action();
    renamed["config"]["request"]["requestURLTemplate"] = json!("arn");
    assert_eq!(
        answered("GET", ACTIONS, 200, &json!({"entities": [renamed]})),
        [
            "GET /api/v2/integrations/actions, answer 200, body /entities/0/config/request/requestURLTemplate: \
          unknown field; the contract has RequestConfig with headers, requestTemplate, requestTemplateUri, \
          requestType, requestUrlTemplate"
        ]
    );
    assert_eq!(
        requested("PATCH", ACTION, &[], r#"{"version": 1, "categorie": "x"}"#),
        [
            "PATCH /api/v2/integrations/actions/{actionId}, request, body /categorie: unknown field; \
          the contract has UpdateActionInput with category, config, name, version"
        ]
    );
}

#[test]
fn a_missing_required_field_is_found() {
    let mut lacking = new_action();
    lacking["contract"]["input"] = json!({});
    assert_eq!(
        requested("POST", ACTIONS, &[], &lacking.to_string()),
        [
            "POST /api/v2/integrations/actions, request, body /contract/input/inputSchema: missing; \
          the contract has it as a required field of PostInputContract"
        ]
    );
}

#[test]
fn a_wrong_type_is_found_and_its_value_is_not_shown() {
    let mut wrong = action();
    wrong["version"] = json!("a-planted-secret");
    assert_eq!(
        answered("POST", ACTIONS, 200, &wrong),
        [
            "POST /api/v2/integrations/actions, answer 200, body /version: a string here; the contract has an integer"
        ]
    );
    wrong["version"] = Value::Null;
    assert_eq!(
        answered("POST", ACTIONS, 200, &wrong),
        [
            "POST /api/v2/integrations/actions, answer 200, body /version: null here; the contract has an integer"
        ]
    );
}

#[test]
fn a_time_of_another_form_is_found() {
    let records = json!({"entities": [{"eventDate": "yesterday"}]});
    assert_eq!(
        answered("POST", "/api/v2/audits/query/realtime", 200, &records),
        [
            "POST /api/v2/audits/query/realtime, answer 200, body /entities/0/eventDate: text of another form; \
          the contract has a date-time"
        ]
    );
}

#[test]
fn a_foreign_value_of_an_enum_is_found_in_body_and_query() {
    let records = json!({"entities": [{"status": "MAYBE"}]});
    assert_eq!(
        answered("POST", "/api/v2/audits/query/realtime", 200, &records),
        [
            "POST /api/v2/audits/query/realtime, answer 200, body /entities/0/status: the value \"MAYBE\"; \
          the contract has only [\"SUCCESS\",\"FAILURE\",\"WARNING\"]"
        ]
    );
    assert_eq!(
        requested("GET", ACTIONS, &[("sortOrder", "upwards")], ""),
        [
            "GET /api/v2/integrations/actions, request, query sortOrder: the value \"upwards\"; \
          the contract has only [\"ASC\", \"DESC\"]"
        ]
    );
}

#[test]
fn an_undeclared_status_is_found_and_an_observed_one_is_not() {
    assert_eq!(
        answered("PATCH", ACTION, 412, &refusal(412, "bad.request")),
        [
            "PATCH /api/v2/integrations/actions/{actionId}, answer 412, status: 412 is not declared; \
          the contract has 200, 400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503, 504"
        ]
    );
    assert_eq!(answered("POST", ACTIONS, 201, &action()).len(), 0);
    assert_eq!(answered("PATCH", ACTION, 201, &action()).len(), 1);
}

#[test]
fn a_code_that_the_status_does_not_have_is_found() {
    assert_eq!(
        answered("PATCH", ACTION, 409, &refusal(409, "version.conflict")),
        [
            "PATCH /api/v2/integrations/actions/{actionId}, answer 409, body /code: the value \"version.conflict\"; \
          the contract has only [\"request.conflict\"]"
        ]
    );
}

#[test]
fn an_unknown_or_ill_formed_parameter_is_found() {
    assert_eq!(
        requested(
            "GET",
            "/api/v2/authorization/roles/{roleId}",
            &[("page_size", "1")],
            ""
        ),
        [
            "GET /api/v2/authorization/roles/{roleId}, request, query page_size: unknown parameter; \
          the contract has expand, userCount"
        ]
    );
    assert_eq!(
        requested("GET", ACTIONS, &[("pageSize", "many")], ""),
        [
            "GET /api/v2/integrations/actions, request, query pageSize: text of another form; the contract has an integer"
        ]
    );
}

#[test]
fn a_parameter_with_an_exception_has_no_violation() {
    let results = "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}";
    assert_eq!(
        requested("GET", results, &[("after", "c"), ("before", "c")], ""),
        [format!(
            "GET {results}, request, query before: unknown parameter; the contract has after"
        )]
    );
}

#[test]
fn a_missing_body_a_body_too_many_and_a_body_of_another_kind_are_found() {
    assert_eq!(
        requested("POST", ACTIONS, &[], ""),
        [
            "POST /api/v2/integrations/actions, request, body: missing; the contract has it as required"
        ]
    );
    assert_eq!(
        requested("POST", SECRET, &[], "{}"),
        [
            "POST /api/v2/oauth/clients/{clientId}/secret, request, body: a body; the contract has none"
        ]
    );
    let form = Some("application/x-www-form-urlencoded; charset=utf-8");
    assert_eq!(
        told(&contract().judge_request("POST", "/oauth/token", &[], form, b"grant_type=password")),
        [
            "POST /oauth/token, request, body /grant_type: the value \"password\"; the contract has only [\"client_credentials\"]"
        ]
    );
    assert_eq!(
        requested("POST", "/oauth/token", &[], "{}"),
        [
            "POST /oauth/token, request, content type: application/json instead; \
          the contract has application/x-www-form-urlencoded"
        ]
    );
    let template = "/api/v2/integrations/actions/{actionId}/templates/{fileName}";
    assert_eq!(
        answered("GET", template, 200, &json!("text")),
        [format!(
            "GET {template}, answer 200, content type: application/json instead; the contract has text/plain"
        )]
    );
}

#[test]
fn what_is_no_operation_is_found_and_its_refusal_is_judged() {
    let route = "/api/v2/flows/dataactions";
    assert_eq!(
        requested("POST", route, &[], "{}"),
        [
            "POST /api/v2/flows/dataactions, request, path: no such operation; the contract has others"
        ]
    );
    assert_eq!(
        answered("POST", route, 404, &refusal(404, "not.found")).len(),
        0
    );
    assert_eq!(
        answered("POST", route, 404, &json!({"error": "no"})),
        [
            "POST /api/v2/flows/dataactions, answer 404, body /error: unknown field; the contract has ErrorBody with \
          code, contextId, details, entityId, entityName, errors, limit, message, messageParams, \
          messageWithParams, status"
        ]
    );
    assert_eq!(answered("POST", route, 200, &json!({})).len(), 1);
}

#[test]
fn every_exception_says_its_source_and_outranks_a_declared_status() {
    let additions: Value = serde_json::from_str(derive::ADDITIONS).unwrap();
    let exceptions = additions["exceptions"].as_array().unwrap();
    assert!(!exceptions.is_empty());
    for exception in exceptions {
        assert!(
            exception["source"]
                .as_str()
                .is_some_and(|source| !source.is_empty()),
            "{exception}"
        );
    }
    for (model, fields) in additions["closed_sets"].as_object().unwrap() {
        for (field, fact) in fields.as_object().unwrap() {
            for part in ["source", "version"] {
                assert!(fact[part].is_string(), "{model}.{field} has no {part}");
            }
        }
    }
    for part in ["operations", "required", "read_only", "raw", "paths"] {
        for (name, fact) in additions[part].as_object().unwrap() {
            assert!(fact["source"].is_string(), "{part} {name} has no source");
        }
    }
}

/// The official Python SDK writes enums on the items of a list as plain lists of text.
#[test]
fn a_foreign_item_of_a_list_is_found() {
    let asked = |group_by: &[&str], metrics: &[&str]| {
        let body = json!({"interval": "2026-05-01T00:00:00Z/2026-05-02T00:00:00Z", "groupBy": group_by, "metrics": metrics});
        requested("POST", USAGE, &[], &body.to_string())
    };
    let nothing: Vec<String> = Vec::new();
    assert_eq!(
        asked(&["TemplateUri", "HttpMethod"], &["Requests"]),
        nothing
    );
    for (group_by, metrics, place, value) in [
        (
            vec!["TemplateUri", "UserId"],
            vec![],
            "/groupBy/1",
            "UserId",
        ),
        (vec!["templateUri"], vec![], "/groupBy/0", "templateUri"),
        (vec![], vec!["requests"], "/metrics/0", "requests"),
    ] {
        let found = asked(&group_by, &metrics);
        assert_eq!(found.len(), 1, "{found:?}");
        let told = format!("body {place}: the value \"{value}\"; the contract has only");
        assert!(found[0].contains(&told), "{found:?}");
    }
}

#[test]
fn an_operation_that_the_sdk_does_not_have_is_refused_by_name() {
    let invented = [("PUT", "/api/v2/dataactions/actions/{id}")];
    let problem = Contract::of(&invented, &|_| {}).unwrap_err();
    assert!(
        problem
            .to_string()
            .contains("the SDK has no PUT /api/v2/dataactions/actions/{id}"),
        "{problem}"
    );
}

#[test]
fn figures_are_summed_over_the_simulators_of_a_run() {
    let home = python_environment::target()
        .join("tmp")
        .join(format!("figures-{}", std::process::id()));
    let exchanges = Exchanges::new(&[("GET", "/a"), ("GET", "/b")]);
    exchanges.judged("GET", "/a");
    exchanges.judged("GET", "/a");
    exchanges.judged("GET", "/nowhere");
    exchanges.violated(3);
    exchanges.leave_in(&home).unwrap();
    exchanges.leave_in(&home).unwrap();
    let sum = Summary::of_run(&home).unwrap();
    let _ = std::fs::remove_dir_all(&home);
    assert_eq!(
        sum.line(),
        "contract: 1 of 2 operations of the simulator covered, 4 exchanges judged, 6 violations"
    );
    assert_eq!(sum.uncovered(), ["GET /b"]);
}
