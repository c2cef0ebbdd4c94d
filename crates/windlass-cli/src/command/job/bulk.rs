//! `windlass job retry`, `cancel`, `move` and `delete`: some jobs by id, or all that match a filter.
//!
//! Many jobs are changed only after the count was seen: typed by a person, or named by a script
//! with `--expect`. They are changed by an operation, which can be undone.

mod operate;
mod report;
mod selection;

use std::collections::BTreeMap;
use windlass::store::Now;

use windlass::job::{Cancelled, Moved, Retried};
use windlass::name::check_queue;
use windlass::operation::Action;
use windlass::store::Store;
use windlass::{BatchId, Client, JobId, State, StoreError};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::ask::{self, Answer};
use crate::output::progress::Progress;
use crate::output::{Output, time};
use crate::store;
use selection::{Selection, Wanted};

/// Jobs changed by one call to the store.
const BATCH: usize = 500;

/// What `retry` is asked.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job retry job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass job retry 'state:dead kind:img.*'
  windlass job retry 'kind:img.*' --yes --expect 412

A filter that names no state means state:dead. What runs or is available needs nothing.")]
pub(super) struct RetryArgs {
    #[command(flatten)]
    which: Which,
}

/// What `cancel` is asked.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job cancel job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass job cancel 'queue:bulk' --reason 'wrong import'
  windlass job cancel 'kind:img.*' --yes --expect 412

A filter that names no state means every job that has not ended. Running jobs are told to stop.")]
pub(super) struct CancelArgs {
    #[command(flatten)]
    which: Which,
    /// Why, kept with the job
    #[arg(long, default_value = "cancelled by hand")]
    reason: String,
}

/// What `move` is asked.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job move job_01KAHT5V3X5W9GNQ6D4R3ZCE7M --to slow
  windlass job move 'queue:mail kind:newsletter' --to bulk
  windlass job move 'kind:img.*' --to media --yes --expect 412

A filter that names no state means every job that neither runs nor has ended. Only workers of the
new queue take what was moved. Jobs enqueued later go where they always went.")]
pub(super) struct MoveArgs {
    #[command(flatten)]
    which: Which,
    /// The queue they are given to
    #[arg(long, value_name = "QUEUE")]
    to: String,
}

/// What `delete` is asked.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job delete 'state:dead kind:img.*'
  windlass job delete 'kind:img.* state:cancelled' --yes --expect 412

A filter that names no state means every job that has ended. What has not ended is not deleted: cancel it first.
Until a day later `windlass op undo` brings them back.")]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    which: Which,
}

/// Which jobs, and how sure.
#[derive(Debug, clap::Args)]
struct Which {
    /// Ids, or a filter such as 'state:dead kind:img.*'
    #[arg(required = true, value_name = "ID|FILTER")]
    words: Vec<String>,
    /// Show what would be changed and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; with a filter --expect must say how many
    #[arg(long)]
    yes: bool,
    /// Refuse unless exactly this many match: exit 4
    #[arg(long, value_name = "N")]
    expect: Option<u64>,
    #[command(flatten)]
    manner: operate::Manner,
}

/// What is done to each job.
enum Change<'a> {
    Retry,
    Cancel { reason: &'a str },
    Move { to: &'a str },
    Delete,
}

/// How the change ended for the jobs.
#[derive(Debug, Default)]
struct BulkResult {
    changed: u64,
    /// Running jobs whose worker was told.
    requested: u64,
    /// Jobs that are where they were to be, by state.
    unneeded: BTreeMap<State, u64>,
    failed: Vec<(JobId, Failed)>,
}

/// Why one job was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    Missing,
    Ended(State),
    /// It runs, and stays with its worker.
    Running,
    /// Another job holds its unique key.
    Held(JobId),
    /// It is of a workflow that is undone, or undoes one that has not failed.
    Undone(BatchId),
    /// The store answered what this program does not know.
    Unknown,
}

pub(super) async fn retry(args: RetryArgs, globals: &Globals) -> anyhow::Result<Exit> {
    run(args.which, &Change::Retry, globals).await
}

pub(super) async fn cancel(args: CancelArgs, globals: &Globals) -> anyhow::Result<Exit> {
    run(args.which, &Change::Cancel { reason: &args.reason }, globals).await
}

pub(super) async fn move_jobs(args: MoveArgs, globals: &Globals) -> anyhow::Result<Exit> {
    check_queue(&args.to).map_err(|error| Failure::usage(error.to_string()))?;
    run(args.which, &Change::Move { to: &args.to }, globals).await
}

pub(super) async fn delete(args: DeleteArgs, globals: &Globals) -> anyhow::Result<Exit> {
    run(args.which, &Change::Delete, globals).await
}

impl Change<'_> {
    /// What an operation does for it.
    fn action(&self) -> Action {
        match self {
            Self::Retry => Action::Retry,
            Self::Cancel { reason } => Action::Cancel { reason: (*reason).to_owned() },
            Self::Move { to } => Action::Move { queue: (*to).to_owned() },
            Self::Delete => Action::Delete,
        }
    }

    const fn schema(&self) -> &'static str {
        match self {
            Self::Retry => "job-retry.v1",
            Self::Cancel { .. } => "job-cancel.v1",
            Self::Move { .. } => "job-move.v1",
            Self::Delete => "job-delete.v1",
        }
    }

    const fn verb(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel { .. } => "cancel",
            Self::Move { .. } => "move",
            Self::Delete => "delete",
        }
    }

    const fn past(&self) -> &'static str {
        match self {
            Self::Retry => "retried",
            Self::Cancel { .. } => "cancelled",
            Self::Move { .. } => "moved",
            Self::Delete => "deleted",
        }
    }

    const fn effect(&self) -> &'static str {
        match self {
            Self::Retry => "they run again, with their failures at zero",
            Self::Cancel { .. } => "they will not start; running ones are told to stop",
            Self::Move { .. } => "only workers of the new queue will take them",
            Self::Delete => {
                "they are gone, with all that belongs to them; for a day that can be undone"
            }
        }
    }

    async fn apply(
        &self,
        store: &dyn Store,
        ids: &[JobId],
        result: &mut BulkResult,
    ) -> Result<(), StoreError> {
        match self {
            Self::Retry => {
                for (id, retried) in ids.iter().zip(store.retry(ids, Now::Database).await?) {
                    result.retried(*id, retried);
                }
            }
            Self::Cancel { reason } => {
                for (id, cancelled) in
                    ids.iter().zip(store.cancel(ids, reason, Now::Database).await?)
                {
                    result.cancelled(*id, cancelled);
                }
            }
            Self::Delete => {}
            Self::Move { to } => {
                for (id, moved) in ids.iter().zip(store.move_jobs(ids, to).await?) {
                    result.moved(*id, moved);
                }
            }
        }
        Ok(())
    }
}

impl BulkResult {
    fn retried(&mut self, id: JobId, retried: Retried) {
        match retried {
            Retried::Now => self.changed += 1,
            Retried::Unneeded(state) => self.needs_nothing(state),
            Retried::Held(by) => self.failed.push((id, Failed::Held(by))),
            Retried::Undone(workflow) => self.failed.push((id, Failed::Undone(workflow))),
            Retried::Missing => self.failed.push((id, Failed::Missing)),
            _ => self.failed.push((id, Failed::Unknown)),
        }
    }

    fn cancelled(&mut self, id: JobId, cancelled: Cancelled) {
        match cancelled {
            Cancelled::Now => self.changed += 1,
            Cancelled::Requested => self.requested += 1,
            Cancelled::Ended(State::Cancelled) => self.needs_nothing(State::Cancelled),
            Cancelled::Ended(state) => self.failed.push((id, Failed::Ended(state))),
            Cancelled::Missing => self.failed.push((id, Failed::Missing)),
            _ => self.failed.push((id, Failed::Unknown)),
        }
    }

    fn moved(&mut self, id: JobId, moved: Moved) {
        match moved {
            Moved::Now => self.changed += 1,
            Moved::Unneeded(state) => self.needs_nothing(state),
            Moved::Left(State::Running) => self.failed.push((id, Failed::Running)),
            Moved::Left(state) => self.failed.push((id, Failed::Ended(state))),
            Moved::Missing => self.failed.push((id, Failed::Missing)),
            _ => self.failed.push((id, Failed::Unknown)),
        }
    }

    fn needs_nothing(&mut self, state: State) {
        *self.unneeded.entry(state).or_default() += 1;
    }
}

async fn run(which: Which, change: &Change<'_>, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let wanted = selection::parse(&which.words)?;
    let store = store::existing(&globals.store).await?;
    let words = match wanted {
        Wanted::Filter(filter) => {
            let client = Client::new(store).with_origin("the command line");
            return operate::operate((&client, filter), (&which, change), out).await;
        }
        Wanted::Ids(_) if matches!(change, Change::Delete) => {
            let what = "jobs are deleted by a filter, such as 'state:dead kind:img.*'";
            return Err(Failure::usage(what).into());
        }
        Wanted::Ids(words) => words,
    };
    if which.manner.pace.is_some() || which.manner.note.is_some() || which.manner.no_wait {
        let what = "--pace, --note and --no-wait stand with a filter: jobs named one by one are changed at once";
        return Err(Failure::usage(what).into());
    }
    let selection = selection::named(&*store, words).await?;
    refuse_unexpected(&which, &selection)?;
    if which.dry_run || selection.matched == 0 {
        report::preview(out, change, &selection)?;
        return Ok(Exit::Done);
    }
    confirm(&which, change, &selection, out)?;
    let result = apply_all(&*store, change, &selection.ids).await?;
    report::outcome(out, change, &selection, &result)
}

/// Refuses another number of jobs than was expected.
fn refuse_unexpected(which: &Which, selection: &Selection) -> Result<(), Failure> {
    match which.expect {
        Some(expected) if expected != selection.matched => {
            let what = format!(
                "expected {}, found {}; nothing was changed",
                time::count(expected, "job"),
                time::number(selection.matched)
            );
            Err(Failure::new(Exit::Conflict, what))
        }
        _ => Ok(()),
    }
}

/// Makes sure that the number of jobs was seen. Jobs named one by one were.
fn confirm(
    which: &Which,
    change: &Change<'_>,
    selection: &Selection,
    out: &Output,
) -> anyhow::Result<()> {
    let count = selection.matched;
    let Some(filter) = &selection.filter else { return Ok(()) };
    if which.yes && which.expect.is_some() {
        return Ok(());
    }
    let jobs = time::count(count, "job");
    let how = format!("{jobs} would be {}; say --yes --expect {count}", change.past());
    if which.yes {
        return Err(Failure::usage(format!("--yes needs --expect with a filter: {how}")).into());
    }
    let answer = if out.is_json() {
        Answer::Nobody
    } else {
        let sample = report::sample(out, selection);
        out.aside(&format!("{sample}{jobs} match {filter}; {}\n", change.effect()));
        ask::for_count(count)?
    };
    match answer {
        Answer::Yes => Ok(()),
        Answer::No => {
            Err(Failure::new(Exit::Conflict, "the count was not typed; nothing was changed").into())
        }
        Answer::Nobody => {
            Err(Failure::usage(format!("there is nobody to ask: {how}; nothing was changed"))
                .into())
        }
    }
}

async fn apply_all(
    store: &dyn Store,
    change: &Change<'_>,
    ids: &[JobId],
) -> anyhow::Result<BulkResult> {
    let progress = Progress::begin(change.verb(), ids.len() as u64);
    let mut result = BulkResult::default();
    for (batch, ids_of_batch) in ids.chunks(BATCH).enumerate() {
        if let Err(error) = change.apply(store, ids_of_batch, &mut result).await {
            if batch == 0 {
                return Err(error.into());
            }
            let what = format!(
                "{} of {} were {}, then: {error}; repeat the command for the rest",
                time::number((batch * BATCH) as u64),
                time::count(ids.len() as u64, "job"),
                change.past()
            );
            return Err(Failure::new(Exit::PartlyFailed, what).into());
        }
        progress.advance(ids_of_batch.len() as u64);
    }
    Ok(result)
}
