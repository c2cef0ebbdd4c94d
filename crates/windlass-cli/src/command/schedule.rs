//! `windlass schedule`: list, show, add, pause, resume, run, preview, remove.

mod add;
mod change;
mod list;
mod preview;
mod show;

use windlass::name::check_schedule;
use windlass::schedule::ScheduleRecord;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass schedule list
  windlass schedule add nightly-report '30 2 * * *' report.nightly to=office --zone Europe/Berlin
  windlass schedule add sync 'every 15m' crm.sync --overlap queue
  windlass schedule preview nightly-report -n 10
  windlass schedule pause nightly-report --note 'stocktaking, ana'
  windlass schedule run nightly-report")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with schedules.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All schedules, when each is due next, and who owns it
    List,
    /// One schedule with all that is known of it
    Show {
        /// The schedule
        name: String,
    },
    /// Make a schedule, or change it
    Add(add::Args),
    /// Enqueue nothing of a schedule until it is resumed
    Pause {
        /// The schedule
        name: String,
        /// Why, and by whom; shown wherever the pause is
        #[arg(long)]
        note: Option<String>,
    },
    /// Let a paused schedule go on; what was due meanwhile has no run
    Resume {
        /// The schedule
        name: String,
    },
    /// Enqueue a schedule's job now; exit 4 where its last one has not ended and it allows none beside it
    Run {
        /// The schedule
        name: String,
    },
    /// The next due times
    Preview(preview::Args),
    /// Remove a schedule; one that a program declares does not come back with its next start
    Remove {
        /// The schedule
        name: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list::run(globals).await,
        Verb::Show { name } => show::run(&name, globals).await,
        Verb::Add(args) => add::run(args, globals).await,
        Verb::Pause { name, note } => change::pause(&name, note.as_deref(), globals).await,
        Verb::Resume { name } => change::resume(&name, globals).await,
        Verb::Run { name } => change::run_now(&name, globals).await,
        Verb::Preview(args) => preview::run(args, globals).await,
        Verb::Remove { name } => change::remove(&name, globals).await,
    }
}

fn checked(name: &str) -> anyhow::Result<()> {
    Ok(check_schedule(name).map_err(|error| Failure::usage(error.to_string()))?)
}

fn no_schedule(name: &str) -> anyhow::Error {
    let what = format!("no schedule is called {name}; see `windlass schedule list`");
    Failure::new(Exit::NotFound, what).into()
}

/// How a schedule stands, in a word or two, and whether somebody should look at it.
fn standing(record: &ScheduleRecord) -> (&'static str, bool) {
    if record.removed_at.is_some() {
        ("removed", false)
    } else if record.error.is_some() {
        ("error", true)
    } else if record.paused_at.is_some() {
        ("paused", true)
    } else if record.is_unfinished {
        ("running", false)
    } else {
        ("on", false)
    }
}

/// When it is due next, empty where it is not.
fn next(out: &Output, record: &ScheduleRecord) -> String {
    record.next_at().map(|due| out.moment(due)).unwrap_or_default()
}

/// Who owns it, and whether something else is declared.
fn owner(record: &ScheduleRecord) -> String {
    let differs = if record.differs_from_declaration() { ", declared otherwise" } else { "" };
    format!("{}{differs}", record.owner.word())
}
