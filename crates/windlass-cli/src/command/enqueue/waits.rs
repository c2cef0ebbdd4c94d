//! What a job waits for before a worker may have it.

use std::time::Duration;

use windlass::batch::Membership;
use windlass::condition::{Overdue, Waits};
use windlass::time::parse_duration;
use windlass::{BatchId, JobId, NewJob};

/// The flags.
#[derive(Debug, clap::Args)]
pub(super) struct WaitsFor {
    /// Not before this job is completed; may be repeated
    #[arg(long, value_name = "JOB")]
    after: Vec<JobId>,
    /// Not before a signal with this key has come, see `windlass signal`; may be repeated
    #[arg(long, value_name = "KEY")]
    on_signal: Vec<String>,
    /// Not before all jobs of this batch have ended, however; may be repeated
    #[arg(long, value_name = "BATCH")]
    after_batch: Vec<BatchId>,
    /// In this batch, which has not ended
    #[arg(long, value_name = "BATCH")]
    batch: Option<BatchId>,
    /// Its name there
    #[arg(long, value_name = "NAME", requires = "batch")]
    step: Option<String>,
    /// So many of these suffice; all unless given
    #[arg(long, value_name = "N")]
    needed: Option<u32>,
    /// It waits no longer than this
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    deadline: Option<Duration>,
    /// What happens then
    #[arg(long, value_name = "WHAT", requires = "deadline", value_enum, default_value = "run")]
    overdue: OverdueWord,
}

/// What happens to a job whose deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OverdueWord {
    /// It runs without what has not come
    Run,
    /// It is cancelled
    Cancel,
    /// It is dead, until a person retries it
    Die,
}

impl WaitsFor {
    /// Gives the job its conditions.
    pub(super) fn declare(&self, job: &mut NewJob) {
        job.meta.member =
            self.batch.map(|batch| Membership { step: self.step.clone(), ..Membership::of(batch) });
        let said =
            !(self.after.is_empty() && self.on_signal.is_empty() && self.after_batch.is_empty());
        if !said && self.needed.is_none() && self.deadline.is_none() {
            return;
        }
        let waits = self.needed.map_or_else(Waits::all, Waits::at_least);
        let waits = self.after.iter().fold(waits, |waits, job| waits.job(job.to_string(), *job));
        let batches = self.after_batch.iter();
        let waits = batches.fold(waits, |waits, batch| waits.batch(batch.to_string(), *batch));
        let waits = self.on_signal.iter().fold(waits, |waits, key| waits.signal(key, key));
        let then = match self.overdue {
            OverdueWord::Run => Overdue::Run,
            OverdueWord::Cancel => Overdue::Cancel,
            OverdueWord::Die => Overdue::Die,
        };
        job.meta.waits = Some(match self.deadline {
            Some(after) => waits.deadline(after, then),
            None => waits,
        });
    }
}
