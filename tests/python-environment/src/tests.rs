use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A folder of its own for each test, gone with it.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("python-environment-{}-{number}", std::process::id());
        Self(target().join("tmp").join(name))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// No packages: what is told of environments needs no package index.
const EMPTY: &str = "# none\n";

#[test]
fn an_environment_is_made_once_and_its_interpreter_runs() {
    let home = Home::new();
    let said = RefCell::new(Vec::new());
    let say = |line: &str| said.borrow_mut().push(line.to_owned());
    let first = interpreter_in(&home.0, "nothing", EMPTY, &say).unwrap();
    let again = interpreter_in(&home.0, "nothing", EMPTY, &say).unwrap();
    assert_eq!(first, again);
    assert_eq!(said.borrow().len(), 1, "{said:?}");
    let answered = Command::new(first).args(["-c", "print(6 * 7)"]).output();
    assert_eq!(answered.unwrap().stdout, b"42\n");
}

#[test]
fn other_requirements_make_another_environment() {
    assert_ne!(digest("six==1.16.0\n"), digest("six==1.17.0\n"));
}

#[test]
fn an_interrupted_installation_is_repeated() {
    let home = Home::new();
    let folder = home.0.join(format!("broken-{}", digest(EMPTY)));
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(folder.join("bin/python"), "half of an interpreter").unwrap();
    let python = interpreter_in(&home.0, "broken", EMPTY, &|_| {}).unwrap();
    assert!(
        Command::new(python)
            .arg("--version")
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn requirements_that_cannot_be_had_end_with_what_pip_said_and_are_not_trusted() {
    let home = Home::new();
    let wanted = "./there-is-no-such-package\n";
    for _ in 0..2 {
        let problem = interpreter_in(&home.0, "wrong", wanted, &|_| {}).unwrap_err();
        assert!(matches!(problem, Error::Packages { .. }), "{problem}");
        let shown = problem.to_string();
        assert!(shown.contains("there-is-no-such-package"), "{shown}");
        assert!(shown.contains("what to do"), "{shown}");
    }
}
