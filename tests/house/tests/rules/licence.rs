//! SPDX license expressions, as crates write them.

/// Whether the licences that are allowed are enough for an expression. `/` is the old way to write
/// `OR` (Cargo reference, "The license and license-file fields"). `AND` binds tighter than `OR`
/// (SPDX specification 2.3, annex D).
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut is_allowed = both(rest, allowed);
    while skip(rest, "OR") {
        is_allowed |= both(rest, allowed);
    }
    is_allowed
}

fn both(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut is_allowed = one(rest, allowed);
    while skip(rest, "AND") {
        is_allowed &= one(rest, allowed);
    }
    is_allowed
}

fn one(rest: &mut &[&str], allowed: &[String]) -> bool {
    if skip(rest, "(") {
        let is_allowed = either(rest, allowed);
        return skip(rest, ")") && is_allowed;
    }
    let Some((licence, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    let mut name = (*licence).to_owned();
    if skip(rest, "WITH")
        && let Some((exception, after)) = rest.split_first()
    {
        *rest = after;
        name = format!("{name} WITH {exception}");
    }
    allowed.contains(&name)
}

fn skip(rest: &mut &[&str], token: &str) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == token => {
            *rest = after;
            true
        }
        Some(_) | None => false,
    }
}

#[test]
fn an_expression_is_allowed_when_one_of_its_choices_is_allowed_as_a_whole() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    for (expression, is) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("GPL-3.0 AND MIT OR ISC", true),
        ("MIT WITH some-exception", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), is, "{expression}");
    }
}
