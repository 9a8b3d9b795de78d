//! Events as people read them: names and short ids, no JSON.

use serde_json::Value;

/// The characters of an id that are enough to tell it from the others of one run.
const SHORT: usize = 8;

/// A version id or another UUID, cut to its beginning.
pub(crate) fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// The name in an ARN: of a role, of a function, or of a secret without the six characters that AWS appends.
pub(crate) fn name_of(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let name = resource
        .split_once(['/', ':'])
        .map_or(resource, |(_, name)| name);
    match name.rsplit_once('-') {
        Some((name, end)) if resource.starts_with("secret:") && end.len() == 6 => name,
        Some(_) | None => name,
    }
}

/// An event of Lockstep or of Secrets Manager in a few words.
pub(crate) fn summary(detail_type: &str, detail: &Value) -> String {
    let text = |name: &str| detail[name].as_str().unwrap_or_default();
    let key = text("key");
    match detail_type {
        "Manifest Accepted" => "the manifest is valid and now current".to_owned(),
        "Role Provisioned" => format!(
            "{} may invoke {}",
            name_of(text("role_arn")),
            name_of(text("function_arn"))
        ),
        "Data Action Rebound" => match detail["secrets"].get(0) {
            Some(secret) => format!(
                "{key} uses version {} of {}",
                short(secret["version_id"].as_str().unwrap_or_default()),
                name_of(secret["arn"].as_str().unwrap_or_default())
            ),
            None => format!("{key} is bound"),
        },
        "Change Verified" => format!("the audit log proves the change of {key}"),
        "Secret Label Updated" => format!(
            "{} of {} is now version {}",
            text("labelUpdated"),
            text("name"),
            short(text("versionId"))
        ),
        _ => match detail["reason"].as_str() {
            Some(reason) => format!("{detail_type}: {reason}"),
            None => detail_type.to_owned(),
        },
    }
}

/// What an event lists as wrong or noteworthy, one line each.
pub(crate) fn problems(detail: &Value) -> Vec<String> {
    let items = |name: &str| detail[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for error in items("errors") {
        lines.push(format!(
            "{}: {}",
            text(&error["at"]),
            text(&error["problem"])
        ));
        lines.push(format!("what to do: {}", text(&error["fix"])));
    }
    for finding in items("findings") {
        lines.push(format!(
            "{} {}: {}",
            text(&finding["id"]),
            text(&finding["resource"]),
            text(&finding["what"])
        ));
        lines.push(format!("what to do: {}", text(&finding["fix"])));
    }
    lines.extend(
        items("notices")
            .iter()
            .map(|notice| format!("note: {}", text(notice))),
    );
    lines
}

/// Every field of a value, one line each: `secrets[0].name: DB`.
pub(crate) fn fields(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    collect(value, "", &mut lines);
    lines
}

fn collect(value: &Value, at: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if at.is_empty() { "" } else { "." };
                collect(value, &format!("{at}{dot}{name}"), lines);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &format!("{at}[{index}]"), lines);
            }
        }
        Value::Null => {}
        Value::String(text) => lines.push(format!("{at}: {text}")),
        Value::Bool(_) | Value::Number(_) => lines.push(format!("{at}: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: &str = "arn:aws:iam::000000000000:role/GenesysRole";
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:Target";
    const SECRET: &str =
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:prod/db-creds-afce8f";

    #[test]
    fn an_arn_is_shown_by_the_name_of_its_resource() {
        assert_eq!(name_of(ROLE), "GenesysRole");
        assert_eq!(name_of(FUNCTION), "Target");
        assert_eq!(name_of(SECRET), "prod/db-creds");
        assert_eq!(name_of("no-arn"), "no-arn");
    }

    #[test]
    fn an_event_is_summarized_with_names_and_short_ids() {
        let role = json!({"role_arn": ROLE, "function_arn": FUNCTION});
        assert_eq!(
            summary("Role Provisioned", &role),
            "GenesysRole may invoke Target"
        );
        let rebound = json!({
            "key": "order-lookup",
            "secrets": [{"arn": SECRET, "version_id": "be1b5a3d-2b00-4dc9-9e6c-f4c227d2125e"}],
        });
        assert_eq!(
            summary("Data Action Rebound", &rebound),
            "order-lookup uses version be1b5a3d of prod/db-creds"
        );
        let failed = json!({"key": "order-lookup", "reason": "access denied"});
        assert_eq!(
            summary("Rebind Failed", &failed),
            "Rebind Failed: access denied"
        );
    }

    #[test]
    fn what_is_wrong_is_listed_without_json() {
        let detail = json!({
            "errors": [{"at": "actions[0].name", "problem": "this is empty", "fix": "Write a string."}],
            "findings": [{"id": "LS-ROLE-TRUST", "resource": ROLE, "what": "its trust policy differs", "fix": "Run it."}],
            "notices": ["the role stays unchanged"],
        });
        assert_eq!(
            problems(&detail),
            [
                "actions[0].name: this is empty",
                "what to do: Write a string.",
                &format!("LS-ROLE-TRUST {ROLE}: its trust policy differs"),
                "what to do: Run it.",
                "note: the role stays unchanged",
            ]
        );
    }

    #[test]
    fn details_name_every_field_by_its_path() {
        let detail = json!({"key": "a", "none": null, "secrets": [{"name": "DB"}], "n": 1});
        assert_eq!(fields(&detail), ["key: a", "n: 1", "secrets[0].name: DB"]);
    }
}
