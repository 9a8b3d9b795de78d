use std::fs;
use std::path::{Path, PathBuf};

use lockstep_report::Format;

use crate::program::{folder, run_in};

/// Writes the sample ledger as the evidence bucket has it, into the folder `sweep`.
pub fn sweep(folder: &Path) -> PathBuf {
    let (index, parts) = sample_ledger::sample(3)
        .stored(Vec::new(), Vec::new())
        .unwrap();
    let sweep = folder.join("sweep");
    fs::create_dir_all(&sweep).unwrap();
    fs::write(
        sweep.join("index.json"),
        serde_json::to_vec(&index).unwrap(),
    )
    .unwrap();
    for (name, bytes) in parts {
        fs::write(sweep.join(name), bytes).unwrap();
    }
    sweep
}

#[test]
fn a_stored_ledger_is_rendered_as_the_stack_renders_it() {
    let folder = folder("report");
    sweep(&folder);
    for format in Format::ALL {
        let mut rendered = Vec::new();
        format
            .render(&sample_ledger::sample(3), &mut rendered)
            .unwrap();
        for ledger in ["sweep", "sweep/index.json"] {
            let ran = run_in(&folder, &["report", ledger, "--format", format.name()]);
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format:?}");
            assert!(ran.out.as_bytes() == rendered, "{format:?} differs");
        }
    }
}

#[test]
fn a_part_that_is_missing_or_altered_ends_with_1() {
    let folder = folder("report-altered");
    let rows = sweep(&folder).join("rows-0001.jsonl");
    let stored = fs::read_to_string(&rows).unwrap();
    fs::write(&rows, stored.replace("passed", "failed")).unwrap();
    let arguments = ["report", "sweep", "--format", "csv"];
    let ran = run_in(&folder, &arguments);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:#?}");
    assert!(
        ran.err.contains("rows-0001.jsonl of the ledger differs"),
        "{}",
        ran.err
    );
    fs::remove_file(&rows).unwrap();
    let ran = run_in(&folder, &arguments);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:#?}");
    assert!(
        ran.err
            .contains("rows-0001.jsonl of the ledger does not exist"),
        "{}",
        ran.err
    );
}

#[test]
fn what_is_no_ledger_or_no_format_ends_with_2() {
    let folder = folder("report-unusable");
    fs::write(folder.join("other.json"), "{}").unwrap();
    for (arguments, what) in [
        (
            ["other.json", "--format", "csv"],
            "this is not the index of a ledger",
        ),
        (
            ["missing", "--format", "csv"],
            "missing: cannot read the file",
        ),
        (["-", "--format", "csv"], "its parts are beside its index"),
        (
            ["other.json", "--format", "pdf"],
            "there is no format \"pdf\"",
        ),
    ] {
        let ran = run_in(&folder, &[&["report"], &arguments[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{what}");
        assert!(ran.err.contains(what), "{what}: {}", ran.err);
    }
}
