//! What to claim and when. No I/O; the caller says what time it is.

use std::time::Duration;

use crate::job::Share;
use crate::limits::{POLL_WAITS, PREFETCH_AHEAD};
use tokio::time::Instant;

/// After a claim that was not filled there is probably nothing left; a short wait turns many tiny
/// claims into one.
const TRICKLE: Duration = Duration::from_millis(2);

/// One queue as the fetcher sees it.
#[derive(Debug)]
struct ServedQueue {
    name: String,
    /// Jobs of it that run or are claimed at most, before prefetch; also its weight.
    slots: usize,
    held: usize,
    /// Whether the last claim got all it asked of it.
    hot: bool,
    /// Whether its jobs waited so long for a slot that they were handed back, and none has been short since.
    is_slow: bool,
    /// How far it is behind its fair part, in jobs.
    credit: f64,
}

impl ServedQueue {
    /// How many of its jobs may be claimed, with this many ahead of its slots.
    fn room(&self, ahead: usize) -> usize {
        let ahead = if self.is_slow { 0 } else { ahead };
        (self.slots + ahead).saturating_sub(self.held)
    }
}

/// Decides claims for the queues of one worker.
#[derive(Debug)]
pub(super) struct Fetch {
    queues: Vec<ServedQueue>,
    slots: usize,
    claim_jobs: usize,
    prefetch: usize,
    longest_poll: Duration,
    /// Moving average of how long handlers run, in seconds; `None` before the first.
    mean: Option<f64>,
    /// Moving average of how long a claim that got something takes, in seconds.
    claim_mean: f64,
    held: usize,
    empty_claims: usize,
    next: Instant,
    is_under_way: bool,
    /// The back-off after a claim that failed.
    not_before: Instant,
    asked: Vec<(usize, usize)>,
}

impl Fetch {
    pub(super) fn new(
        now: Instant,
        queues: &[(String, usize)],
        slots: usize,
        limits: FetchLimits,
    ) -> Self {
        let queues = queues
            .iter()
            .map(|(name, slots)| ServedQueue {
                name: name.clone(),
                slots: *slots,
                held: 0,
                hot: false,
                is_slow: false,
                credit: 0.0,
            })
            .collect();
        Self {
            queues,
            slots,
            claim_jobs: limits.claim_jobs,
            prefetch: limits.prefetch,
            longest_poll: limits.longest_poll,
            mean: None,
            claim_mean: 0.0,
            held: 0,
            empty_claims: 0,
            next: now,
            is_under_way: false,
            not_before: now,
            asked: Vec::new(),
        }
    }

    /// Work may have come: look at once.
    pub(super) fn look_now(&mut self, now: Instant) {
        self.empty_claims = 0;
        self.next = now;
    }

    /// When to look next, if anything can be claimed then.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let can_claim = !self.is_under_way && self.wanted() > 0 && self.has_room();
        can_claim.then_some(self.next.max(self.not_before))
    }

    /// What to claim now, if it is time and there is room; the claim is then under way.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Vec<Share>, usize)> {
        if self.next_look().is_none_or(|at| now < at) {
            return None;
        }
        let wanted = self.wanted();
        let mut order: Vec<usize> = (0..self.queues.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&self.queues[*a], &self.queues[*b]);
            a.hot.cmp(&b.hot).then(b.credit.total_cmp(&a.credit))
        });
        let hot_weight: usize = self.queues.iter().filter(|q| q.hot).map(|q| q.slots).sum();
        let ahead = self.ahead();
        self.asked.clear();
        let mut shares = Vec::with_capacity(order.len());
        for at in order {
            let queue = &self.queues[at];
            let room = queue.room(ahead);
            let fair =
                if queue.hot { (wanted * queue.slots / hot_weight.max(1)).max(1) } else { wanted };
            let jobs = room.min(fair).min(wanted);
            if jobs > 0 {
                self.asked.push((at, jobs));
                shares.push(Share { queue: queue.name.clone(), jobs });
            }
        }
        self.is_under_way = !shares.is_empty();
        self.is_under_way.then_some((shares, wanted))
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// The claim under way failed, and may be tried again then.
    pub(super) fn failed(&mut self, now: Instant, again_at: Instant) {
        self.claimed(&vec![0; self.queues.len()], now);
        self.not_before = again_at;
    }

    /// Lets a claim that failed be sent at once.
    pub(super) fn try_again(&mut self, now: Instant) {
        self.not_before = self.not_before.min(now);
    }

    /// A claim came back with these numbers of jobs, by queue.
    pub(super) fn claimed(&mut self, got: &[usize], now: Instant) {
        self.is_under_way = false;
        let total: usize = got.iter().sum();
        let weight: usize = self.asked.iter().map(|(at, _)| self.queues[*at].slots).sum();
        let mut filled = false;
        for (at, asked) in std::mem::take(&mut self.asked) {
            let queue = &mut self.queues[at];
            queue.hot = got[at] >= asked;
            filled |= queue.hot;
            queue.held += got[at];
            let fair = total as f64 * queue.slots as f64 / weight.max(1) as f64;
            queue.credit = if got[at] == 0 { 0.0 } else { queue.credit + fair - got[at] as f64 };
        }
        self.held += total;
        if total == 0 {
            self.empty_claims += 1;
            self.next = now + self.poll_wait();
        } else {
            self.empty_claims = 0;
            self.next = if filled { now } else { now + TRICKLE };
        }
    }

    /// A job of this queue is no longer held.
    pub(super) fn freed(&mut self, queue: usize) {
        self.held -= 1;
        self.queues[queue].held -= 1;
    }

    /// A handler of a job of this queue ran for this long.
    pub(super) fn ran(&mut self, queue: usize, duration: Duration) {
        if duration < PREFETCH_AHEAD {
            self.queues[queue].is_slow = false;
        }
        let seconds = duration.as_secs_f64();
        self.mean = Some(self.mean.map_or(seconds, |mean| mean + (seconds - mean) / 16.0));
    }

    /// A job of this queue was claimed ahead and waited too long, while those that run have lasted for so long: what ran
    /// before them says nothing any more.
    pub(super) fn waited_too_long(&mut self, queue: usize, so_far: Duration) {
        self.queues[queue].is_slow = true;
        self.mean = self.mean.map(|mean| mean.max(so_far.as_secs_f64()));
    }

    /// A claim that got something took this long.
    pub(super) fn took(&mut self, duration: Duration) {
        self.claim_mean += (duration.as_secs_f64() - self.claim_mean) / 16.0;
    }

    /// The place of a queue in the numbers given to [`Fetch::claimed`].
    pub(super) fn queue_index(&self, name: &str) -> Option<usize> {
        self.queues.iter().position(|queue| queue.name == name)
    }

    pub(super) fn queue_count(&self) -> usize {
        self.queues.len()
    }

    /// Whether any queue may give something: the slots of all may be more than those of each together.
    fn has_room(&self) -> bool {
        let ahead = self.ahead();
        self.queues.iter().any(|queue| queue.room(ahead) > 0)
    }

    fn wanted(&self) -> usize {
        let ahead = self.ahead();
        let wanted = (self.slots + ahead).saturating_sub(self.held).min(self.claim_jobs);
        // With work ahead a claim waits until it is worth its round trip.
        let worthwhile = if ahead > 0 { (ahead / 2).clamp(1, self.claim_jobs) } else { 1 };
        if wanted < worthwhile { 0 } else { wanted }
    }

    /// Jobs worth claiming ahead: what the slots get done in [`PREFETCH_AHEAD`]. Where one job
    /// takes longer than that, what they get done while a claim is under way.
    fn ahead(&self) -> usize {
        let Some(mean) = self.mean else { return 0 };
        let per_slot = PREFETCH_AHEAD.as_secs_f64() / mean.max(1e-6);
        let ahead = if per_slot < 1.0 {
            // A claim that hangs says nothing about how many are worth having. From a quarter of a
            // job on it is one: so it waits for a slot for four claims' time at most.
            let claim = self.claim_mean.min(PREFETCH_AHEAD.as_secs_f64());
            (claim / mean * self.slots as f64 + 0.75).floor()
        } else {
            per_slot * self.slots as f64
        };
        (ahead as usize).min(self.prefetch)
    }

    fn poll_wait(&self) -> Duration {
        let step = self.empty_claims.saturating_sub(1).min(POLL_WAITS.len() - 1);
        POLL_WAITS[step].min(self.longest_poll)
    }
}

/// The limits a fetcher keeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct FetchLimits {
    pub(super) claim_jobs: usize,
    pub(super) prefetch: usize,
    pub(super) longest_poll: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HAND_BACK_AFTER;

    const LIMITS: FetchLimits =
        FetchLimits { claim_jobs: 500, prefetch: 1_000, longest_poll: Duration::from_secs(2) };

    fn fetch(queues: &[(&str, usize)], slots: usize) -> Fetch {
        let queues: Vec<_> =
            queues.iter().map(|(name, slots)| ((*name).to_owned(), *slots)).collect();
        Fetch::new(Instant::now(), &queues, slots, LIMITS)
    }

    fn claim(fetch: &mut Fetch, backlog: &mut [usize]) -> Vec<usize> {
        let (shares, most) = fetch.due(Instant::now()).expect("room");
        let mut left = most;
        let mut got = vec![0; backlog.len()];
        for share in shares {
            let at = fetch.queue_index(&share.queue).expect("known");
            got[at] = share.jobs.min(backlog[at]).min(left);
            backlog[at] -= got[at];
            left -= got[at];
        }
        fetch.claimed(&got, Instant::now());
        got
    }

    /// A worker with more slots than its queues does not look again and again while they are full.
    #[tokio::test]
    async fn nothing_is_looked_for_where_no_queue_has_room() {
        let mut fetch = fetch(&[("a", 4)], 20);
        assert_eq!(claim(&mut fetch, &mut [100]), [4]);
        assert_eq!(fetch.next_look(), None);
        assert!(fetch.due(Instant::now()).is_none());
        fetch.freed(0);
        assert!(fetch.next_look().is_some());
    }

    /// E2: never more than the free slots while nothing says that jobs are short.
    #[tokio::test]
    async fn without_knowledge_exactly_the_free_slots_are_claimed() {
        let mut fetch = fetch(&[("a", 25)], 25);
        assert_eq!(claim(&mut fetch, &mut [1_000]), [25]);
        assert!(fetch.due(Instant::now()).is_none());
        fetch.freed(0);
        assert_eq!(claim(&mut fetch, &mut [1_000]), [1]);
    }

    #[tokio::test]
    async fn short_jobs_are_claimed_ahead_and_long_ones_not() {
        let mut fetch = fetch(&[("a", 100)], 100);
        fetch.ran(0, Duration::from_micros(5));
        for claimed in [500, 500] {
            assert_eq!(claim(&mut fetch, &mut [9_999]), [claimed]);
        }
        assert!(fetch.due(Instant::now()).is_none(), "100 more are not worth a claim");
        (0..400).for_each(|_| fetch.freed(0));
        assert_eq!(claim(&mut fetch, &mut [9_999]), [500], "the slots and the prefetch are full");
        for _ in 0..200 {
            fetch.ran(0, Duration::from_secs(1));
        }
        assert!(fetch.due(Instant::now()).is_none());
    }

    /// E7: while a claim is under way slots come free, and there is something for them to start.
    #[tokio::test]
    async fn what_ends_during_a_claim_is_claimed_ahead() {
        let mut fetch = fetch(&[("a", 7)], 7);
        for _ in 0..200 {
            fetch.ran(0, Duration::from_millis(60));
            fetch.took(Duration::from_millis(10));
        }
        assert_eq!(claim(&mut fetch, &mut [1_000]), [8], "7 slots, and one ends in 10 ms");
        for _ in 0..200 {
            fetch.ran(0, Duration::from_secs(40));
        }
        fetch.freed(0);
        assert!(fetch.due(Instant::now()).is_none(), "nothing ends in 10 ms");
    }

    /// E1: a queue with a backlog does not keep another waiting.
    #[tokio::test]
    async fn a_quiet_queue_is_served_before_a_busy_one() {
        let mut fetch = fetch(&[("busy", 4), ("quiet", 4)], 4);
        assert_eq!(claim(&mut fetch, &mut [100_000, 0]), [4, 0]);
        fetch.freed(0);
        assert_eq!(claim(&mut fetch, &mut [100_000, 1]), [0, 1]);
    }

    /// E1: of two queues that gave less than was asked the one that got less than its part is next.
    #[tokio::test(start_paused = true)]
    async fn a_queue_that_got_less_than_its_part_is_asked_first() {
        let mut fetch = fetch(&[("a", 4), ("b", 4)], 4);
        assert_eq!(claim(&mut fetch, &mut [2, 1]), [2, 1]);
        for queue in [0, 0, 1] {
            fetch.freed(queue);
        }
        tokio::time::advance(TRICKLE).await;
        assert_eq!(claim(&mut fetch, &mut [9, 9]), [0, 4]);
    }

    #[tokio::test]
    async fn two_busy_queues_share_by_weight() {
        // Twenty slots for queues that could fill forty: the weights decide.
        let mut fetch = fetch(&[("a", 30), ("b", 10)], 20);
        let mut backlog = [100_000, 100_000];
        let mut total = [0, 0];
        for _ in 0..50 {
            while fetch.held < 20 {
                let got = claim(&mut fetch, &mut backlog);
                total[0] += got[0];
                total[1] += got[1];
            }
            for at in [0, 1] {
                while fetch.queues[at].held > 0 {
                    fetch.freed(at);
                }
            }
        }
        let ratio = f64::from(u32::try_from(total[0]).expect("small")) / total[1] as f64;
        assert!((2.0..4.5).contains(&ratio), "{total:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_was_not_filled_is_followed_by_a_short_wait() {
        let now = Instant::now();
        let mut fetch = fetch(&[("a", 9)], 9);
        assert_eq!(claim(&mut fetch, &mut [1]), [1]);
        assert_eq!(fetch.next_look(), Some(now + TRICKLE));
        tokio::time::advance(TRICKLE).await;
        assert_eq!(claim(&mut fetch, &mut [99]), [8]);
        fetch.freed(0);
        assert_eq!(fetch.next_look(), Some(now + TRICKLE), "there is more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_failed_waits_for_its_back_off_or_until_the_store_works() {
        let (now, again) = (Instant::now(), Instant::now() + Duration::from_secs(5));
        let mut fetch = fetch(&[("a", 1)], 1);
        fetch.due(now).expect("room");
        fetch.failed(now, again);
        fetch.look_now(now);
        assert_eq!(fetch.next_look(), Some(again), "whatever has come");
        fetch.try_again(now);
        assert!(fetch.due(now).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_queue_is_looked_at_less_and_less() {
        let mut fetch = fetch(&[("a", 1)], 1);
        for wait in [10, 20, 50, 100, 200, 500, 1_000, 2_000, 2_000] {
            assert_eq!(claim(&mut fetch, &mut [0]), [0]);
            let next = fetch.next_look().expect("room");
            assert_eq!(next - Instant::now(), Duration::from_millis(wait));
            tokio::time::advance(next - Instant::now()).await;
        }
        fetch.look_now(Instant::now());
        assert!(fetch.due(Instant::now()).is_some());
    }

    /// E2: a mean of short jobs says nothing about those that run now, until they have ended.
    #[tokio::test]
    async fn what_waited_too_long_is_not_claimed_again() {
        let mut fetch = fetch(&[("a", 2)], 2);
        (0..20).for_each(|_| fetch.ran(0, Duration::from_micros(50)));
        assert_eq!(claim(&mut fetch, &mut [100]), [100], "far more than start soon");
        for _ in 0..98 {
            fetch.freed(0);
            fetch.waited_too_long(0, HAND_BACK_AFTER);
        }
        assert!(fetch.due(Instant::now()).is_none());
        fetch.freed(0);
        fetch.ran(0, Duration::from_secs(3));
        fetch.look_now(Instant::now());
        assert_eq!(claim(&mut fetch, &mut [98]), [1], "a slot is free");
        (0..200).for_each(|_| fetch.ran(0, Duration::from_millis(1)));
        assert!(claim(&mut fetch, &mut [999])[0] > 90, "the jobs are short again");
    }

    /// E2: one queue's short jobs do not fetch those of a slow one again and again.
    #[tokio::test]
    async fn a_slow_queue_stays_so_beside_a_quick_one() {
        let mut fetch = fetch(&[("slow", 1), ("quick", 9)], 10);
        (0..20).for_each(|_| fetch.ran(1, Duration::from_millis(1)));
        fetch.waited_too_long(0, Duration::from_millis(2));
        (0..200).for_each(|_| fetch.ran(1, Duration::from_millis(1)));
        assert_eq!(claim(&mut fetch, &mut [999, 0]), [1, 0]);
        fetch.ran(0, Duration::from_millis(1));
        assert!(claim(&mut fetch, &mut [999, 0])[0] > 100);
    }

    /// C25: after a settlement in a line the next look is now, however many claims were empty.
    #[tokio::test(start_paused = true)]
    async fn a_look_that_is_asked_for_ends_the_back_off() {
        let mut fetch = fetch(&[("a", 2)], 2);
        for _ in POLL_WAITS {
            tokio::time::advance(POLL_WAITS[POLL_WAITS.len() - 1]).await;
            claim(&mut fetch, &mut [0]);
        }
        let now = Instant::now();
        assert_eq!(fetch.next_look(), Some(now + POLL_WAITS[POLL_WAITS.len() - 1]));
        fetch.look_now(now);
        assert_eq!(fetch.next_look(), Some(now));
        claim(&mut fetch, &mut [0]);
        assert_eq!(fetch.next_look(), Some(now + POLL_WAITS[0]), "the waits begin again");
    }
}
