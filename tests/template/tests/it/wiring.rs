//! What wakes what, as the template says.

use std::time::Duration;

use stack_template::ScheduleExpression;

use super::*;

/// "At least six times" the function's timeout (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"), and the window
/// in which a batch is gathered: its messages are hidden already.
#[test]
fn a_message_stays_hidden_for_six_times_the_timeout_of_its_function() -> Outcome {
    let stack = stack(&[("VerifyWindowSeconds", "60")])?;
    assert_eq!(stack.mappings.len(), 4);
    for mapping in &stack.mappings {
        let function = stack
            .functions
            .iter()
            .find(|one| one.arn == mapping.function);
        let queue = stack.queues.iter().find(|one| one.arn == mapping.queue);
        let (function, queue) = function
            .zip(queue)
            .expect("a mapping joins two of the stack");
        assert!(
            queue.visibility_timeout >= 6 * function.timeout + mapping.batching_window,
            "{}: {:?} and {:?}",
            mapping.id,
            queue.visibility_timeout,
            function.timeout
        );
        assert!(mapping.reports_batch_item_failures, "{}", mapping.id);
        assert!(mapping.maximum_concurrency.is_some(), "{}", mapping.id);
    }
    Ok(())
}

/// More than ten messages at once need a window of at least a second (AWS Lambda API Reference,
/// `CreateEventSourceMapping`, `MaximumBatchingWindowInSeconds`), and a FIFO queue has none (AWS Lambda Developer Guide,
/// "Lambda parameters for Amazon SQS event source mappings").
#[test]
fn changes_are_verified_a_hundred_at_a_time_and_all_else_is_handled_one_by_one() -> Outcome {
    for window in ["1", "60"] {
        let stack = stack(&[("VerifyWindowSeconds", window)])?;
        let verify = stack.queue("VerifyQueue").expect("the queue");
        for mapping in &stack.mappings {
            let batch = (mapping.batch_size, mapping.batching_window.as_secs());
            let expected = match mapping.queue == verify.arn {
                true => (100, window.parse().expect("a number")),
                false => (1, 0),
            };
            assert_eq!(batch, expected, "{}", mapping.id);
        }
        assert!(!verify.fifo);
    }
    let none = stack(&[("VerifyWindowSeconds", "0")]);
    assert!(none.is_err(), "a window of none");
    Ok(())
}

#[test]
fn a_queue_before_a_function_has_dead_letters_of_its_own_kind() -> Outcome {
    let stack = stack(&[])?;
    for mapping in &stack.mappings {
        let queue = stack.queues.iter().find(|one| one.arn == mapping.queue);
        let queue = queue.expect("a mapping reads a queue of the stack");
        let redrive = queue.redrive.as_ref().expect("it has a redrive policy");
        let dead = stack
            .queues
            .iter()
            .find(|one| one.arn == redrive.dead_letters);
        let dead = dead.expect("its dead letters go to a queue of the stack");
        assert_eq!(queue.fifo, dead.fifo, "{}", queue.id);
        assert!(dead.redrive.is_none(), "{}", dead.id);
        assert!(dead.retention >= queue.retention, "{}", dead.id);
        assert!(redrive.max_receive_count > 1, "{}", queue.id);
    }
    Ok(())
}

#[test]
fn the_queue_of_bindings_is_fifo_and_takes_its_deduplication_from_the_sender() -> Outcome {
    let stack = stack(&[])?;
    let queue = stack.queue("RebindQueue").expect("the queue");
    assert!(queue.fifo && !queue.content_based_deduplication);
    assert!(queue.name.ends_with(".fifo"), "{}", queue.name);
    assert!(
        queue.url.ends_with("/RebindQueue-1A2B3C4D5E6F.fifo") || queue.url.ends_with(&queue.name)
    );
    assert_eq!(queue.visibility_timeout, Duration::from_secs(1_800));
    assert_eq!(queue.delay, Duration::ZERO);
    Ok(())
}

/// Everything optional exists when its parameter asks for it, and nothing of it otherwise.
#[test]
fn rules_send_to_queues_of_the_stack_or_to_the_web_service() -> Outcome {
    let (usual, all) = (stack(&[])?, stack(&ALL)?);
    assert_eq!(
        ids(&usual),
        [
            "AttentionRule",
            "ChangeVerifiedRule",
            "FindingRule",
            "ManifestUploadedRule",
            "SecretRotatedRule"
        ]
    );
    assert_eq!(all.rules.len(), usual.rules.len() + 4);
    let own = &all.buses[0].name;
    // On a bus of its own a rule's ARN names the bus (Service Authorization Reference, Amazon EventBridge).
    let arn = |id: &str| all.rule(id).expect("the rule").arn.clone();
    let rules = "arn:aws:events:us-east-1:123456789012:rule";
    assert!(arn("AttentionRule").starts_with(&format!("{rules}/{own}/")));
    assert!(arn("SecretRotatedRule").starts_with(&format!("{rules}/lockstep-SecretRotatedRule-")));
    for rule in &all.rules {
        for target in &rule.targets {
            let known = all.queues.iter().any(|queue| queue.arn == target.arn)
                || all.api_destinations.iter().any(|one| one.arn == target.arn);
            assert!(known, "{}: {}", rule.id, target.arn);
            assert_eq!(target.retry.attempts, 185, "{}", rule.id);
        }
        let expected = match rule.id.as_str() {
            "GenesysAuditRule" => "aws.partner/genesys.com/cloud/org/bus",
            "SecretRotatedRule"
            | "SecretChangedByCallRule"
            | "SecretRotationSucceededRule"
            | "ManifestUploadedRule" => "default",
            _ => own,
        };
        assert_eq!(rule.bus, expected, "{}", rule.id);
    }
    Ok(())
}

fn ids(stack: &Stack) -> Vec<&str> {
    stack.rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn schedules_send_json_with_a_role_of_their_own() -> Outcome {
    let stack = stack(&[("ScheduleExpression", "cron(0 3 * * ? *)")])?;
    let role = &stack.role("SchedulerRole").expect("the role").arn;
    for schedule in &stack.schedules {
        assert_eq!(schedule.role, *role, "{}", schedule.id);
        let input: serde_json::Value = serde_json::from_str(&schedule.input).expect("JSON");
        assert_eq!(input["mode"], "apply", "{}", schedule.id);
        let (expression, attempts, dead_letters) = match schedule.id.as_str() {
            "ComplianceSchedule" => (
                ScheduleExpression::Cron("0 3 * * ? *".to_owned()),
                185,
                true,
            ),
            "ResyncSchedule" => (hours(6), 185, true),
            "ClientRepairSchedule" => (hours(6), 2, false),
            other => panic!("{other} is not known here"),
        };
        assert_eq!(schedule.expression, expression, "{}", schedule.id);
        assert_eq!(schedule.retry.attempts, attempts, "{}", schedule.id);
        assert_eq!(
            schedule.dead_letters.is_some(),
            dead_letters,
            "{}",
            schedule.id
        );
        assert_eq!(schedule.flexible_window, Duration::from_secs(900));
    }
    assert_eq!(stack.schedules.len(), 3);
    Ok(())
}

fn hours(count: u64) -> ScheduleExpression {
    ScheduleExpression::Rate(Duration::from_secs(3_600 * count))
}

#[test]
fn buckets_keep_versions_and_evidence_is_locked() -> Outcome {
    let stack = stack(&[])?;
    assert!(
        stack
            .buckets
            .iter()
            .all(|bucket| bucket.versioned && bucket.policy.is_some())
    );
    let locked: Vec<_> = stack
        .buckets
        .iter()
        .filter(|bucket| bucket.lock.is_some())
        .collect();
    assert_eq!(locked.len(), 1);
    assert_eq!(locked[0].id, "EvidenceBucket");
    let events: Vec<_> = stack
        .buckets
        .iter()
        .filter(|bucket| bucket.events)
        .collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].id, "ManifestBucket");
    let rules = &stack.bucket("StateBucket").expect("the bucket").lifecycle;
    let expiring: Vec<_> = rules
        .iter()
        .filter_map(|rule| Some((rule.prefix.as_str(), rule.expiration_days?)))
        .collect();
    assert_eq!(expiring, [("emitted/", 30), ("reports/sweeps/", 30)]);
    Ok(())
}

/// The globals are in every function, beside what is its own.
#[test]
fn a_functions_environment_is_the_globals_and_its_own() -> Outcome {
    let stack = stack(&[("SettleSeconds", "17")])?;
    let rebind = stack.function("RebindAction").expect("the function");
    let verify = stack.function("VerifyChange").expect("the function");
    for function in [rebind, verify] {
        assert_eq!(function.environment["LOCKSTEP_SETTLE_SECONDS"], "17");
        assert_eq!(function.environment["LOCKSTEP_STACK"], "lockstep");
        assert_eq!(function.memory, 256);
    }
    let queue = stack.queue("VerifyQueue").expect("the queue");
    assert_eq!(rebind.environment["LOCKSTEP_VERIFY_QUEUE_URL"], queue.url);
    let secret = &stack.secrets[0].arn;
    assert_eq!(
        rebind.environment["LOCKSTEP_FINGERPRINT_KEY_SECRET"],
        *secret
    );
    assert!(
        !verify
            .environment
            .contains_key("LOCKSTEP_FINGERPRINT_KEY_SECRET")
    );
    assert_eq!(rebind.timeout, Duration::from_secs(300));
    Ok(())
}

#[test]
fn outputs_name_what_was_deployed() -> Outcome {
    let stack = stack(&[])?;
    let rotate = stack.function("RotateClient").expect("the function");
    assert_eq!(stack.outputs["RotateClientFunctionArn"], rotate.arn);
    let boundary = &stack.managed_policies[0];
    assert_eq!(stack.outputs["PermissionsBoundaryArn"], boundary.arn);
    assert_eq!(
        stack.outputs["ProvisionQueueUrl"],
        stack.queue("ProvisionQueue").expect("the queue").url
    );
    Ok(())
}
