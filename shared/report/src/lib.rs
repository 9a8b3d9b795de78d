//! Renders the ledger of a sweep for people and for other tools.
//!
//! Every renderer is a pure function of the ledger: times and ids come from it, so two renderings of one ledger are
//! equal byte for byte. Names in a ledger are written by people and by other systems; each renderer neutralizes what
//! its format or a terminal would interpret.

mod csv;
mod html;
pub mod json;
mod junit;
mod names;
mod ocsf;
mod sarif;
mod text;

use std::io;
use std::str::FromStr;

use lockstep_domain::ledger::Ledger;

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format {0:?}; there are html, json, csv, junit, ocsf and sarif")]
pub struct UnknownFormat(String);

/// A format that a ledger can be rendered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// One self-contained page without a script.
    Html,
    /// The ledger with the texts of its checks, for programs: `schemas/report.schema.json`.
    Json,
    /// One line per row, for spreadsheets.
    Csv,
    /// JUnit XML, for CI systems.
    Junit,
    /// OCSF 1.7.0, one *Compliance Finding* a line, for security data lakes.
    Ocsf,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Html,
        Self::Json,
        Self::Csv,
        Self::Junit,
        Self::Ocsf,
        Self::Sarif,
    ];

    /// The name by which the stack's parameters name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Junit => "junit",
            Self::Ocsf => "ocsf",
            Self::Sarif => "sarif",
        }
    }

    /// The name of a file in this format.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Json => "report.json",
            Self::Csv => "report.csv",
            Self::Junit => "report.junit.xml",
            Self::Ocsf => "report.ocsf.jsonl",
            Self::Sarif => "report.sarif",
        }
    }

    /// The media type, as an HTTP header has it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Junit => "application/xml",
            Self::Ocsf => "application/jsonl",
            Self::Sarif => "application/sarif+json",
        }
    }

    /// Renders a ledger in this format.
    ///
    /// # Errors
    /// `out` could not be written.
    pub fn render(self, ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Html => html::render(ledger, out),
            Self::Json => json::render(ledger, out),
            Self::Csv => csv::render(ledger, out),
            Self::Junit => junit::render(ledger, out),
            Self::Ocsf => ocsf::render(ledger, out),
            Self::Sarif => sarif::render(ledger, out),
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
