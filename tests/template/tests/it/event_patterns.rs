//! Amazon EventBridge User Guide, "Creating event patterns", "Arrays in event patterns", "Matching null values and
//! empty strings" and "Comparison operators for use in event patterns".

use serde_json::{Value, json};
use stack_template::EventPattern;

fn takes(pattern: Value, event: Value) -> bool {
    let read = EventPattern::of(&pattern);
    let read = read.unwrap_or_else(|error| panic!("{pattern}: {error}"));
    read.matches(&event)
}

fn of_detail(field: Value, detail: Value) -> bool {
    takes(
        json!({"detail": {"x": field}}),
        json!({"source": "test", "detail": detail}),
    )
}

/// Whether a pattern for one field takes a value of it.
fn of_value(field: Value, value: Value) -> bool {
    of_detail(field, json!({"x": value}))
}

#[test]
fn every_field_of_the_pattern_is_in_the_event_at_its_place() {
    let pattern = json!({"source": ["aws.ec2"], "detail": {"state": ["terminated"]}});
    let event = |source: &str, state: &str| json!({"source": source, "account": "1", "detail": {"state": state, "instance-id": "i-1"}});
    assert!(takes(pattern.clone(), event("aws.ec2", "terminated")));
    assert!(!takes(pattern.clone(), event("aws.ec2", "running")));
    assert!(!takes(pattern.clone(), event("aws.s3", "terminated")));
    assert!(!takes(
        pattern.clone(),
        json!({"source": "aws.ec2", "state": "terminated"})
    ));
    assert!(!takes(
        pattern,
        json!({"source": "aws.ec2", "detail": "terminated"})
    ));
}

#[test]
fn values_are_compared_exactly() {
    assert!(of_value(json!(["Alice", "Bob"]), json!("Bob")));
    assert!(!of_value(json!(["Alice"]), json!("alice")));
    assert!(!of_value(json!(["Alice"]), json!("Alice ")));
    assert!(of_value(json!([true]), json!(true)));
    assert!(!of_value(json!([true]), json!("true")));
    assert!(of_value(json!([300]), json!(300)));
    assert!(!of_value(json!([300]), json!(300.0)));
    assert!(!of_value(json!([300]), json!("300")));
}

#[test]
fn null_and_the_empty_text_are_different() {
    assert!(of_value(json!([null]), json!(null)));
    assert!(!of_value(json!([null]), json!("")));
    assert!(of_value(json!([""]), json!("")));
    assert!(!of_value(json!([""]), json!(null)));
    assert!(!of_detail(json!([null]), json!({})));
}

#[test]
fn of_a_list_one_value_is_enough() {
    let instances = json!(["instance/i-1", "instance/i-2"]);
    assert!(of_value(
        instances.clone(),
        json!(["group/a", "instance/i-1"])
    ));
    assert!(!of_value(
        instances.clone(),
        json!(["group/a", "instance/i-3"])
    ));
    assert!(!of_value(instances, json!([])));
}

/// As in our own rule for findings: of a list of objects all fields must match in one.
#[test]
fn of_a_list_of_objects_one_must_match_as_a_whole() {
    let pattern = json!({"detail": {"findings": {"status": ["failed"], "check": ["roles"]}}});
    let event = |findings: Value| json!({"detail": {"findings": findings}});
    let failed = json!({"status": "failed", "check": "roles"});
    let cleared = json!({"status": "passed", "check": "roles"});
    let other = json!({"status": "failed", "check": "secrets"});
    assert!(takes(
        pattern.clone(),
        event(json!([cleared.clone(), failed.clone()]))
    ));
    assert!(takes(pattern.clone(), event(failed)));
    assert!(!takes(pattern.clone(), event(json!([cleared, other]))));
    assert!(!takes(pattern, event(json!([]))));
}

#[test]
fn beginnings_and_ends_are_compared_with_or_without_case() {
    assert!(of_value(
        json!([{"prefix": "2017-10-02"}]),
        json!("2017-10-02T18:43:48Z")
    ));
    assert!(!of_value(
        json!([{"prefix": "2017-10-02"}]),
        json!("2017-10-03T18:43:48Z")
    ));
    assert!(of_value(
        json!([{"prefix": {"equals-ignore-case": "EventB"}}]),
        json!("eventbridge")
    ));
    assert!(of_value(json!([{"suffix": ".png"}]), json!("a.png")));
    assert!(!of_value(json!([{"suffix": ".png"}]), json!("a.PNG")));
    assert!(of_value(
        json!([{"suffix": {"equals-ignore-case": ".PNG"}}]),
        json!("a.png")
    ));
    assert!(of_value(
        json!([{"equals-ignore-case": "alice"}]),
        json!("ALICE")
    ));
    assert!(!of_value(
        json!([{"equals-ignore-case": "alice"}]),
        json!("ALICE2")
    ));
    assert!(!of_value(json!([{"prefix": "1"}]), json!(12)));
}

#[test]
fn anything_but_takes_what_is_there_and_not_listed() {
    for (excluded, value, expected) in [
        (json!("initializing"), json!("running"), true),
        (json!("initializing"), json!("initializing"), false),
        (json!(123), json!(124), true),
        (json!(123), json!(123), false),
        (json!(["stopped", "overloaded"]), json!("running"), true),
        (json!(["stopped", "overloaded"]), json!("stopped"), false),
        (json!([100, 200]), json!(200), false),
        (json!({"prefix": "init"}), json!("initializing"), false),
        (json!({"prefix": "init"}), json!("running"), true),
        (json!({"suffix": ".png"}), json!("a.png"), false),
        (json!({"equals-ignore-case": "init"}), json!("INIT"), false),
        (json!({"wildcard": "*/lib/*"}), json!("/usr/lib/a"), false),
        (json!({"wildcard": "*/lib/*"}), json!("/usr/bin/a"), true),
    ] {
        let found = of_value(json!([{"anything-but": excluded}]), value.clone());
        assert_eq!(found, expected, "{excluded} and {value}");
    }
    assert!(!of_detail(json!([{"anything-but": "a"}]), json!({})));
}

/// "Exists matching only works on leaf nodes."
#[test]
fn exists_asks_for_a_value_not_for_an_object() {
    let (there, absent) = (json!([{"exists": true}]), json!([{"exists": false}]));
    assert!(of_detail(there.clone(), json!({"x": "pending"})));
    assert!(of_detail(there.clone(), json!({"x": null})));
    assert!(!of_detail(there.clone(), json!({"c-count": {"c1": 100}})));
    assert!(!of_detail(there, json!({"x": {"c1": 100}})));
    assert!(of_detail(absent.clone(), json!({})));
    assert!(!of_detail(absent.clone(), json!({"x": "pending"})));
    assert!(takes(
        json!({"detail": {"x": absent}}),
        json!({"source": "test"})
    ));
}

#[test]
fn wildcards_stand_for_any_text_and_can_be_escaped() {
    for (pattern, value, expected) in [
        ("dir/*.png", "dir/a/b.png", true),
        ("dir/*.png", "dir/a.jpg", false),
        ("*.png", ".png", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "aXcYb", false),
        ("ab*ba", "aba", false),
        ("plain", "plain", true),
        ("plain", "plainer", false),
        (r"a\*b", "a*b", true),
        (r"a\*b", "axb", false),
        (r"a\\*", r"a\b", true),
    ] {
        let found = of_value(json!([{"wildcard": pattern}]), json!(value));
        assert_eq!(found, expected, "{pattern} and {value}");
    }
}

#[test]
fn or_takes_an_event_that_one_of_its_patterns_takes() {
    let pattern = json!({"source": ["test"], "detail": {"$or": [
        {"location": ["New York"]},
        {"day": ["Monday"], "hour": [8]},
    ]}});
    let event = |detail: Value| json!({"source": "test", "detail": detail});
    assert!(takes(
        pattern.clone(),
        event(json!({"location": "New York"}))
    ));
    assert!(takes(
        pattern.clone(),
        event(json!({"day": "Monday", "hour": 8}))
    ));
    assert!(!takes(
        pattern.clone(),
        event(json!({"day": "Monday", "hour": 9}))
    ));
    assert!(!takes(
        pattern,
        json!({"source": "other", "detail": {"location": "New York"}})
    ));
}

#[test]
fn what_is_no_pattern_or_not_known_is_refused() {
    for pattern in [
        json!({}),
        json!([]),
        json!({"source": "aws.s3"}),
        json!({"source": []}),
        json!({"source": [["aws.s3"]]}),
        json!({"source": [{"numeric": [">", 0]}]}),
        json!({"source": [{"cidr": "10.0.0.0/24"}]}),
        json!({"source": [{"sounds-like": "aws"}]}),
        json!({"source": [{"exists": "true"}]}),
        json!({"source": [{"prefix": "a", "suffix": "b"}]}),
        json!({"source": [{"anything-but": []}]}),
        json!({"source": [{"anything-but": ["a", 1]}]}),
        json!({"source": [{"anything-but": {"prefix": ["a"]}}]}),
        json!({"source": [{"wildcard": "a**"}]}),
        json!({"source": [{"wildcard": r"a\b"}]}),
        json!({"$or": [{"source": ["a"]}]}),
    ] {
        assert!(EventPattern::of(&pattern).is_err(), "{pattern}");
    }
}
