//! Whatever is uploaded, the reader answers, and what it says makes sense.

use std::str::FromStr;
use std::sync::LazyLock;

use crate::support::{GOOD, bounds};
use lockstep_domain::arn::{FunctionArn, FunctionPattern, RoleArn, RoleName, SecretArn};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::{SecretName, read};
use proptest::prelude::*;
use schemars::JsonSchema;

/// A failure prints its smallest case, which belongs into a test of its own; no file is kept.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Refused with a reason, or accepted; a problem has a line of the text.
fn answers(text: &str) -> Result<(), TestCaseError> {
    if let Err(problems) = read(text, &bounds(), &[]) {
        prop_assert!(!problems.is_empty());
        for problem in problems {
            prop_assert!(!problem.problem.is_empty() && !problem.fix.is_empty());
            // The schema and the types say the same: the reader never meets a difference.
            prop_assert!(!problem.problem.contains("cannot be read"), "{}", problem);
            prop_assert!(!problem.problem.contains("is not complete"), "{}", problem);
            if let Some(line) = problem.line {
                let lines = text.split(['\n', '\r']).count();
                prop_assert!((1..=lines).contains(&(line as usize)), "{}", problem);
            }
        }
    }
    Ok(())
}

/// Pieces that YAML or the reader treats in a way of their own.
const PIECES: &[&str] = &[
    "",
    "~",
    "null",
    "true",
    "-1",
    "0",
    "60.0",
    "1e400",
    ".inf",
    ".nan",
    "0x1F",
    "0o17",
    "''",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "- ",
    ": ",
    "? ",
    "&a",
    "*a",
    "!t",
    "!!str 1",
    "|",
    ">",
    "|\n  x",
    "---",
    "...",
    "%YAML 1.2",
    "#",
    "\t",
    "\n",
    "\r",
    "\u{feff}",
    "\u{0}",
    "ä",
    "\u{2028}",
    "<<: *a",
    "@",
    "`",
    "{{lockstep.secrets}}",
    "$LATEST",
    "version",
    "actions",
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        answers(&text)?;
    }

    #[test]
    fn any_mix_of_yaml_is_answered(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        answers(&pieces.concat())?;
    }

    #[test]
    fn a_good_manifest_with_something_replaced_is_answered(
        start in 0..GOOD.len(),
        length in 0..60_usize,
        piece in prop::sample::select(PIECES),
    ) {
        let end = (start + length).min(GOOD.len());
        answers(&format!("{}{piece}{}", &GOOD[..start], &GOOD[end..]))?;
    }

    #[test]
    fn a_good_manifest_with_a_value_replaced_is_answered(
        line in 0..GOOD.lines().count(),
        piece in prop::sample::select(PIECES),
    ) {
        let lines: Vec<String> = GOOD
            .lines()
            .enumerate()
            .map(|(n, text)| match text.split_once(": ") {
                Some((key, _)) if n == line => format!("{key}: {piece}"),
                Some(_) | None => text.to_owned(),
            })
            .collect();
        answers(&lines.join("\n"))?;
    }
}

/// The pattern of a type in the schema, and whether the type itself accepts a text.
struct Checked {
    pattern: jsonschema::Validator,
    parses: fn(&str) -> bool,
}

fn checked<T: JsonSchema + FromStr>() -> Checked {
    let schema = schemars::schema_for!(T).to_value();
    Checked {
        pattern: jsonschema::validator_for(&schema).expect("a schema"),
        parses: |text| text.parse::<T>().is_ok(),
    }
}

static CHECKED: LazyLock<[Checked; 7]> = LazyLock::new(|| {
    [
        checked::<FunctionArn>(),
        checked::<FunctionPattern>(),
        checked::<SecretArn>(),
        checked::<RoleArn>(),
        checked::<RoleName>(),
        checked::<SecretName>(),
        checked::<Key>(),
    ]
});

proptest! {
    #![proptest_config(config())]

    #[test]
    fn patterns_and_parsers_agree(
        text in prop_oneof![
            "\\PC{0,80}",
            "[A-Za-z0-9_+=,.@/:*?$-]{0,80}",
            "arn:(aws|aws-cn|awx):(lambda|secretsmanager|iam):[a-z]{0,3}(-[a-z0-9]{1,3}){0,5}:[0-9]{11,13}:(function|secret|role):?[A-Za-z0-9_/+=.@:$-]{0,70}",
            "arn:aws:lambda:us-east-1:123456789012:function:[A-Za-z0-9_*?-]{1,66}(:[$A-Z0-9a-z_-]{0,5})?",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:[A-Za-z0-9/_+=.@! -]{0,20}-[A-Za-z0-9-]{5,7}",
            "arn:aws:iam::123456789012:role/([a-z/ ]{0,10}/)?[A-Za-z0-9_+=,.@ -]{0,66}",
        ],
        newline in prop::bool::weighted(0.1),
    ) {
        let text = if newline { format!("{text}\n") } else { text };
        for checked in CHECKED.iter() {
            let by_schema = checked.pattern.is_valid(&text.as_str().into());
            prop_assert_eq!((checked.parses)(&text), by_schema, "{:?}", text);
        }
    }

    #[test]
    fn what_is_parsed_prints_as_it_was_written(
        name in "[A-Za-z0-9_-]{1,64}",
        alias in prop::option::of("[A-Za-z0-9_-]{1,20}"),
        secret in "[A-Za-z0-9/_+=.@!-]{1,40}",
        path in "(/[a-z]{1,5}){0,3}",
    ) {
        let alias = alias.map(|alias| format!(":{alias}")).unwrap_or_default();
        let function = format!("arn:aws:lambda:us-gov-west-1:123456789012:function:{name}{alias}");
        prop_assert_eq!(function.parse::<FunctionArn>().unwrap().to_string(), function);
        let text = format!("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:{secret}-a1B2c3");
        let parsed: SecretArn = text.parse().unwrap();
        prop_assert_eq!(parsed.name(), secret);
        prop_assert_eq!(parsed.to_string(), text);
        let role = format!("arn:aws:iam::123456789012:role{path}/{name}");
        let parsed: RoleArn = role.parse().unwrap();
        prop_assert_eq!(parsed.name().as_str(), name);
        prop_assert_eq!(parsed.to_string(), role);
    }
}
