//! The checks of a bound function: it exists and can be called, and nobody else may call it.

use serde_json::Value;

use super::{Check, passed_unless};
use crate::arn::FunctionArn;
use crate::ledger::Row;
use crate::policy::{Document, Outsider};
use crate::role::Seen;

/// What was observed of a function, its version or its alias.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedFunction {
    /// Whether it can be invoked.
    pub state: FunctionState,
    /// Whether its last update took effect.
    pub update: FunctionUpdate,
    /// Its resource policy; none where it has none.
    pub policy: Seen<Option<Value>>,
}

/// Whether a function can be invoked (Lambda API reference, `State`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionState {
    /// It can.
    Active,
    /// Lambda is creating its resources.
    Pending,
    /// It can't: what Lambda reports, and why.
    NotInvocable {
        /// The state.
        state: String,
        /// The reason, where Lambda gives one.
        reason: Option<String>,
    },
    /// Lambda reported nothing, or a state that Lockstep does not know.
    Unknown,
}

/// Whether the last update of a function took effect (Lambda API reference, `LastUpdateStatus`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionUpdate {
    /// It did.
    Successful,
    /// It is being applied.
    InProgress,
    /// It did not.
    Failed {
        /// The reason, where Lambda gives one.
        reason: Option<String>,
    },
    /// Lambda reported nothing, or a status that Lockstep does not know.
    Unknown,
}

/// The checks that need the function itself.
const OF_FUNCTION: [Check; 4] = [
    Check::FunctionState,
    Check::FunctionUpdate,
    Check::FunctionPublic,
    Check::FunctionInvokers,
];

/// The action that calls a function, in lower case.
const INVOKE: &str = "lambda:invokefunction";

/// The checks of a function. `observed` is none where it does not exist, or why it could not be read.
#[must_use]
pub fn function_checks(
    function: &FunctionArn,
    account: &str,
    region: &str,
    observed: &Result<Option<ObservedFunction>, String>,
) -> Vec<Row> {
    let arn = function.to_string();
    let mut rows = vec![place(function, account, region)];
    let unread = |because: &str| OF_FUNCTION.map(|check| Row::not_evaluated(check, &arn, because));
    match observed {
        Err(because) => {
            rows.push(Row::not_evaluated(Check::FunctionMissing, &arn, because));
            rows.extend(unread(because));
        }
        Ok(None) => {
            let because = "the function, its version or its alias does not exist";
            rows.push(Row::failed(Check::FunctionMissing, &arn, because));
            rows.extend(unread(because));
        }
        Ok(Some(seen)) => {
            rows.push(Row::passed(Check::FunctionMissing, &arn));
            rows.push(state(&arn, &seen.state));
            rows.push(update(&arn, &seen.update));
            rows.extend(invokers(&arn, account, &seen.policy));
        }
    }
    rows
}

fn place(function: &FunctionArn, account: &str, region: &str) -> Row {
    const CHECK: Check = Check::FunctionPlace;
    let arn = function.to_string();
    if function.account() == account && function.region() == region {
        return Row::passed(CHECK, arn);
    }
    let what = format!(
        "it is in the account {} and the region {}, but the stack is in {account} and {region}",
        function.account(),
        function.region()
    );
    Row::failed(CHECK, arn, what)
}

fn state(arn: &str, state: &FunctionState) -> Row {
    const CHECK: Check = Check::FunctionState;
    match state {
        FunctionState::Active => Row::passed(CHECK, arn),
        FunctionState::Pending => {
            Row::not_evaluated(CHECK, arn, "Lambda is still creating its resources")
        }
        FunctionState::NotInvocable { state, reason } => Row::failed(
            CHECK,
            arn,
            with_reason(format!("its state is {state}"), reason),
        ),
        FunctionState::Unknown => Row::not_evaluated(CHECK, arn, "Lambda reported no known state"),
    }
}

fn update(arn: &str, update: &FunctionUpdate) -> Row {
    const CHECK: Check = Check::FunctionUpdate;
    match update {
        FunctionUpdate::Successful => Row::passed(CHECK, arn),
        FunctionUpdate::InProgress => {
            Row::not_evaluated(CHECK, arn, "Lambda is still applying its last update")
        }
        FunctionUpdate::Failed { reason } => Row::failed(
            CHECK,
            arn,
            with_reason("its last update failed".into(), reason),
        ),
        FunctionUpdate::Unknown => Row::not_evaluated(
            CHECK,
            arn,
            "Lambda reported no known status of its last update",
        ),
    }
}

fn with_reason(what: String, reason: &Option<String>) -> String {
    match reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what,
    }
}

fn invokers(arn: &str, account: &str, policy: &Seen<Option<Value>>) -> Vec<Row> {
    const CHECKS: [Check; 2] = [Check::FunctionPublic, Check::FunctionInvokers];
    let unread = |because: String| {
        CHECKS
            .map(|check| Row::not_evaluated(check, arn, &because))
            .into()
    };
    let policy = match policy {
        Seen::Read(policy) => policy,
        Seen::Unread { because } => return unread(because.clone()),
    };
    let outsiders = match policy.as_ref().map(Document::of) {
        None => return CHECKS.map(|check| Row::passed(check, arn)).into(),
        Some(Err(error)) => return unread(error.to_string()),
        Some(Ok(document)) => document.outsiders(INVOKE, account),
    };
    let (public, others): (Vec<_>, Vec<_>) = outsiders.into_iter().partition(|one| one.is_public);
    let rows = |check: Check, found: Vec<Outsider>| {
        let failed = |one: Outsider| Row::failed(check, arn, format!("{} may invoke it", one.who));
        passed_unless(check, arn, found.into_iter().map(failed).collect())
    };
    let mut all = rows(Check::FunctionPublic, public);
    all.extend(rows(Check::FunctionInvokers, others));
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::CheckResult;

    const ACCOUNT: &str = "123456789012";

    fn function() -> FunctionArn {
        "arn:aws:lambda:us-east-1:123456789012:function:orders"
            .parse()
            .unwrap()
    }

    fn good() -> ObservedFunction {
        ObservedFunction {
            state: FunctionState::Active,
            update: FunctionUpdate::Successful,
            policy: Seen::Read(None),
        }
    }

    fn rows(observed: Result<Option<ObservedFunction>, String>) -> Vec<Row> {
        function_checks(&function(), ACCOUNT, "us-east-1", &observed)
    }

    fn with(result: &CheckResult, rows: &[Row]) -> Vec<&'static str> {
        let mine = rows.iter().filter(|row| row.result == *result);
        mine.map(|row| row.check.id()).collect()
    }

    #[test]
    fn a_function_that_can_be_called_by_nobody_else_passes() {
        let rows = rows(Ok(Some(good())));
        assert_eq!(
            with(&CheckResult::Passed, &rows).len(),
            OF_FUNCTION.len() + 2
        );
    }

    #[test]
    fn of_a_function_that_does_not_exist_or_can_not_be_read_nothing_passes_but_its_place() {
        let gone = rows(Ok(None));
        assert_eq!(with(&CheckResult::Failed, &gone), ["LS-FUNCTION-MISSING"]);
        assert_eq!(with(&CheckResult::Passed, &gone), ["LS-FUNCTION-PLACE"]);
        let denied = rows(Err("lambda:GetFunctionConfiguration was denied".into()));
        assert_eq!(with(&CheckResult::Passed, &denied), ["LS-FUNCTION-PLACE"]);
        assert_eq!(with(&CheckResult::Failed, &denied), Vec::<&str>::new());
    }

    #[test]
    fn a_function_elsewhere_is_found() {
        let rows = function_checks(&function(), ACCOUNT, "eu-west-1", &Ok(Some(good())));
        assert_eq!(with(&CheckResult::Failed, &rows), ["LS-FUNCTION-PLACE"]);
    }

    #[test]
    fn a_state_that_is_not_final_is_not_evaluated_and_one_that_can_not_be_called_fails() {
        let of = |state, update| {
            rows(Ok(Some(ObservedFunction {
                state,
                update,
                ..good()
            })))
        };
        let waiting = of(FunctionState::Pending, FunctionUpdate::InProgress);
        let ids = ["LS-FUNCTION-STATE", "LS-FUNCTION-UPDATE"];
        assert_eq!(with(&CheckResult::NotEvaluated, &waiting), ids);
        let unknown = of(FunctionState::Unknown, FunctionUpdate::Unknown);
        assert_eq!(with(&CheckResult::NotEvaluated, &unknown), ids);
        let reason = Some("the subnet is gone".to_owned());
        let state = FunctionState::NotInvocable {
            state: "Inactive".into(),
            reason: reason.clone(),
        };
        let broken = of(state, FunctionUpdate::Failed { reason });
        assert_eq!(with(&CheckResult::Failed, &broken), ids);
        assert!(
            broken
                .iter()
                .any(|row| row.what.contains("Inactive: the subnet is gone"))
        );
    }

    #[test]
    fn who_else_may_invoke_it_is_named_and_everyone_is_a_finding_of_its_own() {
        let of = |policy| rows(Ok(Some(ObservedFunction { policy, ..good() })));
        let allow = |principal: Value| {
            Seen::Read(Some(json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": "*"}
            ]})))
        };
        let public = of(allow(json!("*")));
        assert_eq!(with(&CheckResult::Failed, &public), ["LS-FUNCTION-PUBLIC"]);
        let service = of(allow(json!({"Service": "apigateway.amazonaws.com"})));
        assert_eq!(
            with(&CheckResult::Failed, &service),
            ["LS-FUNCTION-INVOKERS"]
        );
        assert_eq!(
            with(&CheckResult::Failed, &of(allow(json!({"AWS": ACCOUNT})))),
            Vec::<&str>::new()
        );
        let unread = of(Seen::Unread {
            because: "lambda:GetPolicy was denied".into(),
        });
        let ids = ["LS-FUNCTION-PUBLIC", "LS-FUNCTION-INVOKERS"];
        assert_eq!(with(&CheckResult::NotEvaluated, &unread), ids);
        let strange = of(Seen::Read(Some(json!("not a policy"))));
        assert_eq!(with(&CheckResult::NotEvaluated, &strange), ids);
    }
}
