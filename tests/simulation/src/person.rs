//! What people do beside Lockstep: at Genesys Cloud, and in the account.

use std::time::Duration;

use aws_simulator::services::secrets::Value as SecretValue;
use genesys_cloud::{ActionUpdate, ClientCredentials, Genesys, Template};
use serde_json::Value;

use crate::house::{Action, House};
use crate::stand::Simulation;

/// What somebody else changes of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Something that the manifest does not name.
    Headers,
    /// What the manifest names: the function that it calls.
    Function,
}

impl Simulation {
    /// Whom the current version of the pair's secret signs in.
    pub(crate) fn holder_of_the_pair(&self) -> ClientCredentials {
        let secret = House::pair_secret();
        let current = self.account.with_state(|state| {
            let found = state.services.secrets.find(&secret, self.clock.now());
            match found.expect("the secret exists").value("AWSCURRENT") {
                Some(SecretValue::Text(text)) => text.clone(),
                Some(SecretValue::Binary(_)) | None => String::new(),
            }
        });
        let current: Value = serde_json::from_str(&current).unwrap_or_default();
        let text = |name: &str| current[name].as_str().unwrap_or_default().to_owned();
        ClientCredentials {
            client_id: text("client_id"),
            client_secret: text("client_secret").into(),
        }
    }

    /// Somebody whom no manifest authorizes.
    fn stranger(&self) -> Genesys {
        self.signed_in(self.holder_of_the_pair())
    }

    /// Somebody changes an action, where it is there. Answers whether anything was changed.
    pub(crate) async fn edit_as_a_stranger(&self, action: &Action, edit: Edit) -> bool {
        let published = self.genesys.published_actions();
        let Some((id, _)) = published
            .into_iter()
            .find(|(_, name)| *name == action.name())
        else {
            return false;
        };
        let stranger = self.stranger();
        let (found, request, success) = tokio::join!(
            stranger.get_action(&id),
            stranger.action_template(&id, Template::Request),
            stranger.action_template(&id, Template::Success),
        );
        let found = found.expect("a stranger may read").expect("it exists");
        let mut config = found.config.unwrap_or_default();
        let mut request_config = config.request.take().unwrap_or_default();
        let mut response_config = config.response.take().unwrap_or_default();
        request_config.request_template = request.expect("a stranger may read");
        response_config.success_template = success.expect("a stranger may read");
        match edit {
            Edit::Headers => {
                let added = ("X-Added".to_owned(), "by somebody else".to_owned());
                request_config.headers.extend([added]);
            }
            Edit::Function => {
                request_config.request_url_template = Some(action.other_function());
            }
        }
        config.request = Some(request_config);
        config.response = Some(response_config);
        let update = ActionUpdate {
            version: found.version.unwrap_or_default(),
            name: None,
            category: None,
            config: Some(config),
        };
        // Lockstep may have been faster.
        stranger.patch_action(&id, &update).await.is_ok()
    }

    /// Lets time pass until nothing is wrong with any service any more.
    pub(crate) async fn outlast_troubles(&self) {
        let now = self.clock.now();
        let left = self
            .faults
            .troubled_until()
            .map(|until| until.duration_since(now));
        let left = left.and_then(|left| Duration::try_from(left).ok());
        self.pass(left.unwrap_or_default()).await;
    }
}
