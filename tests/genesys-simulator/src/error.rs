//! What the platform answers when it refuses: `ErrorBody` with its code, status and details.
//!
//! Codes and message texts are those of the published swagger (`x-genesys-error-codes` of each operation); the
//! form of the bodies is that of the bodies in provider logs of 2021 to 2025 in official blueprints.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// The detail that every error of an action has.
const PROCESSING: &str = "ACTION.PROCESSING";
/// The code of a contract that is refused for good.
pub(crate) const INVALID_SCHEMA: &str = "invalid.schema";

/// A refusal. The correlation id is added where the answer is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) details: Vec<Detail>,
    /// Id and name of what the refusal is about.
    pub(crate) entity: Option<Box<(String, String)>>,
    pub(crate) limit: Option<Box<Limit>>,
    /// The body of `/oauth/token` has another shape: `{error, description, error_description}`.
    pub(crate) oauth: bool,
    /// A refusal because of the state of the thing, such as another version: not a failure worth auditing.
    pub(crate) is_conflict: bool,
}

/// One entry of `details`: which field of what is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detail {
    pub(crate) error_code: String,
    pub(crate) field_name: Option<String>,
}

/// Which limit was hit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) key: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) value: i64,
    /// Seconds until it is worth trying again.
    pub(crate) retry_after: i64,
    /// Whether the body names the limit.
    pub(crate) is_told: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            params: Vec::new(),
            details: Vec::new(),
            entity: None,
            limit: None,
            oauth: false,
            is_conflict: false,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad.request", message)
    }

    /// A value that breaks a rule, at a field.
    pub(crate) fn constraint(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "constraint.validation", message).at(field)
    }

    /// A field that the object does not have.
    pub(crate) fn unknown_property(field: &str, object: &'static str) -> Self {
        let message = format!("Value [{field}] is not a valid property for object [{object}]");
        Self::new(StatusCode::BAD_REQUEST, "invalid.property", message).at(field)
    }

    /// A field whose value is of another type, or none of the allowed values.
    pub(crate) fn invalid_value(field: &str, value: &Value, expected: &str) -> Self {
        let shown: String = value.to_string().chars().take(80).collect();
        let message = format!(
            "Value [{shown}] is not valid for field type [{field}]. Allowable values are: {expected}"
        );
        Self::new(StatusCode::BAD_REQUEST, "invalid.value", message).at(field)
    }

    pub(crate) fn invalid_query(name: &str, value: &str, allowed: &str) -> Self {
        let shown: String = value.chars().take(80).collect();
        let message = format!(
            "Value [{shown}] is not valid for parameter [{name}]. Allowable values are: {allowed}"
        );
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid.query.param.value",
            message,
        )
        .at(name)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not.found",
            "The requested resource was not found.",
        )
    }

    /// The recorded form: the id quoted, and the detail that every error of an action has.
    pub(crate) fn no_action(id: &str) -> Self {
        Self {
            message: format!("Action '{id}' was not found."),
            ..Self::not_found()
        }
    }

    pub(crate) fn no_integration() -> Self {
        Self {
            message: "Integration not found".to_owned(),
            ..Self::not_found()
        }
    }

    /// The recorded form: the kind of thing in brackets, and a blank at the end.
    pub(crate) fn no_credential() -> Self {
        Self {
            message: "Unable to find [Credential] ".to_owned(),
            ..Self::not_found()
        }
    }

    /// As the service of the actions answers: each of its errors has one detail that means nothing, and what is
    /// wrong with a schema stands in the message alone.
    pub(crate) fn of_actions(mut self) -> Self {
        if self.code == INVALID_SCHEMA {
            self.details.clear();
        }
        if self.details.iter().any(|one| one.error_code == PROCESSING) {
            return self;
        }
        self.with_detail(PROCESSING)
    }

    /// The refusal of a write because of the state of the thing, such as another version.
    pub(crate) fn conflict(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(status, code, message);
        error.is_conflict = true;
        error
    }

    /// A refusal in the shape of the token endpoint.
    pub(crate) fn oauth(
        status: StatusCode,
        error: &'static str,
        description: impl Into<String>,
    ) -> Self {
        let mut refusal = Self::new(status, error, description);
        refusal.oauth = true;
        refusal
    }

    pub(crate) fn at(mut self, field: &str) -> Self {
        self.details.push(Detail {
            error_code: self.code.to_owned(),
            field_name: Some(field.to_owned()),
        });
        self
    }

    /// A detail that is about no field.
    pub(crate) fn with_detail(mut self, code: &str) -> Self {
        self.details.push(Detail {
            error_code: code.to_owned(),
            field_name: None,
        });
        self
    }

    /// What the refusal is about; not the field at fault.
    pub(crate) fn about(mut self, id: &str, name: &str) -> Self {
        self.entity = Some(Box::new((id.to_owned(), name.to_owned())));
        self
    }

    pub(crate) fn with_param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// The body as it goes over the wire. `contextId` equals the answer's correlation header.
    pub(crate) fn body(&self, correlation_id: &str) -> Value {
        if self.oauth {
            return json!({
                "error": self.code,
                "description": self.message,
                "error_description": self.message,
            });
        }
        let params: Map<String, Value> = self
            .params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())))
            .collect();
        let details: Vec<Value> = self.details.iter().map(Detail::rendered).collect();
        let mut body = json!({
            "message": self.message,
            "code": self.code,
            "status": self.status.as_u16(),
            "contextId": correlation_id,
            "details": details,
            "errors": [],
        });
        // Conflicts were recorded without this member, all else with an empty one.
        if self.status != StatusCode::CONFLICT || !params.is_empty() {
            body["messageParams"] = Value::Object(params);
        }
        if let Some(entity) = &self.entity {
            (body["entityId"], body["entityName"]) =
                (entity.0.as_str().into(), entity.1.as_str().into());
        }
        if let Some(limit) = self.limit.as_ref().filter(|limit| limit.is_told) {
            body["limit"] =
                json!({"key": limit.key, "namespace": limit.namespace, "value": limit.value});
        }
        body
    }
}

impl Detail {
    fn rendered(&self) -> Value {
        let mut detail = json!({"errorCode": self.error_code});
        if let Some(field) = &self.field_name {
            detail["fieldName"] = field.as_str().into();
        }
        detail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_names_code_status_field_and_context() {
        let body = ApiError::constraint("name", "name is too long").body("c-1");
        assert_eq!(body["code"], "constraint.validation");
        assert_eq!(body["status"], 400);
        assert_eq!(body["contextId"], "c-1");
        assert_eq!(body["details"][0]["fieldName"], "name");
    }

    /// The members of an action that is not there, as they were recorded in 2022 and 2025.
    #[test]
    fn an_action_that_is_not_there_has_the_recorded_form() {
        let body = ApiError::no_action("custom_-_1").of_actions().body("c-1");
        assert_eq!(
            body,
            json!({
                "message": "Action 'custom_-_1' was not found.", "code": "not.found", "status": 404,
                "messageParams": {}, "contextId": "c-1",
                "details": [{"errorCode": "ACTION.PROCESSING"}], "errors": [],
            })
        );
        assert_eq!(ApiError::no_integration().body("c")["details"], json!([]));
        assert!(ApiError::no_credential().message.ends_with(' '));
    }

    #[test]
    fn the_problem_of_a_schema_is_only_in_the_message() {
        let error = ApiError::new(
            StatusCode::BAD_REQUEST,
            INVALID_SCHEMA,
            "contract.input: /a: x",
        );
        let body = error.at("contract.input").of_actions().body("c");
        assert_eq!(body["details"], json!([{"errorCode": "ACTION.PROCESSING"}]));
        assert_eq!(body["message"], "contract.input: /a: x");
    }

    #[test]
    fn a_conflict_names_what_it_is_about_and_has_no_parameters() {
        let error = ApiError::conflict(StatusCode::CONFLICT, "version.conflict", "stale");
        let body = error.about("i-1", "Orders").body("c");
        assert_eq!(
            (&body["entityId"], &body["entityName"]),
            (&json!("i-1"), &json!("Orders"))
        );
        assert!(body.get("messageParams").is_none());
    }

    #[test]
    fn the_token_endpoint_has_its_own_error_shape() {
        let body =
            ApiError::oauth(StatusCode::UNAUTHORIZED, "invalid_client", "no").body("ignored");
        assert_eq!(
            body,
            json!({"error": "invalid_client", "description": "no", "error_description": "no"})
        );
    }
}
