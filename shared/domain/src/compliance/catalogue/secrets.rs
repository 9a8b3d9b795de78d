//! Bound secrets and the keys that encrypt them.

use super::About;
use super::control::{ACCESS, KEY as KEY_CONTROLS, SECRET};
use crate::finding::Severity;

/// The binding has the version of each secret that is current.
pub const STALE: About = About {
    id: "LS-SECRET-STALE",
    severity: Severity::High,
    requires: "The binding has the version of each secret that is current.",
    why: "The function still uses a version of the secret that may no longer work.",
    fix: "Run rebind-action in apply mode, and check the dead-letter queues for the \
          lost trigger.",
    source: "AWS Secrets Manager user guide, \"Secret versions\" (AWSCURRENT).",
    controls: SECRET,
};

/// Each secret exists and has a current version.
pub const DELETED: About = About {
    id: "LS-SECRET-DELETED",
    severity: Severity::Critical,
    requires: "Each secret exists and has a current version.",
    why: "The function can no longer read the secret.",
    fix: "Restore the secret, or remove it from the manifest.",
    source: "AWS Secrets Manager API reference, `DescribeSecret`.",
    controls: &[],
};

/// No version has been AWSPENDING for longer than `StuckAfterMinutes`.
pub const PENDING_STUCK: About = About {
    id: "LS-PENDING-STUCK",
    severity: Severity::High,
    requires: "No version has been AWSPENDING for longer than `StuckAfterMinutes`.",
    why: "Secrets Manager regards the rotation as still running and starts no new one, \
          so the secret is not rotated.",
    fix: "Run the command given. rotate-client repairs the secrets of OAuth clients \
          automatically.",
    source: "AWS Secrets Manager user guide, \"Troubleshoot AWS Secrets Manager rotation\".",
    controls: SECRET,
};

/// The current version is younger than `max_age_days` of the manifest.
pub const AGE: About = About {
    id: "LS-SECRET-AGE",
    severity: Severity::Medium,
    requires: "The current version is younger than `max_age_days` of the manifest.",
    why: "The older a secret is, the more people and systems may have seen it.",
    fix: "Rotate the secret with the command given, and find out why it was not \
          rotated.",
    source: "AWS Config rule secretsmanager-secret-periodic-rotation checks the same with one age for all secrets.",
    controls: SECRET,
};

/// A customer managed key that can be used encrypts the secret, where the manifest requires one.
pub const KEY: About = About {
    id: "LS-SECRET-KEY",
    severity: Severity::Medium,
    requires: "A customer managed key that can be used encrypts the secret, where the manifest requires one.",
    why: "With a customer managed key you decide who may decrypt the secret, and you \
          can see who did.",
    fix: "Set a key with the command given; the function that reads the secret needs \
          kms:Decrypt on it.",
    source: "AWS Secrets Manager user guide, \"Secret encryption and decryption\".",
    controls: KEY_CONTROLS,
};

/// KMS rotates the key of the secret, where the manifest requires it.
pub const KEY_ROTATION: About = About {
    id: "LS-KMS-ROTATION",
    severity: Severity::Medium,
    requires: "KMS rotates the key of the secret, where the manifest requires it.",
    why: "The longer a key is in use, the more data it protects.",
    fix: "Enable rotation of the key with the command given. No binding changes.",
    source: "AWS KMS developer guide, \"Rotate AWS KMS keys\".",
    controls: KEY_CONTROLS,
};

/// The accepted manifest names each secret by its full ARN.
pub const ARN: About = About {
    id: "LS-SECRET-ARN",
    severity: Severity::High,
    requires: "The accepted manifest names each secret by its full ARN.",
    why: "Events about a secret carry its full ARN, so Lockstep notices a rotation of \
          this secret only at the next resync.",
    fix: "Write the full ARN into the manifest and upload it.",
    source: "AWS Secrets Manager user guide, \"What's in a Secrets Manager secret\" (the six characters at the end of an ARN).",
    controls: &[],
};

/// Secrets Manager rotates each secret whose age the manifest limits.
pub const ROTATION: About = About {
    id: "LS-SECRET-ROTATION",
    severity: Severity::Medium,
    requires: "Automatic rotation of the secret is on, where the manifest limits its age with `max_age_days`.",
    why: "Nobody rotates the secret in time unless a person remembers it.",
    fix: "Enable rotation with the command given.",
    source: "AWS Security Hub CSPM control SecretsManager.1.",
    controls: SECRET,
};

/// The last scheduled rotation of each secret took place.
pub const ROTATION_MISSED: About = About {
    id: "LS-ROTATION-MISSED",
    severity: Severity::High,
    requires: "The date by which Secrets Manager rotates the secret next is not in the past.",
    why: "The last scheduled rotation was unsuccessful, and the secret becomes older than its \
          schedule allows.",
    fix: "See the log of the rotation function, correct the cause, and run `aws secretsmanager \
          rotate-secret`.",
    source: "AWS Secrets Manager API reference, `DescribeSecret`, `NextRotationDate`; AWS Security Hub CSPM control SecretsManager.2.",
    controls: SECRET,
};

/// Nobody outside the account may read the secret.
pub const READERS: About = About {
    id: "LS-SECRET-READERS",
    severity: Severity::High,
    requires: "The resource policy of the secret lets no other account, no AWS service and not everyone read it.",
    why: "Whoever reads the secret can use it without Genesys Cloud and without the function.",
    fix: "If the reader is intended, make an exception in the manifest; otherwise correct the policy \
          with `aws secretsmanager put-resource-policy`.",
    source: "AWS Secrets Manager user guide, \"Resource-based policies\".",
    controls: ACCESS,
};
