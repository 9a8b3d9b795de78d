//! The bounds of the stack, as far as the arguments say.

use std::path::{Path, PathBuf};

use lockstep_domain::arn::{FunctionPattern, PARTITIONS, is_account};
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{Bound, KnownBounds};
use serde::Deserialize;

use crate::failure::{Failure, shown};
use crate::input;

/// What the stack allows. A flag overrides what --bounds says.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bounds of the stack")]
pub(crate) struct BoundsArgs {
    /// A file with the output of `aws cloudformation describe-stacks --stack-name STACK`.
    #[arg(long, value_name = "FILE")]
    bounds: Option<PathBuf>,
    /// The stack's account.
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,
    /// The stack's region.
    #[arg(long)]
    region: Option<String>,
    /// The stack's partition.
    #[arg(long, value_parser = PARTITIONS)]
    partition: Option<String>,
    /// The stack's name.
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// The stack's parameter OrganizationIds, comma separated.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    organization_ids: Option<Vec<OrganizationId>>,
    /// The stack's parameter AllowedFunctionArns, comma separated.
    #[arg(long, value_name = "ARNS", value_delimiter = ',')]
    allowed_function_arns: Option<Vec<FunctionPattern>>,
    /// The stack's parameter AllowedGenesysHosts, comma separated.
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    allowed_genesys_hosts: Option<Vec<String>>,
    /// The stack's parameter RoleNamePrefix.
    #[arg(long, value_name = "PREFIX")]
    role_name_prefix: Option<String>,
    /// The stack's parameter ClientSecretPrefix.
    #[arg(long, value_name = "PREFIX")]
    client_secret_prefix: Option<String>,
    /// The stack's parameter CredentialSecretPrefix.
    #[arg(long, value_name = "PREFIX")]
    credential_secret_prefix: Option<String>,
    /// The stack's parameter GenesysAccountId.
    #[arg(long, value_name = "ID", value_parser = account)]
    genesys_account_id: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    match is_account(text) {
        true => Ok(text.to_owned()),
        false => Err("an AWS account id has 12 digits".to_owned()),
    }
}

/// The flag that sets a bound.
pub(super) fn flag(bound: Bound) -> &'static str {
    match bound {
        Bound::Account => "--account",
        Bound::Region => "--region",
        Bound::OrganizationIds => "--organization-ids",
        Bound::AllowedFunctionArns => "--allowed-function-arns",
        Bound::RoleNamePrefix => "--role-name-prefix",
        Bound::ClientSecretPrefix => "--client-secret-prefix",
        Bound::CredentialSecretPrefix => "--credential-secret-prefix",
        Bound::AllowedGenesysHosts => "--allowed-genesys-hosts",
        Bound::GenesysAccountId => "--genesys-account-id",
        Bound::StackName => "--stack-name",
    }
}

impl BoundsArgs {
    /// What the arguments say of the stack.
    pub(super) fn known(&self) -> Result<KnownBounds, Failure> {
        let mut known = match &self.bounds {
            Some(path) => described(path)?,
            None => KnownBounds::default(),
        };
        set(&mut known.account, &self.account);
        set(&mut known.region, &self.region);
        set(&mut known.partition, &self.partition);
        set(&mut known.stack_name, &self.stack_name);
        set(&mut known.organization_ids, &self.organization_ids);
        set(&mut known.allowed_functions, &self.allowed_function_arns);
        set(&mut known.allowed_hosts, &self.allowed_genesys_hosts);
        set(&mut known.role_name_prefix, &self.role_name_prefix);
        set(&mut known.client_secret_prefix, &self.client_secret_prefix);
        set(
            &mut known.credential_secret_prefix,
            &self.credential_secret_prefix,
        );
        if self.genesys_account_id.is_some() {
            known.genesys_account = Some(self.genesys_account_id.clone());
        }
        Ok(known)
    }
}

fn set<T: Clone>(known: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        known.clone_from(given);
    }
}

/// The answer of `DescribeStacks` (CloudFormation API reference), as the AWS CLI prints it.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Stacks")]
    stacks: Vec<Stack>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stack {
    stack_id: String,
    stack_name: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(rename = "ParameterKey")]
    key: String,
    #[serde(rename = "ParameterValue", default)]
    value: String,
}

fn described(path: &Path) -> Result<KnownBounds, Failure> {
    let text = input::text(path)?;
    let unusable = |what: String| {
        Failure::new(
            shown(path),
            what,
            "Save the output of `aws cloudformation describe-stacks --stack-name STACK` as JSON.",
        )
    };
    let described: Described = serde_json::from_str(&text)
        .map_err(|error| unusable(format!("this is not the description of a stack: {error}")))?;
    let [stack] = described.stacks.as_slice() else {
        let count = described.stacks.len();
        return Err(unusable(format!(
            "the file describes {count} stacks, not one"
        )));
    };
    of_stack(stack).map_err(unusable)
}

/// `arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID` says where the stack is.
fn of_stack(stack: &Stack) -> Result<KnownBounds, String> {
    let sections: Vec<&str> = stack.stack_id.splitn(6, ':').collect();
    let &["arn", partition, "cloudformation", region, account, _] = sections.as_slice() else {
        return Err("`StackId` is not the ARN of a stack".to_owned());
    };
    let mut known = KnownBounds {
        account: Some(account.to_owned()),
        region: Some(region.to_owned()),
        partition: Some(partition.to_owned()),
        stack_name: Some(stack.stack_name.clone()),
        ..KnownBounds::default()
    };
    for Parameter { key, value } in &stack.parameters {
        let text = || Some(value.clone());
        match key.as_str() {
            "OrganizationIds" => known.organization_ids = Some(list(key, value)?),
            "AllowedFunctionArns" => known.allowed_functions = Some(list(key, value)?),
            "AllowedGenesysHosts" => known.allowed_hosts = Some(list(key, value)?),
            "RoleNamePrefix" => known.role_name_prefix = text(),
            "ClientSecretPrefix" => known.client_secret_prefix = text(),
            "CredentialSecretPrefix" => known.credential_secret_prefix = text(),
            "GenesysAccountId" => {
                known.genesys_account = Some(text().filter(|account| !account.is_empty()));
            }
            _ => {}
        }
    }
    match known.unknown().as_slice() {
        [] => Ok(known),
        [missing, ..] => Err(format!(
            "the stack {} has no parameter {}: it is not a stack of Lockstep, or one of an older release",
            stack.stack_name,
            missing.name()
        )),
    }
}

/// A `CommaDelimitedList`.
fn list<T: std::str::FromStr<Err: std::fmt::Display>>(
    parameter: &str,
    text: &str,
) -> Result<Vec<T>, String> {
    let elements = text.split(',').map(str::trim);
    let elements = elements.filter(|element| !element.is_empty());
    elements
        .map(|element| {
            let element = element.parse();
            element.map_err(|error| format!("the parameter {parameter} is not valid: {error}"))
        })
        .collect()
}
