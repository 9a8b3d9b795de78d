//! Every example of `docs/cli.md` does what the page shows. `BLESS=1` writes what it does into the page.

use std::path::Path;

use crate::evidence::binding;
use crate::program::{Ran, folder, path, run_in, text};

const PAGE: &str = "docs/cli.md";

/// A folder with the files that the examples name.
fn examples() -> std::path::PathBuf {
    let folder = folder("documents");
    let examples = path("tools/lockstep/tests/examples");
    for file in std::fs::read_dir(examples).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    binding(&folder, "order-lookup", 3);
    folder
}

/// What a line after `$ ` prints, and how it ends.
fn run_line(line: &str, folder: &Path, code: i32) -> (String, i32) {
    if line == "echo $?" {
        return (format!("{code}\n"), 0);
    }
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("lockstep"), "{line}");
    let arguments: Vec<&str> = words.collect();
    let Ran { code, out, err } = run_in(folder, &arguments);
    // A terminal shows both; standard error is not buffered.
    (err + &out, code)
}

/// The page with what each command of its examples really prints.
fn played(page: &str) -> (String, usize) {
    let folder = examples();
    let mut played = String::new();
    let mut lines = page.lines().peekable();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        played += &format!("{line}\n");
        if line != "```console" {
            continue;
        }
        let mut code = 0;
        while let Some(line) = lines.next_if(|line| *line != "```") {
            let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{line}"));
            let (printed, ended) = run_line(command, &folder, code);
            (code, commands) = (ended, commands + 1);
            played += &format!("{line}\n{printed}");
            while lines
                .next_if(|line| !line.starts_with("$ ") && *line != "```")
                .is_some()
            {}
        }
    }
    (played, commands)
}

#[test]
fn the_examples_of_the_page_do_what_it_shows() {
    let page = text(PAGE);
    let (played, commands) = played(&page);
    assert!(commands >= 10, "{commands}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path(PAGE), &played).unwrap();
        return;
    }
    for (nth, (shown, real)) in page.lines().zip(played.lines()).enumerate() {
        assert_eq!(
            shown,
            real,
            "{PAGE}:{}; BLESS=1 writes the page anew",
            nth + 1
        );
    }
    assert_eq!(page.lines().count(), played.lines().count());
}

#[test]
fn the_page_has_the_help_of_every_command() {
    let page = text(PAGE);
    let mut commands = vec![lockstep_cli::command()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        let has_own = command.get_subcommands().next().is_none();
        if has_own {
            let name = command.get_bin_name().unwrap_or(command.get_name());
            assert!(page.contains(&format!("$ {name} --help\n")), "{name}");
            seen += 1;
        }
        let mut command = command;
        command.build();
        commands.extend(
            command
                .get_subcommands()
                .filter(|one| one.get_name() != "help")
                .cloned(),
        );
    }
    assert!(seen >= 4, "{seen}");
}
