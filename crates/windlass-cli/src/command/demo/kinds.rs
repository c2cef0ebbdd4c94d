//! The demo's kinds of jobs, and the list of what one demo enqueues.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::Draft;
use windlass::job::NewJob;
use windlass::{Backoff, Job, JobId, Refusal, RetryPolicy};

use super::DemoStore;
use super::material::{Material, Part};

/// Jobs one worker process runs at once.
pub(super) const SLOTS: usize = 6;
/// The kinds, in the order they are shown.
pub(super) const KINDS: [&str; 5] =
    [Hash::KIND, Words::KIND, Squeeze::KIND, Sync::KIND, Report::KIND];
/// How soon a failed `flaky.sync` is tried again.
const SOON: Duration = Duration::from_millis(700);
const PAUSE_MOST: Duration = Duration::from_millis(900);

/// A part, and how long to dwell on it so that a person can watch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) part: Part,
    pub(super) pause_ms: u64,
}

/// The SHA-256 of a part.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "file.hash", max_attempts = 5)]
pub(super) struct Hash(pub(super) Task);

/// The number of its words, and which occur most.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "file.words", max_attempts = 5)]
pub(super) struct Words(pub(super) Task);

/// Its size after a dictionary coder, and that it comes back from that unchanged.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "text.squeeze", max_attempts = 5)]
pub(super) struct Squeeze(pub(super) Task);

/// A copy of it, through a connection that breaks the first times.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sync {
    pub(super) task: Task,
    /// How often the connection breaks.
    pub(super) breaks: u32,
    /// Where the copy goes.
    pub(super) to: PathBuf,
}

/// What all of it came to, read from the others' outputs.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "report.build", max_attempts = 5)]
pub(super) struct Report {
    pub(super) queue: String,
    pub(super) to: PathBuf,
}

impl Job for Sync {
    const KIND: &'static str = "flaky.sync";

    fn retry_policy() -> RetryPolicy {
        RetryPolicy { backoff: Backoff::Exponential(SOON), ..RetryPolicy::default() }
    }
}

/// What one job was asked to do, kept to be recomputed.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Hash(Part),
    Words(Part),
    Squeeze(Part),
    Sync(Part, PathBuf),
    /// A part of a file that is not there: dead at the first attempt, on purpose.
    Missing,
}

/// A job of the demo.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) id: JobId,
    pub(super) asked: Asked,
}

/// Everything one demo enqueues.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) planned: Vec<Planned>,
    /// The same as they are written; taken at the start.
    pub(super) jobs: Vec<Result<NewJob, Refusal>>,
    pub(super) report: Report,
    queue: String,
}

impl Work {
    /// Three jobs for each part, a copy of every third, and one that must fail.
    pub(super) fn of(material: &Material, place: &DemoStore, pace: Duration) -> Self {
        let parts = &material.parts;
        let jobs = u32::try_from(parts.len() * 10 / 3).unwrap_or(u32::MAX).max(1);
        // Two workers at first, one for a moment, then two again.
        let pause = (pace * (2 * SLOTS) as u32 / jobs).min(PAUSE_MOST);
        let mirror = place.folder.join("mirror");
        let mut work = Self {
            planned: Vec::new(),
            jobs: Vec::new(),
            report: Report { queue: place.queue.clone(), to: place.folder.join("report.md") },
            queue: place.queue.clone(),
        };
        let gone = Part { file: place.folder.join("no-such-file.txt"), at: 0, bytes: 1 };
        for (nth, part) in parts.iter().enumerate() {
            if nth == parts.len() / 5 {
                let task = Task { part: gone.clone(), pause_ms: uneven(pause) };
                work.add(Hash(task).job(), Asked::Missing);
            }
            let task = || Task { part: part.clone(), pause_ms: uneven(pause) };
            work.add(Hash(task()).job(), Asked::Hash(part.clone()));
            work.add(Words(task()).job(), Asked::Words(part.clone()));
            work.add(Squeeze(task()).job(), Asked::Squeeze(part.clone()));
            if nth % 3 == 0 {
                let to = mirror.join(format!("{nth:03}"));
                // Every fourth connection breaks twice, the others once.
                let breaks = if nth % 4 == 0 { 2 } else { 1 };
                let copy = Sync { task: task(), breaks, to: to.clone() };
                // Spread over the demo, and before what waits: otherwise each second try would
                // stand behind all that was enqueued before it.
                let due = pace.mul_f64(0.7 * nth as f64 / parts.len() as f64);
                work.add(copy.job().after(due).priority(-1), Asked::Sync(part.clone(), to));
            }
        }
        work
    }

    fn add<J: Job>(&mut self, draft: Draft<J>, asked: Asked) {
        let id = JobId::new();
        self.jobs.push(draft.queue(self.queue.clone()).id(id).into_new_job());
        self.planned.push(Planned { id, asked });
    }

    /// How many jobs there are, with the report.
    pub(super) fn len(&self) -> usize {
        self.planned.len() + 1
    }

    /// How many there are of one kind.
    pub(super) fn of_kind(&self, kind: &str) -> usize {
        self.planned.iter().filter(|planned| planned.asked.kind() == kind).count()
            + usize::from(kind == Report::KIND)
    }
}

impl Asked {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Hash(_) | Self::Missing => Hash::KIND,
            Self::Words(_) => Words::KIND,
            Self::Squeeze(_) => Squeeze::KIND,
            Self::Sync(..) => Sync::KIND,
        }
    }
}

fn uneven(pause: Duration) -> u64 {
    let pause = pause.mul_f64(0.5 + fastrand::f64());
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}
