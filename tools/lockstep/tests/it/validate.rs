use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{folder, path, program, run, run_in, run_with, text};

const SAMPLE: &str = "manifests/sample.yaml";
const OTHER_ORGANIZATION: &str = "11111111-7a54-4d0b-9c1e-5f6a7b8c9d0e";

/// A description of a stack that covers the sample, as the AWS CLI prints it.
fn stack(change: impl FnOnce(&mut Value)) -> String {
    let parameter = |key: &str, value: &str| json!({"ParameterKey": key, "ParameterValue": value});
    let mut described = json!({"Stacks": [{
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/lockstep/0a1b2c3d",
        "StackName": "lockstep",
        "StackStatus": "UPDATE_COMPLETE",
        "Parameters": [
            parameter("OrganizationIds", "3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e, another"),
            parameter("AllowedFunctionArns", "arn:aws:lambda:us-east-1:123456789012:function:Genesys*"),
            parameter("AllowedGenesysHosts", ""),
            parameter("RoleNamePrefix", "Genesys"),
            parameter("ClientSecretPrefix", "genesys/"),
            parameter("CredentialSecretPrefix", "genesys-credentials/"),
            parameter("GenesysAccountId", ""),
            parameter("WebhookApiKey", "****"),
        ],
    }]});
    change(&mut described);
    described.to_string()
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn the_sample_is_valid_and_the_output_says_which_bounds_are_unknown() {
    let ran = run(&["validate", &path(SAMPLE)]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.out.contains("sample.yaml: valid\n"), "{}", ran.out);
    for bound in [
        "OrganizationIds",
        "AllowedFunctionArns",
        "--role-name-prefix",
        "describe-stacks",
    ] {
        assert!(ran.out.contains(bound), "{bound} in {}", ran.out);
    }
}

#[test]
fn a_problem_is_shown_with_its_line_its_place_and_its_fix() {
    let sample = text(SAMPLE);
    let broken = sample.replace(
        "secret:prod/db-creds-AbCdEf",
        "secret:prod/db-creds-AbCdEf\n        overlapp: none",
    );
    let line = broken
        .lines()
        .position(|line| line.contains("overlapp"))
        .unwrap()
        + 1;
    let ran = run_with(&broken, &["validate", "-"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:#?}");
    for part in [
        "error: unknown field `overlapp`".to_owned(),
        format!("--> <stdin>:{line}:"),
        format!("{line} |         overlapp: none"),
        "^^^^ actions[0].secrets[0].overlapp".to_owned(),
        "help: Did you mean `overlap`?".to_owned(),
        "<stdin>: 1 problem\n".to_owned(),
    ] {
        assert!(ran.out.contains(&part), "{part:?} is not in\n{}", ran.out);
    }
}

#[test]
fn the_description_of_the_stack_gives_all_bounds_and_a_flag_overrides_it() {
    let folder = folder("validate-bounds");
    write(&folder, "stack.json", &stack(|_| {}));
    let sample = path(SAMPLE);
    let ran = run_in(&folder, &["validate", &sample, "--bounds", "stack.json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!ran.out.contains("not known"), "{}", ran.out);

    let prefix = ["--bounds", "stack.json", "--role-name-prefix", "Other"];
    let ran = run_in(
        &folder,
        &[&["validate", &sample, "--json"], &prefix[..]].concat(),
    );
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!(
        json["files"][0]["problems"][0]["at"],
        "integrations[0].role"
    );
    assert_eq!(json["unchecked"], json!([]));

    let of_another = stack(|described| {
        described["Stacks"][0]["Parameters"][0]["ParameterValue"] = json!("another");
    });
    write(&folder, "stack.json", &of_another);
    let ran = run_in(&folder, &["validate", &sample, "--bounds", "stack.json"]);
    assert!(
        ran.out
            .contains("this stack does not manage the organization"),
        "{ran:#?}"
    );
}

#[test]
fn every_parameter_that_is_a_bound_is_one_of_the_template() {
    let template = text("template.yaml");
    let described: Value = serde_json::from_str(&stack(|_| {})).unwrap();
    let parameters = described["Stacks"][0]["Parameters"].as_array().unwrap();
    for parameter in parameters {
        let declared = format!(
            "\n  {}:\n    Type: ",
            parameter["ParameterKey"].as_str().unwrap()
        );
        assert!(template.contains(&declared), "{declared}");
    }
}

#[test]
fn bounds_that_cannot_be_used_end_with_2() {
    let folder = folder("validate-unusable-bounds");
    let cases = [
        (
            stack(|one| one["Stacks"] = json!([])),
            "the file describes 0 stacks, not one",
        ),
        (
            stack(|one| one["Stacks"][0]["StackId"] = json!("x")),
            "`StackId` is not the ARN of a stack",
        ),
        (
            stack(|one| {
                one["Stacks"][0]["Parameters"]
                    .as_array_mut()
                    .unwrap()
                    .remove(0);
            }),
            "the stack lockstep has no parameter OrganizationIds",
        ),
        (
            stack(|one| one["Stacks"][0]["Parameters"][1]["ParameterValue"] = json!("*")),
            "the parameter AllowedFunctionArns is not valid",
        ),
        ("{}".to_owned(), "this is not the description of a stack"),
    ];
    for (described, what) in cases {
        write(&folder, "stack.json", &described);
        let ran = run_in(
            &folder,
            &["validate", &path(SAMPLE), "--bounds", "stack.json"],
        );
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{what}");
        assert!(
            ran.err.contains(what) && ran.err.contains("Fix: "),
            "{what}: {}",
            ran.err
        );
    }
    let ran = run(&["validate", &path(SAMPLE), "--account", "123"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
}

#[test]
fn two_files_must_not_name_the_same_organization_or_role() {
    let folder = folder("validate-several");
    let sample = text(SAMPLE);
    write(&folder, "one.yaml", &sample);
    write(&folder, "two.yaml", &sample);
    let ran = run_in(&folder, &["validate", "one.yaml", "two.yaml"]);
    assert_eq!(ran.code, 1);
    for other in ["one.yaml", "two.yaml"] {
        assert!(
            ran.out
                .contains(&format!("{other} also describes the organization")),
            "{}",
            ran.out
        );
    }

    let other = sample.replace("3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e", OTHER_ORGANIZATION);
    write(&folder, "two.yaml", &other);
    let ran = run_in(&folder, &["validate", "one.yaml", "two.yaml", "--json"]);
    assert_eq!(ran.code, 1);
    let problems = &ran.json()["files"][1]["problems"];
    assert_eq!(problems[0]["at"], "integrations[0].role", "{problems:#}");

    let other = other.replace("GenesysDataActionsExecutionRole", "GenesysOther");
    write(&folder, "two.yaml", &other);
    let ran = run_in(&folder, &["validate", "one.yaml", "two.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn a_file_that_cannot_be_read_ends_with_2_and_the_others_are_checked() {
    let folder = folder("validate-unreadable");
    write(&folder, "broken.yaml", "version: 1\n");
    fs::write(folder.join("bytes.yaml"), b"a: \xff").unwrap();
    let ran = run_in(
        &folder,
        &["validate", "missing.yaml", "broken.yaml", "bytes.yaml"],
    );
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("missing.yaml: cannot read the file"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("bytes.yaml: the file is not UTF-8 text"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("broken.yaml: 3 problems"), "{}", ran.out);
    let ran = run(&["validate", "-", "-"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("named more than once"), "{}", ran.err);
}

#[test]
fn the_json_names_each_problem_and_each_unknown_bound() {
    let ran = run_with(
        "version: 2\n",
        &["validate", "-", "--json", "--account", "123456789012"],
    );
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!([&json["valid"], &json["files"][0]["valid"]], [false, false]);
    let problem = json["files"][0]["problems"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["at"] == "version"))
        .unwrap();
    assert_eq!(
        [&problem["line"], &problem["fix"]],
        [&json!(1), &json!("Write 1.")]
    );
    assert_eq!(json["unchecked"].as_array().unwrap().len(), 9);
    assert_eq!(
        json["unchecked"][0],
        json!({"bound": "region", "flag": "--region"})
    );
}

#[test]
fn the_output_is_coloured_only_where_it_is_wanted() {
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let file = path("tools/lockstep/Cargo.toml");
        let mut command = program(&[&["validate", &file], arguments].concat());
        command.envs(variable);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        output.stdout.contains(&0x1b)
    };
    assert!(!coloured(&[], None), "this is not a terminal");
    assert!(coloured(&["--color", "always"], None));
    assert!(coloured(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(
        &["--color", "never"],
        Some(("CLICOLOR_FORCE", "1"))
    ));
}
