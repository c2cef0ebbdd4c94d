//! Which tables should hold claimed jobs when the jobs of one batch end at different times?

mod audit;
mod claimed;
mod columns;
mod design;
mod engine;
mod feed;
mod held;
mod marks;
mod options;
mod plans;
mod reading;
mod report;
mod shift;
mod trial;

use anyhow::Result;

pub use options::Options;

/// Runs every design once per round, so that a noisy minute hits all of them.
pub async fn run(options: &Options) -> Result<()> {
    if options.explain {
        return plans::print(options).await;
    }
    let mut report = report::Report::default();
    for round in 1..=options.rounds {
        for trial in options.trials()? {
            let reading = trial.run(&options.store).await?;
            eprintln!("round {round}: {trial} {reading}");
            report.add(&trial, reading);
        }
    }
    println!("{report}");
    Ok(())
}
