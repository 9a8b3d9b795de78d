//! Checking a manifest away from its stack, where only some of the stack's bounds are known.
//!
//! A bound that is not known is as wide as this one manifest needs, so the rules find nothing to refuse there,
//! and the caller says which bounds were not checked. The account, the region and the partition are taken from
//! the first ARN of the manifest: a stack has one of each, so that all ARNs have to agree is known in any case.

use super::read::checked;
use super::tree::Tree;
use super::{Bounds, place::Place, wire};
use crate::arn::{FunctionArn, FunctionPattern, SecretArn};
use crate::ids::OrganizationId;

/// In the place of Genesys' account where none is published: the stack may have the parameter.
const NO_ACCOUNT: &str = "000000000000";

/// A bound of the deployed stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// The account it runs in.
    Account,
    /// The region it runs in.
    Region,
    /// Its parameter `OrganizationIds`.
    OrganizationIds,
    /// Its parameter `AllowedFunctionArns`.
    AllowedFunctionArns,
    /// Its parameter `RoleNamePrefix`.
    RoleNamePrefix,
    /// Its parameter `ClientSecretPrefix`.
    ClientSecretPrefix,
    /// Its parameter `CredentialSecretPrefix`.
    CredentialSecretPrefix,
    /// Its parameter `AllowedGenesysHosts`.
    AllowedGenesysHosts,
    /// Its parameter `GenesysAccountId`.
    GenesysAccountId,
    /// Its name: the names of its own roles and functions begin with it.
    StackName,
}

impl Bound {
    /// The parameter of the template, or in words what it is.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::OrganizationIds => "OrganizationIds",
            Self::AllowedFunctionArns => "AllowedFunctionArns",
            Self::RoleNamePrefix => "RoleNamePrefix",
            Self::ClientSecretPrefix => "ClientSecretPrefix",
            Self::CredentialSecretPrefix => "CredentialSecretPrefix",
            Self::AllowedGenesysHosts => "AllowedGenesysHosts",
            Self::GenesysAccountId => "GenesysAccountId",
            Self::StackName => "stack name",
        }
    }
}

/// What is known of a stack's [`Bounds`]. `None` is not known; an empty list allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBounds {
    /// The stack's account, twelve digits.
    pub account: Option<String>,
    /// The stack's region.
    pub region: Option<String>,
    /// The stack's partition.
    pub partition: Option<String>,
    /// `OrganizationIds`.
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// `AllowedFunctionArns`.
    pub allowed_functions: Option<Vec<FunctionPattern>>,
    /// `AllowedGenesysHosts`.
    pub allowed_hosts: Option<Vec<String>>,
    /// `RoleNamePrefix`.
    pub role_name_prefix: Option<String>,
    /// `ClientSecretPrefix`.
    pub client_secret_prefix: Option<String>,
    /// `CredentialSecretPrefix`.
    pub credential_secret_prefix: Option<String>,
    /// `GenesysAccountId`. Known and empty is the account that Genesys publishes.
    pub genesys_account: Option<Option<String>>,
    /// The stack's name.
    pub stack_name: Option<String>,
}

impl KnownBounds {
    /// The bounds that are not known, in the order of [`Bound`].
    #[must_use]
    pub fn unknown(&self) -> Vec<Bound> {
        let known = [
            (Bound::Account, self.account.is_some()),
            (Bound::Region, self.region.is_some()),
            (Bound::OrganizationIds, self.organization_ids.is_some()),
            (Bound::AllowedFunctionArns, self.allowed_functions.is_some()),
            (Bound::RoleNamePrefix, self.role_name_prefix.is_some()),
            (
                Bound::ClientSecretPrefix,
                self.client_secret_prefix.is_some(),
            ),
            (
                Bound::CredentialSecretPrefix,
                self.credential_secret_prefix.is_some(),
            ),
            (Bound::AllowedGenesysHosts, self.allowed_hosts.is_some()),
            (Bound::GenesysAccountId, self.genesys_account.is_some()),
            (Bound::StackName, self.stack_name.is_some()),
        ];
        let unknown = known.into_iter().filter(|(_, is_known)| !is_known);
        unknown.map(|(bound, _)| bound).collect()
    }

    /// Bounds to check this text with: what is not known is as wide as the text needs.
    #[must_use]
    pub fn widened_for(&self, text: &str) -> Bounds {
        let file = whatever_is_readable(text);
        let home = Home::of(file.as_ref());
        let organization = file.as_ref().and_then(|file| file.organization.as_ref());
        let or_any = |prefix: &Option<String>| prefix.clone().unwrap_or_default();
        let own = self.stack_name.as_ref().map(|stack| format!("{stack}-"));
        let mut bounds = Bounds {
            account: known_or(&self.account, home.account),
            region: known_or(&self.region, home.region),
            partition: known_or(&self.partition, home.partition),
            organization_ids: self.organization_ids.clone().unwrap_or_else(|| {
                let id = organization.and_then(|organization| organization.id.clone());
                id.into_iter().collect()
            }),
            allowed_functions: self
                .allowed_functions
                .clone()
                .unwrap_or_else(|| every_function().into_iter().collect()),
            allowed_hosts: self
                .allowed_hosts
                .clone()
                .unwrap_or_else(|| organization.map(hosts).unwrap_or_default()),
            role_name_prefix: or_any(&self.role_name_prefix),
            client_secret_prefix: or_any(&self.client_secret_prefix),
            credential_secret_prefix: or_any(&self.credential_secret_prefix),
            genesys_account: self.genesys_account.clone().flatten(),
            own_functions: own.clone().into_iter().collect(),
            own_role_prefix: own.unwrap_or_default(),
        };
        let is_published = organization.is_none_or(|one| one.genesys_account(&bounds).is_some());
        if self.genesys_account.is_none() && !is_published {
            bounds.genesys_account = Some(NO_ACCOUNT.to_owned());
        }
        bounds
    }
}

fn known_or(known: &Option<String>, seen: Option<String>) -> String {
    known.clone().or(seen).unwrap_or_default()
}

/// The line of the id of a manifest's organization.
#[must_use]
pub fn organization_line(text: &str) -> Option<u32> {
    let tree = Tree::parse(text, &mut Vec::new()).ok()?;
    Some(tree.line(&Place::root().key("organization").key("id")))
}

/// The parts of the text that have the form of a manifest, whatever rules they break.
fn whatever_is_readable(text: &str) -> Option<wire::Manifest> {
    let nothing = Bounds {
        account: String::new(),
        region: String::new(),
        partition: String::new(),
        organization_ids: Vec::new(),
        allowed_functions: Vec::new(),
        allowed_hosts: Vec::new(),
        role_name_prefix: String::new(),
        client_secret_prefix: String::new(),
        credential_secret_prefix: String::new(),
        genesys_account: None,
        own_functions: Vec::new(),
        own_role_prefix: String::new(),
    };
    checked(text, &nothing, &[], |file, _| Ok(file)).ok()
}

fn every_function() -> Option<FunctionPattern> {
    "arn:*:lambda:*:*:function:*".parse().ok()
}

/// The hosts that the organization names, as `AllowedGenesysHosts` would.
fn hosts(organization: &wire::Organization) -> Vec<String> {
    let urls = [&organization.api_url, &organization.login_url];
    let urls = urls.into_iter().flatten();
    urls.filter_map(|url| {
        let url = url::Url::parse(url).ok()?;
        let host = url.host_str()?;
        // A host of another region of Genesys Cloud is a slip, and no bound covers it.
        crate::genesys_region::by_host(host).is_none().then(|| {
            url.port_or_known_default()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        })
    })
    .flat_map(|host| {
        let login = host
            .strip_prefix("api.")
            .map(|domain| format!("login.{domain}"));
        std::iter::once(host).chain(login)
    })
    .collect()
}

/// Where the first ARN of a manifest says that the stack is.
#[derive(Default)]
struct Home {
    account: Option<String>,
    region: Option<String>,
    partition: Option<String>,
}

impl Home {
    fn of(file: Option<&wire::Manifest>) -> Self {
        let Some(file) = file else {
            return Self::default();
        };
        if let Some(secret) = secrets(file).next() {
            return Self {
                account: Some(secret.account().to_owned()),
                region: Some(secret.region().to_owned()),
                partition: Some(secret.partition().to_owned()),
            };
        }
        // A function may be of another account.
        let function = functions(file).next();
        Self {
            account: None,
            region: function.map(|one| one.region().to_owned()),
            partition: function.map(|one| one.partition().to_owned()),
        }
    }
}

fn secrets(file: &wire::Manifest) -> impl Iterator<Item = &SecretArn> {
    let organization = file.organization.iter();
    let clients = organization.flat_map(|one| {
        let rotated = one.rotated_clients.iter().flat_map(wire::List::present);
        let own = one.client_secret.iter();
        own.chain(rotated.map(|(_, secret)| secret))
    });
    let actions = file.actions.iter().flat_map(wire::List::present);
    let referenced = actions.flat_map(|(_, action)| action.secret_references());
    let credentials = file.credentials.iter().flat_map(wire::List::present);
    clients
        .chain(referenced.filter_map(|(_, secret)| secret.arn.as_ref()))
        .chain(credentials.filter_map(|(_, credential)| credential.secret.as_ref()))
}

fn functions(file: &wire::Manifest) -> impl Iterator<Item = &FunctionArn> {
    let actions = file.actions.iter().flat_map(wire::List::present);
    actions.filter_map(|(_, action)| action.function.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::read;
    use crate::problem::Problem;

    const SAMPLE: &str = include_str!("../../../../manifests/sample.yaml");

    fn problems(text: &str, known: &KnownBounds) -> Vec<Problem> {
        read(text, &known.widened_for(text), &[])
            .err()
            .unwrap_or_default()
    }

    fn at(text: &str, known: &KnownBounds) -> Vec<String> {
        problems(text, known)
            .into_iter()
            .map(|one| one.at)
            .collect()
    }

    #[test]
    fn the_sample_is_valid_where_no_bound_is_known() {
        let nothing = KnownBounds::default();
        assert_eq!(problems(SAMPLE, &nothing), []);
        assert_eq!(nothing.unknown().len(), 10);
    }

    #[test]
    fn each_bound_that_is_known_refuses_what_it_does_not_cover() {
        let text = |text: &str| Some(text.to_owned());
        let cases = [
            (
                KnownBounds {
                    account: text("210987654321"),
                    ..KnownBounds::default()
                },
                "organization.client_secret",
            ),
            (
                KnownBounds {
                    region: text("eu-west-1"),
                    ..KnownBounds::default()
                },
                "actions[0].function",
            ),
            (
                KnownBounds {
                    organization_ids: Some(Vec::new()),
                    ..KnownBounds::default()
                },
                "organization.id",
            ),
            (
                KnownBounds {
                    allowed_functions: Some(Vec::new()),
                    ..KnownBounds::default()
                },
                "actions[0].function",
            ),
            (
                KnownBounds {
                    role_name_prefix: text("Other"),
                    ..KnownBounds::default()
                },
                "integrations[0].role",
            ),
            (
                KnownBounds {
                    client_secret_prefix: text("other/"),
                    ..KnownBounds::default()
                },
                "organization.client_secret",
            ),
            (
                KnownBounds {
                    credential_secret_prefix: text("other/"),
                    ..KnownBounds::default()
                },
                "credentials[0].secret",
            ),
            (
                KnownBounds {
                    stack_name: text("GenesysDataActionsExecutionRole"),
                    ..KnownBounds::default()
                },
                "integrations[0].role",
            ),
        ];
        for (known, place) in cases {
            let mut sample = SAMPLE.to_owned();
            if known.stack_name.is_some() {
                let role = "role: GenesysDataActionsExecutionRole";
                sample = sample.replace(role, &format!("{role}-1"));
            }
            assert_eq!(known.unknown().len(), 9);
            let found = at(&sample, &known);
            assert!(
                found.iter().any(|at| at == place),
                "{place} is not in {found:?}"
            );
        }
    }

    #[test]
    fn a_secret_of_another_account_than_the_first_is_refused_although_no_account_is_known() {
        let other = SAMPLE.replace("123456789012:secret:prod/", "210987654321:secret:prod/");
        let nothing = KnownBounds::default();
        assert_eq!(
            at(&other, &nothing),
            ["actions[0].secrets[0].arn", "actions[1].secrets[0].arn"]
        );
    }

    #[test]
    fn a_host_of_ones_own_is_no_problem_and_one_of_another_region_is() {
        let named = |host: &str| {
            SAMPLE.replace(
                "  environment: mypurecloud.com\n",
                &format!("  environment: mypurecloud.com\n  api_url: https://{host}\n"),
            )
        };
        let nothing = KnownBounds::default();
        assert_eq!(at(&named("api.genesys.example"), &nothing), [""; 0]);
        assert_eq!(
            at(&named("api.mypurecloud.de"), &nothing),
            ["organization.api_url"]
        );
        let none = KnownBounds {
            allowed_hosts: Some(Vec::new()),
            ..KnownBounds::default()
        };
        assert_eq!(
            at(&named("api.genesys.example"), &none),
            ["organization.api_url"]
        );
    }

    #[test]
    fn a_region_without_a_published_account_is_no_problem_unless_the_parameter_is_known() {
        let text = SAMPLE.replace("mypurecloud.com", "edee1.eusc-pure.cloud");
        assert_eq!(at(&text, &KnownBounds::default()), [""; 0]);
        let known = KnownBounds {
            genesys_account: Some(None),
            ..KnownBounds::default()
        };
        assert_eq!(at(&text, &known), ["organization.environment"]);
    }

    #[test]
    fn text_that_cannot_be_read_is_refused_for_that_alone() {
        for text in ["", "version: [", "version: 1"] {
            let found = problems(text, &KnownBounds::default());
            assert!(!found.is_empty());
            assert!(
                found
                    .iter()
                    .all(|one| !one.problem.contains("this stack") && !one.fix.contains("stack")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn the_line_of_the_organization_is_that_of_its_id() {
        let line = organization_line(SAMPLE).unwrap();
        let line = SAMPLE.lines().nth(line as usize - 1).unwrap();
        assert!(line.trim().starts_with("id: "), "{line}");
    }
}
