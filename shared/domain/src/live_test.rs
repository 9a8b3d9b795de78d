//! What the result of a live test shows, and what is recorded of it.
//!
//! Evidence can't be deleted, and a function's own words may hold a password: only step names of
//! Genesys Cloud, its error codes and our own diagnosis are recorded. Answers and messages are not.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifest::LiveTest;
use crate::rebind::fulfils;

/// Requests that run a test within one delivery of a message. A test writes nothing, so asking
/// again is safe; a function that is slow or broken is not called more often than that.
pub const MOST_RUNS: u32 = 2;

/// Deliveries that may end without a verdict before the test counts as failed.
pub const MOST_DELIVERIES: u32 = 3;

/// How a code may look; longer text is not one.
const LONGEST_CODE: usize = 64;
/// How long a step's name may be.
const LONGEST_STEP: usize = 80;
/// Codes that are named of one failure.
const MOST_CODES: usize = 5;
/// How deep an error's body is searched for codes.
const DEEPEST: usize = 16;

/// The result of one run, as Genesys Cloud reports it.
#[derive(Clone, Copy, Debug)]
pub struct TestRun<'a> {
    /// Whether Genesys Cloud calls the run, and each of its steps, a success.
    pub succeeded: bool,
    /// The name of the first step that failed.
    pub failed_step: Option<&'a str>,
    /// The error bodies of the run and of the step that failed.
    pub errors: &'a [&'a Value],
    /// What a flow would get.
    pub answer: Option<&'a Value>,
}

/// What is wrong with a run; none where it passes the test.
pub fn problem(run: &TestRun<'_>, test: &LiveTest) -> Option<String> {
    if !run.succeeded {
        return Some(failure(run));
    }
    let expected = test.expect.as_ref();
    if let Some(status) = error_status(run.answer)
        && expected.is_none_or(|expected| expected.get("statusCode").is_none())
    {
        return Some(format!(
            "the function answered with statusCode {status}; if that is expected, add `statusCode` \
             to `test.expect`"
        ));
    }
    let expected = expected?;
    if run.answer.is_some_and(|answer| fulfils(expected, answer)) {
        return None;
    }
    Some(
        "the answer of the action does not match `test.expect`; Lockstep does not record answers, \
         so run the test in Genesys Cloud to see it"
            .to_owned(),
    )
}

/// Whether AWS did not let Genesys Cloud assume the role or invoke the function: a 403 (Genesys
/// Cloud help, "Data action returns a 403 error"), or credentials that can't be used.
pub fn is_denied(run: &TestRun<'_>) -> bool {
    let denied = |error: &&Value| {
        error["status"] == 403 || error["code"].as_str().is_some_and(names_credentials)
    };
    !run.succeeded && run.errors.iter().any(denied)
}

/// Whether a code says that the credentials of the integration can't be used (published swagger,
/// `POST /api/v2/integrations/actions/{actionId}/execute`, with 400).
pub fn names_credentials(code: &str) -> bool {
    code == "invalid.credentials"
}

/// What a test does not show even where it passes.
pub fn limits(test: &LiveTest) -> Option<String> {
    if !test.safe {
        return Some(
            "Lockstep does not run its live test, because the test is not marked `safe: \
                     true`"
                .into(),
        );
    }
    test.expect.is_none().then(|| {
        "its live test has no `expect`, so it only shows that the function answers without an \
         error, not that the answer is correct"
            .into()
    })
}

/// The reason of a test that counts as failed because it never had a result.
pub fn no_verdict(deliveries: u32, last: &str) -> String {
    format!("no test result after {deliveries} deliveries: {last}")
}

/// What Genesys Cloud answered in place of a result, by status and code alone.
pub fn refusal(status: Option<u16>, code: Option<&str>, correlation_id: Option<&str>) -> String {
    let mut text = match status {
        Some(status) => format!("Genesys Cloud answered the test with status {status}"),
        None => "Genesys Cloud did not answer the test in time".to_owned(),
    };
    if let Some(code) = code.filter(|code| is_code(code)) {
        text.push_str(&format!(", code {code}"));
    }
    let is_id = |id: &&str| id.len() <= LONGEST_CODE && id.bytes().all(is_of_an_id);
    if let Some(id) = correlation_id.filter(is_id) {
        text.push_str(&format!(" (correlation id {id})"));
    }
    // One status for five causes (Genesys Cloud help, "Data action returns a 403 error").
    if status == Some(403) {
        text.push_str(
            "; check that the function exists, that the role trusts Genesys Cloud's account with \
             the organization's id as external id, that it may invoke the function, and that the \
             OAuth client has integrations:action:execute",
        );
    }
    text
}

fn is_of_an_id(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b'-'
}

/// Codes that say that the action's own configuration is wrong, whatever the status: running the
/// test again can't help. `invalid.substitution` is declared with 400 and with 500 (published
/// swagger, `POST /api/v2/integrations/actions/{actionId}/execute`).
pub fn is_permanent(code: &str) -> bool {
    matches!(code, "invalid.substitution" | "invalid.schema")
}

fn failure(run: &TestRun<'_>) -> String {
    let step = run.failed_step.filter(|name| {
        name.chars().count() <= LONGEST_STEP && name.chars().all(|one| !one.is_control())
    });
    let what = match step {
        Some(name) => format!("the step {name:?} failed"),
        None => "the test failed".to_owned(),
    };
    let mut codes = BTreeSet::new();
    for error in run.errors {
        collect_codes(error, 0, &mut codes);
    }
    let codes: Vec<&str> = codes.into_iter().take(MOST_CODES).collect();
    let with = if codes.is_empty() {
        String::new()
    } else {
        format!(" with {}", codes.join(", "))
    };
    format!(
        "{what}{with}; Lockstep does not record messages: see the function's log, or run the test \
         in Genesys Cloud"
    )
}

/// The codes of an error's body: `code` of its own and of its nested `errors`, and the `errorCode`
/// of its `details` (official Python SDK 269.0.0, `ErrorBody`, `Detail`).
fn collect_codes<'v>(value: &'v Value, depth: usize, codes: &mut BTreeSet<&'v str>) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if matches!(name.as_str(), "code" | "errorCode") => {
                        codes.extend(Some(text).filter(|text| is_code(text)));
                    }
                    Some(_) => {}
                    None => collect_codes(member, depth + 1, codes),
                }
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                collect_codes(entry, depth + 1, codes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Words of letters joined by dots, such as `invalid.substitution` or `ACTION.REMOTE_ENDPOINT`: a
/// form that no password and no connection string has by accident.
fn is_code(text: &str) -> bool {
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        !word.is_empty() && word.bytes().all(fits)
    };
    text.len() <= LONGEST_CODE && text.contains('.') && text.split('.').all(is_word)
}

/// The status of an answer in the form of a Lambda proxy integration that says an error: the
/// function reported it without throwing (API Gateway developer guide, "Lambda proxy integrations").
fn error_status(answer: Option<&Value>) -> Option<u64> {
    let status = &answer?["statusCode"];
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    (400..=599).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn test(expect: Option<Value>) -> LiveTest {
        LiveTest {
            input: json!({}),
            expect,
            safe: true,
        }
    }

    fn answered(answer: Value, expect: Option<Value>) -> Option<String> {
        let run = TestRun {
            succeeded: true,
            failed_step: None,
            errors: &[],
            answer: Some(&answer),
        };
        problem(&run, &test(expect))
    }

    fn failed(step: &str, error: &Value) -> String {
        let run = TestRun {
            succeeded: false,
            failed_step: Some(step),
            errors: &[error],
            answer: None,
        };
        problem(&run, &test(None)).unwrap()
    }

    #[test]
    fn an_answer_that_holds_what_is_expected_passes() {
        let answer = json!({"status": "ok", "more": 1});
        assert_eq!(answered(answer.clone(), None), None);
        assert_eq!(
            answered(answer.clone(), Some(json!({"status": "ok"}))),
            None
        );
        let problem = answered(answer, Some(json!({"status": "planted"}))).unwrap();
        assert!(problem.contains("test.expect"), "{problem}");
    }

    #[test]
    fn an_error_status_in_the_answer_fails_a_test_that_does_not_name_it() {
        for status in [json!(400), json!(500), json!(599), json!("503")] {
            let answer = json!({"statusCode": status, "body": "planted"});
            for expect in [None, Some(json!({})), Some(json!({"body": "planted"}))] {
                let problem = answered(answer.clone(), expect).unwrap();
                assert!(problem.contains("statusCode"), "{problem}");
                assert!(!problem.contains("planted"), "{problem}");
            }
            let named = Some(json!({"statusCode": status}));
            assert_eq!(answered(answer, named), None, "{status}");
        }
    }

    #[test]
    fn an_answer_without_an_error_status_needs_no_expectation() {
        for answer in [
            json!({"statusCode": 200}),
            json!({"statusCode": 399}),
            json!({"statusCode": 600}),
            json!({"statusCode": "unknown"}),
            json!({"status": 500}),
            json!({"order": {"statusCode": 500}}),
            json!([500]),
            json!("500"),
        ] {
            assert_eq!(answered(answer.clone(), None), None, "{answer}");
        }
    }

    #[test]
    fn an_expected_status_that_is_another_one_fails() {
        let expect = Some(json!({"statusCode": 404}));
        assert!(answered(json!({"statusCode": 500}), expect).is_some());
    }

    #[test]
    fn a_refusal_of_aws_is_distinguished_from_a_function_that_threw() {
        let denied = |error: &Value| {
            is_denied(&TestRun {
                succeeded: false,
                failed_step: None,
                errors: &[error],
                answer: None,
            })
        };
        assert!(denied(&json!({"status": 403, "code": "not.authorized"})));
        assert!(denied(
            &json!({"status": 400, "code": "invalid.credentials"})
        ));
        assert!(!denied(&json!({"status": 400, "code": "bad.request"})));
        assert!(!denied(&json!({"details": [{"status": 403}]})));
        assert!(!denied(&json!("403")));
    }

    #[test]
    fn of_a_failure_the_step_and_all_codes_are_named() {
        let error = json!({
            "message": "planted",
            "code": "bad.request",
            "details": [{"errorCode": "ACTION.REMOTE_ENDPOINT", "fieldName": "planted"}],
            "errors": [{"code": "invalid.substitution", "errors": [{"code": "not.found"}]}],
        });
        let problem = failed("Execute", &error);
        for named in [
            "\"Execute\"",
            "bad.request",
            "ACTION.REMOTE_ENDPOINT",
            "invalid.substitution",
            "not.found",
        ] {
            assert!(problem.contains(named), "{named}: {problem}");
        }
        assert!(!problem.contains("planted"), "{problem}");
    }

    /// Each text holds a word of the platform's own refusals, none a sign of a function's error.
    #[test]
    fn no_text_of_another_is_recorded_whatever_words_it_holds() {
        let texts = [
            "connect to postgres://app:planted@db timed out",
            "AccessDenied for user planted",
            "not authorized: planted",
            "assume role planted",
            "invalid credential planted",
            "the integration said planted",
            "planted",
            "planted.password!",
            "hunter2.planted",
            "p1anted.PLANTED",
        ];
        for text in texts {
            for error in [
                json!(text),
                json!({"message": text}),
                json!({"code": format!("{text}1")}),
                json!({"messageParams": {"planted": text}, "errors": [{"message": text}]}),
                json!({"details": [{"errorCode": format!("{text} 2"), "fieldName": text}]}),
            ] {
                let problem = failed("Execute", &error);
                assert!(!problem.to_lowercase().contains("planted"), "{problem}");
            }
        }
        let long = "planted".repeat(20);
        assert!(!failed(&long, &json!({})).contains("planted"));
        assert!(!refusal(Some(500), Some("planted"), Some("planted")).contains("planted"));
    }

    #[test]
    fn a_refusal_quotes_status_code_and_correlation_id() {
        let text = refusal(Some(500), Some("internal.server.error"), Some("0af-1"));
        assert_eq!(
            text,
            "Genesys Cloud answered the test with status 500, code internal.server.error \
             (correlation id 0af-1)"
        );
        assert!(refusal(None, None, None).contains("did not answer"));
        assert!(refusal(Some(403), None, None).contains("external id"));
    }

    #[test]
    fn a_test_without_an_expectation_says_what_it_does_not_show() {
        assert_eq!(limits(&test(Some(json!({})))), None);
        assert!(limits(&test(None)).unwrap().contains("`expect`"));
        let unsafe_test = LiveTest {
            safe: false,
            ..test(Some(json!({})))
        };
        assert!(limits(&unsafe_test).unwrap().contains("not run"));
    }
}
