use std::process::Command;

use crate::{Options, Result};

/// Gives a PostgreSQL that has just taken in a backlog the statistics that autovacuum would within
/// a minute; without them some peers' plans, and so their figures, are a matter of luck.
pub(crate) fn settle(options: &Options) -> Result<()> {
    if !options.store.starts_with("postgres") {
        return Ok(());
    }
    let statements = ["-qc", "vacuum analyze", "-qc", "checkpoint"];
    let status = Command::new("psql").arg(&options.store).args(statements).status()?;
    status.success().then_some(()).ok_or_else(|| format!("psql ended with {status}").into())
}
