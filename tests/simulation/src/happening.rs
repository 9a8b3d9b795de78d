//! What happens in a history.

use std::fmt;
use std::time::Duration;

use crate::canary::Watch;
use crate::functions::Name;
use crate::house::{Action, House, WEB_LOOKUP};
use crate::person::Edit;
use crate::scenario::{Login, Rotate};
use crate::stand::Simulation;
use crate::trouble::Trouble;

/// Something that happens. An action is named by its number in the manifest; numbers beyond its end
/// begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// The nth action's secret gets a new version.
    Rotate(usize),
    /// The secret whose values a credential carries gets a new version.
    RotateCredential,
    /// The same, with a value that the web service rejects.
    RotateCredentialWrongly,
    /// Secrets Manager rotates the pair of OAuth clients.
    RotatePair,
    /// The manifest names another function for the nth action, and is uploaded.
    MoveFunction(usize),
    /// The manifest names another timeout for the nth action, and is uploaded.
    ChangeTimeout(usize),
    /// The manifest gets one more action, and is uploaded.
    AddAction,
    /// The nth action is taken out of the manifest, which is uploaded. At Genesys Cloud it remains.
    RemoveAction(usize),
    /// The manifest is uploaded as it is.
    UploadAgain,
    /// The resync's schedule fires.
    Resync,
    /// The sweep's schedule fires.
    Sweep,
    /// A person overwrites what the role grants.
    OverwriteRolePolicy,
    /// A person changes the nth action at Genesys Cloud.
    EditAction(usize, Edit),
    /// The functions of the nth action answer wrongly from now on.
    BreakFunction(usize),
    /// Something goes wrong for so many seconds.
    Begin(Trouble, u64),
    /// Every execution environment of a function ends when it is idle.
    GoCold(Name),
    /// So many seconds pass.
    Pass(u64),
}

/// The fewest actions that a manifest keeps.
const FEWEST: usize = 3;

impl Happening {
    /// One that wakes a function.
    pub(crate) fn trigger(rng: &mut fastrand::Rng) -> Self {
        let nth = rng.usize(0..4);
        match rng.u32(0..16) {
            0..5 => Self::Rotate(nth),
            5..7 => Self::MoveFunction(nth),
            7 => Self::ChangeTimeout(nth),
            8 => Self::AddAction,
            9 => Self::RemoveAction(nth),
            10 => Self::UploadAgain,
            11 => Self::Resync,
            12 => Self::Sweep,
            13..15 => Self::RotateCredential,
            _ => Self::RotatePair,
        }
    }

    /// One that disturbs.
    pub(crate) fn disturbance(rng: &mut fastrand::Rng) -> Self {
        let nth = rng.usize(0..4);
        match rng.u32(0..10) {
            0 => Self::OverwriteRolePolicy,
            1 => Self::EditAction(nth, Edit::Headers),
            2 => Self::EditAction(nth, Edit::Function),
            3 => Self::BreakFunction(nth),
            4 => Self::RotateCredentialWrongly,
            5..9 => {
                let trouble = Trouble::ALL[rng.usize(0..Trouble::ALL.len())];
                Self::Begin(trouble, rng.u64(5..1_200))
            }
            _ => Self::GoCold(Name::ALL[rng.usize(0..Name::ALL.len())]),
        }
    }

    /// Lets it happen.
    pub(crate) async fn happen(self, simulation: &Simulation, house: &mut House, watch: &Watch) {
        let uploads = self.edit(house);
        if uploads {
            if let (Self::AddAction, Some(added)) = (self, house.actions.last()) {
                simulation.furnish_action(added);
            }
            simulation.furnish_functions(house);
            watch.names(house);
            simulation.upload(house).await;
        }
        match self {
            Self::Rotate(nth) => {
                let nth = nth % house.actions.len();
                simulation.rotate(&house.actions[nth]).await;
            }
            Self::RotateCredential if house.credential => {
                house.credential_broken = false;
                simulation.rotate_credential(Login::Accepted).await;
            }
            Self::RotateCredentialWrongly if house.credential => {
                house.credential_broken = true;
                // A login is on trial, to find out whether it works.
                watch.excuse(WEB_LOOKUP);
                simulation.rotate_credential(Login::Rejected).await;
            }
            Self::RotatePair if house.pair => {
                simulation.rotate_pair(Rotate::Now).await;
            }
            Self::Resync => simulation.fire("ResyncSchedule"),
            Self::Sweep => simulation.fire("ComplianceSchedule"),
            Self::OverwriteRolePolicy => {
                watch.excuse_all();
                simulation.overwrite_role_policy().await;
            }
            Self::EditAction(nth, edit) => {
                let action = &house.actions[nth % house.actions.len()];
                watch.excuse(&action.name());
                simulation.edit_as_a_stranger(action, edit).await;
            }
            Self::BreakFunction(nth) => {
                let nth = nth % house.actions.len();
                house.actions[nth].broken = true;
                simulation.furnish_functions(house);
            }
            Self::Begin(trouble, seconds) => {
                simulation
                    .faults
                    .begin(trouble, Duration::from_secs(seconds));
            }
            Self::GoCold(function) => simulation.function(function).go_cold(),
            Self::Pass(seconds) => simulation.pass(Duration::from_secs(seconds)).await,
            Self::RotateCredential
            | Self::RotateCredentialWrongly
            | Self::RotatePair
            | Self::MoveFunction(_)
            | Self::ChangeTimeout(_)
            | Self::AddAction
            | Self::RemoveAction(_)
            | Self::UploadAgain => {}
        }
    }

    /// Edits the manifest. Answers whether it is to be uploaded.
    fn edit(self, house: &mut House) -> bool {
        let count = house.actions.len();
        match self {
            Self::MoveFunction(nth) => {
                let action = &mut house.actions[nth % count];
                action.moved = !action.moved;
                true
            }
            Self::ChangeTimeout(nth) => {
                let action = &mut house.actions[nth % count];
                action.timeout = Some(action.timeout.map_or(10, |timeout| timeout % 50 + 1));
                true
            }
            Self::AddAction => {
                house.added += 1;
                house.actions.push(Action {
                    key: format!("added-{}", house.added),
                    tested: house.added.is_multiple_of(2),
                    alternating: false,
                    moved: false,
                    delivered: true,
                    broken: false,
                    timeout: None,
                });
                true
            }
            Self::RemoveAction(nth) => {
                if count > FEWEST {
                    house.actions.remove(nth % count);
                }
                true
            }
            Self::UploadAgain => true,
            Self::Rotate(_)
            | Self::RotateCredential
            | Self::RotateCredentialWrongly
            | Self::RotatePair
            | Self::Resync
            | Self::Sweep
            | Self::OverwriteRolePolicy
            | Self::EditAction(..)
            | Self::BreakFunction(_)
            | Self::Begin(..)
            | Self::GoCold(_)
            | Self::Pass(_) => false,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotate(nth) => write!(f, "the secret of action {nth} gets a new version"),
            Self::RotateCredential => write!(f, "the credential's secret gets a new version"),
            Self::RotateCredentialWrongly => {
                write!(f, "the credential's secret gets a version that is rejected")
            }
            Self::RotatePair => write!(f, "Secrets Manager rotates the pair"),
            Self::MoveFunction(nth) => {
                write!(f, "the manifest names another function for action {nth}")
            }
            Self::ChangeTimeout(nth) => {
                write!(f, "the manifest names another timeout for action {nth}")
            }
            Self::AddAction => write!(f, "the manifest gets one more action"),
            Self::RemoveAction(nth) => write!(f, "the manifest loses action {nth}"),
            Self::UploadAgain => write!(f, "the manifest is uploaded as it is"),
            Self::Resync => write!(f, "the resync's schedule fires"),
            Self::Sweep => write!(f, "the sweep's schedule fires"),
            Self::OverwriteRolePolicy => write!(f, "a person overwrites the role's policy"),
            Self::EditAction(nth, edit) => {
                write!(
                    f,
                    "a person changes action {nth} at Genesys Cloud: {edit:?}"
                )
            }
            Self::BreakFunction(nth) => write!(f, "the function of action {nth} answers wrongly"),
            Self::Begin(trouble, seconds) => write!(f, "for {seconds} s {trouble}"),
            Self::GoCold(function) => {
                write!(f, "the execution environments of {function:?} end")
            }
            Self::Pass(seconds) => write!(f, "{seconds} s pass"),
        }
    }
}
