//! Exceptions: each of a check that there is and that may be excepted, said once, until a real day.

use jiff::civil::Date;

use super::refuse_repeated;
use crate::compliance::Check;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::wire;

pub(super) fn check(manifest: &wire::Manifest, problems: &mut Problems<'_>) {
    let at = Place::root().key("exceptions");
    let mut named = Vec::new();
    for (index, one) in manifest.exceptions.iter().flat_map(wire::List::present) {
        let at = at.index(index);
        if let Some(id) = &one.check {
            check_id(id, &at.key("check"), problems);
        }
        if let Some(text) = &one.expires
            && text.parse::<Date>().is_err()
        {
            problems.add(
                &at.key("expires"),
                format!("there is no day {text}"),
                "Write a date such as 2026-12-31.",
            );
        }
        if let (Some(check), Some(resource)) = (&one.check, &one.resource) {
            named.push((at, (check, resource)));
        }
    }
    refuse_repeated(named, problems, |(check, _), first| {
        let problem = format!("{first} is an exception of {check} on the same resource");
        (problem, "Remove one of the two.")
    });
}

fn check_id(id: &str, at: &Place, problems: &mut Problems<'_>) {
    match id.parse::<Check>() {
        Err(error) => problems.add(at, error.to_string(), "See docs/checks.md."),
        Ok(check) if check.is_of_audit_log() => problems.add(
            at,
            format!("{check} reports what happened, and no exception is possible of that"),
            "Remove the exception. To allow changes by a principal, add it to `authorized`.",
        ),
        Ok(_) => {}
    }
}
