//! Every operation the client knows, with what may be repeated: one table.
//!
//! Routes are those of the published swagger and the official Python SDK 269.0.0 (`IntegrationsApi`,
//! `AuditApi`, `OAuthApi`, `OrganizationApi`, `AuthorizationApi`); the token call is the official Go SDK's
//! `AuthorizeClientCredentials`.

/// When an operation may be sent again after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Changes nothing: repeated after everything that may pass, unreadable responses included.
    Read,
    /// A write that leads to the same state when sent twice: a full replacement, a delete, or a change
    /// under a version, which a second time ends in a conflict at worst.
    Idempotent,
    /// Sent twice it would act twice (create, publish, reset, test). Repeated only where the platform
    /// surely did nothing: no connection, 401, 429, 503.
    Once,
}

/// One operation of the platform.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Method and route, as errors and logs name it.
    pub(crate) name: &'static str,
    pub(crate) method: http::Method,
    pub(crate) route: &'static str,
    pub(crate) repeat: Repeat,
    /// What it is about, for people.
    pub(crate) subject: &'static str,
    /// The request carries a version that may be stale.
    pub(crate) versioned: bool,
    /// Bodies may hold secrets or a customer's data: nothing of them is ever quoted.
    pub(crate) sensitive: bool,
    /// Runs the customer's own code behind the action: it may take long, and a 500 may be its own.
    pub(crate) runs_action: bool,
}

macro_rules! operations {
    ($($id:ident: $method:ident $route:literal, $repeat:ident, $subject:literal $(, $flag:ident)*;)*) => {
        $(pub(crate) static $id: Operation = Operation {
            name: concat!(stringify!($method), " ", $route),
            method: http::Method::$method,
            route: $route,
            repeat: Repeat::$repeat,
            subject: $subject,
            versioned: operations!(@has versioned $($flag)*),
            sensitive: operations!(@has sensitive $($flag)*),
            runs_action: operations!(@has runs_action $($flag)*),
        };)*
        #[cfg(test)]
        pub(crate) static ALL: &[&Operation] = &[$(&$id),*];
    };
    (@has versioned versioned $($rest:ident)*) => { true };
    (@has sensitive sensitive $($rest:ident)*) => { true };
    (@has runs_action runs_action $($rest:ident)*) => { true };
    (@has $want:ident $other:ident $($rest:ident)*) => { operations!(@has $want $($rest)*) };
    (@has $want:ident) => { false };
}

operations! {
    SIGN_IN: POST "/oauth/token", Read, "access token", sensitive;

    GET_ORGANIZATION: GET "/api/v2/organizations/me", Read, "organization";

    LIST_INTEGRATIONS: GET "/api/v2/integrations", Read, "integrations";
    GET_INTEGRATION: GET "/api/v2/integrations/{integrationId}", Read, "integration";
    CREATE_INTEGRATION: POST "/api/v2/integrations", Once, "integration";
    SET_INTEGRATION_STATE: PATCH "/api/v2/integrations/{integrationId}", Idempotent, "integration";
    DELETE_INTEGRATION: DELETE "/api/v2/integrations/{integrationId}", Idempotent, "integration";
    GET_INTEGRATION_CONFIG: GET "/api/v2/integrations/{integrationId}/config/current", Read, "config of integration";
    PUT_INTEGRATION_CONFIG: PUT "/api/v2/integrations/{integrationId}/config/current", Idempotent, "config of integration", versioned;
    GET_INTEGRATION_TYPE: GET "/api/v2/integrations/types/{typeId}", Read, "integration type";

    LIST_CREDENTIALS: GET "/api/v2/integrations/credentials/listing", Read, "credentials";
    GET_CREDENTIAL: GET "/api/v2/integrations/credentials/{credentialId}", Read, "credential", sensitive;
    CREATE_CREDENTIAL: POST "/api/v2/integrations/credentials", Once, "credential", sensitive;
    PUT_CREDENTIAL: PUT "/api/v2/integrations/credentials/{credentialId}", Idempotent, "credential", sensitive;
    DELETE_CREDENTIAL: DELETE "/api/v2/integrations/credentials/{credentialId}", Idempotent, "credential";

    LIST_ACTIONS: GET "/api/v2/integrations/actions", Read, "actions";
    GET_ACTION: GET "/api/v2/integrations/actions/{actionId}", Read, "action";
    GET_ACTION_TEMPLATE: GET "/api/v2/integrations/actions/{actionId}/templates/{fileName}", Read, "template of action";
    CREATE_ACTION: POST "/api/v2/integrations/actions", Once, "action";
    PATCH_ACTION: PATCH "/api/v2/integrations/actions/{actionId}", Idempotent, "action", versioned;
    DELETE_ACTION: DELETE "/api/v2/integrations/actions/{actionId}", Idempotent, "action";
    TEST_ACTION: POST "/api/v2/integrations/actions/{actionId}/test", Once, "action", sensitive, runs_action;

    GET_DRAFT: GET "/api/v2/integrations/actions/{actionId}/draft", Read, "draft of action";
    CREATE_DRAFT: POST "/api/v2/integrations/actions/{actionId}/draft", Once, "draft of action";
    PATCH_DRAFT: PATCH "/api/v2/integrations/actions/{actionId}/draft", Idempotent, "draft of action", versioned;
    VALIDATE_DRAFT: GET "/api/v2/integrations/actions/{actionId}/draft/validation", Read, "draft of action";
    TEST_DRAFT: POST "/api/v2/integrations/actions/{actionId}/draft/test", Once, "draft of action", sensitive, runs_action;
    PUBLISH_DRAFT: POST "/api/v2/integrations/actions/{actionId}/draft/publish", Once, "draft of action", versioned;
    DELETE_DRAFT: DELETE "/api/v2/integrations/actions/{actionId}/draft", Idempotent, "draft of action";

    AUDIT_SERVICES: GET "/api/v2/audits/query/servicemapping", Read, "audit services";
    AUDIT_SERVICES_REALTIME: GET "/api/v2/audits/query/realtime/servicemapping", Read, "realtime audit services";
    QUERY_AUDITS_REALTIME: POST "/api/v2/audits/query/realtime", Read, "realtime audit query";
    SUBMIT_AUDIT_QUERY: POST "/api/v2/audits/query", Read, "audit query";
    GET_AUDIT_QUERY: GET "/api/v2/audits/query/{transactionId}", Read, "audit query";
    GET_AUDIT_RESULTS: GET "/api/v2/audits/query/{transactionId}/results", Read, "results of audit query";

    GET_OAUTH_CLIENT: GET "/api/v2/oauth/clients/{clientId}", Read, "OAuth client", sensitive;
    RESET_OAUTH_CLIENT_SECRET: POST "/api/v2/oauth/clients/{clientId}/secret", Once, "OAuth client", sensitive;

    SUBMIT_CLIENT_USAGE_JOB: POST "/api/v2/usage/client/{clientId}/aggregates/query/jobs", Read, "usage of OAuth client";
    GET_CLIENT_USAGE_JOB: GET "/api/v2/usage/client/{clientId}/aggregates/query/jobs/{jobId}", Read, "usage of OAuth client";
    SUBMIT_CLIENT_USAGE: POST "/api/v2/oauth/clients/{clientId}/usage/query", Read, "usage of OAuth client";
    GET_CLIENT_USAGE: GET "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}", Read, "usage of OAuth client";

    GET_ROLE: GET "/api/v2/authorization/roles/{roleId}", Read, "role";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_twice_is_sent_once() {
        for operation in ALL {
            let creates =
                operation.method == http::Method::POST && operation.repeat != Repeat::Read;
            assert_eq!(
                creates,
                operation.repeat == Repeat::Once,
                "{}",
                operation.name
            );
        }
    }

    #[test]
    fn whatever_carries_a_secret_is_never_quoted() {
        for operation in ALL {
            let secretive = [
                "/credentials/{credentialId}",
                "/oauth/",
                "/test",
                "/execute",
            ];
            let sends = operation.route.ends_with("/integrations/credentials")
                || secretive.iter().any(|part| operation.route.contains(part));
            let answers_nothing =
                operation.method == http::Method::DELETE || operation.route.contains("/usage/");
            assert_eq!(
                operation.sensitive,
                sends && !answers_nothing,
                "{}",
                operation.name
            );
        }
    }
}
