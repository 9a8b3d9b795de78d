//! The template and the code agree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use lockstep::config::Config;
use lockstep::telemetry::{Metrics, NAMESPACE};
use lockstep::trigger::{SECRET_CALLS, Trigger, compliance, provision, verify};
use lockstep_domain::event::{Audience, EventType, SOURCE};
use serde_json::{Value, json};
use stack_template::{Function, Place, Stack, Template};

use crate::workspace::{files, table, text};

const BUS: &str = "aws.partner/genesys.com/cloud/6f1d4c1e-2c7b-4a55-9c1c-0f5a7a1f2b3c/lockstep";

/// The template with everything that a parameter can switch on.
pub fn template() -> Template {
    let place = Place {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack: "lockstep".to_owned(),
    };
    let chosen = [
        ("OrganizationIds", "6f1d4c1e-2c7b-4a55-9c1c-0f5a7a1f2b3c"),
        (
            "AllowedFunctionArns",
            "arn:aws:lambda:us-east-1:123456789012:function:Orders",
        ),
        ("CloudTrailTriggers", "true"),
        ("GenesysEventSource", BUS),
        ("WebhookUrl", "https://example.com/hook"),
        ("AlarmTopicArn", "arn:aws:sns:us-east-1:123456789012:alarms"),
    ];
    Template::of_workspace(place, &chosen).unwrap()
}

fn stack() -> Stack {
    template().resolve().unwrap()
}

/// What Lambda gives a function besides what the template does.
fn environment(function: &Function) -> BTreeMap<String, String> {
    let mut environment = function.environment.clone();
    environment.insert("AWS_LAMBDA_FUNCTION_NAME".to_owned(), function.name.clone());
    environment.insert("AWS_REGION".to_owned(), "us-east-1".to_owned());
    environment
}

#[test]
fn the_functions_read_each_variable_that_the_template_sets_and_no_other() {
    let read = Mutex::new(BTreeSet::new());
    let nothing = Config::from_env(|name| {
        read.lock().unwrap().insert(name.to_owned());
        None
    });
    assert!(nothing.is_err());
    let is_ours = |name: &&String| name.starts_with("LOCKSTEP_");
    let read = read.into_inner().unwrap();
    let read: BTreeSet<&String> = read.iter().filter(is_ours).collect();
    let stack = stack();
    let set = stack
        .functions
        .iter()
        .flat_map(|function| function.environment.keys());
    let set: BTreeSet<&String> = set.filter(is_ours).collect();
    assert_eq!(read, set, "read, and set by the template");
    for function in &stack.functions {
        let environment = environment(function);
        let config = Config::from_env(|name| environment.get(name).cloned());
        assert!(config.is_ok(), "{}: {config:?}", function.id);
    }
}

/// Shares need no coordination only if they never come to more than what one client may do. The platform's limit is for
/// each token (`token.rate.per.minute`, the official limits page).
#[test]
fn all_environments_together_make_240_requests_a_minute() {
    const ALL: u32 = 240;
    const PLATFORM: u32 = 300;
    let stack = stack();
    let share = |id: &str, variable: &str| -> u32 {
        let function = stack.function(id).unwrap();
        let mut mappings = stack.mappings.iter();
        let mapping = mappings.find(|mapping| mapping.function == function.arn);
        // Secrets Manager rotates one secret of a pair after the other.
        let at_once = mapping.map_or(Some(1), |mapping| mapping.maximum_concurrency);
        let each: u32 = function.environment[variable].parse().unwrap();
        each * at_once.unwrap()
    };
    let usual = |id| share(id, "LOCKSTEP_REQUESTS_PER_MINUTE");
    let alone = "LOCKSTEP_REQUESTS_PER_MINUTE_WITHOUT_BINDINGS";
    let [rebind, verify] = ["RebindAction", "VerifyChange"].map(usual);
    assert_eq!(usual("CheckCompliance"), ALL / 10);
    // A sweep runs in one environment. Two at once, while no binding waits, have what `rebind-action` leaves.
    assert_eq!(share("CheckCompliance", alone), ALL);
    assert_eq!(rebind + verify + ALL / 10, ALL);
    assert!(ALL + verify < PLATFORM);
    assert!(ALL + usual("RotateClient") < PLATFORM);
    let provision = stack.function("ProvisionRole").unwrap();
    let paced = provision.environment.keys();
    assert_eq!(paced.filter(|name| name.contains("REQUESTS")).count(), 0);
}

/// The texts that a rule's pattern lists for a field.
fn listed(template: &Template, rule: &str, pointer: &str) -> Vec<String> {
    let properties = template.properties(rule).unwrap();
    let listed = properties["EventPattern"].pointer(pointer);
    let listed = listed
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("{rule} {pointer}"));
    listed
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

fn of_audience(audience: Audience) -> Vec<&'static str> {
    let all = EventType::ALL
        .iter()
        .filter(|one| one.audience() == audience);
    all.map(|one| one.as_str()).collect()
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

#[test]
fn the_attention_queue_gets_each_event_that_a_person_should_look_at() {
    let template = template();
    let listed = |rule| sorted(listed(&template, rule, "/detail-type"));
    assert_eq!(
        listed("AttentionRule"),
        sorted(of_audience(Audience::Person))
    );
    assert_eq!(listed("FindingRule"), of_audience(Audience::PersonIfFailed));
}

#[test]
fn every_rule_on_the_own_bus_names_types_that_are_emitted() {
    let known: Vec<&str> = EventType::ALL.iter().map(|one| one.as_str()).collect();
    let template = template();
    for rule in stack().rules.iter().filter(|rule| rule.bus == "lockstep") {
        assert_eq!(
            listed(&template, &rule.id, "/source"),
            [SOURCE],
            "{}",
            rule.id
        );
        for name in listed(&template, &rule.id, "/detail-type") {
            assert!(known.contains(&name.as_str()), "{}: {name}", rule.id);
        }
    }
}

#[test]
fn the_rule_for_calls_takes_those_that_are_triggers() {
    let listed = listed(&template(), "SecretChangedByCallRule", "/detail/eventName");
    assert_eq!(sorted(listed), sorted(SECRET_CALLS));
}

/// The events of a function's folder that EventBridge delivers.
fn delivered(function: &str) -> Vec<(String, Value)> {
    let files = files(&format!("events/{function}"), ".json").into_iter();
    let read = files.map(|file| {
        let event: Value = serde_json::from_str(&text(&file)).unwrap();
        (file, event)
    });
    read.filter(|(_, event)| event.get("detail-type").is_some())
        .collect()
}

/// What a rule takes, the function asks something of; what no rule takes may still be sent by hand.
#[test]
fn every_example_that_is_not_ignored_is_taken_by_a_rule_and_parsed() {
    let stack = stack();
    let queue = |id: &str| stack.queue(id).unwrap().arn.clone();
    let provision_role = stack.function("ProvisionRole").unwrap();
    let environment = environment(provision_role);
    let config = Config::from_env(|name| environment.get(name).cloned()).unwrap();
    let mut taken = 0;
    for (function, queue) in [
        ("provision-role", queue("ProvisionQueue")),
        ("verify-change", queue("VerifyQueue")),
        ("check-compliance", queue("ComplianceQueue")),
    ] {
        for (file, mut event) in delivered(function) {
            // The example names a bucket; the rule the stack's.
            if event.pointer("/detail/bucket/name")
                == Some(&json!("lockstep-manifests-123456789012"))
            {
                event["detail"]["bucket"]["name"] = json!(config.manifest_bucket);
            }
            let is_wanted = match function {
                "provision-role" => matches!(provision(&event, &config), Ok(Trigger::Wanted(_))),
                "verify-change" => matches!(verify(&event), Ok(Trigger::Wanted(_))),
                _ => matches!(compliance(&event), Ok(Trigger::Wanted(_))),
            };
            assert_eq!(is_wanted, !file.contains(".ignored-"), "{file}");
            // A schedule of EventBridge has no rule: the template uses the scheduler.
            if !is_wanted || event["detail-type"] == "Scheduled Event" {
                continue;
            }
            let goes = |rule: &&stack_template::Rule| {
                rule.targets.iter().any(|target| target.arn == queue)
                    && rule.pattern.matches(&event)
            };
            assert_eq!(stack.rules.iter().filter(goes).count(), 1, "{file}");
            taken += 1;
        }
    }
    assert!(taken >= 12, "{taken}");
}

static LINE: Mutex<String> = Mutex::new(String::new());

/// The metrics that a function can write.
fn metrics() -> BTreeSet<String> {
    let metrics = Metrics::new("lockstep-rebind-action", |line| {
        line.clone_into(&mut LINE.lock().unwrap())
    });
    metrics.handled(false, Duration::from_millis(1));
    metrics.genesys(&genesys_cloud::Stats {
        auth_requests: 1,
        ..Default::default()
    });
    metrics.flush("2026-01-01T00:00:00Z".parse().unwrap());
    let line: Value = serde_json::from_str(&LINE.lock().unwrap()).unwrap();
    let about = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(about["Namespace"], NAMESPACE);
    let defined = about["Metrics"].as_array().unwrap().iter();
    defined
        .map(|metric| metric["Name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_alarm_on_a_metric_of_ours_is_on_one_that_is_written() {
    let template = template();
    let written = metrics();
    let names: Vec<String> = stack()
        .functions
        .iter()
        .map(|function| function.name.clone())
        .collect();
    let mut ours = 0;
    for id in template.of_type("AWS::CloudWatch::Alarm").unwrap() {
        let alarm = template.properties(id).unwrap();
        if alarm["Namespace"] != NAMESPACE {
            continue;
        }
        ours += 1;
        let metric = alarm["MetricName"].as_str().unwrap();
        assert!(written.contains(metric), "{id}: {metric}");
        let dimension = &alarm["Dimensions"][0];
        assert_eq!(dimension["Name"], "Function", "{id}");
        let of = dimension["Value"].as_str().unwrap().to_owned();
        assert!(names.contains(&of), "{id}: {of}");
    }
    assert!(ours >= 6, "{ours}");
}

#[test]
fn every_function_has_an_alarm_on_its_errors_and_failures_and_every_queue_on_its_dead_letters() {
    let template = template();
    let stack = stack();
    let mut watched = BTreeSet::new();
    for id in template.of_type("AWS::CloudWatch::Alarm").unwrap() {
        let alarm = template.properties(id).unwrap();
        let metric = alarm["MetricName"].as_str().unwrap();
        watched.insert((
            metric.to_owned(),
            alarm["Dimensions"][0]["Value"].as_str().unwrap().to_owned(),
        ));
    }
    let is_watched = |metric: &str, of: &str| watched.contains(&(metric.to_owned(), of.to_owned()));
    for function in &stack.functions {
        assert!(is_watched("Errors", &function.name), "{}", function.id);
        assert!(is_watched("Failures", &function.name), "{}", function.id);
    }
    let dead_letters = |arn: &str| stack.queues.iter().find(|queue| queue.arn == arn).unwrap();
    for queue in stack.queues.iter().filter(|queue| queue.redrive.is_some()) {
        let target = dead_letters(&queue.redrive.as_ref().unwrap().dead_letters);
        assert!(
            is_watched("ApproximateNumberOfMessagesVisible", &target.name),
            "{}",
            target.id
        );
        assert!(
            is_watched("ApproximateAgeOfOldestMessage", &queue.name),
            "{}",
            queue.id
        );
    }
}

/// An alarm of another shape would be read as one that behaves like the others.
#[test]
fn every_alarm_has_the_same_shape_and_notifies_when_it_fires_and_when_it_clears() {
    let template = template();
    let ids = template.of_type("AWS::CloudWatch::Alarm").unwrap();
    assert!(ids.len() >= 20, "{}", ids.len());
    for id in ids {
        let alarm = template.properties(id).unwrap();
        let members: BTreeSet<&str> = alarm
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let shape = [
            "AlarmActions",
            "AlarmDescription",
            "ComparisonOperator",
            "Dimensions",
            "EvaluationPeriods",
            "MetricName",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Threshold",
            "TreatMissingData",
        ];
        assert_eq!(members, BTreeSet::from(shape), "{id}");
        assert_eq!(alarm["AlarmActions"], alarm["OKActions"], "{id}");
        assert_eq!(
            alarm["AlarmActions"].as_array().map(Vec::len),
            Some(1),
            "{id}"
        );
        assert_eq!(
            alarm["Dimensions"].as_array().map(Vec::len),
            Some(1),
            "{id}"
        );
        for (member, value) in [
            ("ComparisonOperator", "GreaterThanThreshold"),
            ("TreatMissingData", "notBreaching"),
        ] {
            assert_eq!(alarm[member], value, "{id}");
        }
    }
}

/// The names that a text has in backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The statements of a bucket's policy that deny writes to everyone except some roles.
fn protections(template: &Template, policy: &str) -> Vec<Value> {
    let policy = template.properties(policy).unwrap();
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let is_protection =
        |statement: &&Value| statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"].is_array();
    statements.iter().filter(is_protection).cloned().collect()
}

/// Who may write each prefix of a bucket, as its policy says: the roles of functions.
fn writers(template: &Template, policy: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut writers = BTreeMap::new();
    for statement in protections(template, policy) {
        let roles = &statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"];
        let names = roles.as_array().into_iter().flatten();
        let names = names.filter_map(Value::as_str);
        let names = names.filter_map(|arn| arn.split_once(":role/lockstep-"));
        let names = names.filter_map(|(_, name)| name.strip_suffix("-us-east-1"));
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        let resource = &statement["Resource"];
        let resources = resource.as_array().cloned();
        let resources = resources.unwrap_or_else(|| vec![resource.clone()]);
        for resource in resources {
            let (_, prefix) = resource.as_str().unwrap().split_once('/').unwrap();
            writers.insert(prefix.to_owned(), names.clone());
        }
    }
    writers
}

const PROTECTED: [&str; 2] = ["StateBucketPolicy", "EvidenceBucketPolicy"];

#[test]
fn the_threat_model_says_who_writes_what_as_the_bucket_policies_do() {
    let template = template();
    let mut writers_of_all = BTreeMap::new();
    for policy in PROTECTED {
        writers_of_all.extend(writers(&template, policy));
    }
    let mut documented = BTreeMap::new();
    for row in table("docs/threat-model.md", "| objects | written by |") {
        let every = "each of the five functions";
        let who = match row[1].as_str() == every {
            true => writers_of_all["emitted/*"].clone(),
            false => quoted(&row[1]),
        };
        for prefix in quoted(&row[0]) {
            documented.insert(prefix, who.clone());
        }
    }
    let all: BTreeSet<String> = stack()
        .functions
        .iter()
        .filter_map(|function| function.name.strip_prefix("lockstep-").map(str::to_owned))
        .collect();
    assert_eq!(writers_of_all["emitted/*"], all);
    assert_eq!(documented, writers_of_all);
}

#[test]
fn the_threat_model_names_each_call_that_the_bucket_policies_deny() {
    let template = template();
    let page = text("docs/threat-model.md");
    let sentence = page
        .lines()
        .find(|line| line.starts_with("Bucket policies deny "));
    let documented = quoted(sentence.unwrap());
    for policy in PROTECTED {
        for statement in protections(&template, policy) {
            let actions = statement["Action"].as_array().unwrap().iter();
            let actions = actions.filter_map(|action| action.as_str()?.strip_prefix("s3:"));
            let denied: BTreeSet<String> = actions.map(str::to_owned).collect();
            assert_eq!(documented, denied, "{}", statement["Sid"]);
        }
    }
}

#[test]
fn the_page_of_operations_says_what_to_do_about_every_alarm() {
    let rows = table(
        "docs/operations.md",
        "| alarm or event | meaning | first action |",
    );
    let documented: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let template = template();
    let alarms = template.of_type("AWS::CloudWatch::Alarm").unwrap();
    let alarms: BTreeSet<String> = alarms.into_iter().map(str::to_owned).collect();
    assert_eq!(documented, alarms);
}

#[test]
fn the_page_of_the_core_lists_every_metric() {
    let page = text("shared/core/README.md");
    let section = page.split("## Metrics\n").nth(1).unwrap();
    let section = section.split("\nThe rate").next().unwrap();
    let mut listed = quoted(section);
    assert!(listed.remove(NAMESPACE) && listed.remove("Function"));
    assert_eq!(listed, metrics());
}
