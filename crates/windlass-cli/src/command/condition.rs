//! `windlass condition`: what a job waits for, and what a person lets it pass.

use windlass::condition::{Awaited, ConditionRecord, ConditionState, Ends, Overdue, Waived};
use windlass::job::{Explanation, Gate};
use windlass::{Client, JobRecord, State, Timestamp};
use windlass_http::job::{
    command_to_waive, conditions as documents, deadline as until, shown, waived as waived_document,
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
            Cell::new(match one.awaits {
                // A cell has no colours inside.
                Awaited::Moment { at } => out.moment(at),
                _ => what(out, one),
            }),
            Cell::new(one.since.map_or_else(String::new, |at| out.moment(at))),
            Cell::new(in_one_line(one.note.as_deref().unwrap_or_default())),
        ]);
    }
    if let Some(deadline) = deadline {
        let (name, state) = (Cell::new("(deadline)"), Cell::new("open"));
        let what = Cell::new(format!("{}, {}", out.moment(deadline.0), then(deadline.1)));
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

/// What a condition waits for.
fn what(out: &Output, one: &ConditionRecord) -> String {
    if one.is_lost() {
        return lost(one);
    }
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

/// What a condition waits for that cannot come, and why not.
fn lost(one: &ConditionRecord) -> String {
    let (what, asked, was) = match one.awaits {
        Awaited::Job { job, ends, job_state } => {
            let asked = asked(ends, ["complete", "be cancelled", "die"]);
            let was = match job_state {
                Some(State::Completed) => "completed",
                Some(State::Cancelled) => "was cancelled",
                Some(_) => "is dead",
                None => "is gone",
            };
            (job.to_string(), asked, was)
        }
        Awaited::Batch { batch, ends, ended } => {
            let asked = asked(ends, ["complete", "fail", "fail"]);
            let was = if ended == Some(State::Completed) { "completed" } else { "failed" };
            (batch.to_string(), asked, was)
        }
        Awaited::Signal { .. } | Awaited::Moment { .. } => return String::new(),
    };
    format!("{what} to {asked}, but it {was}: that cannot come any more")
}

/// The ways in which something was to end, with a word for completed, cancelled and dead.
fn asked(ends: Ends, words: [&'static str; 3]) -> String {
    let mut asked: Vec<&str> = ends
        .states()
        .map(|state| match state {
            State::Completed => words[0],
            State::Cancelled => words[1],
            _ => words[2],
        })
        .collect();
    asked.dedup();
    asked.join(" or ")
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
    until(job).map(|deadline| format!("deadline   {}", overdue(out, deadline)))
}

/// A deadline, and what happens then.
pub(super) fn overdue(out: &Output, (at, what): (Timestamp, Overdue)) -> String {
    format!("{}, {}", out.moment_in_full(at), then(what))
}

const fn then(what: Overdue) -> &'static str {
    match what {
        Overdue::Run => "then it runs without what has not come",
        Overdue::Cancel => "then it is cancelled",
        Overdue::Die => "then it is dead",
    }
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
    let lost = open.into_iter().flatten().find(|one| one.is_lost());
    let retry = lost.and_then(retry);
    let first = lost.or_else(|| open.and_then(|open| open.first()));
    let waive =
        first.map(|one| format!("{}   (lets it pass)", command_to_waive(explained.job, &one.name)));
    let cancel = lost.map(|_| format!("windlass job cancel {}   (gives it up)", explained.job));
    retry.into_iter().chain(waive).chain(cancel).collect()
}

/// What may have that come after all which has ended otherwise: what was completed does not run again for it.
fn retry(one: &ConditionRecord) -> Option<String> {
    match one.awaits {
        Awaited::Job { job, job_state: Some(State::Cancelled | State::Dead), .. } => {
            Some(format!("windlass job retry {job}"))
        }
        Awaited::Batch { batch, ended: Some(State::Dead), .. } => {
            Some(format!("windlass batch retry {batch}   (its dead jobs)"))
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use windlass::{BatchId, JobId};

    use super::*;

    fn open(awaits: Awaited) -> ConditionRecord {
        let name = "rows".to_owned();
        let state = ConditionState::Open;
        ConditionRecord { name, awaits, state, since: None, data: None, note: None }
    }

    /// O24: what was asked for, how it ended instead, and what may have it come after all.
    #[test]
    fn what_cannot_come_is_told_with_what_can_be_done() {
        let (batch, job) = (BatchId::new(), JobId::new());
        let of_batch = |ends, ended| open(Awaited::Batch { batch, ends, ended: Some(ended) });
        let of_job = |ends, job_state| open(Awaited::Job { job, ends, job_state });
        let either = Ends::CANCELLED.or(Ends::DEAD);
        let retry_batch = format!("windlass batch retry {batch}   (its dead jobs)");
        let retry_job = format!("windlass job retry {job}");
        for (one, expected, command) in [
            (of_batch(Ends::COMPLETED, State::Dead), "complete, but it failed", Some(retry_batch)),
            (of_batch(Ends::DEAD, State::Completed), "fail, but it completed", None),
            (
                of_job(Ends::COMPLETED, Some(State::Dead)),
                "complete, but it is dead",
                Some(retry_job),
            ),
            (of_job(either, Some(State::Completed)), "be cancelled or die, but it completed", None),
            (of_job(Ends::COMPLETED, None), "complete, but it is gone", None),
        ] {
            let told = lost(&one);
            assert!(one.is_lost() && told.contains(expected), "{told}");
            assert!(told.ends_with(": that cannot come any more"), "{told}");
            assert_eq!(retry(&one), command);
        }
        for state in [State::Running, State::Completed] {
            assert!(!of_job(Ends::COMPLETED, Some(state)).is_lost(), "{state}");
        }
    }
}
