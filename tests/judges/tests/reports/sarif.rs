//! SARIF logs against the JSON schema of SARIF 2.1.0 and the rules of Microsoft's SARIF Multitool, which has both.
//!
//! The tool exits with 0 whatever it finds, so its results are counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use judges::node::installed;
use judges::{figures, undisturbed};
use lockstep_report::Format;
use python_environment::target;
use sample_ledger::{hostile, sample};
use serde_json::{Value, json};

use crate::TOOLS;

/// What the tool may say of a log of ours: Lockstep has no home page (SARIF2005). Everything else that it says is a
/// note on optional members.
const ACCEPTED: [&str; 1] = ["SARIF2005"];

fn tool() -> PathBuf {
    let node = installed(TOOLS).unwrap();
    node.packages.join("@microsoft/sarif-multitool-linux")
}

/// How often the tool reports each rule at the levels `error` and `warning`.
fn judged(tool: &Path, name: &str, log: &Value) -> BTreeMap<String, usize> {
    let folder = target()
        .join("tmp")
        .join(format!("sarif-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (input, output) = (folder.join("input.sarif"), folder.join("output.sarif"));
    fs::write(&input, log.to_string()).unwrap();
    let program = folder.join("multitool");
    fs::copy(tool.join("Sarif.Multitool"), &program).unwrap();
    executable(&program);
    let said = undisturbed(&mut Command::new(&program))
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .env("DOTNET_BUNDLE_EXTRACT_BASE_DIR", folder.join("extracted"))
        .arg("validate")
        .arg(&input)
        .arg("--output")
        .arg(&output)
        .args(["--level", "Error;Warning", "--kind", "Fail"])
        .output()
        .unwrap();
    let text = fs::read_to_string(&output).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    fs::remove_dir_all(&folder).unwrap();
    let answer: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let mut found = BTreeMap::new();
    for result in answer["runs"][0]["results"].as_array().unwrap() {
        *found
            .entry(result["ruleId"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    found
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn logs() -> [Value; 2] {
    [sample(40), hostile(100)].map(|ledger| {
        let mut out = Vec::new();
        Format::Sarif.render(&ledger, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    })
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
#[ignore = "downloads a tool of 43 MB; .ci/run runs it"]
fn every_log_is_valid_for_the_schema_and_the_multitool() {
    let tool = tool();
    let text = fs::read_to_string(tool.join("sarif-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut results = 0;
    for log in logs() {
        let problems: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{problems:#?}");
        let found = judged(&tool, "good", &log);
        assert!(found.keys().eq(&ACCEPTED), "{found:?}");
        results += log["runs"][0]["results"].as_array().unwrap().len();
    }
    let [mut broken, _] = logs();
    broken["runs"][0]["results"][0]["kind"] = json!("unheard of");
    assert!(
        !validator.is_valid(&broken),
        "a planted fault is found by the schema"
    );
    let [mut broken, _] = logs();
    broken["runs"][0]["results"][0]["ruleIndex"] = json!(999);
    let found = judged(&tool, "broken", &broken);
    assert!(
        !found.keys().eq(&ACCEPTED),
        "a planted fault is found by the tool: {found:?}"
    );
    figures(
        "sarif",
        &format!("SARIF Multitool: {results} results, no error"),
    )
    .unwrap();
}
