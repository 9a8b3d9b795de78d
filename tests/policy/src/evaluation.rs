//! The decision, within one account and between two.
//!
//! Sources: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access",
//! "Policy evaluation for requests within a single account" and "Cross-account policy evaluation logic".

use crate::context::Key;
use crate::document::{Document, Effect};
use crate::principal::Naming;
use crate::{Arn, Context, IdentityPolicy, Principal, ResourcePolicy, TrustPolicy};

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'r> {
    /// One resource.
    Resource(&'r Arn),
    /// The action has no resources: `Resource` must be `*` (Service Authorization Reference, column "Resource types").
    All,
}

/// One request, to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Who makes it.
    pub principal: &'r Principal,
    /// The action, such as `s3:GetObject`.
    pub action: &'r str,
    /// What it is about.
    pub target: Target<'r>,
    /// The account that owns the resource. A bucket's ARN does not say.
    pub owner: &'r str,
    /// Its condition keys.
    pub context: &'r Context,
}

impl<'r> Request<'r> {
    /// The values of a condition key; none where the key is absent. An empty text is no value of a list of them
    /// (IAM User Guide, "Creating a condition with multiple keys or values", `ForAllValues`).
    pub(crate) fn values(&self, key: &Key) -> Vec<&'r str> {
        if key.is_multivalued() {
            let given = self.context.get(key).unwrap_or_default();
            let values = given.iter().map(String::as_str);
            return values.filter(|value| !value.is_empty()).collect();
        }
        self.single(key).into_iter().collect()
    }

    /// The value of a condition key that has one.
    pub(crate) fn single(&self, key: &Key) -> Option<&'r str> {
        match key.name() {
            "aws:principalarn" => self.principal.arn().map(Arn::as_str),
            "aws:principalaccount" => self.principal.account(),
            "aws:username" => self.principal.user_name(),
            "aws:resourceaccount" => Some(self.owner),
            "aws:securetransport" => Some(self.context.secure_transport()),
            _ => self.context.get(key)?.first().map(String::as_str),
        }
    }
}

/// The policies of whoever makes a request, and of what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'p> {
    /// Inline and managed policies of the identity.
    pub identity: &'p [IdentityPolicy],
    /// Its permissions boundary.
    pub boundary: Option<&'p IdentityPolicy>,
    /// What belongs to the resource.
    pub resource: OnResource<'p>,
}

/// The policy of a resource.
#[derive(Clone, Copy, Debug)]
pub enum OnResource<'p> {
    /// It has none.
    None,
    /// It allows beside the identity's policies, or denies.
    Policy(&'p ResourcePolicy),
    /// A key's policy: without it the identity's policies allow nothing.
    Key(&'p ResourcePolicy),
    /// A role's trust policy: without it nobody assumes the role.
    Trust(&'p TrustPolicy),
}

/// The kinds of policies that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// An identity's inline or managed policies.
    Identity,
    /// An identity's permissions boundary.
    Boundary,
    /// The policy of the resource.
    Resource,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementId {
    /// The kind of policy that has it.
    pub policy: PolicyKind,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny(StatementId),
    /// No statement allows it in the policies of this kind, which would have to.
    ImplicitDeny(PolicyKind),
}

impl Decision {
    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        *self == Self::Allowed
    }
}

/// Decides a request.
#[must_use]
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    if let Some(denied_by) = explicit_deny(request, policies) {
        return Decision::ExplicitDeny(denied_by);
    }
    let by_resource = policies
        .resource
        .document()
        .and_then(|document| allowed_as(request, document));
    match request.principal.account() {
        None => resource_alone(by_resource),
        Some(account) if account != request.owner => match by_resource {
            Some(_) => by_identity(request, policies),
            None => Decision::ImplicitDeny(PolicyKind::Resource),
        },
        Some(_) => same_account(request, policies, by_resource),
    }
}

/// A service has no identity policies.
fn resource_alone(by_resource: Option<Naming>) -> Decision {
    match by_resource {
        Some(_) => Decision::Allowed,
        None => Decision::ImplicitDeny(PolicyKind::Resource),
    }
}

fn same_account(
    request: &Request<'_>,
    policies: &Policies<'_>,
    by_resource: Option<Naming>,
) -> Decision {
    match by_resource {
        Some(Naming::Itself) => Decision::Allowed,
        Some(Naming::Role) => within_boundary(request, policies),
        Some(Naming::Account) => by_identity(request, policies),
        None if policies.resource.must_allow() => Decision::ImplicitDeny(PolicyKind::Resource),
        None => by_identity(request, policies),
    }
}

fn by_identity(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    // "The AWS account root user … has full access" (evaluation logic, first summary).
    if matches!(request.principal, Principal::Root(_)) {
        return Decision::Allowed;
    }
    let mut documents = policies.identity.iter().map(IdentityPolicy::document);
    if documents.any(|document| allowed_as(request, document).is_some()) {
        within_boundary(request, policies)
    } else {
        Decision::ImplicitDeny(PolicyKind::Identity)
    }
}

fn within_boundary(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    match policies.boundary {
        Some(boundary) if allowed_as(request, boundary.document()).is_none() => {
            Decision::ImplicitDeny(PolicyKind::Boundary)
        }
        Some(_) | None => Decision::Allowed,
    }
}

/// How a document names whom it allows the request; nothing where it does not allow it.
fn allowed_as(request: &Request<'_>, document: &Document) -> Option<Naming> {
    document
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .filter_map(|statement| statement.applies(request))
        .max()
}

fn explicit_deny(request: &Request<'_>, policies: &Policies<'_>) -> Option<StatementId> {
    let identity = policies.identity.iter().map(IdentityPolicy::document);
    let boundary = policies.boundary.map(IdentityPolicy::document);
    let of_identity = identity.map(|document| (PolicyKind::Identity, document));
    let of_boundary = boundary.map(|document| (PolicyKind::Boundary, document));
    let of_resource = policies.resource.document();
    let of_resource = of_resource.map(|document| (PolicyKind::Resource, document));
    of_identity
        .chain(of_boundary)
        .chain(of_resource)
        .find_map(|(policy, document)| {
            let statement = document.statements.iter().find(|statement| {
                statement.effect == Effect::Deny && statement.applies(request).is_some()
            })?;
            Some(StatementId {
                policy,
                sid: statement.sid.clone(),
            })
        })
}

impl<'p> OnResource<'p> {
    fn document(self) -> Option<&'p Document> {
        match self {
            Self::None => None,
            Self::Policy(policy) | Self::Key(policy) => Some(policy.document()),
            Self::Trust(policy) => Some(policy.document()),
        }
    }

    /// IAM role trust policies and KMS key policies "must explicitly allow access" (evaluation logic, step 3).
    fn must_allow(self) -> bool {
        match self {
            Self::None | Self::Policy(_) => false,
            Self::Key(_) | Self::Trust(_) => true,
        }
    }
}
