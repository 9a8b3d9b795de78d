//! Data Actions: what they are, what they invoke, and which secrets they refer to; and keys, which
//! all entries share.

use super::{Named, contract, refuse_repeated, refuse_shared_names, templates};
use crate::arn::{FunctionArn, SecretArn};
use crate::ids::{ActionId, Key};
use crate::manifest::bounds::Bounds;
use crate::manifest::collect::Problems;
use crate::manifest::nearest::nearest;
use crate::manifest::place::Place;
use crate::manifest::wire;

type Entry<'m> = (Place, &'m wire::Action);

pub(super) fn check(manifest: &wire::Manifest, bounds: &Bounds, problems: &mut Problems<'_>) {
    let at = Place::root().key("actions");
    let entries: Vec<Entry<'_>> = manifest
        .actions
        .iter()
        .flat_map(wire::List::present)
        .map(|(index, entry)| (at.index(index), entry))
        .collect();
    keys(manifest, &entries, problems);
    rivals(&entries, problems);
    for (at, action) in &entries {
        if let Some(id) = &action.id {
            check_id(id, &at.key("id"), problems);
        }
        if let Some(key) = &action.integration {
            check_integration(key, manifest, &at.key("integration"), problems);
        }
        match kind(action, manifest) {
            Kind::Managed => managed(action, at, bounds, problems),
            Kind::Tried { of } => tried(action, of, at, problems),
            // The integration is unknown, which is reported already; the rest is validated.
            Kind::Unknown if action.contract.is_some() => parts(action, at, bounds, problems),
            Kind::Unknown => {}
        }
    }
}

/// What an action's integration makes of it.
enum Kind<'m> {
    /// It invokes a Lambda function, and Lockstep manages it.
    Managed,
    /// It belongs to an integration of another type, and is only tried.
    Tried {
        /// The integration's type.
        of: &'m str,
    },
    /// Its integration is not in the file.
    Unknown,
}

fn kind<'m>(action: &wire::Action, manifest: &'m wire::Manifest) -> Kind<'m> {
    let mut integrations = manifest.integrations.iter().flat_map(wire::List::present);
    let integration =
        integrations.find(|(_, one)| one.key.is_some() && one.key == action.integration);
    match integration {
        Some((_, one)) if one.is_lambda() => Kind::Managed,
        Some((_, one)) => Kind::Tried {
            of: one.resolved_type(),
        },
        None => Kind::Unknown,
    }
}

fn managed(action: &wire::Action, at: &Place, bounds: &Bounds, problems: &mut Problems<'_>) {
    if action.function.is_none() {
        problems.missing(
            &at.key("function"),
            "`function` is missing",
            "Add `function`. The ARN of the Lambda function that the action invokes.",
        );
    }
    parts(action, at, bounds, problems);
}

fn parts(action: &wire::Action, at: &Place, bounds: &Bounds, problems: &mut Problems<'_>) {
    if let Some(function) = &action.function {
        check_function(function, &at.key("function"), bounds, problems);
    }
    secrets(action, at, bounds, problems);
    templates::check(action, at, problems);
    contract::check(action, at, problems);
}

/// What would be managed of an action means nothing where nothing is.
fn tried(action: &wire::Action, of: &str, at: &Place, problems: &mut Problems<'_>) {
    let managed = [
        ("function", action.function.is_some()),
        ("category", action.category.is_some()),
        ("secure", action.secure.is_some()),
        ("adopt", action.adopt.is_some()),
        ("secrets", action.secrets.is_some()),
        ("delivery", action.delivery.is_some()),
        ("pin", action.pin.is_some()),
        ("contract", action.contract.is_some()),
        ("request", action.request.is_some()),
        ("response", action.response.is_some()),
        ("timeout_seconds", action.timeout_seconds.is_some()),
    ];
    for (field, _) in managed.iter().filter(|(_, given)| *given) {
        problems.add(
            &at.key(field),
            format!(
                "Lockstep only tests an action of an integration of type {of}, so `{field}` \
                     would have no effect"
            ),
            "Remove `{field}`. Lockstep manages only actions of AWS Lambda integrations.",
        );
    }
    match &action.test {
        Some(test) if test.safe == Some(true) => {}
        Some(_) => problems.add(
            &at.key("test"),
            "the test is not marked `safe: true`, so Lockstep would never run it",
            "Add `safe: true` if the call is harmless, or remove the action.",
        ),
        None => problems.missing(
            &at.key("test"),
            "`test` is missing: Lockstep uses an action of this integration only for its test",
            "Add `test`, or remove the action.",
        ),
    }
}

/// A key names one thing in reports and manual events, so all entries share them.
fn keys(manifest: &wire::Manifest, actions: &[Entry<'_>], problems: &mut Problems<'_>) {
    let at = Place::root().key("integrations");
    let integrations = manifest.integrations.iter().flat_map(wire::List::present);
    let integrations = integrations
        .filter_map(|(index, entry)| Some((at.index(index).key("key"), entry.key.as_ref()?)));
    let actions = actions
        .iter()
        .filter_map(|(at, action)| Some((at.key("key"), action.key.as_ref()?)));
    let at = Place::root().key("credentials");
    let credentials = manifest.credentials.iter().flat_map(wire::List::present);
    let credentials = credentials
        .filter_map(|(index, entry)| Some((at.index(index).key("key"), entry.key.as_ref()?)));
    let all: Vec<(Place, &Key)> = integrations.chain(actions).chain(credentials).collect();
    for (at, key) in all.iter().filter(|(_, key)| key.reserved().is_some()) {
        problems.add(
            at,
            format!("the key `{key}` has a prefix that is reserved for Lockstep"),
            "Start the key with a different word.",
        );
    }
    refuse_repeated(all, problems, |key, first| {
        (
            format!("the key `{key}` is already used by {first}"),
            "Give each entry a different key.",
        )
    });
}

/// Entries that would fight over one Data Action.
fn rivals(entries: &[Entry<'_>], problems: &mut Problems<'_>) {
    let named = entries.iter().filter_map(|(at, action)| {
        Some(Named {
            at: at.key("name"),
            name: (action.integration.as_ref()?, action.name.as_ref()?),
            has_id: action.id.is_some(),
        })
    });
    refuse_shared_names(named.collect(), problems, |(integration, name), first| {
        (
            format!(
                "{first} already manages the action `{name}` of the integration `{integration}`"
            ),
            "Keep one entry for the action, or use a different name. If two actions have this \
             name, set the `id` of each.",
        )
    });
    refuse_repeated(
        entries
            .iter()
            .filter_map(|(at, action)| Some((at.key("id"), action.id.as_ref()?))),
        problems,
        |id, first| {
            (
                format!("{first} already manages the action {id}"),
                "Keep one entry for the action.",
            )
        },
    );
}

/// Built-in actions cannot be changed (terraform-provider-genesyscloud, `integration_action`).
fn check_id(id: &ActionId, at: &Place, problems: &mut Problems<'_>) {
    if id.as_str().starts_with("static") {
        problems.add(
            at,
            format!("{id} is a built-in action, which cannot be changed"),
            "Use a custom action; its id begins with custom_-_.",
        );
    }
}

pub(super) fn check_integration(
    key: &Key,
    manifest: &wire::Manifest,
    at: &Place,
    problems: &mut Problems<'_>,
) {
    let Some(integrations) = &manifest.integrations else {
        return;
    };
    let unread = integrations.present().any(|(_, entry)| entry.key.is_none());
    if integrations.has_holes() || unread {
        return;
    }
    let keys = || {
        integrations
            .present()
            .filter_map(|(_, entry)| entry.key.as_ref())
    };
    if keys().any(|known| known == key) {
        return;
    }
    let fix = match nearest(key.as_str(), keys().map(Key::as_str)) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => "Add an entry with this key to `integrations`, or correct the key.".to_owned(),
    };
    problems.add(at, format!("no integration has the key `{key}`"), fix);
}

fn check_function(
    function: &FunctionArn,
    at: &Place,
    bounds: &Bounds,
    problems: &mut Problems<'_>,
) {
    if (function.partition(), function.region()) != (&*bounds.partition, &*bounds.region) {
        problems.bound(
            at,
            format!(
                "the function is in {} ({}), but the stack is in {} ({})",
                function.region(),
                function.partition(),
                bounds.region,
                bounds.partition
            ),
            "Use a function in the stack's region, or deploy a stack in the function's region.",
        );
    }
    let own = bounds
        .own_functions
        .iter()
        .any(|prefix| !prefix.is_empty() && function.name().starts_with(prefix.as_str()));
    if own && function.account() == bounds.account {
        problems.bound(
            at,
            format!("{} is a function of Lockstep's own stack", function.name()),
            "Use the function that does the work: Genesys Cloud must never invoke Lockstep's \
             functions.",
        );
    } else if !bounds
        .allowed_functions
        .iter()
        .any(|allowed| allowed.allows(function))
    {
        problems.bound(
            at,
            format!("this stack does not allow {function} to be bound"),
            "Add the function to the stack parameter AllowedFunctionArns, or correct the ARN here.",
        );
    }
}

fn secrets(action: &wire::Action, at: &Place, bounds: &Bounds, problems: &mut Problems<'_>) {
    let at = at.key("secrets");
    refuse_repeated(
        action.secret_references().filter_map(|(index, secret)| {
            Some((at.index(index).key("name"), secret.name.as_ref()?))
        }),
        problems,
        |name, first| {
            (
                format!("the name {name} is already used by {first}"),
                "Give each secret of the action a different name.",
            )
        },
    );
    for (index, secret) in action.secret_references() {
        if let Some(arn) = &secret.arn {
            check_secret(arn, &at.index(index).key("arn"), bounds, problems);
        }
    }
}

/// A secret is of the stack's own account and region: elsewhere the stack sees no rotation.
pub(super) fn check_secret(
    secret: &SecretArn,
    at: &Place,
    bounds: &Bounds,
    problems: &mut Problems<'_>,
) {
    if (secret.partition(), secret.account()) != (&*bounds.partition, &*bounds.account) {
        problems.bound(
            at,
            format!(
                "the secret is in account {} ({}), but the stack is in {} ({})",
                secret.account(),
                secret.partition(),
                bounds.account,
                bounds.partition
            ),
            "Use a secret in the stack's account: Lockstep would not notice a rotation in another \
             account.",
        );
    }
    if secret.region() != bounds.region {
        problems.bound(
            at,
            format!(
                "the secret is in {}, but the stack is in {}",
                secret.region(),
                bounds.region
            ),
            "Use a secret in the stack's region, or deploy a stack in the secret's region.",
        );
    }
}
