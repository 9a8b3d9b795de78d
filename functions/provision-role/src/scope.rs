//! From an intent to what it concerns: which bindings and roles of which manifests, in which mode.
//! No IO.

use std::collections::BTreeSet;

use lockstep::selection::{Named, select};
use lockstep::store::{Accepted, Manifests};
use lockstep_domain::arn::{RoleName, SecretArn};
use lockstep_domain::credentials::{CredentialSet, credential_sets};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::intent::{Look, ProvisionIntent, SecretHint};
use lockstep_domain::manifest::{Action, Manifest, Mode};
use lockstep_domain::problem::Problem;
use lockstep_domain::request::Request;

/// What a trigger concerns within one organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope<'m> {
    /// The accepted manifest.
    pub manifest: &'m Manifest,
    /// The bindings to hand on, once their roles are right.
    pub keys: BTreeSet<Key>,
    /// The secrets whose integration credentials are handed on; those need no role.
    pub credential_sets: Vec<CredentialSet<'m>>,
    /// The roles to make right.
    pub roles: BTreeSet<RoleName>,
    /// The stricter of the trigger's and the manifest's.
    pub mode: Mode,
    /// Whether functions that nothing uses any more are revoked.
    pub retire: bool,
    /// Whether entries of the manifest are dropped: what they use is not known to be unused.
    pub keeps_all: bool,
}

impl<'m> Scope<'m> {
    /// The bindings to hand on, as the manifest has them.
    pub fn actions(&self) -> Vec<&'m Action> {
        self.keys
            .iter()
            .filter_map(|key| self.manifest.action(key))
            .collect()
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.roles.is_empty() && self.credential_sets.is_empty()
    }
}

/// Everything a trigger concerns.
#[derive(Clone, Debug, PartialEq)]
pub struct Concern<'m> {
    /// By organization. Empty: nothing.
    pub scopes: Vec<Scope<'m>>,
    /// The trigger's own mode.
    pub mode: Mode,
    /// Clears a hold.
    pub retry: bool,
    /// What gave the occasion, for records and events.
    pub occasion: String,
    /// How much is read of each binding that is handed on.
    pub look: Look,
    /// Whether actions whose desired state has not changed are looked at all at once.
    pub at_once: bool,
}

/// What the intent concerns. `by_hand` is a direct call: a person names the organization where
/// there are several; the scheduler means all of them.
///
/// # Errors
/// What a person named and no accepted manifest has.
pub fn concern<'m>(
    intent: &ProvisionIntent,
    manifests: &'m Manifests,
    accepted: Option<&OrganizationId>,
    by_hand: bool,
) -> Result<Concern<'m>, Vec<Problem>> {
    match intent {
        ProvisionIntent::SecretMoved { secret } => Ok(secret_moved(secret, manifests)),
        ProvisionIntent::ManifestUploaded { object } => Ok(Concern {
            scopes: accepted
                .and_then(|organization| manifests.of(organization))
                .map(|accepted| everything(&accepted.manifest, Mode::Apply))
                .into_iter()
                .collect(),
            mode: Mode::Apply,
            retry: false,
            occasion: format!("{object} was accepted"),
            look: Look::Full,
            at_once: false,
        }),
        ProvisionIntent::Asked(request) => asked(request, manifests, by_hand),
        ProvisionIntent::Retire { organization, key } => Ok(retire(organization, key, manifests)),
    }
}

fn secret_moved<'m>(secret: &SecretHint, manifests: &'m Manifests) -> Concern<'m> {
    let may_mean = |arn: &SecretArn| secret.may_mean(arn);
    let uses = |action: &Action| action.secrets.iter().any(|one| may_mean(&one.arn));
    let concerns = |set: &CredentialSet<'_>| may_mean(set.secret);
    Concern {
        scopes: current(manifests)
            .map(|manifest| some(manifest, Mode::Apply, uses, concerns))
            .filter(|scope| !scope.is_empty())
            .collect(),
        mode: Mode::Apply,
        retry: false,
        occasion: format!("the secret {} changed", secret.0),
        look: Look::Action,
        at_once: false,
    }
}

/// Only the role of the verified binding: what others use is none of this verdict's business.
fn retire<'m>(organization: &OrganizationId, key: &Key, manifests: &'m Manifests) -> Concern<'m> {
    let scope = manifests.of(organization).and_then(|accepted| {
        let manifest = &accepted.manifest;
        let integration = manifest.integration_of(manifest.action(key)?)?;
        Some(Scope {
            manifest,
            keys: BTreeSet::new(),
            credential_sets: Vec::new(),
            roles: BTreeSet::from([integration.role.clone()]),
            mode: manifest.organization.mode,
            retire: true,
            keeps_all: !accepted.dropped.is_empty(),
        })
    });
    Concern {
        scopes: scope.into_iter().collect(),
        mode: Mode::Apply,
        retry: false,
        occasion: format!("the change of {key} was verified"),
        look: Look::Full,
        at_once: false,
    }
}

fn asked<'m>(
    request: &Request,
    manifests: &'m Manifests,
    by_hand: bool,
) -> Result<Concern<'m>, Vec<Problem>> {
    let Request {
        mode,
        organization,
        keys,
        secret,
        retry,
        reason,
    } = request;
    let named = Named {
        organization: organization.as_ref(),
        keys: keys.as_deref(),
        secret: secret.as_ref(),
        by_hand,
    };
    let scopes = select(manifests, named)?.into_iter().map(|selected| {
        if named.narrows() {
            let wanted = |action: &Action| selected.actions.contains(&action);
            let credential_sets = |set: &CredentialSet<'_>| selected.credential_sets.contains(set);
            some(selected.manifest, *mode, wanted, credential_sets)
        } else {
            everything(selected.manifest, *mode)
        }
    });
    Ok(Concern {
        scopes: scopes.filter(|scope| !scope.is_empty()).collect(),
        mode: *mode,
        retry: *retry,
        occasion: reason
            .clone()
            .unwrap_or_else(|| "requested by an operator".to_owned()),
        look: Look::Full,
        at_once: *mode == Mode::Apply && !by_hand && !named.narrows() && !retry,
    })
}

/// All bindings, and the roles of integrations without one too.
fn everything(manifest: &Manifest, mode: Mode) -> Scope<'_> {
    let mut scope = some(manifest, mode, |_| true, |_| true);
    scope.roles = manifest
        .integrations
        .iter()
        .map(|one| one.role.clone())
        .collect();
    scope
}

fn some(
    manifest: &Manifest,
    mode: Mode,
    wanted: impl Fn(&Action) -> bool,
    wanted_set: impl Fn(&CredentialSet<'_>) -> bool,
) -> Scope<'_> {
    let actions: Vec<&Action> = manifest
        .actions
        .iter()
        .filter(|action| wanted(action))
        .collect();
    Scope {
        manifest,
        keys: actions.iter().map(|action| action.key.clone()).collect(),
        credential_sets: credential_sets(manifest)
            .into_iter()
            .filter(wanted_set)
            .collect(),
        roles: actions
            .iter()
            .filter_map(|action| manifest.integration_of(action))
            .map(|integration| integration.role.clone())
            .collect(),
        mode: mode.stricter(manifest.organization.mode),
        retire: false,
        keeps_all: false,
    }
}

fn current(manifests: &Manifests) -> impl Iterator<Item = &Manifest> {
    manifests
        .current
        .iter()
        .map(|Accepted { manifest, .. }| manifest)
}

#[cfg(test)]
mod tests;
