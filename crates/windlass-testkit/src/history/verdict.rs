//! The verdict on a history: numbers, and what is broken.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;
use windlass_core::job::State;

use super::History;
use super::index::{Index, Life};
use super::record::{Answer, Fate};
use super::rules;

/// Numbers of a history, and every broken invariant.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Jobs that calls wanted to write, each call counted.
    pub attempted: usize,
    /// Of these, acknowledged.
    pub acknowledged: usize,
    /// Of these, refused for certain.
    pub refused: usize,
    /// Of these, with an unknown fate.
    pub indeterminate: usize,
    /// Jobs of calls with an unknown fate that are there.
    pub recovered: usize,
    /// Jobs that schedules enqueued.
    pub fired: usize,
    /// Jobs completed.
    pub completed: usize,
    /// Jobs dead.
    pub dead: usize,
    /// Jobs cancelled.
    pub cancelled: usize,
    /// Jobs that have not ended.
    pub visible: usize,
    /// Jobs acknowledged and gone.
    pub lost: usize,
    /// Jobs nobody wanted.
    pub phantom: usize,
    /// Attempts started.
    pub starts: usize,
    /// Starts of a job after its first.
    pub duplicate_starts: usize,
    /// Attempts that ran at the same time as another of the same job.
    pub overlapped: usize,
    /// Ends refused because the lease was lost.
    pub stale_refused: usize,
    /// Ends that should have been.
    pub stale_accepted: usize,
    /// Jobs whose worker died, each time counted.
    pub rescued: usize,
    /// Jobs dead of that.
    pub poisoned: usize,
    /// Batches and workflows of which jobs are there.
    pub batches: usize,
    /// Steps of workflows that were undone.
    pub undone: usize,
    /// Steps of handlers that were done, each time counted.
    pub steps: usize,
    /// Times a step was done again that had not been recorded.
    pub repeated_steps: usize,
    /// Events that are in the log, or were.
    pub events: usize,
    /// Of these, removed since their time was over.
    pub removed: usize,
    /// Events of transactions that were rolled back, or failed for certain.
    pub rolled_back: usize,
    /// Events of transactions whose fate nobody knows.
    pub doubtful: usize,
    /// Events that their sources had published before.
    pub again: usize,
    /// Jobs that came of events.
    pub fed: usize,
    /// The longest time work waited for an idle worker, and how often that was measured.
    pub longest_wake: (Duration, usize),
    /// What is broken: the invariant's name and the case.
    pub broken: Vec<String>,
}

impl Verdict {
    /// Judges a history.
    #[must_use]
    pub fn on(history: &History) -> Self {
        let index = Index::of(history);
        let mut verdict = Self::default();
        verdict.count_calls(&index);
        verdict.count_jobs(history);
        verdict.count_lives(&index);
        verdict.count_batches(&index);
        verdict.count_events(&index);
        let (longest, measured) = rules::longest_wake(&index);
        verdict.longest_wake = (Duration::from_nanos(longest), measured);
        for (name, rule) in rules::ALL {
            let broken = rule(&index);
            match name {
                "I-D1" => verdict.lost = broken.len(),
                "I-D3" => verdict.phantom = broken.len(),
                "I-L2" => verdict.overlapped = broken.len(),
                "I-L3" => verdict.stale_accepted = broken.len(),
                _ => {}
            }
            verdict.broken.extend(broken.into_iter().map(|case| format!("{name}: {case}")));
        }
        verdict
    }

    /// Whether every invariant holds.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// Whether the invariant of this name is broken.
    #[must_use]
    pub fn breaks(&self, invariant: &str) -> bool {
        self.broken.iter().any(|case| case.split(':').next() == Some(invariant))
    }

    fn count_calls(&mut self, index: &Index<'_>) {
        for call in &index.calls {
            let jobs = call.jobs.len();
            self.attempted += jobs;
            match call.fate {
                Fate::Done => self.acknowledged += jobs,
                Fate::Refused => self.refused += jobs,
                Fate::Unknown => {
                    self.indeterminate += jobs;
                    let there = call.jobs.iter().filter(|wanted| index.is_there(wanted.job));
                    self.recovered += there.count();
                }
            }
        }
    }

    fn count_jobs(&mut self, history: &History) {
        for job in &history.ended {
            match job.state {
                State::Completed => self.completed += 1,
                State::Dead => self.dead += 1,
                State::Cancelled => self.cancelled += 1,
                _ => self.visible += 1,
            }
            self.fired += usize::from(job.meta.schedule.is_some());
            self.rescued += usize::from(job.losses);
            let is_lost = |reason: &str| reason.starts_with("lost ");
            self.poisoned += usize::from(job.reason.as_deref().is_some_and(is_lost));
        }
    }

    fn count_lives(&mut self, index: &Index<'_>) {
        for life in index.lives.values() {
            self.starts += life.starts.len();
            self.duplicate_starts += life.starts.len().saturating_sub(1);
            self.stale_refused += refused(life);
            let steps: HashSet<&str> = life.steps_done.iter().map(|(step, _)| *step).collect();
            self.steps += life.steps_done.len();
            self.repeated_steps += life.steps_done.len() - steps.len();
        }
    }

    fn count_batches(&mut self, index: &Index<'_>) {
        self.batches = index.batches.values().filter(|one| !one.members.is_empty()).count();
        self.undone = rules::undone(index);
    }
}

impl Verdict {
    fn count_events(&mut self, index: &Index<'_>) {
        let (last, removed) = index.events.reaches.map_or((0, 0), |log| (log.last, log.removed));
        (self.events, self.removed) = (last as usize, removed as usize);
        self.fed = index.events.subscribers.values().map(|one| one.jobs.len()).sum();
        for call in &index.events.publishings {
            let events = call.events.len();
            match call.fate {
                Fate::Done => self.again += call.existing.len(),
                Fate::Refused => self.rolled_back += events,
                Fate::Unknown => self.doubtful += events,
            }
        }
    }
}

fn refused(life: &Life<'_>) -> usize {
    life.settlements.iter().filter(|one| one.answer == Answer::Lost).count()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "attempted {} acknowledged {} refused {} indeterminate {} recovered {} | fired {} | \
             completed {} dead {} cancelled {} visible {} | lost {} phantom {} | \
             starts {} duplicate_starts {} overlapped {} | stale_refused {} stale_accepted {} | \
             rescued {} poisoned {} | batches {} undone {} steps {} repeated {} | \
             events {} removed {} rolled_back {} doubtful {} again {} fed {} | longest_wake {:?} of {} | broken {}",
            self.attempted,
            self.acknowledged,
            self.refused,
            self.indeterminate,
            self.recovered,
            self.fired,
            self.completed,
            self.dead,
            self.cancelled,
            self.visible,
            self.lost,
            self.phantom,
            self.starts,
            self.duplicate_starts,
            self.overlapped,
            self.stale_refused,
            self.stale_accepted,
            self.rescued,
            self.poisoned,
            self.batches,
            self.undone,
            self.steps,
            self.repeated_steps,
            self.events,
            self.removed,
            self.rolled_back,
            self.doubtful,
            self.again,
            self.fed,
            self.longest_wake.0,
            self.longest_wake.1,
            self.broken.len(),
        )
    }
}
