//! Texts as people may safely see them.

use std::fmt::{self, Write as _};

use jiff::{SignedDuration, Timestamp};

/// A text with every character visible that a reader could not see or that would reorder what follows: it is
/// written as `\u{202e}`. Line breaks and tabs stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visible<'a>(pub(crate) &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| is_hidden(c) && !matches!(c, '\n' | '\t')) {
            let (before, from) = rest.split_at(at);
            f.write_str(before)?;
            let mut characters = from.chars();
            if let Some(hidden) = characters.next() {
                write!(f, "\\u{{{:04x}}}", u32::from(hidden))?;
            }
            rest = characters.as_str();
        }
        f.write_str(rest)
    }
}

/// A sentence as HTML: escaped, every character visible, and what stands between backticks as code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prose<'a>(pub(crate) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('`').peekable();
        let mut is_code = false;
        while let Some(part) = parts.next() {
            // A last backtick without a partner is an ordinary character.
            let opens = is_code && parts.peek().is_some();
            match (is_code, opens) {
                (true, true) => write!(f, "<code>{}</code>", Escaped(part))?,
                (true, false) => write!(f, "`{}", Escaped(part))?,
                (false, _) => write!(f, "{}", Escaped(part))?,
            }
            is_code = !is_code;
        }
        Ok(())
    }
}

impl askama::filters::HtmlSafe for Prose<'_> {}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in Visible(self.0).to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Whether a character is invisible, reorders text, or may not be in an XML document. The joiners U+200C and U+200D,
/// without which Persian and Hindi cannot be written, are not among them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// A resource without what all resources of its kind have in common: the part of an ARN after the account, or kind
/// and id of a thing of Genesys Cloud.
pub(crate) fn short(resource: &str) -> &str {
    if let Some(thing) = resource.strip_prefix("genesys:") {
        return thing;
    }
    if resource.starts_with("arn:") {
        return resource.splitn(6, ':').nth(5).unwrap_or(resource);
    }
    resource
}

/// A moment as people read it, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// How long something took, in its two largest units.
pub(crate) fn took(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).max(SignedDuration::ZERO).as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A number with its digits in groups of three.
pub(crate) fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 check`, `2 checks`.
pub(crate) fn counted(value: usize, noun: &str) -> String {
    let mut text = number(value);
    let _ = write!(text, " {noun}{}", if value == 1 { "" } else { "s" });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_cannot_see_is_written_as_its_code_point() {
        let shown = |text| Visible(text).to_string();
        assert_eq!(shown("a\u{202e}b\u{0}"), "a\\u{202e}b\\u{0000}");
        assert_eq!(shown("line\nand\ttab"), "line\nand\ttab");
        assert_eq!(shown("سلام\u{200c}ها, né, 日本"), "سلام\u{200c}ها, né, 日本");
    }

    #[test]
    fn backticks_mark_code_and_everything_else_is_escaped() {
        let shown = |text| Prose(text).to_string();
        assert_eq!(
            shown("run `a <b>` & wait"),
            "run <code>a &lt;b&gt;</code> &amp; wait"
        );
        assert_eq!(shown("one ` alone"), "one ` alone");
        assert_eq!(shown("`<i>\u{202e}`"), "<code>&lt;i&gt;\\u{202e}</code>");
    }

    #[test]
    fn a_resource_is_shortened_to_what_distinguishes_it() {
        assert_eq!(
            short("arn:aws:iam::123456789012:role/orders"),
            "role/orders"
        );
        assert_eq!(short("genesys:action/4f"), "action/4f");
        assert_eq!(
            short("lockstep:binding/org/orders"),
            "lockstep:binding/org/orders"
        );
        assert_eq!(short("arn:aws"), "arn:aws");
    }

    #[test]
    fn durations_and_numbers_read_as_people_write_them() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(took(at(0), at(59)), "59 s");
        assert_eq!(took(at(0), at(200)), "3 min 20 s");
        assert_eq!(took(at(0), at(7265)), "2 h 1 min");
        assert_eq!(moment(at(0)), "1 Jan 1970, 00:00 UTC");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(999), "999");
        assert_eq!(counted(1, "check"), "1 check");
        assert_eq!(counted(0, "check"), "0 checks");
    }
}
