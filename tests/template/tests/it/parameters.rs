//! What parameters may be, and what they turn on.

use super::*;

fn refused(more: &[(&str, &str)]) -> String {
    let read = template(more).map(|template| template.resolve().map(drop));
    match read {
        Err(error) | Ok(Err(error)) => error.to_string(),
        Ok(Ok(())) => "read".to_owned(),
    }
}

#[test]
fn every_choice_of_what_is_optional_resolves() {
    assert_eq!(refused(&[]), "read");
    for optional in ALL {
        assert_eq!(refused(&[optional]), "read", "{optional:?}");
    }
    assert_eq!(refused(&ALL), "read");
    let boundary = "arn:aws:iam::123456789012:policy/Own";
    assert_eq!(refused(&[("PermissionsBoundaryArn", boundary)]), "read");
    assert_eq!(refused(&[("LocalStack", "true")]), "read");
}

#[test]
fn values_are_within_what_the_template_declares() {
    assert!(refused(&[("SettleSeconds", "61")]).starts_with("SettleSeconds"));
    assert!(refused(&[("SettleSeconds", "soon")]).starts_with("SettleSeconds"));
    assert!(refused(&[("Architecture", "z80")]).starts_with("Architecture"));
    assert!(refused(&[("Colour", "blue")]).starts_with("Colour"));
    let required = Template::of_workspace(place(), &[]);
    assert!(required.is_err_and(|error| error.what.contains("choose a value")));
}

#[test]
fn a_stack_is_resolved_for_its_partition_region_and_name() -> Outcome {
    let place = Place {
        account: "210987654321".to_owned(),
        region: "cn-north-1".to_owned(),
        partition: "aws-cn".to_owned(),
        stack: "other".to_owned(),
    };
    let stack = Template::of_workspace(place, &REQUIRED)?.resolve()?;
    let function = stack.function("VerifyChange").expect("the function");
    assert_eq!(
        function.arn,
        "arn:aws-cn:lambda:cn-north-1:210987654321:function:other-verify-change"
    );
    let queue = stack.queue("VerifyQueue").expect("the queue");
    let host = "https://sqs.cn-north-1.amazonaws.com.cn/210987654321/";
    assert!(queue.url.starts_with(host), "{}", queue.url);
    Ok(())
}

#[test]
fn without_a_boundary_of_its_own_the_stack_names_the_given_one() -> Outcome {
    let given = "arn:aws:iam::123456789012:policy/Own";
    let stack = stack(&[("PermissionsBoundaryArn", given)])?;
    assert!(stack.managed_policies.is_empty());
    let function = stack.function("ProvisionRole").expect("the function");
    assert_eq!(
        function.environment["LOCKSTEP_PERMISSIONS_BOUNDARY_ARN"],
        given
    );
    Ok(())
}
