//! What is read of roles, as late as IAM shows it.

use std::sync::Arc;

use super::documents::encoded;
use super::{
    POLICY_NAME, ROLE_NAME, Role, answer, check_name, invalid, no_such_entity, required, result_of,
};
use crate::exchange::{Exchange, Handled};
use crate::protocol::query::Form;
use crate::protocol::xml::Element;
use crate::services::form;
use crate::{Context, ServiceError, Settings};

/// A page has as many entries where the request does not say (IAM API reference, `ListRolePolicies`, `MaxItems`).
const PAGE: usize = 100;

/// The role that a request names, once the action on it is allowed.
fn named(exchange: &Exchange<'_>, form: &Form) -> Result<Arc<Role>, crate::error::Rejection> {
    let name = required(form, "RoleName")?;
    check_name("roleName", name, ROLE_NAME)?;
    exchange.authorize_on_role(name, Context::new())?;
    let role = exchange.state.services.iam.read(exchange.now, name);
    Ok(role.ok_or_else(|| no_such_role(name))?)
}

pub(super) fn no_such_role(name: &str) -> ServiceError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

pub(super) fn role(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName"])?;
    let role = named(exchange, &form)?;
    let shown = shown(&exchange.state.settings, &role);
    Ok(answer(exchange, Some(result_of(exchange).child(shown))))
}

/// The structure `Role`.
pub(super) fn shown(settings: &Settings, role: &Role) -> Element {
    let boundary = role.boundary.as_ref().map(|arn| {
        Element::new("PermissionsBoundary")
            .text("PermissionsBoundaryType", "PermissionsBoundaryPolicy")
            .text("PermissionsBoundaryArn", arn)
    });
    let tags = role
        .tags
        .iter()
        .map(|(key, value)| Element::new("member").text("Key", key).text("Value", value));
    Element::new("Role")
        .text("Path", "/")
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", Role::arn(settings, &role.name))
        .text(
            "CreateDate",
            role.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
        .text("AssumeRolePolicyDocument", encoded(&role.trust.text))
        .some_text("Description", role.description.as_ref())
        .text("MaxSessionDuration", role.longest_session.to_string())
        .children(boundary)
        .children((!role.tags.is_empty()).then(|| Element::new("Tags").children(tags)))
}

pub(super) fn policy(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "PolicyName"])?;
    let role = named(exchange, &form)?;
    let name = required(&form, "PolicyName")?;
    check_name("policyName", name, POLICY_NAME)?;
    let policy = role.inline.get(name).ok_or_else(|| {
        no_such_entity(format!("The role policy with name {name} cannot be found."))
    })?;
    let result = result_of(exchange)
        .text("RoleName", &role.name)
        .text("PolicyName", name)
        .text("PolicyDocument", encoded(&policy.text));
    Ok(answer(exchange, Some(result)))
}

pub(super) fn policies(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "Marker", "MaxItems"])?;
    let role = named(exchange, &form)?;
    let names: Vec<Entry> = role
        .inline
        .keys()
        .map(|name| Entry::Text(name.clone()))
        .collect();
    listed(exchange, &form, "PolicyNames", names)
}

pub(super) fn attached(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(exchange, &["RoleName", "Marker", "MaxItems"])?;
    let role = named(exchange, &form)?;
    let policies = role.attached.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let member = Element::new("member").text("PolicyName", name);
        Entry::Structure(member.text("PolicyArn", arn))
    });
    let policies = policies.collect();
    listed(exchange, &form, "AttachedPolicies", policies)
}

enum Entry {
    Text(String),
    Structure(Element),
}

/// One page of a list. The marker is where it begins.
fn listed(exchange: &Exchange<'_>, form: &Form, member: &str, entries: Vec<Entry>) -> Handled {
    let size = number(form, "MaxItems")?.unwrap_or(PAGE);
    if !(1..=1_000).contains(&size) {
        return Err(invalid("maxItems").into());
    }
    let start = number(form, "Marker")?.unwrap_or(0);
    let end = start.saturating_add(size);
    let is_truncated = entries.len() > end;
    let page = entries.into_iter().skip(start).take(size);
    let page = page.fold(Element::new(member), |list, entry| match entry {
        Entry::Text(text) => list.text("member", text),
        Entry::Structure(element) => list.child(element),
    });
    let result = result_of(exchange)
        .child(page)
        .text("IsTruncated", is_truncated.to_string())
        .some_text("Marker", is_truncated.then(|| end.to_string()));
    Ok(answer(exchange, Some(result)))
}

fn number(form: &Form, member: &str) -> Result<Option<usize>, ServiceError> {
    let read = form.get(member).map(str::parse).transpose();
    read.map_err(|_| invalid(member))
}
