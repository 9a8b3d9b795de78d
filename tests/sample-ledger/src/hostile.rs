//! A ledger whose names attack whoever renders or opens it.

use lockstep_domain::ledger::{CheckResult, Exception, Ledger, ManifestPlace, Row};

use crate::sample;

/// Texts that a format, a spreadsheet, a terminal or a browser would interpret.
pub const HOSTILE: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style></title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "=HYPERLINK(\"http://example.com\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1,1)",
    "\t=1+1",
    "]]><![CDATA[",
    "&amp;&#x3c;&lt;",
    "\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069}",
    "\u{1b}[2J\u{1b}]0;x\u{7}",
    "\u{0}\u{8}\u{b}\u{c}\u{fffe}",
    "line\r\none,\"two\";three\u{2028}four",
    "{{ 7*7 }} ${7*7} <% %> `x` %s \\u0041",
];

/// The sample with so many more rows, each with hostile texts wherever a row has a text.
#[must_use]
pub fn hostile(rows: usize) -> Ledger {
    let mut ledger = sample(3);
    let ordinary = ledger.rows.clone();
    for number in 0..rows {
        let text =
            |offset: usize| format!("{}{number}", HOSTILE[(number + offset) % HOSTILE.len()]);
        let check = ordinary[number % ordinary.len()].check;
        let result = match number % 3 {
            0 => CheckResult::Failed,
            1 => CheckResult::NotEvaluated,
            _ => CheckResult::Excepted(Exception {
                reason: text(2),
                owner: text(3),
                expires: "2027-01-31".parse().unwrap(),
            }),
        };
        ledger.rows.push(Row {
            result,
            advice: Some(text(4)),
            evidence: vec![text(5)],
            manifest: Some(ManifestPlace {
                at: text(6),
                line: 7,
            }),
            ..Row::failed(check, text(0), text(7))
        });
    }
    ledger.rows.sort_by_key(Row::id);
    ledger.sweep.stack = HOSTILE[0].to_owned();
    ledger.sweep.release = HOSTILE[1].to_owned();
    ledger.sweep.reason = Some(HOSTILE[11].to_owned());
    ledger.sweep.manifest.object = HOSTILE[4].to_owned();
    ledger
}
