//! IAM's limit of inline policies.

use super::*;

/// Functions with ARNs of 94 characters, as those of a real contact centre.
fn many(count: usize, alias: &str) -> BTreeSet<FunctionArn> {
    let arns: Vec<String> = (0..count)
        .map(|n| {
            let arn = format!(
                "arn:aws:lambda:us-east-1:123456789012:function:contact-centre-lookup-order-{n:03}"
            );
            let length = 94 - ":".len() - alias.len();
            format!("{arn:x<length$}:{alias}")
        })
        .collect();
    set(&arns.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_new_role_whose_policy_iam_would_not_take_is_refused_with_numbers() {
    let mut desired = desired(&[]);
    desired.functions = many(110, "live");
    let refusal = plan(&desired, &ObservedRole::Absent, &Keep::Granted).unwrap_err();
    let said = refusal.problems[0].to_string();
    assert!(
        said.contains("110 functions") && said.contains("10240"),
        "{said}"
    );
    assert!(said.contains("at most 104 of these functions"), "{said}");
    desired.functions = many(104, "live");
    assert!(plan(&desired, &ObservedRole::Absent, &Keep::Granted).is_ok());
    desired.functions = many(105, "live");
    assert!(plan(&desired, &ObservedRole::Absent, &Keep::Granted).is_err());
}

#[test]
fn the_policies_of_others_count() {
    let mut desired = desired(&[]);
    desired.functions = many(60, "live");
    let mut role = right(&desired);
    role.invoke = None;
    role.other_inline = Seen::Read(vec![inline("reports", 3000), inline("metrics", 1000)]);
    assert!(plan(&desired, &present(role.clone()), &Keep::Granted).is_ok());
    role.other_inline = Seen::Read(vec![inline("reports", 3000), inline("metrics", 2000)]);
    let refusal = plan(&desired, &present(role.clone()), &Keep::Granted).unwrap_err();
    let said = refusal.problems[0].to_string();
    assert!(
        said.contains("5000 characters of reports, metrics"),
        "{said}"
    );
    assert!(said.contains("remove inline policies"), "{said}");
    // A policy that is right already is not written, so nothing can be in the way.
    role.invoke = Some(invoke_policy(&desired.functions));
    assert!(plan(&desired, &present(role), &Keep::Granted).is_ok());
}

#[test]
fn old_and_new_grants_that_do_not_fit_together_are_to_be_moved_in_parts() {
    let mut desired = desired(&[]);
    desired.functions = many(80, "green");
    let mut role = right(&desired);
    let old = many(80, "blue");
    role.invoke = Some(invoke_policy(&old));
    let refusal = plan(&desired, &present(role.clone()), &Keep::Granted).unwrap_err();
    let said = refusal.problems[0].to_string();
    assert!(
        said.contains("80 functions of the manifest and 80 more"),
        "{said}"
    );
    let offer = "at most 24 of them call a new function";
    assert!(said.contains(offer), "{said}");
    // The offer holds: 24 moved fit, 25 do not.
    for (moved, fits) in [(24, true), (25, false)] {
        desired.functions = old.iter().skip(moved).cloned().collect();
        desired.functions.extend(many(moved, "green"));
        let planned = plan(&desired, &present(role.clone()), &Keep::Granted);
        assert_eq!(planned.is_ok(), fits, "{moved}");
    }
}

#[test]
fn what_nothing_uses_makes_room_in_the_same_write() {
    let mut desired = desired(&[]);
    desired.functions = many(80, "green");
    let mut role = right(&desired);
    role.invoke = Some(invoke_policy(&many(80, "blue")));
    let (steps, role) = settle(&desired, present(role), &Keep::Only(BTreeSet::new()));
    assert_eq!(kinds(&steps), ["policy"]);
    assert!(same_meaning(
        role.invoke.as_ref().unwrap(),
        &invoke_policy(&desired.functions)
    ));
}
