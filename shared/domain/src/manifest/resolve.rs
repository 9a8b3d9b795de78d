//! Defaults, and the manifest made from a file in which nothing is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use url::Url;

use super::bounds::Bounds;
use super::{
    Action, Authorized, Contract, Credential, DEFAULT_MAX_CHANGES, DEFAULT_SUCCESS_TEMPLATE,
    Delivery, Integration, LiveTest, Manifest, ManifestException, Organization, OtherIntegration,
    RAW_REQUEST, RotationDirectives, SecretReference, TriedAction, wire,
};
use crate::genesys_region::{self, ENVIRONMENTS, Environment};
use crate::ledger::Exception;
use crate::rebind::INTEGRATION_TYPE;

/// The region where the file does not say.
const DEFAULT_DOMAIN: &str = "mypurecloud.com";

impl wire::Organization {
    /// The region, by default that of `mypurecloud.com`.
    pub(super) fn region(&self) -> &'static Environment {
        let domain = self.environment.as_ref().map(|domain| domain.0.as_str());
        genesys_region::by_domain(domain.unwrap_or(DEFAULT_DOMAIN)).unwrap_or(&ENVIRONMENTS[0])
    }

    /// The base URL of the API as written, or that of the region.
    pub(super) fn api_text(&self) -> String {
        self.api_url
            .clone()
            .unwrap_or_else(|| format!("https://{}", self.region().api_host))
    }

    /// The base URL of the login host as written, or as the official SDKs derive it: the API's
    /// with `//api.` replaced by `//login.`.
    pub(super) fn login_text(&self) -> String {
        self.login_url.clone().unwrap_or_else(|| {
            let api = self.api_text();
            // As parsed, so that the host is in lower case.
            let api = Url::parse(&api).map_or(api, String::from);
            api.replacen("//api.", "//login.", 1)
        })
    }

    /// Genesys' AWS account, where it is published for this region and partition or the stack's
    /// parameter names it.
    pub(super) fn genesys_account(&self, bounds: &Bounds) -> Option<String> {
        let region = self.region();
        let published = region
            .aws_account
            .filter(|_| region.partition == bounds.partition);
        bounds
            .genesys_account
            .clone()
            .or_else(|| published.map(str::to_owned))
    }

    fn resolve(&self, bounds: &Bounds) -> Option<Organization> {
        let authorized = self.authorized.as_ref();
        Some(Organization {
            id: self.id.clone()?,
            environment: self.region().domain.to_owned(),
            api_url: Url::parse(&self.api_text()).ok()?,
            login_url: Url::parse(&self.login_text()).ok()?,
            genesys_account: self.genesys_account(bounds)?,
            client_secret: self.client_secret.clone()?,
            rotated_clients: match &self.rotated_clients {
                Some(list) => whole(list)?.cloned().collect(),
                None => Vec::new(),
            },
            authorized: Authorized {
                clients: set(authorized.and_then(|a| a.clients.as_ref())),
                users: set(authorized.and_then(|a| a.users.as_ref())),
            },
            mode: self.mode.unwrap_or_default(),
            max_changes: self.max_changes.unwrap_or(DEFAULT_MAX_CHANGES),
        })
    }
}

fn set<T: Clone + Ord>(list: Option<&wire::List<T>>) -> BTreeSet<T> {
    let elements = list.into_iter().flat_map(wire::List::present);
    elements.map(|(_, element)| element.clone()).collect()
}

impl wire::Integration {
    /// The id of its type.
    pub(super) fn resolved_type(&self) -> &str {
        self.integration_type.as_deref().unwrap_or(INTEGRATION_TYPE)
    }

    /// Whether it is an AWS Lambda integration, which carries a role.
    pub(super) fn is_lambda(&self) -> bool {
        self.resolved_type() == INTEGRATION_TYPE
    }

    fn resolve(&self) -> Option<Integration> {
        Some(Integration {
            key: self.key.clone()?,
            name: self.name.clone()?,
            role: self.role.clone()?,
            id: self.id.clone(),
            adopt: self.adopt.unwrap_or_default(),
        })
    }

    fn resolve_other(&self) -> Option<OtherIntegration> {
        Some(OtherIntegration {
            key: self.key.clone()?,
            name: self.name.clone()?,
            integration_type: self.resolved_type().to_owned(),
            id: self.id.clone(),
        })
    }
}

impl wire::Action {
    /// Whether the action already exists, as far as the file says.
    pub(super) fn is_adopted(&self) -> bool {
        self.id.is_some() || self.adopt == Some(true)
    }

    /// The secrets, with their index in the file.
    pub(super) fn secret_references(
        &self,
    ) -> impl Iterator<Item = (usize, &wire::SecretReference)> {
        self.secrets.iter().flat_map(wire::List::present)
    }

    /// How secrets are delivered: by default an adopted action is left as it is, and where there
    /// is no secret nothing need be delivered.
    pub(super) fn resolved_delivery(&self) -> Delivery {
        let has_secrets = self.secrets.as_ref().is_some_and(|list| !list.0.is_empty());
        self.delivery
            .unwrap_or(if has_secrets && !self.is_adopted() {
                Delivery::Envelope
            } else {
                Delivery::None
            })
    }

    /// The request template, if the file has one.
    pub(super) fn request_template(&self) -> Option<&String> {
        self.request.as_ref()?.template.as_ref()
    }

    fn resolve(&self, integrations: &[Integration]) -> Option<Action> {
        let integration = self.integration.clone()?;
        let integration_name = &integrations.iter().find(|i| i.key == integration)?.name;
        let response = self.response.as_ref();
        let is_new = !self.is_adopted();
        let map =
            |named: Option<&BTreeMap<_, _>>| named.cloned().or_else(|| is_new.then(BTreeMap::new));
        Some(Action {
            key: self.key.clone()?,
            name: self.name.clone()?,
            id: self.id.clone(),
            adopt: self.adopt.unwrap_or_default(),
            function: self.function.clone()?,
            category: self.category.as_ref().unwrap_or(integration_name).clone(),
            category_given: self.category.is_some(),
            integration,
            secure: self.secure,
            secrets: self
                .secret_references()
                .map(|(_, secret)| secret.resolve())
                .collect::<Option<_>>()?,
            delivery: self.resolved_delivery(),
            pin: self.pin.unwrap_or_default(),
            contract: match &self.contract {
                Some(contract) => Some(contract.resolve()?),
                None => None,
            },
            request_template: self
                .request_template()
                .map(|template| or_platform_default(template, RAW_REQUEST)),
            success_template: response
                .and_then(|response| response.success_template.as_deref())
                .or_else(|| is_new.then_some(DEFAULT_SUCCESS_TEMPLATE))
                .map(|template| or_platform_default(template, DEFAULT_SUCCESS_TEMPLATE)),
            translation_map: map(response.and_then(|r| r.translation_map.as_ref())),
            translation_map_defaults: map(
                response.and_then(|r| r.translation_map_defaults.as_ref())
            ),
            timeout_seconds: self.timeout_seconds,
            test: match &self.test {
                Some(test) => Some(test.resolve()?),
                None => None,
            },
        })
    }
}

/// An empty template is not stored: it reads back as the platform's default (what
/// terraform-provider-genesyscloud reads after it has written one).
fn or_platform_default(template: &str, default: &str) -> String {
    if template.is_empty() {
        default
    } else {
        template
    }
    .to_owned()
}

impl wire::Action {
    fn resolve_tried(&self) -> Option<TriedAction> {
        Some(TriedAction {
            key: self.key.clone()?,
            name: self.name.clone()?,
            id: self.id.clone(),
            integration: self.integration.clone()?,
            test: self.test.as_ref()?.resolve()?,
        })
    }
}

impl wire::Credential {
    fn resolve(&self) -> Option<Credential> {
        Some(Credential {
            key: self.key.clone()?,
            integration: self.integration.clone()?,
            slot: self.slot.clone()?,
            credential_type: self.credential_type.clone()?,
            secret: self.secret.clone()?,
            overlap: self.overlap.unwrap_or_default(),
            fields: self.fields.clone()?,
            test: match &self.test {
                Some(list) => whole(list)?.cloned().collect(),
                None => Vec::new(),
            },
            rotation: self.rotation.as_ref().map(wire::Rotation::resolve),
        })
    }
}

impl wire::Rotation {
    fn resolve(&self) -> RotationDirectives {
        RotationDirectives {
            max_age_days: self.max_age_days,
            kms: self.kms.unwrap_or_default(),
            kms_rotation_required: self.kms_rotation.is_some(),
        }
    }
}

impl wire::SecretReference {
    fn resolve(&self) -> Option<SecretReference> {
        Some(SecretReference {
            name: self.name.clone()?,
            arn: self.arn.clone()?,
            overlap: self.overlap.unwrap_or_default(),
            rotation: self.rotation.as_ref().map(wire::Rotation::resolve),
        })
    }
}

impl wire::Contract {
    fn resolve(&self) -> Option<Contract> {
        Some(Contract {
            input: Value::Object(self.input.clone()?),
            output: Value::Object(self.output.clone()?),
        })
    }
}

impl wire::LiveTest {
    fn resolve(&self) -> Option<LiveTest> {
        Some(LiveTest {
            input: Value::Object(self.input.clone()?),
            expect: self.expect.clone(),
            safe: self.safe.unwrap_or_default(),
        })
    }
}

impl wire::Manifest {
    /// The manifest with its defaults. None if something that is required is missing, which the
    /// schema has reported.
    pub(super) fn resolve(&self, bounds: &Bounds) -> Option<Manifest> {
        let (lambda, others): (Vec<_>, Vec<_>) =
            whole(self.integrations.as_ref()?)?.partition(|entry| entry.is_lambda());
        let integrations: Vec<Integration> = lambda
            .into_iter()
            .map(wire::Integration::resolve)
            .collect::<Option<_>>()?;
        let other_integrations: Vec<OtherIntegration> = others
            .into_iter()
            .map(wire::Integration::resolve_other)
            .collect::<Option<_>>()?;
        let is_tried = |action: &&wire::Action| {
            let mut others = other_integrations.iter();
            others.any(|other| Some(&other.key) == action.integration.as_ref())
        };
        let (tried, managed): (Vec<_>, Vec<_>) = whole(self.actions.as_ref()?)?.partition(is_tried);
        self.version?;
        Some(Manifest {
            organization: self.organization.as_ref()?.resolve(bounds)?,
            actions: managed
                .into_iter()
                .map(|action| action.resolve(&integrations))
                .collect::<Option<_>>()?,
            tried_actions: tried
                .into_iter()
                .map(wire::Action::resolve_tried)
                .collect::<Option<_>>()?,
            credentials: match &self.credentials {
                Some(list) => whole(list)?
                    .map(wire::Credential::resolve)
                    .collect::<Option<_>>()?,
                None => Vec::new(),
            },
            exceptions: match &self.exceptions {
                Some(list) => whole(list)?
                    .map(wire::Exception::resolve)
                    .collect::<Option<_>>()?,
                None => Vec::new(),
            },
            integrations,
            other_integrations,
        })
    }
}

impl wire::Exception {
    fn resolve(&self) -> Option<ManifestException> {
        Some(ManifestException {
            check: self.check.clone()?,
            resource: self.resource.clone()?,
            exception: Exception {
                reason: self.reason.clone()?,
                owner: self.owner.clone()?,
                expires: self.expires.as_ref()?.parse().ok()?,
            },
        })
    }
}

fn whole<T>(list: &wire::List<T>) -> Option<impl Iterator<Item = &T>> {
    (!list.has_holes()).then(|| list.present().map(|(_, element)| element))
}
