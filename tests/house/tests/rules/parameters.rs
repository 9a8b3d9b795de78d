//! Messages and documents name parameters of the template that exist.

use std::collections::BTreeSet;

use crate::template::template;
use crate::words::{lines, messages};

/// The names after the word "parameter" or "parameters", which are in camel case.
fn named(text: &str) -> Vec<String> {
    let mentions = text.split("parameter").skip(1);
    let first = mentions.filter_map(|rest| {
        let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix(' ')?;
        let rest = rest.strip_prefix('`').unwrap_or(rest);
        let name: String = rest
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let is_camel_case = name.starts_with(char::is_uppercase)
            && name[1..].contains(char::is_uppercase)
            && name.contains(char::is_lowercase);
        is_camel_case.then_some(name)
    });
    first.collect()
}

#[test]
fn names_are_found_after_the_word() {
    let text =
        "the parameter `WebhookUrl`, the stack parameters OrganizationIds and no parameter at all";
    assert_eq!(named(text), ["WebhookUrl", "OrganizationIds"]);
}

#[test]
fn every_parameter_that_users_read_about_exists() {
    let template = template();
    let parameters = template.parameters().as_object().unwrap();
    let known: BTreeSet<&str> = parameters.keys().map(String::as_str).collect();
    let mut seen = 0;
    for text in messages().into_iter().chain(lines()) {
        for name in named(&text.text) {
            let (file, line) = (&text.file, text.line);
            assert!(known.contains(name.as_str()), "{file}:{line}: {name}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
