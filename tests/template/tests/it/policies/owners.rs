//! Who writes which objects of the stack's buckets, whatever else a principal may do.

use super::*;

const WRITES: [&str; 3] = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"];

/// Each prefix of the state bucket, with the functions that own its objects.
const STATE: [(&str, &[&str]); 7] = [
    ("/accepted/org.json", &[PROVISION]),
    ("/roles/GenesysActions.json", &[PROVISION]),
    ("/state/org/orders.json", &[REBIND, VERIFY, COMPLIANCE]),
    ("/rotations/org/_client_lockstep.json", &[ROTATE]),
    ("/compliance/org.json", &[COMPLIANCE]),
    ("/reports/latest/org/report.html", &[COMPLIANCE]),
    (
        "/emitted/0123456789abcdef.json",
        &[PROVISION, REBIND, VERIFY, COMPLIANCE, ROTATE],
    ),
];

/// What the state bucket's policy says to a principal whose own policies allow everything.
fn state_says(account: &Account, who: &str, action: &str, on: &str) -> Result<Decision, Error> {
    let on = account.bucket("StateBucket", on)?;
    account.bucket_says("StateBucketPolicy", who, action, &on, &Context::over_tls())
}

/// Everybody who might have rights on S3, beside the functions.
fn others(account: &Account) -> Result<Vec<String>, Error> {
    Ok(vec![
        administrator(),
        format!("arn:aws:iam::{ACCOUNT}:root"),
        format!("arn:aws:iam::{ACCOUNT}:user/operator"),
        // Names that only look like a function's role.
        format!("{}-2", account.template.arn(REBIND)?),
        role("lockstep-rebind-action"),
        account
            .template
            .arn(REBIND)?
            .replace(ACCOUNT, "210987654321"),
    ])
}

#[test]
fn an_object_of_the_state_is_written_by_the_functions_that_own_it() -> Result<(), Error> {
    let account = Account::usual()?;
    for (object, owners) in STATE {
        for action in WRITES {
            for function in ROLES {
                let who = account.template.arn(function)?;
                let says = state_says(&account, &who, action, object)?;
                let owns = owners.contains(&function);
                assert_eq!(says.is_allowed(), owns, "{function}: {action} on {object}");
                assert_eq!(is_denied(&says), !owns, "{function}: {action} on {object}");
            }
            for who in others(&account)? {
                let says = state_says(&account, &who, action, object)?;
                assert!(is_denied(&says), "{who}: {action} on {object}");
            }
        }
        let read = state_says(&account, &administrator(), "s3:GetObject", object)?;
        assert_eq!(read, Decision::Allowed, "reading {object}");
    }
    Ok(())
}

#[test]
fn evidence_is_written_by_the_functions_that_keep_it() -> Result<(), Error> {
    let account = Account::usual()?;
    let record = account.bucket("EvidenceBucket", "/evidence/org/orders/000001-abc.json")?;
    let tls = Context::over_tls();
    let says =
        |who: &str| account.bucket_says("EvidenceBucketPolicy", who, "s3:PutObject", &record, &tls);
    for function in ROLES {
        let says = says(&account.template.arn(function)?)?;
        assert_eq!(is_denied(&says), function == PROVISION, "{function}");
        assert_eq!(says.is_allowed(), function != PROVISION, "{function}");
    }
    for who in others(&account)? {
        assert!(is_denied(&says(&who)?), "{who}");
    }
    Ok(())
}

/// The way in for emergencies: restoring an object that can't be read. Evidence is never rewritten.
#[test]
fn repairers_write_the_state_and_no_evidence() -> Result<(), Error> {
    let (one, other) = (
        role("BreakGlass"),
        format!("arn:aws:iam::{ACCOUNT}:user/operator"),
    );
    let both = format!("{one},{other}");
    let account = Account::with(&[("StateRepairers", both.as_str())])?;
    for (object, owners) in STATE {
        for who in [&one, &other] {
            let says = state_says(&account, who, "s3:PutObject", object)?;
            assert_eq!(says, Decision::Allowed, "{who} on {object}");
        }
        for function in ROLES {
            let who = account.template.arn(function)?;
            let may = state_says(&account, &who, "s3:PutObject", object)?.is_allowed();
            assert_eq!(may, owners.contains(&function), "{function} on {object}");
        }
        let says = state_says(&account, &administrator(), "s3:PutObject", object)?;
        assert!(is_denied(&says), "{object}");
    }
    let record = account.bucket("EvidenceBucket", "/evidence/org/orders/000001-abc.json")?;
    let tls = Context::over_tls();
    let says = account.bucket_says("EvidenceBucketPolicy", &one, "s3:PutObject", &record, &tls)?;
    assert!(is_denied(&says), "{says:?}");
    Ok(())
}

/// `NotPrincipal` does not know the sessions of a role, and a wildcard knows too many.
#[test]
fn owners_are_named_in_full() -> Result<(), Error> {
    let account = Account::usual()?;
    let mut locks = 0;
    for policy in account.template.of_type("AWS::S3::BucketPolicy")? {
        let properties = account.template.properties(policy)?;
        let statements = &properties["PolicyDocument"]["Statement"];
        for statement in statements.as_array().into_iter().flatten() {
            assert!(statement.get("NotPrincipal").is_none(), "{statement}");
            let owners = &statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"];
            for owner in owners.as_array().into_iter().flatten() {
                let owner = owner.as_str().unwrap_or_default();
                let known = ROLES
                    .iter()
                    .any(|id| account.template.arn(id).is_ok_and(|arn| arn == owner));
                assert!(known, "{owner} is no function's role");
                locks += 1;
            }
        }
    }
    assert_eq!(locks, 15, "owners in all bucket policies");
    Ok(())
}
