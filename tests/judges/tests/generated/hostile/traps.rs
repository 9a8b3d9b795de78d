//! Schemas and templates that are right by their form, and traps for whoever carries them out.

use serde_json::{Value, json};

use super::attack::Due;
use super::world::{action_body, sign_in};
use super::{DEADLINE, problem};
use crate::alone::Alone;
use crate::socket::{Heard, send};

/// Input schemas: endless references, foreign addresses, patterns that explode.
fn schemas() -> Vec<Value> {
    let nested = (0..100).fold(
        json!({"type": "string"}),
        |inner, _| json!({"anyOf": [inner, {"type": "number"}]}),
    );
    vec![
        json!({"$ref": "#"}),
        json!({"properties": {"order": {"$ref": "#"}}}),
        json!({"allOf": [{"$ref": "#/allOf/0"}]}),
        json!({"$ref": "http://127.0.0.1:9/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"$ref": "#/definitions/none"}),
        json!({"properties": {"order": {"pattern": "^(a+)+$"}}}),
        json!({"properties": {"order": {"pattern": "(((a{1000}){1000}){1000})"}}}),
        json!({"properties": {"order": {"pattern": "(?=(a*)*b)\\1"}}}),
        json!({"properties": {"order": {"pattern": "("}}}),
        json!({"properties": {"order": {"minLength": 1e308, "maxLength": -1}}}),
        json!({"properties": {"order": {"multipleOf": 0}}}),
        json!({"$schema": "http://127.0.0.1:9/none#", "type": "object"}),
        json!({"type": ["object", "object"], "enum": []}),
        nested,
    ]
}

/// Request templates: never closed, deeply nested, referring to nothing.
fn templates() -> Vec<String> {
    vec![
        "#if(true)".repeat(20_000),
        format!("{}x{}", "#if(true)".repeat(10_000), "#end".repeat(10_000)),
        "#foreach($x in $input)".repeat(5_000),
        "${".repeat(50_000),
        "${input.".to_owned(),
        format!("${{input{}}}", ".a".repeat(100_000)),
        "$esc.jsonEncode(".repeat(20_000),
        "#set($x = \"$x$x\")$x".repeat(64),
        "#end#else#elseif(".to_owned(),
        "\\$!{\u{0}}#*".repeat(1000),
        "${input.rawRequest}".repeat(20_000),
    ]
}

fn actions(integration: &str) -> Vec<Value> {
    let schemas = schemas().into_iter().map(|schema| {
        let mut body = action_body(integration);
        body["contract"]["input"]["inputSchema"] = schema.clone();
        body["contract"]["output"]["successSchema"] = schema;
        body
    });
    let templates = templates().into_iter().map(|template| {
        let mut body = action_body(integration);
        body["config"]["request"]["requestTemplate"] = json!(template);
        body["config"]["response"]["successTemplate"] = json!(template);
        body
    });
    schemas.chain(templates).collect()
}

#[test]
fn a_schema_or_template_that_is_a_trap_ends_in_an_answer() {
    let alone = Alone::start();
    let token = sign_in(&alone);
    let head = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    alone.control("switches", &json!({"input_check": "schema"}));
    alone.control("integrations", &json!({"activation_seconds": 0}));
    let api = "/api/v2/integrations";
    let post = |path: &str, body: &Value| {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let heard = send(&alone.address, &[request.into_bytes()], DEADLINE);
        if let Some(problem) = problem(Due::Answer, &heard) {
            panic!(
                "{path}: {problem}\n{}",
                body.chars().take(600).collect::<String>()
            );
        }
        match heard {
            Heard::Answer(answer) => serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
            Heard::Closed | Heard::Http2 | Heard::Rubbish(_) | Heard::Nothing => Value::Null,
        }
    };
    let integration = post(
        api,
        &json!({"name": "trap", "integrationType": {"id": "aws-lambda-data-actions"}}),
    );
    let integration = integration["id"].as_str().expect("an id");
    let enabled = json!({"intendedState": "ENABLED"}).to_string();
    alone.ask("PATCH", &format!("{api}/{integration}"), &head, &enabled);
    let inputs = [
        json!({}),
        json!({"order": format!("{}b", "a".repeat(40))}),
        json!({"order": {"order": {"order": 1}}}),
    ];
    let (mut taken, mut carried_out) = (0, 0);
    for body in actions(integration) {
        let made = post(&format!("{api}/actions"), &body);
        if let Some(id) = made["id"].as_str() {
            taken += 1;
            for input in &inputs {
                let answer = post(&format!("{api}/actions/{id}/test"), input);
                carried_out += usize::from(answer["error"]["code"] == "invalid.credentials");
            }
        }
    }
    // Were they all refused, nothing would have been tried. The role, which the integration does not have, comes
    // after schema and template.
    assert!(
        taken >= 10 && carried_out >= 20,
        "only {taken} were taken, and {carried_out} carried out"
    );
    assert!(
        alone.end(),
        "the simulator died, or answered outside the contract"
    );
}
