//! Rendering a ledger, and storing the reports.

use lockstep_domain::ledger::{Ledger, Sweep};

use crate::runtime::Failure;
use crate::services::Compliance;

/// Stores the ledger's reports in each format that the stack asks for: beside those of earlier
/// sweeps, and over the latest ones. Answers where the latest ones are.
///
/// # Errors
/// One could not be rendered or stored.
pub(super) async fn store(world: &Compliance, ledger: &Ledger) -> Result<Vec<String>, Failure> {
    let Sweep {
        organization,
        started,
        id,
        ..
    } = &ledger.sweep;
    let mut latest = Vec::new();
    for format in &world.config.report_formats {
        let mut bytes = Vec::new();
        let rendered = format.render(ledger, &mut bytes);
        rendered.map_err(|error| Failure::permanent("report", error))?;
        let (file, media_type) = (format.file_name(), format.content_type());
        let of_sweep = format!("sweeps/{organization}/{started}-{}/{file}", id.short(8));
        let reports = &world.reports;
        reports.write(&of_sweep, bytes.clone(), media_type).await?;
        let name = format!("latest/{organization}/{file}");
        latest.push(reports.write(&name, bytes, media_type).await?);
    }
    Ok(latest)
}
