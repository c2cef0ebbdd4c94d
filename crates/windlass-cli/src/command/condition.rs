//! `windlass condition`: what a job waits for, and what a person lets it pass.

use serde::Serialize;
use windlass::condition::{Awaited, ConditionRecord, ConditionState, Overdue, Waived};
use windlass::job::{Explanation, Gate};
use windlass::{Client, JobId, JobRecord, State};

use super::enqueue::origin;
use super::job::find_id;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::table::{Cell, Column, Table, in_one_line};
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

/// `condition.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    job: JobId,
    #[serde(flatten)]
    condition: &'a ConditionRecord,
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
    if store.job(job).await?.is_none() {
        return Err(super::job::not_found(job).into());
    }
    let conditions = store.conditions(job).await?;
    if out.is_json() {
        let body = |condition| Document::new("condition.v1", Body { job, condition });
        out.json(&conditions.iter().map(body).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if conditions.is_empty() && !out.is_plain() {
        out.line(&format!("{job} waits for nothing"))?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &conditions))?;
    Ok(Exit::Done)
}

fn table(out: &Output, conditions: &[ConditionRecord]) -> Table {
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
            Cell::new(what(out, one)),
            Cell::new(one.since.map_or_else(String::new, |at| out.moment(at))),
            Cell::new(in_one_line(one.note.as_deref().unwrap_or_default())),
        ]);
    }
    table
}

fn tone(one: &ConditionRecord) -> Tone {
    match one.state {
        ConditionState::Open if is_blocked(one) => Tone::Bad,
        ConditionState::Open => Tone::Attention,
        ConditionState::Met => Tone::Good,
        ConditionState::Waived | ConditionState::Withdrawn => Tone::Dim,
    }
}

/// Whether it waits for a job or a batch that has ended in another way, or for a job that is gone.
fn is_blocked(one: &ConditionRecord) -> bool {
    let is_over = match one.awaits {
        Awaited::Job { job_state, .. } => job_state.is_none_or(State::is_terminal),
        Awaited::Batch { ended, .. } => ended.is_some(),
        _ => false,
    };
    one.state == ConditionState::Open && is_over
}

/// What a condition waits for.
fn what(out: &Output, one: &ConditionRecord) -> String {
    match &one.awaits {
        Awaited::Job { job, job_state: Some(state), .. } => format!("{job}, {state}"),
        Awaited::Job { job, job_state: None, .. } => format!("{job}, which is gone"),
        Awaited::Batch { batch, ended: None, .. } => format!("{batch}, which has not ended"),
        Awaited::Batch { batch, ended: Some(State::Completed), .. } => {
            format!("{batch}, completed")
        }
        Awaited::Batch { batch, .. } => format!("{batch}, finished with failures"),
        Awaited::Signal { key } => format!("signal {}", in_one_line(key)),
        Awaited::Moment { at } => out.moment_in_full(*at),
    }
}

/// A condition with its name and what it waits for.
pub(crate) fn told(out: &Output, one: &ConditionRecord) -> String {
    let what = what(out, one);
    if what.contains(&one.name) { what } else { format!("{}: {what}", in_one_line(&one.name)) }
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
    let waits = job.meta.waits.as_ref().filter(|_| job.state == State::Waiting)?;
    let (at, then) = waits.until(job.created_at)?;
    let then = match then {
        Overdue::Run => "then it runs without what has not come",
        Overdue::Cancel => "then it is cancelled",
        Overdue::Die => "then it is dead",
    };
    Some(format!("deadline   {}, {then}", out.moment_in_full(at)))
}

/// The conditions between a job and its becoming available.
pub(super) fn gate(out: &Output, open: &[ConditionRecord], needed: usize) -> String {
    /// Named; the rest is counted.
    const NAMED: usize = 5;
    if open.is_empty() {
        return "what it waits for has come".to_owned();
    }
    let named: Vec<_> = open.iter().take(NAMED).map(|one| told(out, one)).collect();
    let others = open.len() - named.len();
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    let of = if needed < open.len() { format!("{needed} of ") } else { String::new() };
    format!("waits for {of}{}{others}", named.join("; "))
}

/// What a person can do for a job that waits.
pub(super) fn commands(explained: &Explanation) -> Vec<String> {
    let open = explained.gates.iter().find_map(|passage| match &passage.gate {
        Gate::Conditions { open, .. } => Some(open),
        _ => None,
    });
    let blocked = open.into_iter().flatten().find(|one| is_blocked(one));
    let retry = blocked.and_then(|one| match one.awaits {
        Awaited::Job { job, .. } => Some(format!("windlass job retry {job}")),
        _ => None,
    });
    let first = blocked.or_else(|| open.and_then(|open| open.first()));
    let waive =
        first.map(|one| format!("{}   (lets it pass)", command_to_waive(explained.job, &one.name)));
    retry.into_iter().chain(waive).collect()
}

/// What lets a job pass the condition of this name.
pub(super) fn command_to_waive(job: JobId, name: &str) -> String {
    let name = in_one_line(name).replace('\'', r"'\''");
    format!("windlass condition waive {job} '{name}'")
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
                let body = serde_json::json!({
                    "schema": "condition_waived.v1", "job": job, "condition": condition,
                });
                out.json(&body)?;
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
