//! Settlements that are not written yet, in the order they came. No I/O.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::last_words::LastWords;
use crate::id::LeaseId;
use crate::job::Settlement;
use crate::progress::Report;

/// How soon a settlement is sent again whose lease somebody else's transaction holds.
const BUSY_AGAIN: Duration = Duration::from_millis(20);

/// A settlement to be written.
#[derive(Debug, Clone)]
pub(super) struct PendingSettlement {
    pub(super) settlement: Settlement,
    /// Whether it hands a suspect back because another one runs here; that one starts only
    /// afterwards.
    pub(super) role: Role,
    /// What is written before it.
    pub(super) words: Option<Box<LastWords>>,
}

impl PendingSettlement {
    /// Whether, once it is written, another job of a line may start that could not before.
    pub(super) fn moves_a_line(&self) -> bool {
        self.settlement.job.meta.line.is_some()
    }
}

/// What waits for a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    Ordinary,
    /// The start of the suspect that this worker keeps.
    SurplusSuspect,
}

/// Settlements that wait, and those under way to the store: one batch at a time.
#[derive(Debug)]
pub(super) struct PendingSettlements {
    waiting: VecDeque<PendingSettlement>,
    surplus_suspects: usize,
    /// The leases of the batch under way; `None` where there is none.
    under_way: Option<Vec<LeaseId>>,
    not_before: Instant,
}

impl PendingSettlements {
    pub(super) fn new(now: Instant) -> Self {
        Self { waiting: VecDeque::new(), surplus_suspects: 0, under_way: None, not_before: now }
    }

    pub(super) fn push(&mut self, settlement: Settlement, role: Role) {
        self.surplus_suspects += usize::from(role == Role::SurplusSuspect);
        self.waiting.push_back(PendingSettlement { settlement, role, words: None });
    }

    /// The end of an attempt, with its last words.
    pub(super) fn push_end(&mut self, settlement: Settlement, words: Option<Box<LastWords>>) {
        self.waiting.push_back(PendingSettlement { settlement, role: Role::Ordinary, words });
    }

    /// When there is something to send.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.waiting.is_empty() && self.under_way.is_none()).then_some(self.not_before)
    }

    /// The batch to send now, which is then under way.
    pub(super) fn due(&mut self, now: Instant, most: usize) -> Option<Vec<PendingSettlement>> {
        if self.next().is_none_or(|at| now < at) {
            return None;
        }
        let batch: Vec<_> = self.waiting.drain(..most.min(self.waiting.len())).collect();
        let mut leases: Vec<LeaseId> = batch.iter().map(|one| one.settlement.lease).collect();
        leases.dedup();
        self.under_way = Some(leases);
        Some(batch)
    }

    /// The batch under way was answered.
    pub(super) fn answered(&mut self) {
        self.under_way = None;
    }

    /// The batch under way could not be written: it goes before all others, not before `again_at`.
    pub(super) fn failed(&mut self, batch: Vec<PendingSettlement>, again_at: Instant) {
        self.answered();
        self.put_back(batch);
        self.not_before = again_at;
    }

    /// Somebody else's transaction holds the leases of these.
    pub(super) fn busy(&mut self, batch: Vec<PendingSettlement>, now: Instant) {
        if !batch.is_empty() {
            self.put_back(batch);
            self.not_before = now + BUSY_AGAIN;
        }
    }

    fn put_back(&mut self, batch: Vec<PendingSettlement>) {
        for one in batch.into_iter().rev() {
            self.waiting.push_front(one);
        }
    }

    /// One is written, or never will be.
    pub(super) fn done(&mut self, one: &PendingSettlement) {
        // A lost lease forgets all at once, also those whose answer comes later.
        let settled = usize::from(one.role == Role::SurplusSuspect);
        self.surplus_suspects = self.surplus_suspects.saturating_sub(settled);
    }

    /// Lets what failed be sent at once.
    pub(super) fn try_again(&mut self, now: Instant) {
        self.not_before = self.not_before.min(now);
    }

    /// Whether a suspect may start: all others this process held are handed back.
    pub(super) fn surplus_suspects_are_released(&self) -> bool {
        self.surplus_suspects == 0
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_none()
    }

    /// Adds what could not be written while the attempt ran to its last words. A settlement that is just under way goes
    /// without it.
    pub(super) fn say_too(&mut self, report: Report) {
        let its = |one: &&mut PendingSettlement| {
            one.settlement.lease == report.fence.lease
                && one.settlement.job.id == report.fence.job.id
        };
        let Some(one) = self.waiting.iter_mut().find(its) else { return };
        match &mut one.words {
            Some(words) => words.say_before(report),
            None => one.words = Some(Box::new(LastWords::from(report))),
        }
    }

    /// The leases of settlements that the store may not have yet.
    pub(super) fn leases(&self) -> impl Iterator<Item = LeaseId> + '_ {
        let waiting = self.waiting.iter().map(|one| one.settlement.lease);
        waiting.chain(self.under_way.iter().flatten().copied())
    }

    /// Forgets what waits, and gives it out: the worker's leases are lost.
    pub(super) fn clear(&mut self) -> VecDeque<PendingSettlement> {
        self.surplus_suspects = 0;
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::dispatch::claimed;
    use super::*;
    use crate::id::WorkerId;
    use crate::job::{Fence, Verdict};
    use crate::progress::{Level, NewLogLine};

    fn report(settlement: &Settlement, text: &str) -> Report {
        let fence = Fence {
            lease: settlement.lease,
            job: Arc::clone(&settlement.job),
            worker: WorkerId::new(),
            label: "w".into(),
        };
        let line =
            NewLogLine { nth: 1, age: Duration::ZERO, level: Level::Info, text: text.to_owned() };
        Report { fence, checkpoint: None, progress: None, lines: vec![line] }
    }

    /// T37: what could not be written while an attempt ran is said with its end, before what it said last; that of another attempt
    /// is not.
    #[tokio::test]
    async fn what_was_not_written_is_said_with_the_end() {
        let settlement = || Settlement {
            lease: LeaseId::new(),
            job: Arc::new(claimed("k", 0)),
            ran: None,
            verdict: Verdict::Release { delay: Duration::ZERO },
        };
        let (first, other) = (settlement(), settlement());
        let mut pending = PendingSettlements::new(Instant::now());
        pending.push_end(first.clone(), None);
        for text in ["later", "earlier"] {
            pending.say_too(report(&first, text));
            pending.say_too(report(&other, "of nobody here"));
        }
        let words = pending.waiting[0].words.as_ref().expect("it has some");
        assert_eq!(words.texts(), ["earlier", "later"]);
    }
}
