//! Reading a path: the steps after `$` or `@`.

use crate::json_path::Step;
use crate::json_path::filter::Filter;

/// The steps of a text that holds nothing else.
pub(super) fn whole(text: &str) -> Option<Vec<Step>> {
    let (steps, rest) = steps(text)?;
    rest.is_empty().then_some(steps)
}

/// The steps at the start of a text, and what follows them.
pub(super) fn steps(mut text: &str) -> Option<(Vec<Step>, &str)> {
    let mut steps = Vec::new();
    loop {
        if let Some(after) = text.strip_prefix("..") {
            steps.push(Step::Deep);
            let (step, rest) = if after.starts_with('[') {
                bracket(after)?
            } else {
                dotted(after)?
            };
            steps.push(step);
            text = rest;
        } else if let Some(after) = text.strip_prefix('.') {
            // The library takes a dot before a bracket.
            let (step, rest) = if after.starts_with('[') {
                bracket(after)?
            } else {
                dotted(after)?
            };
            steps.push(step);
            text = rest;
        } else if text.starts_with('[') {
            let (step, rest) = bracket(text)?;
            steps.push(step);
            text = rest;
        } else {
            return Some((steps, text));
        }
    }
}

/// A name or `*` after a dot.
fn dotted(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((Step::Wildcard, rest));
    }
    let end = text.find(|one: char| !is_name(one)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty() && !rest.starts_with('(')).then(|| (Step::Name(name.to_owned()), rest))
}

fn is_name(one: char) -> bool {
    !one.is_whitespace() && !".[]()=!<>&|,'\"".contains(one)
}

fn bracket(text: &str) -> Option<(Step, &str)> {
    let inner = text.strip_prefix('[')?.trim_start();
    if let Some(after) = inner.strip_prefix("?(") {
        let (filter, rest) = Filter::parse(after)?;
        let rest = rest.trim_start().strip_prefix(')')?;
        return Some((Step::Filter(filter), rest.trim_start().strip_prefix(']')?));
    }
    if let Some(after) = inner.strip_prefix('*') {
        return Some((Step::Wildcard, after.trim_start().strip_prefix(']')?));
    }
    if inner.starts_with(['\'', '"']) {
        return names(inner);
    }
    let (inner, rest) = inner.split_once(']')?;
    Some((numbers(inner)?, rest))
}

fn names(mut text: &str) -> Option<(Step, &str)> {
    let mut names = Vec::new();
    loop {
        let (name, rest) = quoted(text)?;
        names.push(name);
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(']') {
            let step = match names.len() {
                1 => Step::Name(names.pop()?),
                _ => Step::Names(names),
            };
            return Some((step, rest));
        }
        text = rest.strip_prefix(',')?.trim_start();
    }
}

/// A text in single or double quotes at the start, in which a backslash takes the next character as it is.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.char_indices();
    let (_, quote) = characters
        .next()
        .filter(|(_, one)| matches!(one, '\'' | '"'))?;
    let mut plain = String::new();
    while let Some((at, one)) = characters.next() {
        match one {
            '\\' => plain.push(characters.next()?.1),
            one if one == quote => return Some((plain, &text[at + 1..])),
            one => plain.push(one),
        }
    }
    None
}

fn numbers(inner: &str) -> Option<Step> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    if let Some((from, to)) = inner.split_once(':') {
        let bound = |text: &str| match text.trim() {
            "" => Some(None),
            text => number(text).map(Some),
        };
        return Some(Step::Slice(bound(from)?, bound(to)?));
    }
    let mut indexes: Vec<i64> = inner.split(',').map(number).collect::<Option<_>>()?;
    match indexes.len() {
        1 => indexes.pop().map(Step::Index),
        _ => Some(Step::Indexes(indexes)),
    }
}
