use std::path::PathBuf;

use lockstep_domain::manifest::{Delivery, KnownBounds, Manifest, read};
use serde_json::{Value, json};

use crate::program::{Ran, folder, path, run, run_in, run_with, text};

/// What every test of a complete manifest says.
const KNOWN: [&str; 6] = [
    "--organization-id",
    "3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e",
    "--client-secret",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/lockstep-client-a1B2c3",
    "--role",
    "GenesysOrders",
];

fn example(name: &str) -> String {
    path(&format!("tools/lockstep/tests/examples/{name}"))
}

/// Runs with the files of the examples and further arguments.
fn import(files: &[&str], arguments: &[&str]) -> Ran {
    let files: Vec<String> = files.iter().map(|file| example(file)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    run(&[&["import"], files.as_slice(), arguments].concat())
}

/// The manifest of a run that left nothing open.
fn complete(ran: &Ran) -> Manifest {
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!ran.out.contains("incomplete"), "{}", ran.out);
    let bounds = KnownBounds::default().widened_for(&ran.out);
    let manifest = read(&ran.out, &bounds, &[]);
    assert_eq!(run_with(&ran.out, &["validate", "-"]).code, 0);
    manifest.unwrap_or_else(|problems| panic!("{problems:#?}\n{}", ran.out))
}

#[test]
fn an_exported_action_is_adopted_by_its_name() {
    let named = ["--integration-name", "Orders"];
    let ran = import(&["order-status.json"], &[&KNOWN[..], &named].concat());
    let manifest = complete(&ran);
    let [action] = manifest.actions.as_slice() else {
        panic!("{manifest:#?}");
    };
    assert_eq!((action.name.as_str(), action.adopt), ("Order status", true));
    assert_eq!(action.delivery, Delivery::None);
    assert_eq!(
        (action.timeout_seconds, action.contract.is_none()),
        (Some(10), true)
    );
    assert_eq!(manifest.integrations[0].name, "Orders");
    assert!(
        ran.out
            .contains("Kept as they are: the contract, both templates, the headers x-tenant."),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("north"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn an_exported_action_is_made_anew_with_its_contract_and_templates() {
    let arguments = ["--new", "--integration-name", "Orders"];
    let ran = import(&["order-status.json"], &[&KNOWN[..], &arguments].concat());
    let manifest = complete(&ran);
    let exported: Value =
        serde_json::from_str(&text("tools/lockstep/tests/examples/order-status.json")).unwrap();
    let action = &manifest.actions[0];
    let contract = action.contract.as_ref().unwrap();
    assert_eq!(contract.input, exported["contract"]["input"]["inputSchema"]);
    assert_eq!(
        contract.output,
        exported["contract"]["output"]["successSchema"]
    );
    let (request, response) = (
        &exported["config"]["request"],
        &exported["config"]["response"],
    );
    assert_eq!(json!(action.request_template), request["requestTemplate"]);
    assert_eq!(json!(action.success_template), response["successTemplate"]);
    assert_eq!(json!(action.translation_map), response["translationMap"]);
    assert_eq!(
        json!(action.translation_map_defaults),
        response["translationMapDefaults"]
    );
    assert!(!action.is_adopted());
    assert!(
        ran.out
            .contains("the new action will not have: the headers x-tenant."),
        "{}",
        ran.out
    );
}

#[test]
fn an_integration_and_a_page_of_its_actions_make_one_manifest() {
    let ran = import(&["actions.json", "integration.json"], &KNOWN);
    let manifest = complete(&ran);
    let integration = &manifest.integrations[0];
    assert_eq!(integration.name, "Orders");
    assert_eq!(
        integration.id.as_ref().unwrap().as_str(),
        "5d0f3b1e-0c55-4c6c-9a39-6f4f8c6a7b21"
    );
    let [action] = manifest.actions.as_slice() else {
        panic!("{manifest:#?}");
    };
    assert_eq!(
        action.id.as_ref().unwrap().as_str(),
        "custom_-_0b7f6f2e-54a1-4b64-8d0e-2a1b3c4d5e6f"
    );
    assert_eq!(
        (action.integration.as_str(), action.category.as_str()),
        ("orders", "Orders")
    );
    assert!(
        ran.err
            .contains("\"Built in\" is a built-in action, which cannot be changed"),
        "{}",
        ran.err
    );

    // The API gives the addresses of templates, and the contract only if it is asked for.
    let ran = import(
        &["actions.json", "integration.json"],
        &[&KNOWN[..], &["--new"]].concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    for place in [
        "contract.input",
        "contract.output",
        "request.template",
        "response.success_template",
    ] {
        assert!(
            ran.err
                .contains(&format!("incomplete: actions[0].{place}: ")),
            "{place}: {}",
            ran.err
        );
    }
}

#[test]
fn what_is_not_known_is_marked_and_validate_finds_exactly_that() {
    let ran = import(&["find-contact.json"], &["--json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let json = ran.json();
    let text = json["manifest"].as_str().unwrap();
    let places = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        let mut places: Vec<String> = list
            .map(|one| one["at"].as_str().unwrap().to_owned())
            .collect();
        places.sort();
        places
    };
    let incomplete = places(&json["incomplete"]);
    assert_eq!(text.matches("# incomplete: ").count(), incomplete.len());
    assert_eq!(
        [&json["complete"], &json["problems"]],
        [&json!(false), &json!([])]
    );
    let found = run_with(text, &["validate", "-", "--json"]).json();
    let mut found = places(&found["files"][0]["problems"]);
    // Of a test that is not marked as safe, the test is wrong too.
    found.retain(|at| at != "actions[0].test");
    // Every value fits into the input of a test, also none.
    let expected: Vec<String> = incomplete
        .into_iter()
        .filter(|at| !at.contains(".test.input."))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn an_action_of_a_web_service_is_only_tested_and_its_credential_can_be_moved() {
    let ran = import(&["find-contact.json"], &[]);
    for line in [
        "    type: custom-rest-actions\n",
        "        contact_id: # incomplete: a value of the type string\n",
        "      password: \"$.password\"\n      userName: \"$.userName\"\n",
        "    test:\n      - find-contact\n",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    }
    let words: Vec<&str> = ran
        .out
        .split_whitespace()
        .filter(|word| *word != "#")
        .collect();
    let kept = "Kept as they are: the contract, the configuration, the headers Authorization, X-Api-Key, the method GET.";
    assert!(words.join(" ").contains(kept), "{}", ran.out);
}

#[test]
fn an_action_that_signs_in_has_no_entry() {
    let exported = text("tools/lockstep/tests/examples/find-contact.json")
        .replace("\"custom\"", "\"customAuth\"");
    let ran = run_with(&exported, &["import", "-"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.contains("\nactions: []\n"), "{}", ran.out);
    assert!(
        ran.err
            .contains("\"Find contact\" signs the integration in"),
        "{}",
        ran.err
    );
}

#[test]
fn the_resources_of_cx_as_code_become_entries() {
    let ran = import(&["cx-as-code.json"], &KNOWN);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for line in [
        "  - key: orders\n    name: Orders\n    id: \"5d0f3b1e-0c55-4c6c-9a39-6f4f8c6a7b21\"\n    role: GenesysOrders\n",
        "    id: custom_-_1b7f6f2e-54a1-4b64-8d0e-2a1b3c4d5e6f\n    integration: orders\n",
        "    name: CRM\n    type: custom-rest-actions\n",
        "    slot: basicAuth\n    type: basicAuth\n    secret: # incomplete: ",
        "      password: \"$.password\"\n      userName: \"$.userName\"\n",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    }
    assert!(
        !ran.out.contains("timeout_seconds"),
        "0 is no timeout: {}",
        ran.out
    );
    assert!(ran.err.contains("--terraform removed"), "{}", ran.err);
}

#[test]
fn terraform_forgets_the_resources_or_ignores_what_lockstep_changes() {
    let removed = import(&["cx-as-code.json"], &["--terraform", "removed"]);
    assert_eq!((removed.code, removed.err.as_str()), (0, ""));
    assert_eq!(removed.out.matches("    destroy = false\n").count(), 5);
    for address in [
        "genesyscloud_integration.orders",
        "genesyscloud_integration_action.orders",
        "genesyscloud_integration_credential.orders",
        "module.crm.genesyscloud_integration.crm",
        "module.crm.genesyscloud_integration_credential.crm",
    ] {
        assert!(
            removed.out.contains(&format!("  from = {address}\n")),
            "{address}: {}",
            removed.out
        );
    }
    let ignored = import(&["cx-as-code.json"], &["--terraform", "ignore-changes"]);
    assert_eq!(ignored.code, 0);
    assert_eq!(
        ignored
            .out
            .matches("ignore_changes = [config[0].credentials]")
            .count(),
        2
    );
    assert_eq!(
        ignored
            .out
            .matches("ignore_changes = [config_request]")
            .count(),
        1
    );
    let none = import(&["order-status.json"], &["--terraform", "removed"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""));
}

/// All texts that the examples plant where secrets are.
const PLANTED: &str = "planted-";

#[test]
fn no_value_of_a_credential_or_a_header_is_ever_printed() {
    let state: Value =
        serde_json::from_str(&text("tools/lockstep/tests/examples/cx-as-code.json")).unwrap();
    let exported: Value =
        serde_json::from_str(&text("tools/lockstep/tests/examples/find-contact.json")).unwrap();
    let mut broken = vec![state.clone(), exported.clone()];
    // A secret where something else is expected must not get into an error.
    let resources = "/values/root_module/resources";
    for place in [
        "/1/values/fields",
        "/1/values/id",
        "/1/values",
        "/1/mode",
        "/2/values/config_request",
        "/2/values/config_timeout_seconds",
    ] {
        for value in [json!("planted-here"), json!(["planted-here"]), json!(7)] {
            let mut state = state.clone();
            *state.pointer_mut(&format!("{resources}{place}")).unwrap() = value;
            broken.push(state);
        }
    }
    for place in [
        "/config/request/headers",
        "/config/request/headers/X-Api-Key",
        "/config/request",
        "/secure",
        "/contract",
    ] {
        for value in [
            json!("planted-here"),
            json!(["planted-here"]),
            json!({"a": ["planted-here"]}),
        ] {
            let mut exported = exported.clone();
            *exported.pointer_mut(place).unwrap() = value;
            broken.push(exported);
        }
    }
    let mut unusable = 0;
    for (nth, document) in broken.iter().enumerate() {
        let text = document.to_string();
        assert!(text.contains(PLANTED));
        // The whole documents are also cut in the middle of the last secret.
        let cut = &text[..text.rfind(PLANTED).unwrap() + 10];
        let inputs = match nth {
            0 | 1 => vec![text.as_str(), cut],
            _ => vec![text.as_str()],
        };
        for input in inputs {
            for arguments in [
                &[][..],
                &["--json"],
                &["--terraform", "removed"],
                &["--terraform", "ignore-changes"],
            ] {
                let ran = run_with(input, &[&["import", "-"], arguments].concat());
                assert!(
                    !format!("{ran:?}").contains(PLANTED),
                    "{arguments:?}: {ran:#?}"
                );
                assert!([0, 2].contains(&ran.code), "{ran:#?}");
                unusable += usize::from(ran.code == 2);
            }
        }
    }
    assert!(unusable > 80, "{unusable}");
}

#[test]
fn a_file_that_describes_nothing_ends_with_2() {
    let folder: PathBuf = folder("import-unusable");
    let cases = [
        (
            "{}",
            "this is neither an action, nor an integration, nor a state of Terraform",
        ),
        ("{", "the JSON ends too early (line 1, column 1;"),
        (
            r#"{"type": "object", "properties": {}}"#,
            "this is a JSON Schema",
        ),
        (r#"{"format_version": "1.0"}"#, "the state is empty"),
        (
            r#"{"format_version": "1.0", "values": {"root_module": {}}}"#,
            "the state has no genesyscloud_integration",
        ),
    ];
    for (text, what) in cases {
        std::fs::write(folder.join("file.json"), text).unwrap();
        let ran = run_in(&folder, &["import", "file.json"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{what}");
        assert!(
            ran.err.contains(&format!("error: file.json: {what}")),
            "{what}: {}",
            ran.err
        );
    }
}

#[test]
fn what_validate_would_refuse_ends_with_1() {
    let exported = text("tools/lockstep/tests/examples/order-status.json")
        .replace("\"order_id\": {", "\"orgId\": {");
    let arguments = [
        &["import", "-", "--new", "--integration-name", "Orders"],
        &KNOWN[..],
    ]
    .concat();
    let ran = run_with(&exported, &arguments);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.err
            .contains("error: lockstep validate would refuse this: line "),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("orgId"), "{}", ran.err);
}
