//! Secrets whose ARNs a manifest gives without the six characters at their end.
//!
//! Where a secret's name itself ends in a hyphen and six characters, such an ARN looks complete
//! (AWS Secrets Manager user guide, "Find a secret from a partial ARN"), and no event about the
//! secret would ever match it. Only Secrets Manager knows.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::problem::Problem;

use crate::aws::AwsError;
use crate::runtime::Failure;
use crate::services::Base;

/// Secrets that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Every ARN of the manifest that lacks its last six characters. A secret that does not exist yet
/// is no problem, nor is one that can't be looked at: its binding reports that.
///
/// # Errors
/// Secrets Manager did not answer, and may later.
pub async fn incomplete(world: &Base, manifest: &Manifest) -> Result<Vec<Problem>, Failure> {
    let places: Vec<(&SecretArn, String)> = places(manifest).into_iter().collect();
    let mut problems = Vec::new();
    for some in places.chunks(AT_ONCE) {
        let asked = some.iter().map(|(secret, _)| full_arn(world, secret));
        for ((secret, at), answer) in some.iter().zip(join_all(asked).await) {
            match answer {
                Ok(Some(full)) if secret.is_partial_of(&full) => {
                    problems.push(Problem::new(
                        at.clone(),
                        format!(
                            "{secret} lacks the six characters that AWS appends to the ARN of \
                                 a secret"
                        ),
                        format!("Write the full ARN: {full}"),
                    ));
                }
                Ok(_) => {}
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => tracing::info!(%secret, %error, "not compared with its full ARN"),
            }
        }
    }
    problems.sort();
    Ok(problems)
}

/// The secrets of a manifest, each with its first place.
fn places(manifest: &Manifest) -> BTreeMap<&SecretArn, String> {
    let organization = &manifest.organization;
    let client = (
        &organization.client_secret,
        "organization.client_secret".to_owned(),
    );
    let rotated = organization.rotated_clients.iter().enumerate();
    let rotated = rotated.map(|(n, arn)| (arn, format!("organization.rotated_clients[{n}]")));
    let bound = manifest.actions.iter().flat_map(|action| {
        let secrets = action.secrets.iter();
        secrets.map(|one| {
            let at = format!("actions[{}].secrets[{}].arn", action.key, one.name);
            (&one.arn, at)
        })
    });
    let credentials = manifest.credentials.iter();
    let credentials =
        credentials.map(|one| (&one.secret, format!("credentials[{}].secret", one.key)));
    let mut places = BTreeMap::new();
    for (secret, at) in std::iter::once(client)
        .chain(rotated)
        .chain(bound)
        .chain(credentials)
    {
        places.entry(secret).or_insert(at);
    }
    places
}

/// The ARN that Secrets Manager gives for what is written: by the ARN as it is, or, where that
/// finds nothing, by the name that it would be without a suffix.
async fn full_arn(world: &Base, secret: &SecretArn) -> Result<Option<SecretArn>, AwsError> {
    match world.secrets.arn_of(&secret.to_string()).await {
        Ok(None) => {}
        Err(error) if !error.is_transient() => {}
        answer => return answer,
    }
    world.secrets.arn_of(&secret.name_without_suffix()).await
}

#[cfg(test)]
mod tests {
    use aws_stub::Account;
    use lockstep_domain::manifest;

    use super::*;
    use crate::config::tests::{arn, config};
    use crate::services::{Provision, Services as _};

    fn manifest(client: &str, rotated: &str, bound: &str) -> Manifest {
        let text = format!(
            r#"
version: 1
organization:
  id: org-1
  client_secret: {}
  rotated_clients: [{}]
integrations:
  - {{key: prod, name: Production, role: GenesysRole}}
actions:
  - key: orders
    name: Orders
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    secrets:
      - {{name: DB, arn: "{}"}}
    contract: {{input: {{type: object}}, output: {{type: object}}}}
"#,
            arn(client),
            arn(rotated),
            arn(bound)
        );
        manifest::read(&text, &config().bounds, &[]).unwrap()
    }

    /// Three secrets whose names end in a hyphen and six characters.
    async fn account() -> Account {
        let account = Account::start().await;
        for name in [
            "genesys/lockstep-client",
            "genesys/reports-client",
            "prod/orders-reader",
        ] {
            account.secret(&arn(&format!("{name}-AbCdEf")), "v1");
        }
        account
    }

    async fn problems(account: &Account, manifest: &Manifest) -> Vec<String> {
        let world = Provision::new(config(), &account.stub.sdk);
        let found = incomplete(&world, manifest).await.unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn an_arn_without_its_suffix_is_refused_with_the_full_one() {
        let manifest = manifest(
            "genesys/lockstep-client",
            "genesys/reports-client",
            "prod/orders-reader",
        );
        let problems = problems(&account().await, &manifest).await;
        let expected = [
            ("actions[orders].secrets[DB].arn", "prod/orders-reader"),
            ("organization.client_secret", "genesys/lockstep-client"),
            ("organization.rotated_clients[0]", "genesys/reports-client"),
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, (at, name)) in problems.iter().zip(expected) {
            assert!(problem.starts_with(at), "{problem}");
            let fix = format!("Write the full ARN: {}", arn(&format!("{name}-AbCdEf")));
            assert!(problem.ends_with(&fix), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_full_arn_passes_and_so_does_a_secret_that_does_not_exist_yet() {
        let manifest = manifest(
            "genesys/lockstep-client-AbCdEf",
            "genesys/later-client",
            "prod/orders-reader-AbCdEf",
        );
        assert_eq!(problems(&account().await, &manifest).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_secret_that_may_not_be_read_is_not_a_problem_of_the_upload() {
        let manifest = manifest(
            "genesys/lockstep-client-AbCdEf",
            "genesys/reports-client-AbCdEf",
            "prod/orders-reader-AbCdEf",
        );
        let account = account().await;
        account.deny(&arn("prod/orders-reader-AbCdEf"));
        account.deny("prod/orders-reader-AbCdEf");
        assert_eq!(problems(&account, &manifest).await, [""; 0]);
    }
}
