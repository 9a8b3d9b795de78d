//! Whether what was bound before still works.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::change::Earlier;
use lockstep_domain::staging::still_works;
use tracing::warn;

use crate::aws::{AwsError, SecretSeen};
use crate::services::Base;

/// Whether what was live before a change still works.
///
/// # Errors
/// AWS did not answer, and may later.
pub(super) async fn works(world: &Base, earlier: &Earlier) -> Result<bool, AwsError> {
    match earlier {
        Earlier::Works => Ok(true),
        Earlier::Gone => Ok(false),
        Earlier::While(versions) => still_work(world, versions).await,
    }
}

/// Whether all of these versions still work, where two users alternate. If a secret can't be read,
/// and a retry would not help, its versions count as not working.
///
/// # Errors
/// AWS did not answer, and may later.
async fn still_work(world: &Base, versions: &[(SecretArn, String)]) -> Result<bool, AwsError> {
    for (secret, version) in versions {
        let works = match world.secrets.current(secret).await {
            Ok(SecretSeen::Current {
                version_id,
                previous_id,
                ..
            }) => still_works(version, version_id.as_str(), previous_id.as_deref()),
            Ok(SecretSeen::NoCurrent | SecretSeen::Deleted | SecretSeen::Missing) => false,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                warn!(%secret, %error, "Lockstep could not determine whether the previous version \
                                        still works");
                false
            }
        };
        if !works {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use aws_stub::Account;

    use super::*;
    use crate::config::tests::config;
    use crate::services::{Rebind, Services as _};

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";

    #[tokio::test]
    async fn the_current_version_works_and_the_one_before_it_and_none_that_is_older() {
        let account = Account::start().await;
        let world = Rebind::new(config(), &account.stub.sdk);
        let versions = ["v1", "v2", "v3"].map(|version| format!("{version:0>36}"));
        for version in &versions {
            account.secret(SECRET, version);
        }
        let works = async |version: &String| {
            let bound = [(SECRET.parse().unwrap(), version.clone())];
            still_work(&world, &bound).await.unwrap()
        };
        assert!(!works(&versions[0]).await, "AWSPREVIOUS has moved on");
        assert!(works(&versions[1]).await);
        assert!(works(&versions[2]).await);
        account.deny(SECRET);
        assert!(!works(&versions[2]).await, "not known");
    }
}
