//! Secrets, evidence, manifests and state: who may read, write and delete what.

use super::*;

#[test]
fn nobody_can_delete_evidence_not_even_an_administrator() -> Result<(), Error> {
    let account = Account::usual()?;
    let record = account.bucket("EvidenceBucket", "/evidence/org/orders/000001-abc.json")?;
    let bucket = account.bucket("EvidenceBucket", "")?;
    let tls = Context::over_tls();
    let says = |who: &str, action: &str, on: &str| {
        account.bucket_says("EvidenceBucketPolicy", who, action, on, &tls)
    };
    assert_eq!(
        says(&administrator(), "s3:GetObject", &record)?,
        Decision::Allowed
    );
    for action in [
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
    ] {
        assert!(
            is_denied(&says(&administrator(), action, &record)?),
            "{action}"
        );
        for function in ROLES {
            assert!(
                !account.may(function, action, &record, &[])?,
                "{function}: {action}"
            );
        }
    }
    // A lifecycle rule deletes as well.
    assert!(is_denied(&says(
        &administrator(),
        "s3:PutLifecycleConfiguration",
        &bucket
    )?));
    let properties = account.template.properties("EvidenceBucket")?;
    assert_eq!(properties["ObjectLockEnabled"], true);
    assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
    assert_eq!(
        account.template.properties("ManifestBucket")?["VersioningConfiguration"]["Status"],
        "Enabled"
    );
    Ok(())
}

#[test]
fn the_clients_secret_is_read_by_those_who_sign_in_and_bound_secrets_by_none() -> Result<(), Error>
{
    let account = Account::usual()?;
    let (client, bound) = (secret("genesys/lockstep-client"), secret("prod/db"));
    let read = "secretsmanager:GetSecretValue";
    assert!(!account.may(PROVISION, read, &client, &[])?);
    for function in [REBIND, VERIFY, COMPLIANCE] {
        assert!(account.may(function, read, &client, &[])?, "{function}");
    }
    for function in [PROVISION, REBIND, VERIFY, COMPLIANCE] {
        assert!(!account.may(function, read, &bound, &[])?, "{function}");
        assert!(
            account.may(function, "secretsmanager:DescribeSecret", &bound, &[])?,
            "{function}"
        );
        for action in [
            "secretsmanager:BatchGetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
            "secretsmanager:DeleteSecret",
            "secretsmanager:PutResourcePolicy",
        ] {
            for on in [&client, &bound] {
                assert!(
                    !account.may(function, action, on, &[])?,
                    "{function} may {action} on {on}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn only_rotate_client_writes_clients_secrets_and_only_those_that_it_rotates() -> Result<(), Error> {
    let account = Account::usual()?;
    let (client, bound) = (secret("genesys/lockstep-client"), secret("prod/db"));
    const WITH: &str = "secretsmanager:resource/AllowRotationLambdaArn";
    let own = account.template.arn("RotateClient")?;
    let other = account.template.arn("RebindAction")?;
    for action in [
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ] {
        for function in ROLES {
            let may = account.may(function, action, &client, &[(WITH, &own)])?;
            assert_eq!(may, function == ROTATE, "{function} {action}");
        }
        assert!(!account.may(ROTATE, action, &client, &[(WITH, &other)])?);
        assert!(!account.may(ROTATE, action, &client, &[])?);
        assert!(!account.may(ROTATE, action, &bound, &[(WITH, &own)])?);
    }
    for action in [
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
    ] {
        assert!(account.may(ROTATE, action, &client, &[])?, "{action}");
        assert!(!account.may(ROTATE, action, &bound, &[])?, "{action}");
    }
    for action in [
        "secretsmanager:RotateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecret",
    ] {
        for function in ROLES {
            assert!(!account.may(function, action, &client, &[(WITH, &own)])?);
        }
    }
    Ok(())
}

#[test]
fn values_for_integration_credentials_are_read_by_rebind_action_alone() -> Result<(), Error> {
    let account = Account::usual()?;
    let pushed = secret("genesys-credentials/erp");
    let key = account.template.arn("FingerprintKey")?;
    for function in ROLES {
        for on in [&pushed, &key] {
            let may = account.may(function, "secretsmanager:GetSecretValue", on, &[])?;
            assert_eq!(may, function == REBIND, "{function} on {on}");
            for action in ["PutSecretValue", "UpdateSecretVersionStage", "DeleteSecret"] {
                let action = format!("secretsmanager:{action}");
                assert!(
                    !account.may(function, &action, on, &[])?,
                    "{function} {action}"
                );
            }
        }
    }
    let customer_key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234");
    let service = format!("secretsmanager.{REGION}.amazonaws.com");
    let through = |of: &str| {
        let context = [
            ("kms:ViaService", service.as_str()),
            ("kms:EncryptionContext:SecretARN", of),
        ];
        account.may(REBIND, "kms:Decrypt", &customer_key, &context)
    };
    assert!(through(&pushed)?);
    assert!(!through(&secret("prod/db"))?);
    Ok(())
}

#[test]
fn keys_decrypt_the_clients_secret_through_secrets_manager_and_nothing_else() -> Result<(), Error> {
    let account = Account::usual()?;
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234");
    let service = format!("secretsmanager.{REGION}.amazonaws.com");
    let (client, bound) = (secret("genesys/lockstep-client"), secret("prod/db"));
    const VIA: &str = "kms:ViaService";
    const OF: &str = "kms:EncryptionContext:SecretARN";
    for function in [REBIND, VERIFY, COMPLIANCE] {
        let may = |context: &[(&str, &str)]| account.may(function, "kms:Decrypt", &key, context);
        assert!(may(&[(VIA, &service), (OF, &client)])?, "{function}");
        assert!(!may(&[(VIA, &service), (OF, &bound)])?, "{function}");
        assert!(!may(&[(OF, &client)])?, "{function}");
        assert!(!may(&[])?, "{function}");
    }
    assert!(!account.may(
        PROVISION,
        "kms:Decrypt",
        &key,
        &[(VIA, &service), (OF, &client)]
    )?);
    Ok(())
}

#[test]
fn only_provision_role_says_which_manifest_is_in_force_and_none_writes_manifests()
-> Result<(), Error> {
    let account = Account::usual()?;
    let accepted = account.bucket("StateBucket", "/accepted/org.json")?;
    let manifest = account.bucket("ManifestBucket", "/manifests/main.yaml")?;
    for function in ROLES {
        assert!(
            !account.may(function, "s3:PutObject", &manifest, &[])?,
            "{function}"
        );
        let may = account.may(function, "s3:PutObject", &accepted, &[])?;
        assert_eq!(may, function == PROVISION, "{function}");
        assert!(
            !account.may(function, "s3:DeleteObject", &accepted, &[])?,
            "{function}"
        );
    }
    Ok(())
}

#[test]
fn manifests_are_written_by_their_writers_only_and_never_without_tls() -> Result<(), Error> {
    let writer = role("Deployment");
    let account = Account::with(&[("ManifestWriters", writer.as_str())])?;
    let manifest = account.bucket("ManifestBucket", "/manifests/main.yaml")?;
    let (tls, plain) = (Context::over_tls(), Context::without_tls());
    let says = |who: &str, action: &str, context: &Context| {
        account.bucket_says("ManifestBucketPolicy", who, action, &manifest, context)
    };
    for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"] {
        assert_eq!(says(&writer, action, &tls)?, Decision::Allowed, "{action}");
        let administrator = says(&administrator(), action, &tls)?;
        assert!(is_denied(&administrator), "{action}");
        assert!(is_denied(&says(&writer, action, &plain)?), "{action}");
    }
    assert_eq!(
        says(&administrator(), "s3:GetObject", &tls)?,
        Decision::Allowed
    );
    Ok(())
}
