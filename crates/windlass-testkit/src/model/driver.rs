//! The driver: picks a step by chance, takes it in the store and in the rules, and compares.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{Claimed, Settlement};
use windlass_core::store::Store;
use windlass_core::subscription::Feed;
use windlass_core::time::Timestamp;

use super::compare::{compare_counts, compare_explanation, compare_jobs};
use super::rules::Rules;

/// Steps told when the store and the rules disagree.
const TOLD: usize = 15;
/// Steps from one count to the next: counting says little that the jobs did not say.
const COUNTED: usize = 10;
/// Settlements remembered, to be sent again.
const REMEMBERED: usize = 40;

/// One life of a store.
pub(super) struct Driver {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Rules,
    pub(super) random: Rng,
    /// Jobs that are held, as they were claimed.
    pub(super) claimed: Vec<(WorkerId, Arc<Claimed>)>,
    /// Settlements that were written, and ones whose lease was lost before they were sent.
    pub(super) stale: VecDeque<(WorkerId, Settlement)>,
    /// The last leader, and when it last led.
    pub(super) led: Option<(WorkerId, Timestamp)>,
    pub(super) life: Life,
    /// Who feeds subscriptions.
    pub(super) feed: Feed,
    /// Keys that are not used any more.
    pub(super) keys: usize,
    told: VecDeque<String>,
    taken: usize,
}

/// What there is besides plain jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Plain,
    /// Lanes, limits, turns and schedules.
    InLine,
}

impl Life {
    /// Each has every other seed.
    pub(super) const fn of(seed: u64) -> Self {
        if seed.is_multiple_of(2) { Self::Plain } else { Self::InLine }
    }
}

impl Driver {
    pub(super) fn new(store: Arc<dyn Store>, now: Timestamp, seed: u64) -> Self {
        Self {
            store,
            rules: Rules::new(now),
            random: Rng::with_seed(seed),
            claimed: Vec::new(),
            stale: VecDeque::new(),
            led: None,
            life: Life::of(seed),
            feed: Feed::default(),
            keys: 0,
            told: VecDeque::new(),
            taken: 0,
        }
    }

    /// Takes a step; how the store and the rules disagree afterwards, if they do.
    pub(super) async fn step(&mut self) -> Result<(), String> {
        self.taken += 1;
        let in_line = self.life == Life::InLine && self.random.u32(..5) == 0;
        match self.random.u32(..100) {
            0..50 if in_line => self.line_step().await?,
            _ if in_line => self.schedule_step().await?,
            0..18 => self.enqueue().await?,
            18..20 => self.enqueue_again().await?,
            20..24 => self.register().await?,
            24..42 => self.claim().await?,
            42..62 => self.settle().await?,
            62..70 => self.settle_stale().await?,
            70..73 => self.release().await?,
            73..75 => self.leave().await?,
            75..80 => self.cancel().await?,
            80..84 => self.retry().await?,
            84..87 => self.pause_or_resume().await?,
            87..89 => self.move_jobs().await?,
            89 => self.waive().await?,
            90..93 => self.signal().await?,
            93..97 => self.pass_time_and_sweep().await?,
            _ => self.tidy().await?,
        }
        // Beside the others, so that these stay as frequent as they are.
        if self.random.u32(..12) == 0 {
            self.event_step().await?;
        }
        self.rules.meet_ends();
        compare_jobs(&*self.store, &mut self.rules).await?;
        if let Some(id) = self.some_job() {
            compare_explanation(&*self.store, &self.rules, id).await?;
        }
        if self.taken.is_multiple_of(COUNTED) {
            compare_counts(&*self.store, &self.rules).await?;
        }
        Ok(())
    }

    /// The last steps, one a line.
    pub(super) fn last_steps(&self) -> String {
        self.told.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Remembers a step for the reader who has to understand a difference.
    pub(super) fn tell(&mut self, step: String) {
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back(format!("  {}. {step}", self.taken));
    }

    /// Remembers a settlement that must not be written any more.
    pub(super) fn remember(&mut self, worker: WorkerId, settlement: Settlement) {
        if self.stale.len() == REMEMBERED {
            self.stale.pop_front();
        }
        self.stale.push_back((worker, settlement));
    }

    /// One of these, by chance.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.random.usize(..from.len())]) }
    }

    /// Some job, in whatever state.
    pub(super) fn some_job(&mut self) -> Option<JobId> {
        let ids: Vec<JobId> = self.rules.jobs.keys().copied().collect();
        self.pick(&ids)
    }

    /// One or two of them.
    pub(super) fn some_jobs(&mut self) -> Vec<JobId> {
        let mut ids: Vec<JobId> = (0..2).filter_map(|_| self.some_job()).collect();
        ids.dedup();
        ids
    }

    /// Some worker whose lease has not run out.
    pub(super) fn some_worker(&mut self) -> Option<WorkerId> {
        let now = self.rules.now;
        let alive: Vec<WorkerId> = self
            .rules
            .workers
            .iter()
            .filter(|(_, worker)| worker.expires_at > now)
            .map(|(id, _)| *id)
            .collect();
        self.pick(&alive)
    }

    /// Up to so many seconds, to the microsecond, so that no two moments meet by accident.
    pub(super) fn up_to(&mut self, seconds: u64) -> Duration {
        Duration::from_micros(self.random.u64(1..seconds * 1_000_000))
    }
}
