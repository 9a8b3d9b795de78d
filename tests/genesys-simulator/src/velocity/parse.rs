//! Reading a template: texts, references and directives.

use serde_json::Value;

use crate::velocity::condition::Condition;
use crate::velocity::tools::HELPERS;
use crate::velocity::{Expression, Operand, Reference};

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
    ForEach(&'t str, Expression<'t>),
    Break,
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
    if let Some(rest) = word(after, "break") {
        return Some((Token::Break, rest));
    }
    if let Some(rest) = word(after, "foreach") {
        return for_each(rest);
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

fn for_each(text: &str) -> Option<(Token<'_>, &str)> {
    let (name, rest) = variable(text.trim_start().strip_prefix('(')?)?;
    let rest = word(rest.trim_start(), "in")?;
    let (list, rest) = expression(rest, MAX_DEPTH)?;
    let rest = rest.trim_start().strip_prefix(')')?;
    Some((Token::ForEach(name, list), rest))
}

/// The name of a variable that a directive gives a value.
fn variable(text: &str) -> Option<(&str, &str)> {
    let name = text.trim_start().strip_prefix('$')?;
    let (name, rest) = name.split_at(path_length(name));
    (!name.is_empty() && !name.contains('.')).then_some((name, rest))
}

fn set(text: &str) -> Option<(Token<'_>, &str)> {
    let (name, rest) = variable(text.trim_start().strip_prefix('(')?)?;
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
    if let Some(inner) = text.strip_prefix('[') {
        return list(inner, depth.checked_sub(1)?);
    }
    let end = text
        .find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '.' | '-')))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let value: Value = serde_json::from_str(word).ok()?;
    Some((Expression::Literal(value), rest))
}

/// A list or a range, after its bracket.
fn list(text: &str, depth: usize) -> Option<(Expression<'_>, &str)> {
    let (first, rest) = text.split_once("..").unwrap_or_default();
    if let (Some((first, "")), Some((last, rest))) =
        (expression(first.trim_end(), depth), expression(rest, depth))
    {
        let rest = rest.trim_start().strip_prefix(']')?;
        return Some((Expression::Range(Box::new(first), Box::new(last)), rest));
    }
    let (items, rest) = enclosed(text, ']', depth)?;
    Some((Expression::List(items), rest))
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
    let (mut operand, mut rest) = match call(path, rest, depth) {
        Some(called) => called,
        None if HELPERS.iter().any(|(name, _)| *name == path) && rest.starts_with('(') => {
            return None;
        }
        None => return (!path.is_empty()).then_some((Operand::Path(path), rest)),
    };
    // What a method gives has methods too.
    while let Some((method, arguments, after)) = chained(rest, depth) {
        operand = Operand::Method(Box::new(operand), method, arguments);
        rest = after;
    }
    Some((operand, rest))
}

/// A path that ends in a call.
fn call<'t>(path: &'t str, rest: &'t str, depth: usize) -> Option<(Operand<'t>, &'t str)> {
    let (arguments, rest) = enclosed(rest.strip_prefix('(')?, ')', depth)?;
    if let Some((_, helper)) = HELPERS.iter().find(|(name, _)| *name == path) {
        return Some((Operand::Call(*helper, arguments), rest));
    }
    let operand = match path.rsplit_once('.')? {
        ("math", method) => Operand::Math(method, arguments),
        (of, method) => Operand::Method(Box::new(Operand::Path(of)), method, arguments),
    };
    Some((operand, rest))
}

fn chained(text: &str, depth: usize) -> Option<(&str, Vec<Expression<'_>>, &str)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (arguments, rest) = enclosed(inner, ']', depth)?;
        return Some(("get", arguments, rest));
    }
    let name = text.strip_prefix('.')?;
    let (method, rest) = name.split_at(path_length(name));
    if method.is_empty() || method.contains('.') {
        return None;
    }
    let (arguments, rest) = enclosed(rest.strip_prefix('(')?, ')', depth)?;
    Some((method, arguments, rest))
}

/// Expressions between commas, up to a closing sign.
fn enclosed(mut text: &str, end: char, depth: usize) -> Option<(Vec<Expression<'_>>, &str)> {
    let mut expressions = Vec::new();
    if let Some(rest) = text.trim_start().strip_prefix(end) {
        return Some((expressions, rest));
    }
    loop {
        let (one, rest) = expression(text, depth)?;
        expressions.push(one);
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(end) {
            return Some((expressions, rest));
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
