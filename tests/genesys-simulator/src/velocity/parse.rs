//! Reading a template: texts, references and directives.

use serde_json::Value;

use crate::velocity::condition::Condition;
use crate::velocity::{Expression, HELPERS, Operand, Reference};

/// How deep helpers and parentheses may stand in each other.
pub(super) const MAX_DEPTH: usize = 16;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Token<'t> {
    Text,
    Comment,
    Reference(Reference<'t>),
    If(Condition<'t>),
    ElseIf(Condition<'t>),
    Else,
    End,
    Set(&'t str, Expression<'t>),
}

/// The parts of a template, each with its text.
pub(super) fn tokens(template: &str) -> impl Iterator<Item = (Token<'_>, &str)> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (token, after) = token(rest).unwrap_or_else(|| {
            // At least the character that begins nothing.
            let from = rest.chars().next().map_or(0, char::len_utf8);
            let end = rest[from..]
                .find(['$', '#'])
                .map_or(rest.len(), |at| from + at);
            (Token::Text, &rest[end..])
        });
        let source = &rest[..rest.len() - after.len()];
        rest = after;
        Some((token, source))
    })
}

fn token(text: &str) -> Option<(Token<'_>, &str)> {
    if text.starts_with('$') {
        return reference(text, MAX_DEPTH)
            .map(|(reference, rest)| (Token::Reference(reference), rest));
    }
    let after = text.strip_prefix('#')?;
    if let Some(comment) = after.strip_prefix('#') {
        let end = comment.find('\n').map_or(comment.len(), |at| at + 1);
        return Some((Token::Comment, &comment[end..]));
    }
    if let Some(rest) = word(after, "end") {
        return Some((Token::End, rest));
    }
    if let Some(rest) = word(after, "elseif") {
        return condition(rest).map(|(condition, rest)| (Token::ElseIf(condition), rest));
    }
    if let Some(rest) = word(after, "else") {
        return Some((Token::Else, rest));
    }
    if let Some(rest) = word(after, "if") {
        return condition(rest).map(|(condition, rest)| (Token::If(condition), rest));
    }
    set(word(after, "set")?)
}

/// What follows a directive's name, which may stand in braces.
fn word<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    if let Some(rest) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_prefix(name))
    {
        return rest.strip_prefix('}');
    }
    let rest = text.strip_prefix(name)?;
    (!rest.starts_with(|next: char| next.is_ascii_alphanumeric())).then_some(rest)
}

fn condition(text: &str) -> Option<(Condition<'_>, &str)> {
    let inner = text.trim_start().strip_prefix('(')?;
    let (condition, rest) = Condition::parse(inner, MAX_DEPTH)?;
    Some((condition, rest.trim_start().strip_prefix(')')?))
}

fn set(text: &str) -> Option<(Token<'_>, &str)> {
    let inner = text.trim_start().strip_prefix('(')?;
    let name = inner.trim_start().strip_prefix('$')?;
    let (name, rest) = name.split_at(path_length(name));
    if name.is_empty() || name.contains('.') {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('=')?;
    let (expression, rest) = expression(rest, MAX_DEPTH)?;
    let rest = rest.trim_start().strip_prefix(')')?;
    Some((Token::Set(name, expression), rest))
}

/// The value at the start of a text.
pub(super) fn expression(text: &str, depth: usize) -> Option<(Expression<'_>, &str)> {
    let text = text.trim_start();
    if text.starts_with('$') {
        return reference(text, depth)
            .map(|(reference, rest)| (Expression::Reference(reference), rest));
    }
    if let Some(after) = text.strip_prefix('"') {
        let (template, rest) = after.split_once('"')?;
        return Some((Expression::Template(template), rest));
    }
    if let Some(after) = text.strip_prefix('\'') {
        let (plain, rest) = after.split_once('\'')?;
        return Some((Expression::Literal(Value::from(plain)), rest));
    }
    let end = text
        .find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '.' | '-')))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let value: Value = serde_json::from_str(word).ok()?;
    Some((Expression::Literal(value), rest))
}

/// The reference at the start of a text.
pub(super) fn reference(text: &str, depth: usize) -> Option<(Reference<'_>, &str)> {
    let depth = depth.checked_sub(1)?;
    let after = text.strip_prefix('$')?;
    let (is_quiet, after) = stripped(after, '!');
    let (is_braced, after) = stripped(after, '{');
    let (operand, after) = operand(after, depth)?;
    let rest = if is_braced {
        after.strip_prefix('}')?
    } else {
        after
    };
    let reference = Reference {
        source: &text[..text.len() - rest.len()],
        is_quiet,
        operand,
    };
    Some((reference, rest))
}

fn stripped(text: &str, sign: char) -> (bool, &str) {
    match text.strip_prefix(sign) {
        Some(after) => (true, after),
        None => (false, text),
    }
}

fn operand(text: &str, depth: usize) -> Option<(Operand<'_>, &str)> {
    let (path, rest) = text.split_at(path_length(text));
    let helper = HELPERS.iter().find(|(name, _)| *name == path);
    if let (Some((_, helper)), Some(inner)) = (helper, rest.strip_prefix('(')) {
        let (arguments, rest) = arguments(inner, depth)?;
        return Some((Operand::Call(*helper, arguments), rest));
    }
    (!path.is_empty()).then_some((Operand::Path(path), rest))
}

fn arguments(mut text: &str, depth: usize) -> Option<(Vec<Expression<'_>>, &str)> {
    let mut arguments = Vec::new();
    loop {
        let (argument, rest) = expression(text, depth)?;
        arguments.push(argument);
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(')') {
            return Some((arguments, rest));
        }
        text = rest.strip_prefix(',')?;
    }
}

/// Bytes of a dotted path at the start of a text: it begins with a letter and does not end with a dot.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    let mut starts_part = true;
    for (at, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' | '_' => {
                starts_part = false;
                length = at + 1;
            }
            '0'..='9' | '-' if !starts_part => length = at + 1,
            '.' if !starts_part => starts_part = true,
            _ => break,
        }
    }
    length
}
