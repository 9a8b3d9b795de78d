//! Texts of a policy: wildcards and policy variables.
//!
//! Sources: IAM User Guide, "IAM policy elements: Variables and tags" and "IAM JSON policy elements: Resource".

use crate::PolicyError;
use crate::context::Key;
use crate::evaluation::Request;

/// Version 2012-10-17 is the first that has variables: before, `${…}` is plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Of2008,
    Of2012,
}

/// Whether `*` and `?` stand for more than themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Special,
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Glyph(Glyph),
    Variable { key: Key, default: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    Char(char),
    /// `*`: any number of characters.
    Many,
    /// `?`: one character.
    One,
}

/// A text as a policy has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

impl Pattern {
    pub(crate) fn parse(
        text: &str,
        language: Language,
        wildcards: Wildcards,
    ) -> Result<Self, PolicyError> {
        let mut tokens = Vec::new();
        let mut rest = text;
        if language == Language::Of2012 {
            while let Some((before, after)) = rest.split_once("${") {
                tokens.extend(plain(before, wildcards));
                let (variable, after) = after
                    .split_once('}')
                    .ok_or_else(|| PolicyError::malformed(format!("`${{` has no end: {text}")))?;
                tokens.push(token(variable)?);
                rest = after;
            }
        }
        tokens.extend(plain(rest, wildcards));
        Ok(Self(tokens))
    }

    /// Whether it is this text. A variable without a value and without a default matches nothing.
    pub(crate) fn matches(&self, text: &str, request: &Request<'_>) -> bool {
        self.resolve(request)
            .is_some_and(|glyphs| is_like(&glyphs, text))
    }

    /// Whether it is this text, upper and lower case being the same.
    pub(crate) fn matches_ignoring_case(&self, text: &str, request: &Request<'_>) -> bool {
        self.resolve(request).is_some_and(|glyphs| {
            let glyphs: Vec<Glyph> = glyphs.into_iter().flat_map(lowercase).collect();
            is_like(&glyphs, &text.to_lowercase())
        })
    }

    /// Whether it is this ARN: each of the six parts is compared separately, so that a wildcard crosses no colon
    /// but those of the last part.
    pub(crate) fn matches_arn(&self, arn: &str, request: &Request<'_>) -> bool {
        let Some(glyphs) = self.resolve(request) else {
            return false;
        };
        let parts: Vec<&[Glyph]> = glyphs
            .splitn(6, |glyph| *glyph == Glyph::Char(':'))
            .collect();
        let texts: Vec<&str> = arn.splitn(6, ':').collect();
        parts.len() == 6
            && texts.len() == 6
            && parts
                .iter()
                .zip(texts)
                .all(|(part, text)| is_like(part, text))
    }

    /// Whether it has the six parts of an ARN before any variable is filled.
    pub(crate) fn is_arn(&self) -> bool {
        let colons = self
            .0
            .iter()
            .filter(|token| **token == Token::Glyph(Glyph::Char(':')));
        colons.count() >= 5
    }

    pub(crate) fn has_variables(&self) -> bool {
        self.0
            .iter()
            .any(|token| matches!(token, Token::Variable { .. }))
    }

    fn resolve(&self, request: &Request<'_>) -> Option<Vec<Glyph>> {
        let mut glyphs = Vec::new();
        for token in &self.0 {
            match token {
                Token::Glyph(glyph) => glyphs.push(*glyph),
                // What a request brings is plain text, whatever characters it holds.
                Token::Variable { key, default } => {
                    let value = request.single(key).or(default.as_deref())?;
                    glyphs.extend(value.chars().map(Glyph::Char));
                }
            }
        }
        Some(glyphs)
    }
}

fn plain(text: &str, wildcards: Wildcards) -> impl Iterator<Item = Token> + '_ {
    text.chars().map(move |character| {
        Token::Glyph(match (wildcards, character) {
            (Wildcards::Special, '*') => Glyph::Many,
            (Wildcards::Special, '?') => Glyph::One,
            (Wildcards::Special | Wildcards::Plain, other) => Glyph::Char(other),
        })
    })
}

fn token(variable: &str) -> Result<Token, PolicyError> {
    match variable {
        "*" => return Ok(Token::Glyph(Glyph::Char('*'))),
        "?" => return Ok(Token::Glyph(Glyph::Char('?'))),
        "$" => return Ok(Token::Glyph(Glyph::Char('$'))),
        _ => {}
    }
    let (name, default) = match variable.split_once(", ") {
        Some((name, quoted)) => {
            let default = quoted
                .strip_prefix('\'')
                .and_then(|quoted| quoted.strip_suffix('\''))
                .ok_or_else(|| PolicyError::malformed(format!("a default of ${{{variable}}}")))?;
            (name, Some(default.to_owned()))
        }
        None => (variable, None),
    };
    let key = Key::parse(name)?;
    if key.is_multivalued() {
        return Err(PolicyError::malformed(format!(
            "{name} can have several values and is no variable"
        )));
    }
    Ok(Token::Variable { key, default })
}

fn lowercase(glyph: Glyph) -> Vec<Glyph> {
    match glyph {
        Glyph::Char(character) => character.to_lowercase().map(Glyph::Char).collect(),
        Glyph::Many | Glyph::One => vec![glyph],
    }
}

/// Wildcard matching that goes back to the last `*` only: linear in memory, never exponential.
fn is_like(pattern: &[Glyph], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(Glyph::Char(expected)) if *expected == text[read] => {
                (at, read) = (at + 1, read + 1)
            }
            Some(Glyph::One) => (at, read) = (at + 1, read + 1),
            Some(Glyph::Many) => {
                at += 1;
                retry = Some((at, read));
            }
            Some(Glyph::Char(_)) | None => match retry {
                Some((after, taken)) => {
                    (at, read) = (after, taken + 1);
                    retry = Some((after, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|glyph| *glyph == Glyph::Many)
}
