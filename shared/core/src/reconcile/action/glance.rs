//! A look at the action alone, where all else was read within a day and only versions of secrets can
//! differ since.
//!
//! **What is remembered** is the integration, and the templates by their digests: those that were
//! read at the version that the action still has. A template's text is never remembered, since it is
//! other people's: it is known where it is one that Lockstep writes itself or the platform's default,
//! and is read again before it is written otherwise.

use genesys_cloud as api;
use jiff::Timestamp;
use lockstep_domain::binding::{ActionConfig, DesiredAction, DesiredIntegration};
use lockstep_domain::change::{BindingState, SecretVersion};
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::ActionId;
use lockstep_domain::intent::Look;
use lockstep_domain::manifest::{Action, DEFAULT_SUCCESS_TEMPLATE, RAW_REQUEST};
use lockstep_domain::rebind::{
    ActionSeen, ActionView, DraftSeen, Found, Mark, Observed, RebindPlan, Templates,
};
use lockstep_domain::template::Template;
use tracing::info;

use super::action_config::{Pair, template};
use super::observe::action_seen;
use super::{ActionRun, Observation, Read, RebindError};
use crate::genesys::Session;
use crate::reconcile::Ask;

/// What is remembered of a binding, where that is of what should hold and young enough.
pub(super) fn usable_mark<'s>(
    state: &'s BindingState,
    action: &Action,
    integration: &DesiredIntegration,
    now: Timestamp,
) -> Option<&'s Mark> {
    let desired = DesiredAction::but_for_versions(action, integration);
    let mark = state.mark.as_ref()?;
    let is_usable = mark.holds(&desired, now) && state.action_id.as_ref() == Some(&mark.action);
    is_usable.then_some(mark)
}

/// The action, where it still has the version that is remembered. Read before its secrets.
pub(super) async fn glance(
    session: &Session,
    mark: &Mark,
) -> Result<Option<api::Action>, RebindError> {
    let found = session.action(&mark.action).await?;
    let same = found.filter(|found| found.version == Some(mark.version));
    if same.is_none() {
        info!(action = %mark.action, "another version than remembered: everything is read");
    }
    Ok(same)
}

/// The observation that a glance and what is remembered come to.
pub(super) fn remembered(
    mark: &Mark,
    found: api::Action,
    action: &Action,
    bound: &[SecretVersion],
    desired: &DesiredAction,
) -> Result<Option<Observed>, RebindError> {
    let inline = found.config.as_ref().and_then(Pair::inline);
    let is_inline = inline.is_some();
    let templates = match (inline, &mark.templates) {
        (Some(templates), _) => templates,
        (None, Some(known)) => known_templates(known, action, bound, desired),
        // The platform showed them with the config when they were read last.
        (None, None) => return Ok(None),
    };
    let mut seen = action_seen(found, templates, is_inline)?;
    if let Some(contract) = &desired.contract {
        // A listing leaves it out. It was the desired one when all was read, and can't change.
        seen.input_schema
            .get_or_insert_with(|| contract.input.clone());
        seen.output_schema
            .get_or_insert_with(|| contract.output.clone());
    }
    Ok(Some(Observed {
        integration: Found::One(mark.integration.clone()),
        own_credentials: Vec::new(),
        action: Found::One(seen),
        draft: DraftSeen::NotRead,
    }))
}

fn known_templates(
    known: &Templates,
    action: &Action,
    bound: &[SecretVersion],
    desired: &DesiredAction,
) -> Pair {
    let before = DesiredAction::new(action, bound.to_vec());
    let requests = [desired.request_template(), before.request_template()];
    let requests = requests.into_iter().flatten().chain([RAW_REQUEST]);
    let successes = desired.success_template().into_iter();
    Pair {
        request: Template::known(&known.request, requests),
        success: Template::known(&known.success, successes.chain([DEFAULT_SUCCESS_TEMPLATE])),
    }
}

impl ActionRun<'_, '_> {
    /// An observation by a look at the action alone; none where everything is to be read.
    pub(super) async fn glanced(&self) -> Result<Option<Observation>, RebindError> {
        let Some(mark) = self.mark() else {
            return Ok(None);
        };
        let Some(found) = glance(self.session, mark).await? else {
            return Ok(None);
        };
        let desired = self.desired().await?;
        let bound = &self.state.value.bound;
        let observed = remembered(mark, found, self.kind.action, bound, &desired)?;
        let read = Read::Action(Box::new(mark.clone()));
        Ok(observed.map(|observed| self.observation(observed, desired, read)))
    }

    fn mark(&self) -> Option<&Mark> {
        let Ask { look, retry, .. } = self.ask;
        if *look == Look::Full || *retry || self.in_doubt {
            return None;
        }
        let (action, integration) = (self.kind.action, &self.kind.integration);
        usable_mark(&self.state.value, action, integration, self.world.now())
    }

    /// Reads what a plan that writes needs in addition to the action: the text of each template
    /// that is written as it is, and whether there is a draft. Answers whether anything was read.
    pub(super) async fn complete(
        &self,
        observation: &mut Observation,
        plan: &RebindPlan,
    ) -> Result<bool, RebindError> {
        let Some(id) = observation.action().map(|seen| seen.id.clone()) else {
            return Ok(false);
        };
        let mut has_read = false;
        for (which, digest) in unread(plan) {
            let text = template(which, self.read_template(&id, which).await?);
            if text.digest() != digest {
                // Changed a moment ago: the version is another one by now.
                *observation = self.observed_in_full().await?;
                return Ok(true);
            }
            observation.fill_in(which, text);
            has_read = true;
        }
        if plan.opens_draft() && observation.observed.draft == DraftSeen::NotRead {
            let draft = self.session.genesys.get_draft(id.as_str()).await?;
            observation.observed.draft = match draft {
                Some(_) => DraftSeen::Exists,
                None => DraftSeen::Nothing,
            };
            has_read = true;
        }
        Ok(has_read)
    }

    /// What a plan came to that was made on a look at the action alone, and changed its request
    /// template: the template is read back, and the rest is as it was answered. None where
    /// everything is to be read: the answered version is not the next one, or the plan changed more.
    pub(super) async fn read_template_back(
        &self,
        before: &Observation,
        plan: &RebindPlan,
    ) -> Result<Option<Observation>, RebindError> {
        let (Read::Action(mark), Some(seen), Some(new)) =
            (&before.read, before.action(), plan.changed_to())
        else {
            return Ok(None);
        };
        let is_next = self.kind.written == Some(seen.version + 1);
        if !is_next || !changes_request_template_alone(seen, new) {
            return Ok(None);
        }
        let mut seen = seen.clone();
        seen.version += 1;
        seen.config.request_template = if seen.has_inline_templates {
            // Whoever looks at the action next sees it.
            new.config.request_template.clone()
        } else {
            let which = api::Template::Request;
            template(which, self.read_template(&seen.id, which).await?)
        };
        let desired = self.desired().await?;
        let observed = Observed {
            action: Found::One(seen),
            draft: DraftSeen::NotRead,
            ..before.observed.clone()
        };
        let read = Read::Action(mark.clone());
        Ok(Some(self.observation(observed, desired, read)))
    }

    async fn read_template(
        &self,
        id: &ActionId,
        which: api::Template,
    ) -> Result<Option<String>, RebindError> {
        let genesys = &self.session.genesys;
        Ok(genesys.action_template(id.as_str(), which).await?)
    }

    /// The mark of a binding that was observed as it should be; none where a version proves nothing.
    pub(super) fn mark_of(&self, bound: &Observation) -> Option<Mark> {
        if self.state.value.versions_stay {
            return None;
        }
        let (action, integration) = (self.kind.action, &self.kind.integration);
        match &bound.read {
            Read::Everything { at } => {
                let desired = DesiredAction::but_for_versions(action, integration);
                Mark::of(&bound.observed, desired, *at)
            }
            Read::Action(mark) => bound.action().map(|seen| mark.of_version(seen)),
        }
    }
}

/// Which templates a plan writes that were not read.
fn unread(plan: &RebindPlan) -> Vec<(api::Template, Digest)> {
    let Some(new) = plan.changed_to() else {
        return Vec::new();
    };
    let config = &new.config;
    let templates = [
        (api::Template::Request, &config.request_template),
        (api::Template::Success, &config.success_template),
    ];
    templates
        .into_iter()
        .filter(|(_, template)| template.text().is_none())
        .map(|(which, template)| (which, template.digest()))
        .collect()
}

fn changes_request_template_alone(seen: &ActionSeen, new: &ActionView) -> bool {
    let changed = ActionView {
        name: seen.name.clone(),
        category: seen.category.clone(),
        config: ActionConfig {
            request_template: new.config.request_template.clone(),
            ..seen.config.clone()
        },
    };
    changed == *new
}
