//! Which targets Cargo builds as tests.

use std::path::{Path, PathBuf};

use scenarios::Error;

fn below(folder: &Path, wanted: &str, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, wanted, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == wanted)
        {
            found.push(path);
        }
    }
    Ok(())
}

/// A library that says `test = false` has no tests that would silently not run, and none has examples
/// in its documentation that would not either.
#[test]
fn what_is_not_built_as_a_test_holds_none() -> Result<(), Error> {
    let root = sandbox::place::workspace();
    let mut looked_at = 0;
    for group in ["functions", "shared", "tests"] {
        for member in std::fs::read_dir(root.join(group))? {
            let member = member?.path();
            let Ok(manifest) = std::fs::read_to_string(member.join("Cargo.toml")) else {
                continue;
            };
            let library = manifest.split("[lib]").nth(1).unwrap_or_default();
            let library = library.split("\n[").next().unwrap_or_default();
            let says = |line: &str| library.lines().any(|one| one == line);
            let mut files = Vec::new();
            below(&member.join("src"), "rs", &mut files)?;
            for file in files {
                let text = std::fs::read_to_string(&file)?;
                let tests = text.contains("#[test]") || text.contains("#[tokio::test");
                assert!(
                    !tests || !says("test = false"),
                    "{} has tests, and its library says `test = false`",
                    file.display()
                );
                assert!(
                    !text.contains("/// ```\n") || !says("doctest = false"),
                    "{} has an example, and its library says `doctest = false`",
                    file.display()
                );
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 100, "{looked_at} files");
    Ok(())
}
