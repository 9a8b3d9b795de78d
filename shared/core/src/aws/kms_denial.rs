//! A secret that can't be read or written because of its KMS key: Secrets Manager answers as if its
//! own permission were missing, and names no key.

use aws_sdk_secretsmanager::Client;

use super::AwsError;
use super::error::Kind;

/// Names the key and what it must allow, where KMS is the reason of a failure; other failures are
/// passed on as they are.
pub(super) async fn name_key(client: &Client, secret: &str, error: AwsError) -> AwsError {
    if !is_of_kms(&error) {
        return error;
    }
    let described = client.describe_secret().secret_id(secret).send().await;
    let key = described.ok();
    explained(error, secret, key.as_ref().and_then(|key| key.kms_key_id()))
}

/// Secrets Manager API reference, `GetSecretValue` and `PutSecretValue`: `DecryptionFailure`,
/// `EncryptionFailure`. Where the caller may not use the key it is an `AccessDeniedException` that
/// speaks of KMS (Secrets Manager user guide, "Secret encryption and decryption").
fn is_of_kms(error: &AwsError) -> bool {
    let denied = matches!(error.kind, Kind::Denied { .. });
    let code = error.code.as_deref().unwrap_or_default();
    (denied && (error.message.contains("KMS") || error.message.contains("kms:")))
        || matches!(code, "DecryptionFailure" | "EncryptionFailure")
}

fn explained(error: AwsError, secret: &str, key: Option<&str>) -> AwsError {
    let writes = error.operation.ends_with("PutSecretValue");
    let permission = if writes {
        "kms:GenerateDataKey"
    } else {
        "kms:Decrypt"
    };
    let key_text = match key {
        Some(key) => format!("the KMS key {key}"),
        None => "its KMS key (see DescribeSecret)".to_owned(),
    };
    let mut message = format!(
        "{}; the secret is encrypted with {key_text}: in the key policy, allow {permission} for \
         this function's role",
        error.message
    );
    if let Some(other) = key
        .and_then(account)
        .filter(|key| Some(*key) != account(secret))
    {
        message.push_str(&format!(
            "; the key belongs to the account {other}, so the role also needs an IAM policy that \
             allows {permission} on that key; the template does not include one"
        ));
    }
    AwsError {
        kind: Kind::Denied {
            permission: permission.to_owned(),
        },
        message,
        ..error
    }
}

/// The account of an ARN; none of a bare id or an alias, which are of the secret's own account.
fn account(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str =
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-AbCdEf";

    fn error(operation: &'static str, code: &str, message: &str) -> AwsError {
        AwsError {
            operation,
            resource: SECRET.into(),
            kind: Kind::Denied {
                permission: operation.into(),
            },
            code: Some(code.into()),
            message: message.into(),
        }
    }

    #[test]
    fn a_denial_by_kms_names_the_key_and_its_policy() {
        let denied = error(
            "secretsmanager:GetSecretValue",
            "AccessDeniedException",
            "Access to KMS is not allowed",
        );
        assert!(is_of_kms(&denied));
        let key = "arn:aws:kms:us-east-1:123456789012:key/1234";
        let text = explained(denied, SECRET, Some(key)).to_string();
        for part in ["permission kms:Decrypt is missing", key, "key policy"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("the template does not include"), "{text}");
    }

    #[test]
    fn a_key_of_another_account_needs_more_than_its_policy() {
        let denied = error(
            "secretsmanager:PutSecretValue",
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key",
        );
        assert!(is_of_kms(&denied));
        let key = "arn:aws:kms:us-east-1:210987654321:key/1234";
        let text = explained(denied, SECRET, Some(key)).to_string();
        for part in [
            "permission kms:GenerateDataKey is missing",
            "the account 210987654321",
            "the template does not include",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_key_without_an_account_is_of_the_secrets_own() {
        let denied = error("secretsmanager:GetSecretValue", "DecryptionFailure", "no");
        for key in [Some("alias/secrets"), Some("1234-abcd"), None] {
            let text = explained(denied.clone(), SECRET, key).to_string();
            assert!(!text.contains("the template does not include"), "{text}");
        }
    }

    #[test]
    fn a_missing_permission_of_secrets_manager_is_reported_unchanged() {
        let denied = error(
            "secretsmanager:GetSecretValue",
            "AccessDeniedException",
            "User: x is not authorized to perform: secretsmanager:GetSecretValue on resource: y",
        );
        assert!(!is_of_kms(&denied));
    }
}
