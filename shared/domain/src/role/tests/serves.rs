//! Whether calls would succeed under a role.

use super::*;

#[test]
fn a_role_serves_what_its_trust_and_policy_allow_whatever_its_labels_say() {
    let desired = desired(&[ONE, TWO]);
    let mut role = right(&desired);
    role.description = None;
    role.tags.clear();
    let mut wider = invoke_policy(&desired.functions);
    wider["Statement"]
        .as_array_mut()
        .unwrap()
        .push(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}));
    role.invoke = Some(wider);
    role.other_inline = Seen::Unread {
        because: "denied".into(),
    };
    let functions = &desired.functions;
    assert_eq!(can_serve(&desired, &present(role), functions), Ok(()));
}

#[test]
fn a_role_that_calls_would_fail_under_serves_nothing() {
    let desired = desired(&[ONE, TWO]);
    type Nudge = fn(&mut PresentRole);
    let nudges: [(&str, Nudge); 4] = [
        ("no permissions boundary", |role| role.boundary = None),
        ("trust policy", |role| role.trust = json!({})),
        ("does not grant", |role| role.invoke = None),
        ("does not grant", |role| {
            role.invoke = Some(invoke_policy(&set(&[ONE])));
        }),
    ];
    for (says, nudge) in nudges {
        let mut role = right(&desired);
        nudge(&mut role);
        let refusal = can_serve(&desired, &present(role), &desired.functions).unwrap_err();
        assert_eq!(refusal.problems.len(), 1, "{says}: {refusal:?}");
        let said = refusal.problems[0].to_string();
        assert!(said.contains(says), "{said}");
    }
    let refusal = can_serve(&desired, &ObservedRole::Absent, &desired.functions).unwrap_err();
    assert!(refusal.problems[0].problem.contains("does not exist"));
}
