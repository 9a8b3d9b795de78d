//! The CI's workflow does nothing by itself, and trusts nobody by name.

use crate::workspace::{files, text};

/// Whether an action is named by the commit that was looked at: a tag can be moved.
fn is_pinned(action: &str) -> bool {
    let commit = action.split_once('@').map_or("", |(_, commit)| commit);
    commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit())
}

#[test]
fn every_action_is_pinned_by_its_commit_and_no_workflow_has_a_permission() {
    for file in files(".github/workflows", ".yml") {
        let workflow = text(&file);
        assert!(workflow.contains("\npermissions: {}\n"), "{file}");
        assert_eq!(workflow.matches("permissions:").count(), 1, "{file}");
        let used = workflow
            .lines()
            .filter_map(|line| line.split_once("uses: "));
        for (_, action) in used {
            let action = action.split(' ').next().unwrap_or_default();
            assert!(is_pinned(action), "{file}: {action}");
        }
    }
}

#[test]
fn the_workflow_runs_what_a_developer_runs() {
    let workflow = text(".github/workflows/ci.yml");
    let run: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: "))
        .collect();
    assert_eq!(run, [".ci/run"]);
}
