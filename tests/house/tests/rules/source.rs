//! Rust source as text: its code, and the literals in it.

use std::collections::BTreeSet;

/// The identifiers in a file's code. Comments and literals do not count.
pub fn identifiers(text: &str) -> BTreeSet<String> {
    let code = Source::of(text).code;
    let words = code.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    words.map(str::to_owned).collect()
}

/// A source file, cut into its code and its string literals.
#[derive(Default)]
pub struct Source {
    /// The code, with a blank in the place of each literal and comment.
    pub code: String,
    /// The contents of the string literals, with the lines on which they begin.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    pub fn of(text: &str) -> Self {
        let mut source = Self::default();
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let rest = &text[at..];
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else if let Some(literal) = Literal::at(rest, &source.code) {
                let line = text[..at].matches('\n').count() + 1;
                source.strings.push((line, literal.content));
                literal.length
            } else if let Some(length) = character(rest) {
                length
            } else {
                source.code.push(next);
                at += next.len_utf8();
                continue;
            };
            source.code.push(' ');
            at += length;
        }
        source
    }
}

struct Literal {
    content: String,
    length: usize,
}

impl Literal {
    /// The string literal at the beginning of `rest`, if there is one; `before` is the code up to it.
    fn at(rest: &str, before: &str) -> Option<Self> {
        if rest.starts_with('"') {
            return Self::escaped(rest);
        }
        if !rest.starts_with('r')
            || before.ends_with(|before: char| before.is_alphanumeric() || before == '_')
        {
            return None;
        }
        let hashes = rest[1..]
            .chars()
            .take_while(|character| *character == '#')
            .count();
        let body = rest[1 + hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let content = &body[..body.find(&end)?];
        Some(Self {
            content: content.to_owned(),
            length: 1 + hashes + 1 + content.len() + end.len(),
        })
    }

    fn escaped(rest: &str) -> Option<Self> {
        let mut content = String::new();
        let mut characters = rest.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    return Some(Self {
                        content,
                        length: at + 1,
                    });
                }
                '\\' => match characters.next()?.1 {
                    // A line that goes on in the next one, without what that one begins with.
                    '\n' => {
                        while characters
                            .next_if(|(_, next)| next.is_whitespace())
                            .is_some()
                        {}
                    }
                    'n' => content.push('\n'),
                    escaped => content.push(escaped),
                },
                other => content.push(other),
            }
        }
        None
    }
}

/// The length of the character literal at the beginning of `rest`; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    if body.starts_with('\\') {
        return Some(body[2..].find('\'')? + 4);
    }
    let first = body.chars().next()?;
    let after = &body[first.len_utf8()..];
    after.starts_with('\'').then(|| first.len_utf8() + 2)
}

#[test]
fn a_file_is_cut_into_code_and_literals() {
    let source = Source::of(concat!(
        "fn f<'a>(x: &'a str) { g(\"one \\\"two\\\"\"); // \"no\"\n",
        "  h('\"', '\\'', b'x', r#\"raw \"text\"\"#); /* \"no\" */ i(\"a \\\n     b\") }",
    ));
    let strings: Vec<&str> = source
        .strings
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(strings, ["one \"two\"", "raw \"text\"", "a b"]);
    assert_eq!(source.strings[1].0, 2);
    assert!(
        source.code.contains("fn f<'a>(x: &'a str) { g( );"),
        "{}",
        source.code
    );
    assert!(!source.code.contains("no"), "{}", source.code);
}
