//! Changes of roles, within IAM's limits.

use std::collections::BTreeMap;

use super::documents::{Text, characters, read};
use super::reads::{no_such_role, shown};
use super::{
    POLICY_NAME, ROLE_NAME, Role, answer, check_name, invalid, limit_exceeded, no_such_entity,
    required, result_of,
};
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::query::Form;
use crate::services::form;
use crate::{Context, ServiceError, context};

/// Limits (IAM user guide, "IAM and AWS STS quotas"): all inline policies of a role together; a trust policy, unless
/// the quota was raised; the tags of a role.
const INLINE: usize = 10_240;
const TRUST: usize = 2_048;
const TAGS: usize = 50;

/// Botocore's model, `roleDescriptionType`, `tagKeyType` and `tagValueType`.
const DESCRIPTION: usize = 1_000;
const TAG_KEY: usize = 128;
const TAG_VALUE: usize = 256;

pub(super) fn create(exchange: &mut Exchange<'_>) -> Handled {
    let members = [
        "RoleName",
        "AssumeRolePolicyDocument",
        "Description",
        "PermissionsBoundary",
        "Tags",
    ];
    let form = form(exchange, &members)?;
    let name = required(&form, "RoleName")?;
    check_name("roleName", name, ROLE_NAME)?;
    let document = required(&form, "AssumeRolePolicyDocument")?;
    let boundary = form.get("PermissionsBoundary");
    let tags = tags(&form)?;
    let keys = Context::new().with_some(context::IAM_PERMISSIONS_BOUNDARY, boundary);
    exchange.authorize_on_role(name, tag_keys(keys, &tags))?;
    if !tags.is_empty() {
        // Tags at creation need the right to tag as well (IAM API reference, `CreateRole`, `Tags`).
        let keys = tag_keys(Context::new(), &tags);
        exchange.authorize("iam:TagRole", &exchange.role_arn(name), keys, None)?;
    }
    if exchange.state.services.iam.role(name).is_some() {
        let message = format!("Role with name {name} already exists.");
        return Err(ServiceError::new(409, "EntityAlreadyExists", message).into());
    }
    let trust = trust(document)?;
    if let Some(arn) = boundary
        && exchange.state.services.iam.managed(arn).is_none()
    {
        let message = format!("Scope ARN: {arn} does not exist or is not attachable.");
        return Err(no_such_entity(message).into());
    }
    let id = format!("AROA{}", exchange.state.ids.upper(17));
    let mut role = Role::new(name, &id, exchange.now, trust);
    role.description = form.get("Description").map(str::to_owned);
    check_description(role.description.as_deref())?;
    role.boundary = boundary.map(str::to_owned);
    role.tags = tags;
    let result = result_of(exchange).child(shown(&exchange.state.settings, &role));
    let name = role.name.clone();
    exchange.state.services.iam.put(exchange.now, role);
    exchange.record_change(&name);
    Ok(answer(exchange, Some(result)))
}

pub(super) fn update_trust(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "PolicyDocument"])?;
    let mut role = bounded(exchange, &form)?;
    role.trust = trust(required(&form, "PolicyDocument")?)?;
    kept(exchange, role)
}

pub(super) fn update_description(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "Description"])?;
    let mut role = bounded(exchange, &form)?;
    role.description = Some(required(&form, "Description")?.to_owned());
    check_description(role.description.as_deref())?;
    let result = result_of(exchange).child(shown(&exchange.state.settings, &role));
    kept(exchange, role)?;
    Ok(answer(exchange, Some(result)))
}

pub(super) fn put_policy(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "PolicyName", "PolicyDocument"])?;
    let mut role = bounded(exchange, &form)?;
    let name = required(&form, "PolicyName")?;
    check_name("policyName", name, POLICY_NAME)?;
    let policy = read(Text::identity(required(&form, "PolicyDocument")?))?;
    role.inline.insert(name.to_owned(), policy);
    if role.inline_characters() > INLINE {
        let message = format!(
            "Maximum policy size of {INLINE} bytes exceeded for role {}",
            role.name
        );
        return Err(limit_exceeded(message).into());
    }
    kept(exchange, role)
}

pub(super) fn tag(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "Tags"])?;
    let name = required(&form, "RoleName")?;
    check_name("roleName", name, ROLE_NAME)?;
    let tags = tags(&form)?;
    // No key for the boundary: IAM does not know it for tags (Service Authorization Reference, `TagRole`).
    exchange.authorize_on_role(name, tag_keys(Context::new(), &tags))?;
    let mut role = existing(exchange, name)?;
    for (key, value) in tags {
        role.tags
            .retain(|known, _| !known.eq_ignore_ascii_case(&key));
        role.tags.insert(key, value);
    }
    if role.tags.len() > TAGS {
        return Err(limit_exceeded(format!(
            "The number of tags has reached the maximum limit of {TAGS}."
        ))
        .into());
    }
    kept(exchange, role)
}

/// A role to change, once the action on it is allowed: its boundary is a condition key.
fn bounded(exchange: &Exchange<'_>, form: &Form) -> Result<Role, Rejection> {
    let name = required(form, "RoleName")?;
    check_name("roleName", name, ROLE_NAME)?;
    let role = exchange.state.services.iam.role(name);
    let boundary = role.and_then(|role| role.boundary.as_deref());
    let keys = Context::new().with_some(context::IAM_PERMISSIONS_BOUNDARY, boundary);
    exchange.authorize_on_role(name, keys)?;
    existing(exchange, name)
}

fn existing(exchange: &Exchange<'_>, name: &str) -> Result<Role, Rejection> {
    let role = exchange.state.services.iam.role(name);
    Ok(role.cloned().ok_or_else(|| no_such_role(name))?)
}

/// The role as it is from now on.
fn kept(exchange: &mut Exchange<'_>, role: Role) -> Handled {
    let name = role.name.clone();
    exchange.state.services.iam.put(exchange.now, role);
    exchange.record_change(&name);
    Ok(answer(exchange, None))
}

fn trust(document: &str) -> Result<Text<policy_evaluator::TrustPolicy>, Rejection> {
    let trust = read(Text::trust(document))?;
    if characters(document) > TRUST {
        return Err(
            limit_exceeded(format!("Cannot exceed quota for ACLSizePerRole: {TRUST}")).into(),
        );
    }
    Ok(trust)
}

fn check_description(description: Option<&str>) -> Result<(), ServiceError> {
    match description {
        Some(text) if text.chars().count() > DESCRIPTION => Err(invalid("description")),
        Some(_) | None => Ok(()),
    }
}

/// Keys differ by more than case (IAM user guide, "Tags for IAM resources").
fn tags(form: &Form) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut tags = BTreeMap::new();
    for tag in form.structures("Tags") {
        let (key, value) = (required(&tag, "Key")?, required(&tag, "Value")?);
        if !(1..=TAG_KEY).contains(&key.chars().count()) || value.chars().count() > TAG_VALUE {
            return Err(invalid("tags"));
        }
        if tags
            .keys()
            .any(|known: &String| known.eq_ignore_ascii_case(key))
        {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(ServiceError::bad_request("InvalidInput", message));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn tag_keys(keys: Context, tags: &BTreeMap<String, String>) -> Context {
    let keys = keys.with_all(context::TAG_KEYS, tags.keys().cloned().collect());
    tags.iter().fold(keys, |keys, (key, value)| {
        keys.with(format!("{}{key}", context::REQUEST_TAG), value)
    })
}
