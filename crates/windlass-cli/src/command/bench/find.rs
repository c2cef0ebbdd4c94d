//! Lists of what one subject has, among many jobs.

use std::time::Instant;

use windlass::Client;
use windlass::job::{Filter, Page};

use super::{Finding, Measurement};

/// Asks for the jobs of one subject after the other: those that run, failed or wait.
pub(crate) async fn by_subject(bench: &Measurement) -> anyhow::Result<Finding> {
    let client = Client::new(bench.store.clone());
    let accounts = bench.payload.accounts();
    let mut times_ms = Vec::new();
    let began = Instant::now();
    for nth in 0..bench.args.jobs {
        // Far from the one before, so that not every page is read by the first.
        let account = nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) % accounts.max(1);
        let filter: Filter =
            format!("subject:account={account} -state:cancelled since:24h").parse()?;
        let asked = Instant::now();
        let found = client.jobs(&filter, Page::default()).await?;
        times_ms.push(asked.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(
            !found.is_empty() || accounts == 0,
            "no job of account {account} was found"
        );
    }
    Ok(Finding::new(bench.args.jobs, began.elapsed().as_secs_f64(), times_ms))
}
