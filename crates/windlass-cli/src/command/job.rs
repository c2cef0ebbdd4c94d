//! `windlass job`: list, show, retry, cancel, move, delete, duplicates.

mod bulk;
mod duplicates;
mod event;
mod inside;
pub(super) mod list;
mod next;
mod show;
use windlass::job::{Filter, Page};
use windlass::store::Store;
use windlass::{JobId, JobRecord};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;

const EXAMPLES: &str = "\
Examples:
  windlass job list state:dead
  windlass job show job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass job retry 'state:dead kind:img.*'
  windlass job cancel 'queue:bulk state:available' --reason 'wrong import'
  windlass job move 'queue:mail kind:newsletter' --to bulk";

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with jobs.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Jobs that match a filter, newest first
    List(list::Args),
    /// Everything about one job, and what happens next
    Show(show::Args),
    /// Run jobs again, now
    Retry(bulk::RetryArgs),
    /// Call jobs off
    Cancel(bulk::CancelArgs),
    /// Give jobs to another queue
    Move(bulk::MoveArgs),
    /// Remove jobs that have ended
    Delete(bulk::DeleteArgs),
    /// Jobs that were not written since another held their unique key
    Duplicates(duplicates::Args),
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run(args, globals).await,
        Verb::Show(args) => show::run(args, globals).await,
        Verb::Retry(args) => bulk::retry(args, globals).await,
        Verb::Cancel(args) => bulk::cancel(args, globals).await,
        Verb::Move(args) => bulk::move_jobs(args, globals).await,
        Verb::Delete(args) => bulk::delete(args, globals).await,
        Verb::Duplicates(args) => duplicates::run(args, globals).await,
    }
}

/// Reads a filter given as one word or several.
pub(crate) fn parse_filter(words: &[String]) -> Result<Filter, Failure> {
    words
        .join(" ")
        .parse()
        .map_err(|error| Failure::usage(format!("the filter cannot be read: {error}")))
}

/// The id that a text names: whole, or its beginning where one job has it.
pub(crate) async fn find_id(store: &dyn Store, text: &str) -> anyhow::Result<JobId> {
    let error = match text.parse() {
        Ok(id) => return Ok(id),
        Err(error) => error,
    };
    let bare = text.strip_prefix("job_").unwrap_or(text);
    // The last id that begins so: ids sort as their texts do.
    let last: Result<JobId, _> = format!("{bare:Z<26}").parse();
    let (Ok(last), true) = (last, !bare.is_empty()) else {
        return Err(Failure::usage(error.to_string()).into());
    };
    let begins = |job: &JobRecord| {
        let id = job.id.to_string();
        id.trim_start_matches("job_").starts_with(&bare.to_ascii_uppercase())
    };
    let page = Page { before: Some(last), limit: 2 };
    let found: Vec<JobRecord> =
        store.jobs(&Filter::default(), page).await?.into_iter().filter(begins).collect();
    match found.as_slice() {
        [job] => Ok(job.id),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!("no job's id begins with {text}; see `windlass job list`"),
        )
        .into()),
        [a, b, ..] => Err(Failure::usage(format!(
            "several jobs' ids begin with {text}, such as {} and {}; give more of it",
            a.id, b.id
        ))
        .into()),
    }
}

pub(crate) fn not_found(id: JobId) -> Failure {
    Failure::new(
        Exit::NotFound,
        format!(
            "{id} does not exist in this store; it may have been removed after its time of keeping; see `windlass job list`"
        ),
    )
}
