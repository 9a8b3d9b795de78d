//! What the template's parameters let through, and what hangs on them.

use jsonschema::Validator;

use super::*;

/// A parameter's pattern as CloudFormation applies it: to the whole value.
fn pattern(name: &str) -> Result<Validator, Error> {
    let account = Account::usual()?;
    let written = &account.template.parameters()[name]["AllowedPattern"];
    let written = written
        .as_str()
        .ok_or_else(|| format!("{name} has no pattern"))?;
    Ok(jsonschema::validator_for(
        &json!({"pattern": format!("^(?:{written})$")}),
    )?)
}

/// The forms of EventBridge Scheduler's user guide, "Schedule types".
#[test]
fn schedules_are_what_eventbridge_scheduler_takes() -> Result<(), Error> {
    let taken = [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(12 hours)",
        "rate(1 day)",
        "rate(30 days)",
        "cron(0 3 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(15 10 ? * 6L 2026-2027)",
        "cron(0 18 L * ? *)",
        "cron(0 9 15W JAN,JUL ? *)",
        "cron(0 9 ? * 2#1 *)",
        "at(2026-11-27T12:50:00)",
    ];
    let refused = [
        "",
        "rate(30 seconds)",
        "rate(0 hours)",
        "rate(-1 hours)",
        "rate(1.5 hours)",
        "rate(1 week)",
        "rate(1hour)",
        "rate(1  hour)",
        "rate( 1 hour )",
        "Rate(1 hour)",
        "every 6 hours",
        "cron(0 3 * * ?)",
        "0 3 * * ? *",
        "cron(0 3 * * * *)",
        "cron(0 3 ? * ? *)",
        "cron(0 0 3 * * ? *)",
        "cron(* * * * *)",
        "at(2026-11-27 12:50:00)",
        "at(2026-13-27T12:50:00)",
        "at(2026-11-27T12:50)",
        "at(2026-11-27T24:00:00)",
        "rate(1 hour) ",
        "rate(1 hour)\nrate(1 hour)",
    ];
    for name in [
        "ScheduleExpression",
        "ResyncExpression",
        "ClientRepairExpression",
    ] {
        let pattern = pattern(name)?;
        for expression in taken {
            assert!(
                pattern.is_valid(&json!(expression)),
                "{name} refuses {expression}"
            );
        }
        for expression in refused {
            assert!(
                !pattern.is_valid(&json!(expression)),
                "{name} takes {expression:?}"
            );
        }
        let account = Account::usual()?;
        let default = &account.template.parameters()[name]["Default"];
        assert!(pattern.is_valid(default), "{name} refuses its own default");
    }
    Ok(())
}

#[test]
fn repairers_are_principals_without_wildcards() -> Result<(), Error> {
    let pattern = pattern("StateRepairers")?;
    for taken in [
        "".to_owned(),
        role("BreakGlass"),
        role("ops/BreakGlass"),
        format!("arn:aws:iam::{ACCOUNT}:user/Ada"),
        format!("arn:aws:iam::{ACCOUNT}:root"),
        format!("arn:aws-us-gov:iam::{ACCOUNT}:role/BreakGlass"),
    ] {
        assert!(pattern.is_valid(&json!(taken)), "{taken} is refused");
    }
    for refused in [
        "*".to_owned(),
        role("*"),
        role("Break?lass"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/BreakGlass/Ada"),
        "arn:aws:iam::*:role/BreakGlass".to_owned(),
        "BreakGlass".to_owned(),
    ] {
        assert!(!pattern.is_valid(&json!(refused)), "{refused} is taken");
    }
    Ok(())
}

#[test]
fn every_alarm_notifies_the_topic_where_there_is_one() -> Result<(), Error> {
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:pager");
    assert!(pattern("AlarmTopicArn")?.is_valid(&json!(topic)));
    assert!(!pattern("AlarmTopicArn")?.is_valid(&json!("pager")));
    let with = Account::with(&[("AlarmTopicArn", topic.as_str())])?.template;
    let without = Account::usual()?.template;
    let alarms = |template: &Template| -> Result<usize, Error> {
        Ok(template.of_type("AWS::CloudWatch::Alarm")?.len())
    };
    assert!(alarms(&with)? >= 20, "{}", alarms(&with)?);
    for alarm in with.of_type("AWS::CloudWatch::Alarm")? {
        for actions in ["AlarmActions", "OKActions"] {
            let notified = &with.properties(alarm)?[actions];
            assert_eq!(*notified, json!([topic]), "{alarm} {actions}");
            assert_eq!(without.properties(alarm)?.get(actions), None, "{alarm}");
        }
    }
    Ok(())
}
