//! Texts of a policy: wildcards and policy variables.
//!
//! Sources: IAM User Guide, "IAM policy elements: Variables and tags" and "IAM JSON policy elements: Resource".

use std::borrow::Cow;
use std::str::Chars;

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
pub(crate) enum Token {
    Glyph(Glyph),
    Variable { key: Key, default: Option<String> },
}

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Matters,
    Ignored,
}

impl Case {
    fn equates(self, one: char, other: char) -> bool {
        one == other || self == Self::Ignored && one.to_lowercase().eq(other.to_lowercase())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Char(char),
    /// `*`: any number of characters.
    Many,
    /// `?`: one character.
    One,
}

/// A text as a policy has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// The same for every request, as most are: each request is compared with each pattern of its role.
    Fixed(Vec<Glyph>),
    /// With variables, whose values a request brings.
    Variable(Vec<Token>),
}

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
        let glyphs = tokens.iter().map(|token| match token {
            Token::Glyph(glyph) => Some(*glyph),
            Token::Variable { .. } => None,
        });
        let fixed: Option<Vec<Glyph>> = glyphs.collect();
        Ok(fixed.map_or(Self::Variable(tokens), Self::Fixed))
    }

    /// Whether it is this text. A variable without a value and without a default matches nothing.
    pub(crate) fn matches(&self, text: &str, request: &Request<'_>) -> bool {
        self.resolve(request)
            .is_some_and(|glyphs| is_like(&glyphs, text, Case::Matters))
    }

    /// Whether it is this text, upper and lower case being the same.
    pub(crate) fn matches_ignoring_case(&self, text: &str, request: &Request<'_>) -> bool {
        self.resolve(request)
            .is_some_and(|glyphs| is_like(&glyphs, text, Case::Ignored))
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
                .all(|(part, text)| is_like(part, text, Case::Matters))
    }

    /// Whether it has the six parts of an ARN before any variable is filled.
    pub(crate) fn is_arn(&self) -> bool {
        const COLON: Glyph = Glyph::Char(':');
        let colons = match self {
            Self::Fixed(glyphs) => glyphs.iter().filter(|glyph| **glyph == COLON).count(),
            Self::Variable(tokens) => tokens
                .iter()
                .filter(|token| **token == Token::Glyph(COLON))
                .count(),
        };
        colons >= 5
    }

    pub(crate) fn has_variables(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Variable(_) => true,
        }
    }

    fn resolve(&self, request: &Request<'_>) -> Option<Cow<'_, [Glyph]>> {
        let tokens = match self {
            Self::Fixed(glyphs) => return Some(Cow::Borrowed(glyphs)),
            Self::Variable(tokens) => tokens,
        };
        let mut glyphs = Vec::new();
        for token in tokens {
            match token {
                Token::Glyph(glyph) => glyphs.push(*glyph),
                // What a request brings is plain text, whatever characters it holds.
                Token::Variable { key, default } => {
                    let value = request.single(key).or(default.as_deref())?;
                    glyphs.extend(value.chars().map(Glyph::Char));
                }
            }
        }
        Some(Cow::Owned(glyphs))
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

/// Wildcard matching that goes back to the last `*` only: linear in memory, never exponential.
fn is_like(pattern: &[Glyph], text: &str, case: Case) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut retry: Option<(usize, Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        let Some(character) = rest.next() else {
            break;
        };
        match pattern.get(at) {
            Some(Glyph::Char(expected)) if case.equates(*expected, character) => at += 1,
            Some(Glyph::One) => at += 1,
            Some(Glyph::Many) => {
                at += 1;
                rest = before.clone();
                retry = Some((at, before));
            }
            Some(Glyph::Char(_)) | None => match &mut retry {
                Some((after, taken)) => {
                    taken.next();
                    (at, rest) = (*after, taken.clone());
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|glyph| *glyph == Glyph::Many)
}
