//! What a job waits for, in words, and what a person can do about it.

use windlass::condition::{Awaited, ConditionRecord, Ends, Overdue};
use windlass::job::{Explanation, Gate};
use windlass::{State, Timestamp};

use super::command_to_waive;
use crate::job::explain::Moment;
use crate::words::escape::in_one_line;

/// What a condition waits for.
#[must_use]
pub fn what(one: &ConditionRecord, moment: &dyn Fn(Timestamp) -> String) -> String {
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
        Awaited::Moment { at } => moment(*at),
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
#[must_use]
pub fn told(one: &ConditionRecord, moment: &dyn Fn(Timestamp) -> String) -> String {
    let what = what(one, moment);
    if what.contains(&one.name) { what } else { format!("{}: {what}", in_one_line(&one.name)) }
}

/// A deadline, and what happens then.
#[must_use]
pub fn overdue((at, what): (Timestamp, Overdue), moment: &dyn Fn(Timestamp) -> String) -> String {
    format!("{}, {}", moment(at), then(what))
}

const fn then(what: Overdue) -> &'static str {
    match what {
        Overdue::Run => "then it runs without what has not come",
        Overdue::Cancel => "then it is cancelled",
        Overdue::Die => "then it is dead",
    }
}

/// The conditions between a job and its becoming available.
pub(crate) fn gate(open: &[ConditionRecord], needed: usize, moment: Moment<'_>) -> String {
    /// Named; the rest is counted.
    const NAMED: usize = 5;
    if open.is_empty() {
        return "what it waits for has come".to_owned();
    }
    let named: Vec<_> = open.iter().take(NAMED).map(|one| told(one, moment)).collect();
    let others = open.len() - named.len();
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    let of = if needed < open.len() { format!("{needed} of ") } else { String::new() };
    format!("waits for {of}{}{others}", named.join("; "))
}

/// What a person can do for a job that waits.
pub(crate) fn commands(explained: &Explanation) -> Vec<String> {
    let open = explained.gates.iter().find_map(|passage| match &passage.gate {
        Gate::Conditions { open, .. } => Some(open),
        _ => None,
    });
    let lost = open.into_iter().flatten().find(|one| one.is_lost());
    let retry = lost.and_then(retry);
    let first = lost.or_else(|| open.and_then(|open| open.first()));
    let waive = first.map(|one| {
        format!("{}   (skips this condition)", command_to_waive(explained.job, &one.name))
    });
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

#[cfg(test)]
mod tests {
    use windlass::condition::ConditionState;
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
