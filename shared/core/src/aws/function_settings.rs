//! Lambda functions that actions call: can they be called, and by whom else?

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use lockstep_domain::arn::FunctionArn;
use lockstep_domain::compliance::{FunctionState, FunctionUpdate, ObservedFunction};
use lockstep_domain::policy;
use lockstep_domain::role::Seen;
use serde_json::Value;

use super::functions::{client, configuration};
use super::{AwsError, Connection, refine, required};

/// Reads states and resource policies of functions.
#[derive(Clone, Debug)]
pub struct FunctionSettings {
    lambda: Client,
}

impl FunctionSettings {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            lambda: client(aws),
        }
    }

    /// Whether the function, with its version or alias, exists and can be called, and who else may call
    /// it; none where it does not exist.
    ///
    /// # Errors
    /// Lambda refused to say, or did not answer. A resource policy that can't be read is an answer.
    pub async fn observe(
        &self,
        function: &FunctionArn,
    ) -> Result<Option<ObservedFunction>, AwsError> {
        let operation = "lambda:GetFunctionConfiguration";
        let configuration = match configuration(&self.lambda, operation, function).await {
            Ok(configuration) => configuration,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(ObservedFunction {
            state: state(&configuration),
            update: update(&configuration),
            policy: match self.policy(function).await {
                Ok(policy) => Seen::Read(policy),
                Err(error) => Seen::Unread {
                    because: error.to_string(),
                },
            },
        }))
    }

    /// The resource policy of a function that exists; none where it has none, which Lambda reports as
    /// not found.
    async fn policy(&self, function: &FunctionArn) -> Result<Option<Value>, AwsError> {
        const OPERATION: &str = "lambda:GetPolicy";
        let request = self.lambda.get_policy();
        let answer = request
            .function_name(function.unqualified().to_string())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .send()
            .await
            .map_err(refine(OPERATION, function.to_string()));
        match answer {
            Ok(answer) => {
                let text = required(OPERATION, &function.to_string(), "Policy", answer.policy())?;
                Ok(Some(policy::decode(text)))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The state. A function that was created before Lambda had states has none.
fn state(configuration: &GetFunctionConfigurationOutput) -> FunctionState {
    match configuration.state() {
        Some(State::Active) => FunctionState::Active,
        Some(State::Pending) => FunctionState::Pending,
        Some(
            state @ (State::ActiveNonInvocable
            | State::Deactivated
            | State::Deactivating
            | State::Deleting
            | State::Failed
            | State::Inactive),
        ) => FunctionState::NotInvocable {
            state: state.as_str().to_owned(),
            reason: configuration.state_reason().map(str::to_owned),
        },
        Some(_) | None => FunctionState::Unknown,
    }
}

fn update(configuration: &GetFunctionConfigurationOutput) -> FunctionUpdate {
    match configuration.last_update_status() {
        Some(LastUpdateStatus::Successful) => FunctionUpdate::Successful,
        Some(LastUpdateStatus::InProgress) => FunctionUpdate::InProgress,
        Some(LastUpdateStatus::Failed) => FunctionUpdate::Failed {
            reason: configuration.last_update_status_reason().map(str::to_owned),
        },
        Some(_) | None => FunctionUpdate::Unknown,
    }
}
