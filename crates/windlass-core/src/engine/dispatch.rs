//! Claimed jobs that have not started, and which of them starts next. No I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::id::LeaseId;
use crate::job::Claimed;
use crate::limits::{HAND_BACK_AFTER, SUSPECT_LOSSES};

/// A claimed job that has not started.
#[derive(Debug)]
pub(super) struct ReadyJob {
    pub(super) lease: LeaseId,
    pub(super) queue: usize,
    pub(super) job: Arc<Claimed>,
    /// When it expires, where it does: it does not start from then on.
    pub(super) start_by: Option<Instant>,
    /// Since when it waits here.
    pub(super) since: Instant,
}

/// Claimed jobs in the order they start, and the limits they start under.
#[derive(Debug)]
pub(super) struct Dispatch {
    ready: VecDeque<ReadyJob>,
    suspect: Option<ReadyJob>,
    suspect_runs: bool,
    /// When [`Dispatch::expired`] may have something: no job here expires before that.
    next_expiry: Option<Instant>,
    slots: usize,
    running: usize,
    queue_slots: Vec<usize>,
    queue_running: Vec<usize>,
    kind_slots: HashMap<String, usize>,
    kind_running: HashMap<String, usize>,
}

impl Dispatch {
    pub(super) fn new(
        slots: usize,
        queue_slots: Vec<usize>,
        kind_slots: HashMap<String, usize>,
    ) -> Self {
        Self {
            ready: VecDeque::new(),
            suspect: None,
            suspect_runs: false,
            next_expiry: None,
            slots,
            running: 0,
            queue_running: vec![0; queue_slots.len()],
            queue_slots,
            kind_slots,
            kind_running: HashMap::new(),
        }
    }

    /// Takes a claimed job in. Gives it back where it must not be kept: a suspect beside
    /// another one.
    pub(super) fn offer(&mut self, ready: ReadyJob) -> Result<(), ReadyJob> {
        self.next_expiry = self.next_expiry.into_iter().chain(ready.start_by).min();
        if ready.job.losses < SUSPECT_LOSSES {
            self.ready.push_back(ready);
        } else if self.suspect.is_some() || self.suspect_runs {
            return Err(ready);
        } else {
            self.suspect = Some(ready);
        }
        Ok(())
    }

    /// The suspect, where a slot is free for it. To be asked only once all others that this
    /// worker held are handed back.
    pub(super) fn next_suspect(&mut self) -> Option<ReadyJob> {
        let has_room = self.suspect.as_ref().is_some_and(|suspect| self.has_room(suspect));
        if self.running >= self.slots || !has_room {
            return None;
        }
        let suspect = self.suspect.take()?;
        self.suspect_runs = true;
        self.count(&suspect);
        Some(suspect)
    }

    /// The next job to start, where a slot is free.
    pub(super) fn next(&mut self) -> Option<ReadyJob> {
        if self.running >= self.slots {
            return None;
        }
        let at = self.ready.iter().position(|ready| self.has_room(ready))?;
        let ready = self.ready.remove(at)?;
        self.count(&ready);
        Some(ready)
    }

    /// An attempt has ended.
    pub(super) fn ended(&mut self, queue: usize, job: &Claimed) {
        self.running -= 1;
        self.queue_running[queue] -= 1;
        if let Some(running) = self.kind_running.get_mut(&job.kind) {
            *running -= 1;
        }
        if job.losses >= SUSPECT_LOSSES {
            self.suspect_runs = false;
        }
    }

    /// When [`Dispatch::expired`] has something.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.next_expiry
    }

    /// The jobs that have not started in time: they never will.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<ReadyJob> {
        if self.next_expiry.is_none_or(|at| now < at) {
            return Vec::new();
        }
        let is_over = |ready: &ReadyJob| ready.start_by.is_some_and(|at| at <= now);
        let (expired, ready) = self.ready.drain(..).partition::<Vec<_>, _>(is_over);
        self.ready = ready.into();
        let suspect = self.suspect.take_if(|suspect| is_over(suspect));
        let left = self.ready.iter().chain(&self.suspect);
        self.next_expiry = left.filter_map(|ready| ready.start_by).min();
        expired.into_iter().chain(suspect).collect()
    }

    /// When [`Dispatch::waited_too_long`] has something.
    pub(super) fn next_hand_back(&self) -> Option<Instant> {
        // The oldest is the first: they come in at the end, and are taken out anywhere.
        self.ready.front().map(|ready| ready.since + HAND_BACK_AFTER)
    }

    /// The jobs that have waited for a slot for so long that others are to have them. Not a suspect: elsewhere it would
    /// wait too.
    pub(super) fn waited_too_long(&mut self, now: Instant) -> Vec<ReadyJob> {
        let is_over = |ready: &ReadyJob| ready.since + HAND_BACK_AFTER <= now;
        let waited = self.ready.iter().take_while(|ready| is_over(ready)).count();
        self.ready.drain(..waited).collect()
    }

    /// All jobs that have not started, to be handed back.
    pub(super) fn drain(&mut self) -> Vec<ReadyJob> {
        self.ready.drain(..).chain(self.suspect.take()).collect()
    }

    pub(super) fn has_unstarted(&self) -> bool {
        !self.ready.is_empty() || self.suspect.is_some()
    }

    /// The leases of jobs that have not started.
    pub(super) fn leases(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.ready.iter().chain(&self.suspect).map(|ready| ready.lease)
    }

    /// Whether a kind has as many jobs in hand as it may run: no more are claimed.
    pub(super) fn is_full(&self, kind: &str) -> bool {
        let Some(slots) = self.kind_slots.get(kind) else { return false };
        let waiting = self.ready.iter().filter(|ready| ready.job.kind == kind).count();
        self.kind_running.get(kind).copied().unwrap_or(0) + waiting >= *slots
    }

    /// Whether any kind has slots of its own.
    pub(super) fn has_kind_slots(&self) -> bool {
        !self.kind_slots.is_empty()
    }

    fn has_room(&self, ready: &ReadyJob) -> bool {
        if self.queue_running[ready.queue] >= self.queue_slots[ready.queue] {
            return false;
        }
        if self.kind_slots.is_empty() {
            return true;
        }
        let running = self.kind_running.get(&ready.job.kind).copied().unwrap_or(0);
        self.kind_slots.get(&ready.job.kind).is_none_or(|slots| running < *slots)
    }

    fn count(&mut self, ready: &ReadyJob) {
        self.running += 1;
        self.queue_running[ready.queue] += 1;
        if self.kind_slots.contains_key(&ready.job.kind) {
            *self.kind_running.entry(ready.job.kind.clone()).or_default() += 1;
        }
    }
}

/// A job as a claim gives it, for tests.
#[cfg(test)]
pub(crate) fn claimed(kind: &str, losses: u16) -> Claimed {
    use crate::time::Timestamp;

    Claimed {
        position: 1,
        batch: 1,
        id: crate::id::JobId::new(),
        kind: kind.to_owned(),
        version: 1,
        queue: "q".to_owned(),
        priority: 0,
        attempt: 1,
        failures: 0,
        losses,
        max_attempts: None,
        args: crate::json::Json::stored("{}"),
        event: None,
        run_at: Timestamp::from_micros(0),
        created_at: Timestamp::from_micros(0),
        root: None,
        parent: None,
        origin: None,
        meta: crate::job::Meta::default(),
        history: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(kind: &str, losses: u16) -> ReadyJob {
        let job = Arc::new(claimed(kind, losses));
        ReadyJob { lease: LeaseId::new(), queue: 0, job, start_by: None, since: Instant::now() }
    }

    fn dispatch(slots: usize) -> Dispatch {
        Dispatch::new(slots, vec![slots], HashMap::from([("slow".to_owned(), 1)]))
    }

    #[test]
    fn no_more_start_than_there_are_slots() {
        let mut dispatch = dispatch(2);
        for _ in 0..3 {
            dispatch.offer(ready("a", 0)).expect("kept");
        }
        assert!(dispatch.next().is_some() && dispatch.next().is_some());
        assert!(dispatch.next().is_none());
        dispatch.ended(0, &ready("a", 0).job);
        assert!(dispatch.next().is_some());
    }

    #[test]
    fn a_kind_with_slots_of_its_own_lets_others_pass() {
        let mut dispatch = dispatch(9);
        for kind in ["slow", "slow", "a"] {
            dispatch.offer(ready(kind, 0)).expect("kept");
        }
        assert_eq!(dispatch.next().map(|next| next.job.kind.clone()), Some("slow".to_owned()));
        assert!(dispatch.is_full("slow"));
        assert_eq!(dispatch.next().map(|next| next.job.kind.clone()), Some("a".to_owned()));
        assert!(dispatch.next().is_none());
    }

    #[test]
    fn a_queue_whose_slots_are_taken_lets_others_pass() {
        let mut dispatch = Dispatch::new(9, vec![1, 9], HashMap::new());
        for queue in [0, 0, 1] {
            dispatch.offer(ReadyJob { queue, ..ready("a", 0) }).expect("kept");
        }
        let mut started = || dispatch.next().map(|next| next.queue);
        assert_eq!([started(), started(), started()], [Some(0), Some(1), None]);
        dispatch.ended(0, &ready("a", 0).job);
        assert_eq!(dispatch.next().map(|next| next.queue), Some(0));
    }

    /// C13: a suspect waits for a slot as others do.
    #[test]
    fn a_suspect_needs_a_slot() {
        let mut dispatch = Dispatch::new(1, vec![9], HashMap::new());
        dispatch.offer(ready("a", 0)).expect("kept");
        dispatch.offer(ready("a", 2)).expect("kept");
        assert!(dispatch.next().is_some());
        assert!(dispatch.next_suspect().is_none());
        dispatch.ended(0, &ready("a", 0).job);
        assert!(dispatch.next_suspect().is_some());
    }

    /// C13: a job that may kill its worker runs without another such job beside it, and only
    /// once the others are known to be handed back.
    #[test]
    fn suspects_run_one_at_a_time() {
        let mut dispatch = dispatch(9);
        dispatch.offer(ready("a", 2)).expect("kept");
        assert!(dispatch.offer(ready("a", 2)).is_err());
        assert!(dispatch.next().is_none(), "it starts only when asked for");
        assert!(dispatch.next_suspect().is_some());
        assert!(dispatch.offer(ready("a", 2)).is_err());
        dispatch.ended(0, &ready("a", 2).job);
        dispatch.offer(ready("a", 2)).expect("kept");
    }

    /// T45: what has not started in time is taken out, and nothing else.
    #[test]
    fn what_is_not_started_in_time_never_is() {
        let (now, second) = (Instant::now(), std::time::Duration::from_secs(1));
        let mut dispatch = dispatch(9);
        let expiring = |at| ReadyJob { start_by: Some(at), ..ready("a", 0) };
        for one in [ready("a", 0), expiring(now + second), expiring(now + 2 * second)] {
            dispatch.offer(one).expect("kept");
        }
        assert!(dispatch.expired(now).is_empty());
        assert_eq!(dispatch.next_expiry(), Some(now + second));
        let expired = dispatch.expired(now + second);
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].start_by, Some(now + second));
        assert_eq!(dispatch.next_expiry(), Some(now + 2 * second));
        assert!(dispatch.next().is_some_and(|ready| ready.start_by.is_none()));
    }

    /// E2: what waits for a slot for a second goes back, and nothing that came later or is a suspect.
    #[tokio::test(start_paused = true)]
    async fn what_waits_for_long_is_handed_back() {
        let start = Instant::now();
        let mut dispatch = dispatch(1);
        assert_eq!(dispatch.next_hand_back(), None);
        for losses in [0, 0, 0, 2] {
            dispatch.offer(ready("a", losses)).expect("kept");
        }
        assert!(dispatch.next().is_some());
        tokio::time::advance(HAND_BACK_AFTER / 2).await;
        dispatch.offer(ready("a", 0)).expect("kept");
        assert_eq!(dispatch.next_hand_back(), Some(start + HAND_BACK_AFTER));
        let just_before = start + HAND_BACK_AFTER - std::time::Duration::from_nanos(1);
        assert!(dispatch.waited_too_long(just_before).is_empty());
        assert_eq!(dispatch.waited_too_long(start + HAND_BACK_AFTER).len(), 2);
        assert_eq!(dispatch.next_hand_back(), Some(start + HAND_BACK_AFTER * 3 / 2));
        dispatch.ended(0, &ready("a", 0).job);
        assert!(dispatch.next().is_some() && dispatch.next_hand_back().is_none());
        assert!(dispatch.has_unstarted(), "the suspect waits on");
    }
}
