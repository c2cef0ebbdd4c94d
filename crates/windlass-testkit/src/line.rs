//! One line for what a store says, so that a test can state the whole result at once.

use std::time::Duration;
use windlass_core::job::{Counts, JobRecord, State};
use windlass_core::time::Timestamp;

/// The numbers in the order of a job's life, such as `available 2, running 1, pruned 3`; what is
/// zero is left out, and `nothing` stands for no job at all.
#[must_use]
pub fn of_counts(counts: &Counts) -> String {
    let mut parts: Vec<String> = State::ALL
        .into_iter()
        .map(|state| (state.word(), counts.of(state)))
        .chain([("pruned", counts.pruned)])
        .filter(|(_, jobs)| *jobs > 0)
        .map(|(word, jobs)| format!("{word} {jobs}"))
        .collect();
    if parts.is_empty() {
        parts.push("nothing".to_owned());
    }
    parts.join(", ")
}

/// Where a job stands and how it came there, such as
/// `retryable in 60s, attempt 2, failures 2, history error timeout`; zeros are left out, and what
/// follows a colon is the reason.
#[must_use]
pub fn of_job(record: &JobRecord, now: Timestamp) -> String {
    let mut line = record.state.word().to_owned();
    if matches!(record.state, State::Scheduled | State::Retryable) {
        line.push_str(&format!(" in {:?}", wait(record, now)));
    }
    let numbers = [
        ("attempt", record.attempt),
        ("failures", record.failures),
        ("losses", u32::from(record.losses)),
    ];
    for (word, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
        line.push_str(&format!(", {word} {number}"));
    }
    if record.cancel_requested {
        line.push_str(", cancel requested");
    }
    if !record.history.is_empty() {
        let words: Vec<&str> = record.history.iter().map(|past| past.outcome.word()).collect();
        line.push_str(&format!(", history {}", words.join(" ")));
    }
    if let Some(output) = &record.output {
        line.push_str(&format!(", output {output}"));
    }
    if let Some(reason) = &record.reason {
        line.push_str(&format!(": {reason}"));
    }
    line
}

fn wait(record: &JobRecord, now: Timestamp) -> Duration {
    record.run_at.since(now)
}
