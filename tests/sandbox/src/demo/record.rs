//! Reads what Lockstep recorded: the live test in a change, the audit records in evidence.

use serde_json::Value;

/// The steps of a live test: name, and whether it passed.
pub(super) fn test_steps(change: &Value) -> impl Iterator<Item = (&str, bool)> {
    let operations = change["test"]["operations"].as_array();
    operations
        .into_iter()
        .flatten()
        .map(|one| (one[0].as_str().unwrap_or_default(), one[1] == true))
}

/// The audit records in evidence, one line each.
pub(super) fn audit_lines(evidence: &Value) -> Vec<String> {
    find(evidence, "compliance_audit")
        .and_then(Value::as_array)
        .map(|lines| {
            lines
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}

/// The first field of this name, at whatever depth.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(name) {
        return Some(found);
    }
    let fields = value.as_object().into_iter().flat_map(|map| map.values());
    let items = value.as_array().into_iter().flatten();
    fields.chain(items).find_map(|inner| find(inner, name))
}
