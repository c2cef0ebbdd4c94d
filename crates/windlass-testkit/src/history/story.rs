//! What happened to one job, told for people who look into a broken invariant.

use std::collections::HashSet;
use std::time::Duration;

use windlass_core::id::{JobId, WorkerId};

use super::History;
use super::record::{Event, Record};

/// Faults and lost answers this close to an event of the job are told.
const AROUND: Duration = Duration::from_secs(5);

/// Everything about one job: its claims, starts and ends, the renewals of the workers that claimed it,
/// and the faults around them, each with its second since the first record.
#[must_use]
pub fn of(history: &History, job: JobId) -> Vec<String> {
    let own = |record: &&Record| is_of(&record.event, job);
    let moments: Vec<u64> = history.records.iter().filter(own).map(|record| record.at).collect();
    let is_near =
        |at: u64| moments.iter().any(|one| Duration::from_nanos(one.abs_diff(at)) < AROUND);
    let workers: HashSet<WorkerId> = history
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Claimed { worker, .. } if is_of(&record.event, job) => Some(*worker),
            _ => None,
        })
        .collect();
    let is_told = |record: &&Record| match &record.event {
        Event::Renewed { worker, .. } => workers.contains(worker) && is_near(record.at),
        Event::Killed { .. }
        | Event::Crashed { .. }
        | Event::SessionsEnded { .. }
        | Event::LimitSet { .. }
        | Event::ClaimUnknown { .. } => is_near(record.at),
        Event::Signalled { key, .. } => key.contains(&job.to_string()),
        event => is_of(event, job),
    };
    let first = history.records.first().map_or(0, |record| record.at);
    let told = history.records.iter().filter(is_told).map(|record| line(record, job, first));
    let ended = history.ended.iter().filter(|ended| ended.id == job);
    told.chain(ended.map(|ended| format!("at the end: {ended:?}"))).collect()
}

fn is_of(event: &Event, wanted: JobId) -> bool {
    match event {
        Event::Enqueue { jobs, .. } => jobs.iter().any(|one| one.job == wanted),
        Event::Claimed { jobs, .. } => jobs.iter().any(|one| one.job == wanted),
        Event::Settled { job, .. }
        | Event::Start { job, .. }
        | Event::End { job, .. }
        | Event::StepDone { job, .. }
        | Event::StepsKept { job, .. }
        | Event::Counted { job, .. }
        | Event::Handled { job, .. }
        | Event::Revived { job, .. } => *job == wanted,
        Event::CancelAsked { jobs } => jobs.contains(&wanted),
        _ => false,
    }
}

fn line(record: &Record, job: JobId, first: u64) -> String {
    let second = |at: u64| Duration::from_nanos(at.saturating_sub(first)).as_secs_f64();
    let what = match &record.event {
        Event::Enqueue { .. } => "enqueue".to_owned(),
        Event::CancelAsked { .. } => "to be cancelled".to_owned(),
        Event::Claimed { asked, worker, lease, jobs } => {
            let attempt = jobs.iter().find(|one| one.job == job).map_or(0, |one| one.attempt);
            let asked = second(*asked);
            format!("attempt {attempt} claimed by {worker} under {lease}, asked at {asked:.4}")
        }
        Event::Renewed { worker, asked, held, hears, .. } => {
            let (asked, held) = (second(*asked), held.len());
            let session = if *hears { "with" } else { "without" };
            format!(
                "{worker} renewed {session} its session, asked at {asked:.4}, has {held} leases"
            )
        }
        Event::Crashed { began } => format!("the server crashed from {:.4} on", second(*began)),
        Event::SessionsEnded { began } => format!("sessions ended from {:.4} on", second(*began)),
        event => format!("{event:?}"),
    };
    format!("{:.4}  process {:<7} {what}", second(record.at), record.process)
}
