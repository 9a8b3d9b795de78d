//! The picture in the README is what happens.

use std::path::Path;

/// `BLESS=1 cargo test -p simulation --test picture` draws it again.
#[test]
fn the_readme_shows_a_rotation_as_it_happens_in_the_simulation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/rotation.svg");
    let drawn = simulation::picture_of_a_rotation();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &drawn).expect("docs/images can be written");
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        shown, drawn,
        "docs/images/rotation.svg is not what happens: draw it again with BLESS=1"
    );
}
