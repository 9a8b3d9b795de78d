//! The body of a refusal, read for its reason.
//!
//! Every member is optional, and the reason is somewhere else each time: in `message`, in `details[]` or in
//! `errors[]` (provider logs of 2021 to 2025 in official blueprints). The members are those of `ErrorBody` and
//! `Detail` in the published swagger; a help page on failed actions still shows an older form with `errorCode`
//! and `userMessage`. A member of an unexpected type counts as absent, so that it hides no other.

use std::time::Duration;

use serde_json::Value;

/// Every error of an action carries this detail (the same logs): it says nothing.
const MEANINGLESS_DETAIL: &str = "ACTION.PROCESSING";

/// How a clash is called, with status 409 or 400: of names (provider logs of 2021 to 2025), of versions (the
/// published swagger).
const CONFLICTS: [&str; 4] = [
    "conflict",
    "general.conflict",
    "request.conflict",
    "version.conflict",
];

/// One error, perhaps with others inside.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    message: Option<String>,
    pub(crate) code: Option<String>,
    params: Vec<String>,
    pub(crate) context_id: Option<String>,
    details: Vec<Detail>,
    errors: Vec<ErrorBody>,
}

#[derive(Debug)]
struct Detail {
    code: Option<String>,
    field: Option<String>,
}

impl ErrorBody {
    /// Reads what can be read; a body that is no JSON object says nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).map_or_else(|_| Self::default(), |body| Self::of(&body))
    }

    fn of(body: &Value) -> Self {
        Self {
            message: text(body, "message")
                .or_else(|| text(body, "userMessage"))
                .or_else(|| filled_in(body)),
            code: text(body, "code").or_else(|| text(body, "errorCode")),
            params: params(body).map(|(_, value)| value).collect(),
            context_id: text(body, "contextId").or_else(|| text(body, "correlationId")),
            details: list(body, "details")
                .map(|detail| Detail {
                    code: text(detail, "errorCode"),
                    field: text(detail, "fieldName"),
                })
                .collect(),
            errors: list(body, "errors").map(Self::of).collect(),
        }
    }

    /// This error and all those inside it.
    fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.errors.iter().flat_map(Self::all));
        all
    }

    /// Why the platform refused: all messages, each once, then the codes of the details that say more.
    pub(crate) fn reason(&self, status: u16) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for message in self
            .all()
            .into_iter()
            .filter_map(|error| error.message.as_deref())
        {
            if !parts.contains(&message) {
                parts.push(message);
            }
        }
        let mut reason = if parts.is_empty() {
            format!("status {status} without a message")
        } else {
            parts.join(": ")
        };
        let own = self.code.as_deref().unwrap_or_default();
        let codes = self.detail_codes();
        let more: Vec<&str> = codes
            .iter()
            .map(String::as_str)
            .filter(|code| *code != own && !reason.contains(code))
            .collect();
        if !more.is_empty() {
            reason = format!("{reason} ({})", more.join(", "));
        }
        reason
    }

    /// The codes of all details that mean something, each once.
    pub(crate) fn detail_codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        let details = self.all().into_iter().flat_map(|error| &error.details);
        for code in details.filter_map(|detail| detail.code.as_deref()) {
            if code != MEANINGLESS_DETAIL && !codes.iter().any(|known| known == code) {
                codes.push(code.to_owned());
            }
        }
        codes
    }

    /// The field at fault. `entityName` is another thing: the name of what the error is about.
    pub(crate) fn field(&self) -> Option<&str> {
        let details = self.all().into_iter().flat_map(|error| &error.details);
        details
            .into_iter()
            .find_map(|detail| detail.field.as_deref())
    }

    /// A clash of names or versions, by its code.
    pub(crate) fn is_conflict(&self) -> bool {
        let is_one = |error: &&Self| {
            error
                .code
                .as_deref()
                .is_some_and(|code| CONFLICTS.contains(&code))
        };
        self.all().iter().any(is_one)
    }

    /// Permissions are named in the parameters or in the text, as `domain:entity:action`.
    pub(crate) fn permissions(&self, message: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for text in self.params.iter().map(String::as_str).chain([message]) {
            for permission in permissions_in(text) {
                if !found.contains(&permission) {
                    found.push(permission);
                }
            }
        }
        found
    }

    /// The wait that a 429 names in its message: "Retry the request in [7] seconds", seen with and without
    /// the brackets. The header says it better where it comes.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let message = self.message.as_deref()?;
        let (_, rest) = message.split_once("Retry the request in ")?;
        let (number, _) = rest.split_once(" second")?;
        let seconds = number.trim_matches(['[', ']']).parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Text that is not blank.
fn text(object: &Value, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn list<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn params(object: &Value) -> impl Iterator<Item = (&str, String)> {
    let params = object.get("messageParams").and_then(Value::as_object);
    params.into_iter().flatten().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.as_str(), text)
    })
}

/// `messageWithParams` with its `{parameters}` in place.
fn filled_in(object: &Value) -> Option<String> {
    let template = text(object, "messageWithParams")?;
    Some(params(object).fold(template, |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), &value)
    }))
}

fn permissions_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '*' | '_' | '-')))
        .filter(|word| {
            let parts: Vec<&str> = word.split(':').collect();
            parts.len() == 3 && parts.iter().all(|part| !part.is_empty())
        })
        .map(str::to_owned)
}
