//! The paths and verbs that exist, what permission each needs, and who answers them.
//!
//! Paths, verbs and permissions: official Python SDK 269.0.0 (IntegrationsApi, AuditApi, OAuthApi,
//! UsageApi, AuthorizationApi, OrganizationApi) and the published swagger (`x-inin-requires-permissions`).

use crate::audit_log::{AuditAction, EntityType};
use crate::error::ApiError;
use crate::request::{Reply, Request};
use crate::world::World;
use crate::{
    actions, audits, credentials, drafts, integration_config, integration_deletion,
    integration_types, integrations, oauth, oauth_usage, organization, roles, usage_jobs,
};

/// What a caller must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    All(&'static [&'static str]),
    Any(&'static [&'static str]),
}

impl Needs {
    /// The permissions that it names, whether one or all of them.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::All(names) | Self::Any(names) => names,
        }
    }
}

/// Reads or changes the world under its lock.
pub(crate) type Handle = fn(&mut World, &Request) -> Result<Reply, ApiError>;

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handler {
    /// Reads or changes the world, at once.
    World(Handle),
    /// Runs an action, which calls AWS.
    Run(RunKind),
    /// The token endpoint, which has no bearer token.
    Token,
}

impl Handler {
    /// Whether it reads or changes the world, and does nothing else.
    pub(crate) fn is_of_world(self) -> bool {
        match self {
            Self::World(_) => true,
            Self::Run(_) | Self::Token => false,
        }
    }
}

/// The three ways to run an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunKind {
    TestPublished,
    TestDraft,
    Execute,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) needs: Needs,
    pub(crate) handler: Handler,
    /// What the audit calls this write.
    pub(crate) audited: Option<(EntityType, AuditAction)>,
}

/// What a path and a verb lead to.
pub(crate) enum Found {
    Route(&'static Route, Vec<(&'static str, String)>),
    WrongVerb,
    Nothing,
}

// One of those named, also where one alone is: only the audit operations ask for all (published swagger,
// `x-inin-requires-permissions`).
const ACTION_VIEW: Needs = Needs::Any(&["integrations:action:view", "bridge:actions:view"]);
const ACTION_ADD: Needs = Needs::Any(&["integrations:action:add"]);
const ACTION_EDIT: Needs = Needs::Any(&["integrations:action:edit"]);
const ACTION_DELETE: Needs = Needs::Any(&["integrations:action:delete"]);
const ACTION_RUN: Needs = Needs::Any(&["integrations:action:execute", "bridge:actions:execute"]);
const DRAFT_RUN: Needs = Needs::Any(&["integrations:action:execute"]);
const INTEGRATION_VIEW: Needs = Needs::Any(&["integrations:integration:view"]);
const INTEGRATION_ADD: Needs = Needs::Any(&["integrations:integration:add"]);
const INTEGRATION_EDIT: Needs = Needs::Any(&["integrations:integration:edit"]);
const INTEGRATION_DELETE: Needs = Needs::Any(&["integrations:integration:delete"]);
const AUDIT_VIEW: Needs = Needs::All(&["audits:audit:view"]);
const CLIENT_VIEW: Needs = Needs::Any(&["oauth:client:view"]);
const QUERY_USAGE: Needs = Needs::Any(&["oauth:client:view", "usage:client:view"]);
const JOB_USAGE: Needs = Needs::Any(&["usage:client:view"]);
const CLIENT_ADD: Needs = Needs::Any(&["oauth:client:add"]);
const CLIENT_EDIT: Needs = Needs::Any(&["oauth:client:edit"]);
const CLIENT_DELETE: Needs = Needs::Any(&["oauth:client:delete"]);
const ROLE_VIEW: Needs = Needs::Any(&["authorization:role:view"]);

macro_rules! route {
    ($method:literal $template:literal, $needs:expr, $handler:expr) => {
        Route {
            method: $method,
            template: $template,
            needs: $needs,
            handler: $handler,
            audited: None,
        }
    };
    ($method:literal $template:literal, $needs:expr, $handler:expr, $entity:ident $action:ident) => {
        Route {
            method: $method,
            template: $template,
            needs: $needs,
            handler: $handler,
            audited: Some((EntityType::$entity, AuditAction::$action)),
        }
    };
}

use Handler::{Run, World as W};

/// Every operation the simulator has.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = &[
    route!("POST" "/oauth/token", Needs::Nothing, Handler::Token),
    route!("GET" "/api/v2/organizations/me", Needs::Nothing, W(organization::me)),
    route!("GET" "/api/v2/tokens/me", Needs::Nothing, W(organization::token)),
    route!("GET" "/api/v2/authorization/products", Needs::Nothing, W(organization::products)),
    route!("GET" "/api/v2/authorization/divisions/home", Needs::Nothing, W(organization::home_division)),

    route!("POST" "/api/v2/audits/query", AUDIT_VIEW, W(audits::submit)),
    route!("POST" "/api/v2/audits/query/realtime", AUDIT_VIEW, W(audits::realtime)),
    route!("POST" "/api/v2/audits/query/realtime/related", AUDIT_VIEW, W(audits::related)),
    route!("GET" "/api/v2/audits/query/realtime/servicemapping", AUDIT_VIEW, W(audits::realtime_mapping)),
    route!("GET" "/api/v2/audits/query/servicemapping", AUDIT_VIEW, W(audits::mapping)),
    route!("GET" "/api/v2/audits/query/{transactionId}", AUDIT_VIEW, W(audits::poll)),
    route!("GET" "/api/v2/audits/query/{transactionId}/results", AUDIT_VIEW, W(audits::results)),

    route!("GET" "/api/v2/integrations", INTEGRATION_VIEW, W(integrations::list)),
    route!("POST" "/api/v2/integrations", INTEGRATION_ADD, W(integrations::create), Integration Create),
    route!("GET" "/api/v2/integrations/{integrationId}", INTEGRATION_VIEW, W(integrations::get)),
    route!("PATCH" "/api/v2/integrations/{integrationId}", INTEGRATION_EDIT, W(integrations::patch), Integration Update),
    route!("DELETE" "/api/v2/integrations/{integrationId}", INTEGRATION_DELETE, W(integration_deletion::delete), Integration Delete),
    route!("GET" "/api/v2/integrations/{integrationId}/config/current", INTEGRATION_VIEW, W(integration_config::get)),
    route!("PUT" "/api/v2/integrations/{integrationId}/config/current", INTEGRATION_EDIT, W(integration_config::put), Integration Update),
    route!("GET" "/api/v2/integrations/types", INTEGRATION_VIEW, W(integration_types::list)),
    route!("GET" "/api/v2/integrations/types/{typeId}", INTEGRATION_VIEW, W(integration_types::get)),
    route!("GET" "/api/v2/integrations/types/{typeId}/configschemas/{configType}", INTEGRATION_VIEW, W(integration_types::config_schema)),

    route!("GET" "/api/v2/integrations/credentials", INTEGRATION_VIEW, W(credentials::list)),
    route!("POST" "/api/v2/integrations/credentials", INTEGRATION_ADD, W(credentials::create), Credential Create),
    route!("GET" "/api/v2/integrations/credentials/listing", INTEGRATION_VIEW, W(credentials::listing)),
    route!("GET" "/api/v2/integrations/credentials/types", INTEGRATION_VIEW, W(credentials::types)),
    route!("GET" "/api/v2/integrations/credentials/{credentialId}", INTEGRATION_VIEW, W(credentials::get)),
    route!("PUT" "/api/v2/integrations/credentials/{credentialId}", INTEGRATION_EDIT, W(credentials::put), Credential Update),
    route!("DELETE" "/api/v2/integrations/credentials/{credentialId}", INTEGRATION_DELETE, W(credentials::delete), Credential Delete),

    route!("GET" "/api/v2/integrations/actions", ACTION_VIEW, W(actions::list)),
    route!("POST" "/api/v2/integrations/actions", ACTION_ADD, W(actions::create), Action Create),
    route!("GET" "/api/v2/integrations/actions/categories", ACTION_VIEW, W(actions::categories)),
    route!("GET" "/api/v2/integrations/actions/drafts", ACTION_VIEW, W(drafts::list)),
    route!("POST" "/api/v2/integrations/actions/drafts", ACTION_ADD, W(drafts::create_new), ActionDraft Create),
    route!("GET" "/api/v2/integrations/actions/{actionId}", ACTION_VIEW, W(actions::get)),
    route!("PATCH" "/api/v2/integrations/actions/{actionId}", ACTION_EDIT, W(actions::patch), Action Update),
    route!("DELETE" "/api/v2/integrations/actions/{actionId}", ACTION_DELETE, W(actions::delete), Action Delete),
    route!("GET" "/api/v2/integrations/actions/{actionId}/templates/{fileName}", ACTION_VIEW, W(actions::template)),
    route!("GET" "/api/v2/integrations/actions/{actionId}/schemas/{fileName}", ACTION_VIEW, W(actions::schema)),
    route!("POST" "/api/v2/integrations/actions/{actionId}/test", ACTION_RUN, Run(RunKind::TestPublished)),
    route!("POST" "/api/v2/integrations/actions/{actionId}/execute", ACTION_RUN, Run(RunKind::Execute)),
    route!("POST" "/api/v2/integrations/actions/{actionId}/draft", ACTION_EDIT, W(drafts::create), ActionDraft Create),
    route!("GET" "/api/v2/integrations/actions/{actionId}/draft", ACTION_VIEW, W(drafts::get)),
    route!("PATCH" "/api/v2/integrations/actions/{actionId}/draft", ACTION_EDIT, W(drafts::patch), ActionDraft Update),
    route!("DELETE" "/api/v2/integrations/actions/{actionId}/draft", ACTION_DELETE, W(drafts::delete), ActionDraft Delete),
    route!("GET" "/api/v2/integrations/actions/{actionId}/draft/templates/{fileName}", ACTION_VIEW, W(drafts::template)),
    route!("GET" "/api/v2/integrations/actions/{actionId}/draft/schemas/{fileName}", ACTION_VIEW, W(drafts::schema)),
    route!("GET" "/api/v2/integrations/actions/{actionId}/draft/validation", ACTION_EDIT, W(drafts::validate)),
    route!("POST" "/api/v2/integrations/actions/{actionId}/draft/test", DRAFT_RUN, Run(RunKind::TestDraft)),
    route!("POST" "/api/v2/integrations/actions/{actionId}/draft/publish", ACTION_EDIT, W(drafts::publish), Action Publish),

    route!("GET" "/api/v2/oauth/clients", CLIENT_VIEW, W(oauth::list)),
    route!("POST" "/api/v2/oauth/clients", CLIENT_ADD, W(oauth::create), OAuthClient Create),
    route!("GET" "/api/v2/oauth/clients/{clientId}", CLIENT_VIEW, W(oauth::get)),
    route!("PUT" "/api/v2/oauth/clients/{clientId}", CLIENT_EDIT, W(oauth::put), OAuthClient Update),
    route!("DELETE" "/api/v2/oauth/clients/{clientId}", CLIENT_DELETE, W(oauth::delete), OAuthClient Delete),
    route!("POST" "/api/v2/oauth/clients/{clientId}/secret", CLIENT_EDIT, W(oauth::reset_secret), OAuthClient Update),
    route!("POST" "/api/v2/oauth/clients/{clientId}/usage/query", QUERY_USAGE, W(oauth_usage::query)),
    route!("GET" "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}", QUERY_USAGE, W(oauth_usage::results)),
    route!("GET" "/api/v2/oauth/clients/{clientId}/usage/summary", QUERY_USAGE, W(oauth_usage::summary)),
    route!("POST" "/api/v2/usage/client/{clientId}/aggregates/query/jobs", JOB_USAGE, W(usage_jobs::submit)),
    route!("GET" "/api/v2/usage/client/{clientId}/aggregates/query/jobs/{jobId}", JOB_USAGE, W(usage_jobs::results)),

    route!("GET" "/api/v2/authorization/roles", ROLE_VIEW, W(roles::list)),
    route!("GET" "/api/v2/authorization/roles/{roleId}", ROLE_VIEW, W(roles::get)),
];

/// Finds the operation. Where several templates fit a path, the one with the fewest parameters holds it.
pub(crate) fn find(method: &str, path: &str) -> Found {
    let best = ROUTES
        .iter()
        .filter_map(|route| matched(route.template, path).map(|params| (route.template, params)))
        .min_by_key(|(_, params)| params.len());
    let Some((template, params)) = best else {
        return Found::Nothing;
    };
    ROUTES
        .iter()
        .find(|route| route.template == template && route.method == method)
        .map_or(Found::WrongVerb, |route| Found::Route(route, params))
}

fn matched(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        match expected
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() => return None,
            Some(name) => params.push((name, decoded(segment)?)),
            None if expected == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(params)
}

/// A path segment without its percent signs; none where the bytes are no text.
fn decoded(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
            plain.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Found::Route(route, _) => Some(route.template),
            Found::WrongVerb | Found::Nothing => None,
        }
    }

    #[test]
    fn a_literal_path_wins_over_a_parameter() {
        assert_eq!(
            template("GET", "/api/v2/integrations/actions"),
            Some("/api/v2/integrations/actions")
        );
        assert_eq!(
            template("GET", "/api/v2/audits/query/servicemapping"),
            Some("/api/v2/audits/query/servicemapping")
        );
        assert!(matches!(
            find("DELETE", "/api/v2/integrations/actions"),
            Found::WrongVerb
        ));
    }

    #[test]
    fn a_parameter_is_decoded_and_never_empty() {
        let Found::Route(_, params) = find("GET", "/api/v2/integrations/a%2Fb") else {
            panic!("the route exists");
        };
        assert_eq!(params, [("integrationId", "a/b".to_owned())]);
        assert!(matches!(
            find("GET", "/api/v2/integrations/"),
            Found::Nothing
        ));
        assert!(matches!(
            find("GET", "/api/v2/integrations/%zz"),
            Found::Nothing
        ));
        assert!(matches!(
            find("GET", "/api/v2/integrations/%"),
            Found::Nothing
        ));
    }

    #[test]
    fn no_operation_is_listed_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            assert!(
                !ROUTES[index + 1..]
                    .iter()
                    .any(|other| (other.method, other.template) == (route.method, route.template)),
                "{} {}",
                route.method,
                route.template
            );
        }
    }
}
