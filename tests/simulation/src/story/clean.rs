//! What a story may leave behind: nothing of ours that nothing points at, and no value of a secret.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::web_services::Called;
use super::world::World;
use super::{Error, Stage};

/// How the name of each credential of ours begins.
const OURS: &str = "Lockstep ";

/// What everybody who may is asked before a story ends, and nothing is done.
const QUESTIONS: [(&str, &str); 5] = [
    ("provision-role", r#"{"mode": "plan"}"#),
    ("rebind-action", r#"{"mode": "plan"}"#),
    ("verify-change", "{}"),
    ("check-compliance", r#"{"mode": "plan"}"#),
    ("rotate-client", r#"{"repair": true, "mode": "plan"}"#),
];

impl<S: Stage> World<S> {
    /// The end of a story: waits until nobody is at work, holds the world against what may not be
    /// left in it, and stops it. `called` are the integrations whose credentials follow a secret;
    /// `planted` are the values of secrets, to which come those of the world's own OAuth clients.
    ///
    /// # Errors
    /// What is left over, or where a value is.
    pub async fn ends_clean(
        self,
        called: &[&Called],
        planted: &[impl AsRef<str>],
    ) -> Result<(), Error> {
        self.quiet().await?;
        self.nothing_unreferenced(called).await?;
        let genesys = &self.stack.organization();
        let clients = [
            genesys.client(),
            genesys.alternate_client(),
            genesys.other_client(),
        ];
        let planted = planted.iter().map(AsRef::as_ref);
        let clients = clients.iter().map(|one| one.secret.expose_secret());
        let values: Vec<&str> = planted.chain(clients).collect();
        self.holds_none_of(&values).await?;
        self.stack.stop().await;
        Ok(())
    }

    /// The names of credentials of Lockstep's that carry values, used or not, sorted.
    ///
    /// # Errors
    /// Where they can't be listed.
    pub async fn own_credentials(&self) -> Result<Vec<String>, Error> {
        let all = self.list("/integrations/credentials").await?;
        let names = all.iter().filter_map(|one| one["name"].as_str());
        let ours = names.filter(|name| carries_values(name));
        let mut ours: Vec<String> = ours.map(str::to_owned).collect();
        ours.sort();
        Ok(ours)
    }

    /// Compares everything of Lockstep's with what points at it: each credential, with a role or with
    /// values, is one that an integration uses; each of `called` uses one with values, and there are
    /// none besides; each role is in a credential that is used, once an action is bound; and no action
    /// has a draft.
    ///
    /// # Errors
    /// What nothing points at.
    pub async fn nothing_unreferenced(&self, called: &[&Called]) -> Result<(), Error> {
        let used = self.used_credentials().await?;
        let all = self.list("/integrations/credentials").await?;
        let (referenced, unreferenced): (Vec<&Value>, Vec<&Value>) = all
            .iter()
            .filter(|one| is_ours(text(one, "name")))
            .partition(|one| used.contains(text(one, "id")));
        let name = |one: &&Value| text(one, "name").to_owned();
        let mut left: Vec<String> = unreferenced.iter().map(name).collect();
        let referenced: Vec<String> = referenced.iter().map(name).collect();
        left.extend(self.roles_outside(&referenced).await?);
        left.extend(self.drafts().await?);
        if !left.is_empty() {
            return Err(format!("nothing points at {left:#?}").into());
        }
        let with_values = referenced.iter().filter(|name| carries_values(name));
        let with_values: Vec<&String> = with_values.collect();
        if with_values.len() != called.len() {
            let count = called.len();
            return Err(format!("{count} integrations, and of ours: {with_values:#?}").into());
        }
        self.each_uses_ours(called, &all).await
    }

    /// The ids of all credentials that the config of an integration names.
    async fn used_credentials(&self) -> Result<BTreeSet<String>, Error> {
        let mut used = BTreeSet::new();
        for integration in self.list("/integrations").await? {
            let path = format!("/{}/config/current", text(&integration, "id"));
            let config = self.stranger("GET", &path, None).await?;
            let slots = config["credentials"].as_object().into_iter().flatten();
            used.extend(slots.map(|(_, named)| text(named, "id").to_owned()));
        }
        Ok(used)
    }

    /// The roles of Lockstep's that none of these credentials carries. Where no action is bound at all
    /// there is one exception: the role of an integration in the manifest is made before any action
    /// of it is, and stays, since the manifest points at it.
    async fn roles_outside(&self, credentials: &[String]) -> Result<Vec<String>, Error> {
        if credentials.iter().all(|name| carries_values(name)) {
            return Ok(Vec::new());
        }
        let mut roles = self.managed_roles().await?;
        roles.retain(|role| {
            let end = format!("/{role}");
            !credentials.iter().any(|name| name.ends_with(&end))
        });
        Ok(roles)
    }

    /// The drafts of actions that nobody published or threw away.
    async fn drafts(&self) -> Result<Vec<String>, Error> {
        let drafts = self.list("/integrations/actions/drafts").await?;
        let named = |draft: &Value| format!("the draft of {}", text(draft, "name"));
        Ok(drafts.iter().map(named).collect())
    }

    async fn each_uses_ours(&self, called: &[&Called], all: &[Value]) -> Result<(), Error> {
        for one in called {
            let id = self.credential_in(one).await?;
            let named = all.iter().find(|credential| text(credential, "id") == id);
            let name = named.map(|credential| text(credential, "name"));
            if !name.is_some_and(carries_values) {
                let key = &one.key;
                return Err(format!("{key} uses a credential that is not ours: {name:?}").into());
            }
        }
        Ok(())
    }

    /// Searches everything that Lockstep wrote or says for values that it may never write or say.
    ///
    /// # Errors
    /// Where one of them is.
    pub async fn holds_none_of(&self, values: &[&str]) -> Result<(), Error> {
        // First, so that what is written for it is held against them too.
        let mut written = self.answers().await?;
        written.extend(self.stored().await?);
        for function in super::FUNCTIONS {
            let lines = self.stack.function_logs(function).await?;
            written.push((format!("the log of {function}"), lines.join("\n")));
        }
        for event in self.stack.heard().await? {
            written.push((event.detail_type, event.detail.to_string()));
        }
        for (place, text) in &written {
            if let Some(value) = values.iter().find(|value| text.contains(**value)) {
                return Err(format!("{place} holds `{value}`: {text}").into());
            }
        }
        Ok(())
    }

    /// What each function answers to somebody who only wants to know.
    async fn answers(&self) -> Result<Vec<(String, String)>, Error> {
        let mut answers = Vec::new();
        for (function, question) in QUESTIONS {
            let event = serde_json::from_str(question)?;
            let answer = self.stack.invoke(function, &event).await?;
            let place = format!("an answer of {function}");
            answers.push((place, answer.payload.to_string()));
        }
        Ok(answers)
    }
}

/// Whether Lockstep gave this name: `Lockstep <key>: <role>` or `Lockstep <key> <version> <mark>`.
fn is_ours(name: &str) -> bool {
    name.starts_with(OURS) && (name.contains(": ") || carries_values(name))
}

/// Whether Lockstep gave this name to a credential with values.
fn carries_values(name: &str) -> bool {
    name.starts_with(OURS) && !name.contains(": ") && name.split(' ').count() == 4
}

fn text<'v>(thing: &'v Value, member: &str) -> &'v str {
    thing[member].as_str().unwrap_or_default()
}
