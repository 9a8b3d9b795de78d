//! The steps of the demo.

/// A step of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    SetUp,
    ManifestAccepted,
    RoleProvisioned,
    ActionBound,
    BindingProved,
    Received,
    Planned,
    Applied,
    Tested,
    Proved,
    Checked,
    ContractKept,
}

impl Scene {
    /// The name in `summary.json`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set up",
            Self::ManifestAccepted => "manifest accepted",
            Self::RoleProvisioned => "role provisioned",
            Self::ActionBound => "action bound",
            Self::BindingProved => "binding proved",
            Self::Received => "received",
            Self::Planned => "planned",
            Self::Applied => "applied",
            Self::Tested => "tested",
            Self::Proved => "proved",
            Self::Checked => "checked",
            Self::ContractKept => "contract of the official SDK kept",
        }
    }

    /// The name on the terminal.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SetUp => "Set-up",
            Self::ManifestAccepted => "Manifest",
            Self::RoleProvisioned | Self::Planned => "Role",
            Self::ActionBound | Self::Applied => "Binding",
            Self::Tested => "Live test",
            Self::BindingProved | Self::Proved => "Audit",
            Self::Received => "Rotation",
            Self::Checked => "Checks",
            Self::ContractKept => "Contract",
        }
    }
}
