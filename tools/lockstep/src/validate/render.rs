//! Diagnostics as `rustc` draws them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use lockstep_domain::problem::Problem;

use super::Unchecked;
use crate::output::printable;

/// How much of a line is shown: a template may be one line of any length.
const MAX_SHOWN: usize = 2_000;

/// One problem with its line of the file.
pub(super) fn diagnostic(file: &str, text: &str, problem: &Problem) -> String {
    let line = problem.line.and_then(|number| line_at(text, number));
    let file = printable(file);
    let at = printable(&problem.at);
    let title = Level::ERROR.primary_title(printable(&problem.problem));
    let group = match line {
        Some((number, line)) => {
            let span = AnnotationKind::Primary.span(span(line, &problem.at));
            let snippet = Snippet::source(line).line_start(number).path(file);
            title.element(snippet.annotation(span.label(at)))
        }
        None => title.element(Origin::path(file)),
    };
    let group = group.element(Level::HELP.message(printable(&problem.fix)));
    Renderer::styled().render(&[group])
}

/// What was not checked, and how to have it checked.
pub(super) fn unchecked(unchecked: &[Unchecked]) -> String {
    let names: Vec<&str> = unchecked.iter().map(|one| one.bound).collect();
    let flags: Vec<&str> = unchecked.iter().map(|one| one.flag).collect();
    let title = format!(
        "these bounds of the stack are not known, so nothing was compared with them: {}",
        names.join(", ")
    );
    let save = "Save them: aws cloudformation describe-stacks --stack-name STACK > stack.json, then pass \
                --bounds stack.json.";
    let group = Level::NOTE
        .primary_title(title)
        .element(Level::HELP.message(save))
        .element(Level::HELP.message(format!("Or pass {}.", flags.join(", "))));
    Renderer::styled().render(&[group])
}

/// A line by its number, counted from 1, without its end.
fn line_at(text: &str, number: u32) -> Option<(usize, &str)> {
    let number = usize::try_from(number).ok()?;
    let line = text.lines().nth(number.checked_sub(1)?)?;
    Some((number, &line[..line.floor_char_boundary(MAX_SHOWN)]))
}

/// What to underline: the value of the field that the place ends with, else its name, else the whole line.
fn span(line: &str, at: &str) -> Range<usize> {
    let start = line.len() - line.trim_start().len();
    let whole = start..line.trim_end().len().max(start);
    let field = at.rsplit('.').next().unwrap_or(at);
    let field = field.split('[').next().unwrap_or(field);
    if field.is_empty() {
        return whole;
    }
    let name = format!("{field}:");
    let Some(found) = line
        .match_indices(&name)
        .map(|(found, _)| found)
        .find(|found| {
            let before = line[..*found].chars().next_back();
            before.is_none_or(|one| one.is_whitespace() || matches!(one, '{' | ',' | '"'))
        })
    else {
        return whole;
    };
    let after = found + name.len();
    let value = line[after..].trim_start();
    let from = line.len() - value.len();
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    match value.is_empty() || value.starts_with('#') {
        true => found..found + field.len(),
        false => from..from + value.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn underlined<'l>(line: &'l str, at: &str) -> &'l str {
        &line[span(line, at)]
    }

    #[test]
    fn the_value_of_the_field_is_underlined() {
        let line = "    arn: not-an-arn  # of the secret";
        assert_eq!(underlined(line, "actions[0].secrets[0].arn"), "not-an-arn");
        assert_eq!(underlined("  - key: a b", "actions[0].key"), "a b");
        assert_eq!(underlined("  lists: [1]", "lists[0]"), "[1]");
    }

    #[test]
    fn without_a_value_the_name_is_underlined_and_without_a_name_the_line() {
        assert_eq!(underlined("  role:", "integrations[0].role"), "role");
        assert_eq!(
            underlined("  role: # incomplete", "integrations[0].role"),
            "role"
        );
        assert_eq!(
            underlined("  - name: x", "integrations[0].role"),
            "- name: x"
        );
        assert_eq!(underlined("  other_role: x", "role"), "other_role: x");
        assert_eq!(underlined("", "role"), "");
        assert_eq!(underlined("  text", ""), "text");
    }

    #[test]
    fn a_line_is_shown_up_to_a_length_and_a_control_character_does_not_reach_the_terminal() {
        let text = format!("a: \u{1b}[31m{}é", "x".repeat(2 * MAX_SHOWN));
        let problem =
            Problem::new("a", "it \u{1b}[31m is wrong", "Correct \u{1b}[31m it.").on_line(1);
        let shown = diagnostic("file \u{1b}[31m.yaml", &text, &problem);
        assert!(shown.len() < 3 * MAX_SHOWN, "{}", shown.len());
        assert!(!shown.contains("\u{1b}[31m"), "{shown:?}");
    }

    #[test]
    fn a_problem_without_a_line_names_the_file() {
        let problem = Problem::new("", "it is wrong", "Correct it.");
        let shown = diagnostic("one.yaml", "a: 1", &problem);
        assert!(
            shown.contains("one.yaml")
                && shown.contains("it is wrong")
                && shown.contains("Correct it."),
            "{shown}"
        );
        let beyond = diagnostic("one.yaml", "a: 1", &problem.on_line(9));
        assert!(beyond.contains("it is wrong"), "{beyond}");
    }
}
