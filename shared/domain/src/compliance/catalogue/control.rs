//! The controls of public frameworks that checks support.
//!
//! A check *supports* a control: its result is evidence that an auditor may use. No check alone
//! satisfies one. Each group below says why its controls are named. Where AWS maps a control of its
//! own with the same subject, the group has AWS's identifiers ("Security Hub CSPM controls
//! reference", *Related requirements*).

use std::fmt;

use serde::Serialize;

/// A framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Framework {
    /// NIST Special Publication 800-53, revision 5.
    #[serde(rename = "nist_800_53_r5")]
    Nist80053r5,
    /// PCI Data Security Standard 4.0.
    #[serde(rename = "pci_dss_4_0")]
    PciDss40,
    /// AICPA Trust Services Criteria 2017, the criteria of SOC 2.
    #[serde(rename = "soc_2")]
    Soc2,
    /// ISO/IEC 27001:2022, Annex A.
    #[serde(rename = "iso_27001_2022")]
    Iso27001,
}

impl Framework {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Nist80053r5,
        Self::PciDss40,
        Self::Soc2,
        Self::Iso27001,
    ];

    /// Its name, as reports show it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Nist80053r5 => "NIST SP 800-53 r5",
            Self::PciDss40 => "PCI DSS 4.0",
            Self::Soc2 => "SOC 2",
            Self::Iso27001 => "ISO/IEC 27001:2022",
        }
    }

    /// The document that defines its identifiers.
    pub fn source(self) -> &'static str {
        match self {
            Self::Nist80053r5 => {
                "NIST SP 800-53 Rev. 5, Security and Privacy Controls, doi:10.6028/NIST.SP.800-53r5"
            }
            Self::PciDss40 => {
                "PCI Security Standards Council, PCI DSS v4.0 and v4.0.1 (same requirement numbers)"
            }
            Self::Soc2 => {
                "AICPA, TSP Section 100, 2017 Trust Services Criteria (revised points of focus 2022)"
            }
            Self::Iso27001 => "ISO/IEC 27001:2022, Annex A",
        }
    }
}

/// A control of a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Control {
    /// The framework.
    pub framework: Framework,
    /// Its identifier, as the framework writes it.
    pub id: &'static str,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.framework.title(), self.id)
    }
}

const fn nist(id: &'static str) -> Control {
    Control {
        framework: Framework::Nist80053r5,
        id,
    }
}

const fn pci(id: &'static str) -> Control {
    Control {
        framework: Framework::PciDss40,
        id,
    }
}

const fn soc(id: &'static str) -> Control {
    Control {
        framework: Framework::Soc2,
        id,
    }
}

const fn iso(id: &'static str) -> Control {
    Control {
        framework: Framework::Iso27001,
        id,
    }
}

/// Who may assume a role or call a function. AC-3 access enforcement, AC-6 least privilege, IA-9
/// service identification and authentication; 7.2.1 access control model, 7.2.5 least privilege of
/// application and system accounts; CC6.1 logical access; A.5.15 access control. AWS maps its
/// Lambda.1 (no public access) to AC-3, AC-6 and 7.2.1.
pub(super) const ACCESS: &[Control] = &[
    nist("AC-3"),
    nist("AC-6"),
    nist("IA-9"),
    pci("7.2.1"),
    pci("7.2.5"),
    soc("CC6.1"),
    iso("A.5.15"),
];

/// What a role may do. AC-6 least privilege; 7.2.5 least privilege of application and system
/// accounts; CC6.3 least privilege; A.5.15 access control, A.5.18 access rights.
pub(super) const PRIVILEGE: &[Control] = &[
    nist("AC-3"),
    nist("AC-6"),
    pci("7.2.5"),
    soc("CC6.3"),
    iso("A.5.15"),
    iso("A.5.18"),
];

/// Whether the configuration is the one that was approved. CM-2 baseline configuration, CM-6
/// configuration settings; CC7.1 detection of changes to configurations; A.8.9 configuration
/// management.
pub(super) const CONFIGURATION: &[Control] =
    &[nist("CM-2"), nist("CM-6"), soc("CC7.1"), iso("A.8.9")];

/// Who changed it. CM-3 configuration change control, CM-5 access restrictions for change, AU-6
/// audit record review; 6.5.1 changes to production follow procedures, 10.4.1 review of audit
/// logs; CC8.1 changes are authorized; A.8.32 change management, A.8.15 logging.
pub(super) const CHANGE: &[Control] = &[
    nist("AU-6"),
    nist("CM-3"),
    nist("CM-5"),
    pci("6.5.1"),
    pci("10.4.1"),
    soc("CC8.1"),
    iso("A.8.15"),
    iso("A.8.32"),
];

/// Whether the proof of a change is complete and unaltered. AU-9 protection of audit information,
/// AU-10 non-repudiation; 10.3.2 audit logs are protected from modification, 10.3.4 change
/// detection on audit logs; CC8.1; A.5.28 collection of evidence, A.5.33 protection of records.
pub(super) const PROOF: &[Control] = &[
    nist("AU-9"),
    nist("AU-10"),
    pci("10.3.2"),
    pci("10.3.4"),
    soc("CC8.1"),
    iso("A.5.28"),
    iso("A.5.33"),
];

/// Whether credentials change in time and are in use. IA-5 authenticator management; 8.6.3
/// passwords of application and system accounts are changed periodically; CC6.1; A.5.17
/// authentication information. AWS maps its SecretsManager.1 (automatic rotation) to 8.6.3.
pub(super) const SECRET: &[Control] = &[nist("IA-5"), pci("8.6.3"), soc("CC6.1"), iso("A.5.17")];

/// Which key encrypts a secret, and whether it is rotated. SC-12 cryptographic key establishment
/// and management, SC-28 protection of information at rest; 3.7.4 keys change at the end of their
/// cryptoperiod; CC6.1; A.8.24 use of cryptography.
pub(super) const KEY: &[Control] = &[
    nist("SC-12"),
    nist("SC-28"),
    pci("3.7.4"),
    soc("CC6.1"),
    iso("A.8.24"),
];

/// Whether the monitoring itself works. CA-7 continuous monitoring; 10.7.2 failures of critical
/// security control systems are detected; CC4.1 ongoing evaluations; A.8.16 monitoring activities.
pub(super) const MONITORING: &[Control] =
    &[nist("CA-7"), pci("10.7.2"), soc("CC4.1"), iso("A.8.16")];

/// Whether accepted weaknesses are recorded with an owner and a date. CA-5 plan of action and
/// milestones; CC4.2 deficiencies are communicated and corrected; A.5.36 compliance with policies.
pub(super) const ACCEPTED_RISK: &[Control] = &[nist("CA-5"), soc("CC4.2"), iso("A.5.36")];
