//! `windlass condition`: what a job waits for, and what a person lets it pass.

use windlass::condition::{ConditionRecord, ConditionState, Overdue, Waived};
use windlass::{Client, JobRecord, Timestamp};
use windlass_http::job::awaited;
use windlass_http::job::{
    conditions as documents, deadline as until, shown, waived as waived_document,
};

use super::enqueue::origin;
use super::job::find_id;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass condition list job_01KAHT5V
  windlass condition waive job_01KAHT5V wrap-up --note 'the host is gone'

What a job waits for is said when it is enqueued: see `windlass enqueue --after` and `--on-signal`.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with conditions.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What a job waits for, or has waited for, in the order in which it was said
    List {
        /// The job's id, or as much of its beginning as no other job has
        job: String,
    },
    /// Let a job pass one of its conditions
    Waive {
        /// The job's id, or as much of its beginning as no other job has
        job: String,
        /// The condition's name
        condition: String,
        /// Why, for those who look later
        #[arg(long)]
        note: Option<String>,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List { job } => list(&job, globals).await,
        Verb::Waive { job, condition, note } => waive(&job, &condition, note, globals).await,
    }
}

async fn list(job: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let job = find_id(&*store, job).await?;
    let record = store.job(job).await?.ok_or_else(|| super::job::not_found(job))?;
    let conditions = store.conditions(job).await?;
    let client = Client::new(store);
    let conditions = shown(&client, out.redaction()?, &record, conditions).await?;
    if out.is_json() {
        out.json(&documents(&record, &conditions))?;
        return Ok(Exit::Done);
    }
    if conditions.is_empty() && !out.is_plain() {
        out.line(&format!("{job} waits for nothing"))?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &conditions, until(&record)))?;
    Ok(Exit::Done)
}

fn table(
    out: &Output,
    conditions: &[ConditionRecord],
    deadline: Option<(Timestamp, Overdue)>,
) -> Table {
    let mut table = Table::new(vec![
        Column::text("CONDITION", 10),
        Column::whole("STATE"),
        Column::text("FOR", 20),
        Column::whole("SINCE"),
        Column::text("NOTE", 8).expendable(1),
    ]);
    for one in conditions {
        table.push(vec![
            Cell::new(in_one_line(&one.name)),
            Cell::toned(tone(one), one.state.word()),
            // A cell has no colours inside.
            Cell::new(awaited::what(one, &|at| out.moment(at))),
            Cell::new(one.since.map_or_else(String::new, |at| out.moment(at))),
            Cell::new(in_one_line(one.note.as_deref().unwrap_or_default())),
        ]);
    }
    if let Some(deadline) = deadline {
        let (name, state) = (Cell::new("(deadline)"), Cell::new("open"));
        let what = Cell::new(awaited::overdue(deadline, &|at| out.moment(at)));
        table.push(vec![name, state, what, Cell::default(), Cell::default()]);
    }
    table
}

fn tone(one: &ConditionRecord) -> Tone {
    match one.state {
        ConditionState::Open if one.is_lost() => Tone::Bad,
        ConditionState::Open => Tone::Attention,
        ConditionState::Met => Tone::Good,
        ConditionState::Waived | ConditionState::Withdrawn => Tone::Dim,
    }
}

/// A condition with its name and what it waits for.
pub(crate) fn told(out: &Output, one: &ConditionRecord) -> String {
    awaited::told(one, &|at| out.moment_in_full(at))
}

/// A condition as a line of its job's page.
pub(crate) fn line(out: &Output, one: &ConditionRecord) -> String {
    let state = out.paint(tone(one), &format!("{:<9}", one.state.word()));
    let since = one.since.map_or_else(String::new, |at| format!("  {}", out.moment_in_full(at)));
    let data = one
        .data
        .as_ref()
        .map_or_else(String::new, |data| format!("  {}", in_one_line(data.as_str())));
    format!("{state}  {}{since}{}", told(out, one), data)
}

/// Until when a job waits, while it does, as a line of its page.
pub(crate) fn deadline(out: &Output, job: &JobRecord) -> Option<String> {
    until(job).map(|deadline| {
        let then = awaited::overdue(deadline, &|at| out.moment_in_full(at));
        format!("deadline   {then}")
    })
}

async fn waive(
    job: &str,
    condition: &str,
    note: Option<String>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let job = find_id(&*store, job).await?;
    let who = origin("windlass condition waive");
    let note = note.map_or_else(|| who.clone(), |note| format!("{note} ({who})"));
    let waived = Client::new(store).waive(job, condition, Some(&note)).await?;
    match waived {
        Waived::Missing => {
            let what = format!("{job} has no condition {condition}: windlass condition list {job}");
            Err(Failure::new(Exit::NotFound, what).into())
        }
        Waived::Unneeded => {
            let what = format!("{job} does not wait for {condition} any more; nothing was changed");
            Err(Failure::new(Exit::Conflict, what).into())
        }
        _ => {
            if out.is_json() {
                out.json(&waived_document(job, condition))?;
            } else {
                out.done(
                    &format!("{job} does not wait for {condition} any more"),
                    &format!("see it: windlass explain {job}"),
                )?;
            }
            Ok(Exit::Done)
        }
    }
}
