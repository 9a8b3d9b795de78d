//! Writing YAML that a person goes on with: with comments, and with fields that wait for a value.

use serde_json::Value;

/// How wide a comment may be.
const WIDTH: usize = 110;

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    text: String,
    /// The places without a value, each with what it needs.
    incomplete: Vec<(String, String)>,
}

impl Yaml {
    /// The text, and the places without a value.
    pub(super) fn finish(self) -> (String, Vec<(String, String)>) {
        (self.text, self.incomplete)
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.text
            .push_str(&format!("{:width$}{text}\n", "", width = 2 * depth));
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A comment, in as many lines as it needs.
    pub(super) fn comment(&mut self, depth: usize, text: &str) {
        let width = WIDTH.saturating_sub(2 * depth + 2);
        let mut line = String::new();
        for word in text.split_whitespace() {
            // Only what is printable; a word is never a line's end.
            let word: String = word.chars().filter(|one| is_printable(*one)).collect();
            if !line.is_empty() && line.len() + 1 + word.len() > width {
                self.line(depth, &format!("# {line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        if !line.is_empty() {
            self.line(depth, &format!("# {line}"));
        }
    }

    /// A field that holds other fields, or a list.
    pub(super) fn open(&mut self, depth: usize, key: &str) {
        self.line(depth, &format!("{}:", scalar(key)));
    }

    /// A field with a text.
    pub(super) fn text(&mut self, depth: usize, key: &str, text: &str) {
        match block(text) {
            Some((indicator, lines)) => {
                self.line(depth, &format!("{}: {indicator}", scalar(key)));
                for line in lines {
                    match line.is_empty() {
                        true => self.gap(),
                        false => self.line(depth + 1, line),
                    }
                }
            }
            None => self.line(depth, &format!("{}: {}", scalar(key), scalar(text))),
        }
    }

    /// A field that waits for a value. `at` is its place in the document.
    pub(super) fn incomplete(&mut self, depth: usize, at: &str, key: &str, needs: &str) {
        self.line(depth, &format!("{}: # incomplete: {needs}", scalar(key)));
        self.incomplete.push((at.to_owned(), needs.to_owned()));
    }

    /// A field with any value.
    pub(super) fn value(&mut self, depth: usize, key: &str, value: &Value) {
        match value {
            Value::String(text) => self.text(depth, key, text),
            Value::Object(members) if !members.is_empty() => {
                self.open(depth, key);
                for (key, value) in members {
                    self.value(depth + 1, key, value);
                }
            }
            Value::Array(elements)
                if elements.iter().any(|one| one.is_object() || one.is_array()) =>
            {
                self.open(depth, key);
                for element in elements {
                    // JSON is YAML, as long as its strings are.
                    self.line(depth + 1, &format!("- {}", inline(element)));
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {
                self.line(depth, &format!("{}: {}", scalar(key), inline(value)));
            }
        }
    }

    /// The first field of an entry of a list.
    pub(super) fn entry(&mut self, depth: usize, key: &str, text: &str) {
        self.line(depth, &format!("- {}: {}", scalar(key), scalar(text)));
    }

    /// A text as an element of a list.
    pub(super) fn element(&mut self, depth: usize, text: &str) {
        self.line(depth, &format!("- {}", scalar(text)));
    }
}

fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A value in one line, as YAML's flow style.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(inline).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, value)| format!("{}: {}", quoted(key), inline(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text in quotes only where it needs them.
fn scalar(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// Whether a text means itself without quotes. Narrow: a word of YAML, a number or a date is none.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "y"];
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let fits = |one: char| one.is_ascii_alphanumeric() || " _-./:()@$+".contains(one);
    let is_word =
        WORDS.contains(&text.to_ascii_lowercase().as_str()) || text.eq_ignore_ascii_case("n");
    begins
        && !is_word
        && text.chars().all(fits)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
}

/// In double quotes, where every character can be written.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other if is_printable(other) => quoted.push(other),
            other => quoted.push_str(&format!("\\U{:08x}", u32::from(other))),
        }
    }
    quoted.push('"');
    quoted
}

/// A text of several lines as a block: its indicator and its lines. None where only quotes keep every character.
fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let body = text.strip_suffix('\n');
    let indicator = match body {
        Some(_) => "|",
        None => "|-",
    };
    let body = body.unwrap_or(text);
    let lines: Vec<&str> = body.split('\n').collect();
    let first_is_indented = lines
        .first()
        .is_some_and(|line| line.starts_with([' ', '\t']) || line.is_empty());
    let last_is_empty = lines.last().is_some_and(|line| line.is_empty());
    let is_blank = |line: &&str| !line.is_empty() && line.trim().is_empty();
    let fits = lines.len() > 1
        && !first_is_indented
        && !last_is_empty
        && !lines.iter().any(is_blank)
        && body
            .chars()
            .all(|one| is_printable(one) || one == '\n' || one == '\t');
    fits.then_some((indicator, lines))
}

#[cfg(test)]
mod tests {
    use lockstep_domain::manifest::{KnownBounds, read};
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    /// What the manifest's reader makes of a value that was written as the input of a test, and as a template.
    fn read_back(key: &str, value: &Value, text: &str) -> (Value, String) {
        let mut yaml = Yaml::default();
        yaml.text += "version: 1\norganization:\n  id: org-1\n  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:a-a1B2c3\n";
        yaml.text += "integrations:\n  - {key: i, name: I, role: R}\n";
        yaml.text += "actions:\n";
        yaml.entry(1, "key", "a");
        yaml.text(2, "name", "A");
        yaml.text(2, "integration", "i");
        yaml.text(
            2,
            "function",
            "arn:aws:lambda:us-east-1:123456789012:function:F",
        );
        yaml.value(
            2,
            "contract",
            &json!({"input": {"type": "object"}, "output": {}}),
        );
        yaml.open(2, "response");
        yaml.text(3, "success_template", text);
        yaml.open(2, "test");
        yaml.open(3, "input");
        yaml.value(4, key, value);
        yaml.value(3, "safe", &json!(true));
        let (written, _) = yaml.finish();
        let bounds = KnownBounds::default().widened_for(&written);
        let manifest = read(&written, &bounds, &[]);
        let manifest = manifest.unwrap_or_else(|problems| panic!("{problems:#?}\n{written}"));
        let action = &manifest.actions[0];
        let input = action.test.as_ref().unwrap().input[key].clone();
        (input, action.success_template.clone().unwrap())
    }

    fn texts() -> impl Strategy<Value = String> {
        let lines = prop::collection::vec("[ \t]?[a-z#:{}$\"'\\\\%&*!|>@`, -]{0,12}[ \t]?", 1..5);
        prop_oneof![
            any::<String>(),
            lines.prop_map(|lines| lines.join("\n")),
            prop::sample::select(vec![
                "",
                "null",
                "Yes",
                "1e3",
                "0x1f",
                "2026-01-02",
                "- a",
                "a: b",
                "a #b",
                "---",
                "\n",
                "a\n\n",
                "\u{feff}",
                "a\r\nb",
                "~"
            ])
            .prop_map(str::to_owned),
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(Value::from),
            (-1e6..1e6).prop_map(Value::from),
            texts().prop_map(Value::String),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let members = prop::collection::btree_map(texts(), inner.clone(), 0..3);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::Array),
                members
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back_as_it_was(key in texts(), value in values(), text in texts()) {
            let (input, template) = read_back(&key, &value, &text);
            prop_assert_eq!(input, value);
            let text = if text.is_empty() { "${rawResult}".to_owned() } else { text };
            prop_assert_eq!(template, text);
        }
    }

    #[test]
    fn a_template_of_several_lines_is_a_block() {
        let mut yaml = Yaml::default();
        yaml.text(0, "template", "{\n  \"a\": 1\n\n}\n");
        assert_eq!(yaml.finish().0, "template: |\n  {\n    \"a\": 1\n\n  }\n");
    }

    #[test]
    fn a_comment_is_wrapped_and_stays_one() {
        let mut yaml = Yaml::default();
        yaml.comment(1, &format!("{} b\nrole: x \u{1b}[31m", "a".repeat(108)));
        let (text, _) = yaml.finish();
        assert!(
            text.lines()
                .all(|line| line.starts_with("  # ") && !line.contains('\u{1b}')),
            "{text:?}"
        );
        assert_eq!(text.lines().count(), 2);
    }
}
