//! Which expected records are there: each record proves one write only.

use super::Expected;
use crate::audit::AuditRecord;

/// The expected records for which none is left over when every record proves at most one write.
///
/// A write may be proved by either of two words, so first come, first served could leave a pair
/// unmatched that fits. Augmenting paths find the largest matching.
pub(super) fn unmatched<'a>(
    expected: &[&'a Expected],
    records: &[&AuditRecord],
) -> Vec<&'a Expected> {
    let mut taken_by: Vec<Option<usize>> = vec![None; records.len()];
    let mut missing = Vec::new();
    for (index, one) in expected.iter().enumerate() {
        let mut tried = vec![false; records.len()];
        if !assign(index, expected, records, &mut taken_by, &mut tried) {
            missing.push(*one);
        }
    }
    missing
}

fn assign(
    index: usize,
    expected: &[&Expected],
    records: &[&AuditRecord],
    taken_by: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    let Some(wanted) = expected.get(index) else {
        return false;
    };
    for (at, record) in records.iter().enumerate() {
        if tried.get(at) == Some(&true) || !proves(record, wanted) {
            continue;
        }
        if let Some(mark) = tried.get_mut(at) {
            *mark = true;
        }
        let free = match taken_by.get(at).copied().flatten() {
            None => true,
            Some(other) => assign(other, expected, records, taken_by, tried),
        };
        if free {
            if let Some(slot) = taken_by.get_mut(at) {
                *slot = Some(index);
            }
            return true;
        }
    }
    false
}

fn proves(record: &AuditRecord, expected: &Expected) -> bool {
    record.entity_id == expected.entity_id
        && expected.any_of.iter().any(|entry| {
            entry.entity_type.eq_ignore_ascii_case(&record.entity_type)
                && entry.action.eq_ignore_ascii_case(&record.action)
        })
}
