//! What this check made, and its removal whatever happens.
//!
//! A thing is written down before its create is sent, so that one whose answer was lost is looked
//! for by its name, which nothing else has. Nothing but what stands here is ever removed.

use std::fmt;
use std::time::Duration;

use genesys_cloud::{ActionFilter, Error, Genesys, IntegrationFilter};
use serde::Serialize;

use crate::reading::LAMBDA;

/// How often a thing is looked for: a create whose answer was lost, and a delete, may show late.
const LOOKS: u32 = 3;

/// What can be made. In the order of removal: what refers comes before what is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A data action.
    Action,
    /// An integration.
    Integration,
    /// An integration credential.
    Credential,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Action => "/api/v2/integrations/actions",
            Self::Integration => "/api/v2/integrations",
            Self::Credential => "/api/v2/integrations/credentials",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Integration => "integration",
            Self::Credential => "credential",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[derive(Debug)]
struct Made {
    kind: Kind,
    name: String,
    id: Option<String>,
}

/// Something that was made and could not be removed, or not be seen to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// Its name, which nothing else has.
    pub name: String,
    /// Its id, where the create's answer arrived or the name was found.
    pub id: Option<String>,
    /// The call that removes it.
    pub remove_with: String,
    /// Why it is still there, or may be.
    pub why: String,
}

/// All that was made.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<Made>);

impl Ledger {
    /// A create is about to be sent.
    pub(crate) fn intend(&mut self, kind: Kind, name: &str) {
        self.0.push(Made {
            kind,
            name: name.to_owned(),
            id: None,
        });
    }

    /// The create was answered.
    pub(crate) fn made(&mut self, kind: Kind, id: &str) {
        if let Some(made) = self.last(kind) {
            made.id = Some(id.to_owned());
        }
    }

    /// The create was refused: nothing was made.
    pub(crate) fn refused(&mut self, kind: Kind) {
        if let Some(at) = self.0.iter().rposition(|made| made.kind == kind) {
            self.0.remove(at);
        }
    }

    fn last(&mut self, kind: Kind) -> Option<&mut Made> {
        self.0.iter_mut().rev().find(|made| made.kind == kind)
    }

    /// Removes everything and gives what is left. Each thing is read back: gone is gone.
    pub(crate) async fn remove_all(&mut self, genesys: &Genesys, pause: Duration) -> Vec<Left> {
        self.0.sort_by_key(|made| made.kind);
        let mut left = Vec::new();
        for made in &mut self.0 {
            if let Err(error) = removed(genesys, made, pause).await {
                left.push(remainder(made, &error));
            }
        }
        left
    }

    /// What has to be named where there was no time to remove it.
    pub(crate) fn all_left(&self) -> Vec<Left> {
        self.0
            .iter()
            .map(|made| remainder(made, &"the removal was interrupted"))
            .collect()
    }
}

fn remainder(made: &Made, why: &dyn fmt::Display) -> Left {
    let path = made.kind.path();
    let remove_with = match &made.id {
        Some(id) => format!("DELETE {path}/{id}"),
        None => format!(
            "find it by its name with GET {path}, if it exists; then DELETE {path}/<its id>"
        ),
    };
    Left {
        kind: made.kind,
        name: made.name.clone(),
        id: made.id.clone(),
        remove_with,
        why: why.to_string(),
    }
}

/// Deletes, and reads back: only what is seen to be gone is removed.
async fn removed(genesys: &Genesys, made: &mut Made, pause: Duration) -> Result<(), String> {
    let told = |error: Error| error.to_string();
    if made.id.is_none() {
        made.id = looked_for(genesys, made, pause).await.map_err(told)?;
    }
    let Some(id) = made.id.as_deref() else {
        return Ok(());
    };
    let deleted = match made.kind {
        Kind::Action => genesys.delete_action(id).await,
        Kind::Integration => genesys.delete_integration(id).await,
        Kind::Credential => genesys.delete_credential(id).await,
    };
    match deleted {
        // With its integration an action goes too.
        Err(error) if !error.is_not_found() => return Err(told(error)),
        Ok(()) | Err(_) => {}
    }
    seen_gone(genesys, made.kind, id, pause).await
}

/// Reads back what was removed, until it is not there. The last look says why it may be there
/// still.
async fn seen_gone(genesys: &Genesys, kind: Kind, id: &str, pause: Duration) -> Result<(), String> {
    let mut look = 1;
    loop {
        let why = match is_there(genesys, kind, id).await {
            Ok(false) => return Ok(()),
            Ok(true) => "its removal was accepted, but it can still be read".to_owned(),
            Err(error) => format!("removed, but could not be read back: {error}"),
        };
        if look == LOOKS {
            return Err(why);
        }
        look += 1;
        // A delete may show late.
        tokio::time::sleep(pause).await;
    }
}

/// The id of the one thing with this name, where the create was carried out after all.
async fn looked_for(
    genesys: &Genesys,
    made: &Made,
    pause: Duration,
) -> Result<Option<String>, Error> {
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(pause).await;
        }
        if let Some(id) = found(genesys, made).await? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

async fn found(genesys: &Genesys, made: &Made) -> Result<Option<String>, Error> {
    let is_it = |name: Option<&String>| name == Some(&made.name);
    Ok(match made.kind {
        Kind::Action => {
            let filter = ActionFilter {
                name: Some(made.name.clone()),
                ..ActionFilter::default()
            };
            let all = genesys.list_actions(&filter).await?;
            all.into_iter()
                .find(|action| is_it(action.name.as_ref()))
                .map(|action| action.id)
        }
        Kind::Integration => {
            let filter = IntegrationFilter {
                integration_type: Some(LAMBDA.to_owned()),
                ..IntegrationFilter::default()
            };
            let all = genesys.list_integrations(&filter).await?;
            all.into_iter()
                .find(|integration| is_it(integration.name.as_ref()))
                .map(|integration| integration.id)
        }
        Kind::Credential => {
            let all = genesys.list_credentials().await?;
            all.into_iter()
                .find(|credential| is_it(credential.name.as_ref()))
                .map(|credential| credential.id)
        }
    })
}

async fn is_there(genesys: &Genesys, kind: Kind, id: &str) -> Result<bool, Error> {
    Ok(match kind {
        Kind::Action => genesys.get_action(id).await?.is_some(),
        Kind::Integration => genesys.get_integration(id).await?.is_some(),
        Kind::Credential => genesys.get_credential(id).await?.is_some(),
    })
}
