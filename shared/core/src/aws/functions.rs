//! Lambda functions that actions call: can they read their secrets?

use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use lockstep_domain::arn::{FunctionArn, SecretArn};

use super::{AwsError, Connection, Service, refine};

const READ: &str = "secretsmanager:GetSecretValue";

/// Lambda, and IAM's policy simulator.
#[derive(Clone, Debug)]
pub struct Functions {
    lambda: Client,
    iam: aws_sdk_iam::Client,
}

/// Whether a function's execution role may read each of some secrets, as far as the role's own
/// policies say. What a secret's resource policy or its KMS key adds or takes is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAccess {
    /// The execution role's ARN, where it could be read.
    pub role: Option<String>,
    /// One entry a secret, in the order asked for.
    pub secrets: Vec<(SecretArn, Access)>,
}

/// Whether one secret may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A policy of the role allows it.
    Allowed,
    /// No policy of the role allows it, or one forbids it.
    Denied {
        /// Which of the two.
        because: String,
    },
    /// It could not be determined.
    NotEvaluated {
        /// Why.
        because: String,
    },
}

pub(super) fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_lambda::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::Lambda));
    Client::from_conf(config.build())
}

impl Functions {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            lambda: client(aws),
            iam: super::roles::client(aws),
        }
    }

    /// Asks IAM's simulator whether the function's execution role may read the secrets.
    ///
    /// This never fails: what could not be asked is [`Access::NotEvaluated`] with the reason, since
    /// a check that could not be made is no reason to stop and none to call it passed.
    pub async fn read_access(&self, function: &FunctionArn, secrets: &[SecretArn]) -> ReadAccess {
        let role = match self.role(function).await {
            Ok(role) => role,
            Err(because) => {
                let not_evaluated = |secret: &SecretArn| {
                    let because = because.clone();
                    (secret.clone(), Access::NotEvaluated { because })
                };
                return ReadAccess {
                    role: None,
                    secrets: secrets.iter().map(not_evaluated).collect(),
                };
            }
        };
        let mut seen = Vec::with_capacity(secrets.len());
        for secret in secrets {
            seen.push((secret.clone(), self.may_read(&role, secret).await));
        }
        ReadAccess {
            role: Some(role),
            secrets: seen,
        }
    }

    /// Whether the function, with its version or alias, exists.
    ///
    /// # Errors
    /// Lambda refused to say, or did not answer.
    pub async fn exists(&self, function: &FunctionArn) -> Result<bool, AwsError> {
        match self.configuration(function).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn configuration(
        &self,
        function: &FunctionArn,
    ) -> Result<GetFunctionConfigurationOutput, AwsError> {
        let operation = "lambda:GetFunctionConfiguration";
        configuration(&self.lambda, operation, function).await
    }

    async fn role(&self, function: &FunctionArn) -> Result<String, String> {
        let configuration = self.configuration(function).await;
        let configuration = configuration.map_err(|error| error.to_string())?;
        let role = configuration.role().filter(|role| !role.is_empty());
        role.map(str::to_owned)
            .ok_or_else(|| format!("{function} has no execution role"))
    }

    /// One secret a call: with several resources the answer's layout depends on the outcome.
    async fn may_read(&self, role: &str, secret: &SecretArn) -> Access {
        let answer = self
            .iam
            .simulate_principal_policy()
            .policy_source_arn(role)
            .action_names(READ)
            .resource_arns(secret.to_string())
            .send()
            .await
            .map_err(refine("iam:SimulatePrincipalPolicy", role));
        match answer {
            Err(error) => Access::NotEvaluated {
                because: error.to_string(),
            },
            Ok(answer) => match answer.evaluation_results().first() {
                Some(result) => decided(role, result.eval_decision()),
                None => Access::NotEvaluated {
                    because: "the IAM policy simulator returned no result".to_owned(),
                },
            },
        }
    }
}

/// The configuration of a function, of its version or of its alias.
pub(super) async fn configuration(
    client: &Client,
    operation: &'static str,
    function: &FunctionArn,
) -> Result<GetFunctionConfigurationOutput, AwsError> {
    let request = client.get_function_configuration();
    request
        .function_name(function.unqualified().to_string())
        .set_qualifier(function.qualifier().map(str::to_owned))
        .send()
        .await
        .map_err(refine(operation, function.to_string()))
}

fn decided(role: &str, decision: &PolicyEvaluationDecisionType) -> Access {
    if *decision == PolicyEvaluationDecisionType::Allowed {
        return Access::Allowed;
    }
    if *decision == PolicyEvaluationDecisionType::ExplicitDeny {
        let because = format!("a policy of {role} denies {READ}");
        return Access::Denied { because };
    }
    if *decision == PolicyEvaluationDecisionType::ImplicitDeny {
        let because = format!(
            "no policy of {role} allows {READ}; only the resource policy of the secret \
                     could"
        );
        return Access::Denied { because };
    }
    Access::NotEvaluated {
        because: format!("the IAM policy simulator returned {:?}", decision.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_known_is_not_a_pass() {
        let access = decided("role", &"maybe".into());
        assert!(matches!(access, Access::NotEvaluated { .. }));
        let access = decided("role", &PolicyEvaluationDecisionType::ImplicitDeny);
        assert!(matches!(access, Access::Denied { .. }));
        let access = decided("role", &PolicyEvaluationDecisionType::Allowed);
        assert_eq!(access, Access::Allowed);
    }
}
