//! What the platform answers when it refuses: `ErrorBody` with its code, status and details.
//!
//! Codes and message texts are those of the published swagger (`x-genesys-error-codes` of each operation).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// A refusal. The correlation id is added where the answer is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) details: Vec<Detail>,
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
    pub(crate) field_name: String,
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
            field_name: field.to_owned(),
        });
        self
    }

    /// A detail that is about no field.
    pub(crate) fn with_detail(mut self, code: &str) -> Self {
        self.details.push(Detail {
            error_code: code.to_owned(),
            field_name: String::new(),
        });
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
        let details: Vec<Value> = self
            .details
            .iter()
            .map(|detail| json!({"errorCode": detail.error_code, "fieldName": detail.field_name}))
            .collect();
        let mut body = json!({
            "message": self.message,
            "code": self.code,
            "status": self.status.as_u16(),
            "messageParams": params,
            "contextId": correlation_id,
            "details": details,
            "errors": [],
        });
        if let Some(limit) = self.limit.as_ref().filter(|limit| limit.is_told) {
            body["limit"] =
                json!({"key": limit.key, "namespace": limit.namespace, "value": limit.value});
        }
        body
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
