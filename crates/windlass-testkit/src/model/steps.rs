//! The steps: each is taken in the store and in the rules, and both must give the same answer.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use windlass_core::store::Now;

use windlass_core::error::StoreError;
use windlass_core::id::{LeaseId, WorkerId};
use windlass_core::job::{
    ClaimRequest, Due, Enqueued, Expires, HandlerKey, NewJob, Outcome, Settled, Settlement, Share,
    Verdict,
};
use windlass_core::limits::{CLAIM_BYTES, KEEP_FINISHED, LEADER_TTL, LEASE};
use windlass_core::maintenance::Swept;
use windlass_core::queue::{Pause, Scope};
use windlass_core::subscription::Feed;

use super::compare::ids;
use super::driver::{Driver, Life};
use super::lines::Asked;
use super::rules::{Job, Member, Rules};
use crate::draft::job;
use crate::verdicts::{
    cancelled, complete, confirm_or, die, hand_back, hand_back_for, retry_after, snooze,
};
use crate::worker::{RAN, worker};

pub(super) const QUEUES: [&str; 3] = ["default", "mail", "bulk"];
pub(super) const KINDS: [&str; 3] = ["work", "mail", "rare"];
/// Workers at the same time.
const WORKERS: usize = 4;

impl Driver {
    pub(super) async fn enqueue(&mut self) -> Result<(), String> {
        let now = self.rules.now;
        let (mut batch, mut told) = (Vec::new(), Vec::new());
        for _ in 0..self.random.usize(1..5) {
            let mut new = Job::new(
                QUEUES[self.random.usize(..3)],
                KINDS[self.random.usize(..3)],
                self.random.i16(-1..=1),
            );
            new.max_attempts = [None, Some(1), Some(3), Some(0)][self.random.usize(..4)];
            new.max_losses = [None, None, Some(1), Some(0)][self.random.usize(..4)];
            let wait = self.up_to(90) * self.random.u32(..2);
            let mut draft = job().kind(new.kind).queue(new.queue).priority(new.priority).done();
            (draft.max_attempts, draft.due) = (new.max_attempts, Due::In(wait));
            draft.meta.max_losses = new.max_losses;
            if self.random.u32(..4) == 0 {
                let time = self.up_to(60) + Duration::from_millis(1);
                draft = draft.expiring(Expires::In(time));
                new.expires_at = Some(now.after(wait).after(time));
            }
            let before: Vec<_> = batch.iter().map(|job: &NewJob| job.id).collect();
            if let Some((waits, waiting)) = self.wait_for(&before) {
                told.push(format!("{} waits: {waits:?}", draft.id));
                (draft.meta.waits, new.waits) = (Some(waits), Some(waiting));
            }
            if self.life == Life::InLine {
                self.stand_in_line(&mut draft, &mut new);
                told.push(format!("{}", draft.id) + &new.in_short());
            }
            self.rules.enqueue(draft.id, new, now.after(wait));
            batch.push(draft);
        }
        self.tell(format!("enqueue {} jobs {}", batch.len(), told.join(", ")));
        let answers = self.store.enqueue(&batch, Now::At(now)).await.map_err(said)?;
        same("enqueue", &answers, &batch.iter().map(|job| Enqueued::New(job.id)).collect())
    }

    pub(super) async fn enqueue_again(&mut self) -> Result<(), String> {
        let Some(id) = self.some_job() else { return Ok(()) };
        self.tell(format!("enqueue {id} again"));
        let again = [job().given(id).done()];
        let answers = self.store.enqueue(&again, Now::At(self.rules.now)).await.map_err(said)?;
        same("enqueue", &answers, &vec![Enqueued::Existing(id)])
    }

    pub(super) async fn register(&mut self) -> Result<(), String> {
        if self.rules.workers.len() >= WORKERS {
            return Ok(());
        }
        let kinds = [&KINDS[..1], &KINDS[..2], &KINDS[..]][self.random.usize(..3)];
        let known: Vec<(&str, u16)> = kinds.iter().map(|kind| (*kind, 1)).collect();
        let loss_limit = [None, Some((KINDS[0], 2)), Some((KINDS[1], 0))][self.random.usize(..3)];
        let attempt_limit =
            [None, Some((KINDS[0], 2)), Some((KINDS[2], 0))][self.random.usize(..3)];
        let mut profile = worker().serving(&QUEUES).knowing(&known);
        if let Some((kind, limit)) = loss_limit {
            profile = profile.losing(kind, limit);
        }
        if let Some((kind, limit)) = attempt_limit {
            profile = profile.giving_up(kind, limit);
        }
        let registration = profile.registration();
        self.tell(format!("register {} who knows {kinds:?}", registration.worker));
        self.store.register(&registration, Now::At(self.rules.now)).await.map_err(said)?;
        let expires_at = self.rules.now.after(LEASE);
        let member = Member { expires_at, kinds: kinds.to_vec(), attempt_limit, loss_limit };
        self.rules.register(registration.worker, member);
        Ok(())
    }

    pub(super) async fn claim(&mut self) -> Result<(), String> {
        let Some(worker) = self.some_worker() else { return self.register().await };
        let mut queues = QUEUES;
        self.random.shuffle(&mut queues);
        let most = self.random.usize(1..6);
        let kinds = &self.rules.workers[&worker].kinds;
        let request = ClaimRequest {
            worker,
            lease: LeaseId::new(),
            shares: queues.map(|queue| Share { queue: queue.to_owned(), jobs: most }).to_vec(),
            jobs: most,
            bytes: CLAIM_BYTES,
            handlers: kinds.iter().map(|kind| HandlerKey::new(kind, 1)).collect(),
        };
        self.tell(format!("{worker} claims {most} from {queues:?}"));
        let batch = self.store.claim(&request, Now::At(self.rules.now)).await.map_err(said)?;
        let claimed: Vec<_> = batch.jobs.iter().map(|job| job.id).collect();
        let asked = Asked { worker, queues: &queues, most };
        let take = |rules: &mut Rules| rules.claim(worker, request.lease, &claimed);
        let checked = self.rules.check_claim(asked, &claimed, take);
        checked.map_err(|difference| format!("claim of {claimed:?}: {difference}"))?;
        self.claimed.extend(batch.jobs.into_iter().map(|job| (worker, job)));
        Ok(())
    }

    pub(super) async fn settle(&mut self) -> Result<(), String> {
        let leases = self.rules.leases.clone();
        let Some((lease, worker)) = self.pick(&leases) else { return Ok(()) };
        let mut held = self.rules.held(lease);
        self.random.shuffle(&mut held);
        held.truncate(self.random.usize(1..4));
        let mut sent = Vec::new();
        for id in &held {
            let verdict = self.verdict();
            let found = self.claimed.iter().position(|(_, job)| job.id == *id);
            let (_, job) = self.claimed.swap_remove(found.expect("what is held was claimed"));
            sent.push(Settlement { lease, job, ran: Some(RAN), verdict });
        }
        self.tell(format!("{worker} settles {:?}", summary(&sent)));
        let answers =
            self.store.settle(worker, &sent, Now::At(self.rules.now)).await.map_err(said)?;
        for settlement in sent {
            self.rules.settle(lease, settlement.job.id, &settlement.verdict);
            self.remember(worker, settlement);
        }
        same("settle", &answers, &vec![Settled::Done; held.len()])
    }

    /// Sends a settlement that was written before, perhaps with another verdict, or whose lease
    /// was lost: nothing may be written.
    pub(super) async fn settle_stale(&mut self) -> Result<(), String> {
        if self.stale.is_empty() {
            return Ok(());
        }
        let nth = self.random.usize(..self.stale.len());
        let (worker, mut settlement) = self.stale[nth].clone();
        if self.random.bool() {
            settlement.verdict = self.verdict();
        }
        let sent = [settlement];
        self.tell(format!("{worker} settles too late {:?}", summary(&sent)));
        let answers =
            self.store.settle(worker, &sent, Now::At(self.rules.now)).await.map_err(said)?;
        match answers[..] {
            [Settled::Lost | Settled::Already] => Ok(()),
            _ => Err(format!("a stale settlement was answered by {answers:?}")),
        }
    }

    pub(super) async fn release(&mut self) -> Result<(), String> {
        let leases = self.rules.leases.clone();
        let Some((lease, worker)) = self.pick(&leases) else { return Ok(()) };
        self.tell(format!("{worker} releases {:?}", self.rules.held(lease)));
        self.lose(lease);
        self.store.release(worker, lease, Now::At(self.rules.now)).await.map_err(said)?;
        self.rules.release(lease);
        Ok(())
    }

    pub(super) async fn leave(&mut self) -> Result<(), String> {
        let Some(worker) = self.some_worker() else { return Ok(()) };
        self.tell(format!("{worker} leaves"));
        self.lose_all_of(worker);
        self.store.leave(worker, Now::At(self.rules.now)).await.map_err(said)?;
        self.rules.leave(worker);
        self.led = self.led.filter(|(leader, _)| *leader != worker);
        Ok(())
    }

    pub(super) async fn cancel(&mut self) -> Result<(), String> {
        let ids = self.some_jobs();
        self.tell(format!("cancel {ids:?}"));
        let answers =
            self.store.cancel(&ids, "by chance", Now::At(self.rules.now)).await.map_err(said)?;
        same("cancel", &answers, &ids.iter().map(|id| self.rules.cancel(*id)).collect())
    }

    pub(super) async fn retry(&mut self) -> Result<(), String> {
        let ids = self.some_jobs();
        self.tell(format!("retry {ids:?}"));
        // Who feeds knows nothing of jobs that begin again: it counts once somebody else feeds.
        self.feed = Feed::default();
        let answers = self.store.retry(&ids, Now::At(self.rules.now)).await.map_err(said)?;
        same("retry", &answers, &ids.iter().map(|id| self.rules.retry(*id)).collect())
    }

    pub(super) async fn move_jobs(&mut self) -> Result<(), String> {
        let (ids, queue) = (self.some_jobs(), QUEUES[self.random.usize(..3)]);
        self.tell(format!("move {ids:?} to {queue}"));
        let answers = self.store.move_jobs(&ids, queue).await.map_err(said)?;
        same("move", &answers, &ids.iter().map(|id| self.rules.move_to(*id, queue)).collect())
    }

    pub(super) async fn pause_or_resume(&mut self) -> Result<(), String> {
        if self.random.bool() {
            return self.pause_or_resume_kind().await;
        }
        let queue = QUEUES[self.random.usize(..3)];
        if self.random.bool() {
            self.tell(format!("pause {queue}"));
            self.rules.paused.insert(queue);
            return self
                .store
                .pause(&Pause::queue(queue), Now::At(self.rules.now))
                .await
                .map_err(said);
        }
        self.tell(format!("resume {queue}"));
        let scope = Scope::Queue(queue.to_owned());
        let resumed = self.store.resume(&scope, Now::At(self.rules.now)).await.map_err(said)?;
        same("resume", &resumed, &self.rules.paused.remove(queue))
    }

    async fn pause_or_resume_kind(&mut self) -> Result<(), String> {
        let (kind, now) = (KINDS[self.random.usize(..3)], self.rules.now);
        if self.random.bool() {
            let time = (self.random.bool()).then(|| self.up_to(60));
            self.tell(format!("pause {kind} for {time:?}"));
            let pause = Pause::kind(kind);
            let pause = match time {
                Some(time) => pause.lasting(time),
                None => pause,
            };
            self.rules.paused_kinds.insert(kind, time.map(|time| now.after(time)));
            return self.store.pause(&pause, Now::At(now)).await.map_err(said);
        }
        self.tell(format!("resume {kind}"));
        let was_paused = self.rules.is_paused(kind);
        if was_paused {
            self.rules.paused_kinds.insert(kind, Some(now));
        }
        let scope = Scope::Kind(kind.to_owned());
        let resumed = self.store.resume(&scope, Now::At(now)).await.map_err(said)?;
        same("resume", &resumed, &was_paused)
    }

    /// Mostly seconds, sometimes more than a lease, rarely more than finished jobs are kept.
    pub(super) async fn pass_time_and_sweep(&mut self) -> Result<(), String> {
        let time = match self.random.u32(..20) {
            // Not where each of thousands of due times would get a job.
            0 if !self.rules.makes_up_for_all() => KEEP_FINISHED,
            1..6 => LEASE + self.up_to(10),
            _ => self.up_to(15),
        };
        self.tell(format!("{time:?} pass"));
        // Signals of before may be forgotten.
        self.keys += if time < KEEP_FINISHED { 0 } else { 10 };
        // Those that beat stay; the others' leases run down.
        let workers: Vec<WorkerId> = self.rules.workers.keys().copied().collect();
        self.rules.now = self.rules.now.after(time);
        for worker in workers {
            if self.random.u32(..3) > 0 {
                self.beat(worker).await?;
            }
        }
        let Some(sweeper) = self.some_worker() else { return Ok(()) };
        self.tell(format!("{sweeper} sweeps"));
        let mut swept = self.store.sweep(sweeper, Now::At(self.rules.now)).await.map_err(said)?;
        self.check_lead(sweeper, &swept)?;
        if swept.leads {
            self.remove_dead(sweeper);
            self.rules.sweep(sweeper);
        }
        // A round is bounded; the rules know no bounds.
        while swept.promoted + swept.expired + swept.rescued + swept.moved_aside + swept.conditions
            > 0
        {
            swept = self.store.sweep(sweeper, Now::At(self.rules.now)).await.map_err(said)?;
        }
        Ok(())
    }

    pub(super) async fn tidy(&mut self) -> Result<(), String> {
        let now = self.rules.now;
        if self.rules.workers.values().any(|worker| worker.expires_at <= now) {
            // Whether a worker lives that nobody has looked after yet is left to the store.
            return Ok(());
        }
        self.tell("tidy".to_owned());
        self.store.tidy(Now::At(now)).await.map_err(said)?;
        let kept = ids(&*self.store).await?;
        self.rules.tidy(|id| kept.contains(&id));
        Ok(())
    }

    async fn beat(&mut self, worker: WorkerId) -> Result<(), String> {
        self.tell(format!("{worker} beats"));
        self.store.heartbeat(worker, LEASE.into(), Now::At(self.rules.now)).await.map_err(said)?;
        let expires_at = self.rules.now.after(LEASE);
        let member = self.rules.workers.get_mut(&worker);
        member.expect("only workers that the rules have beat").expires_at = expires_at;
        Ok(())
    }

    /// Who leads is the store's choice, within bounds: never two, never nobody for long.
    fn check_lead(&mut self, sweeper: WorkerId, swept: &Swept) -> Result<(), String> {
        let now = self.rules.now;
        let is_alive = |id: &WorkerId| {
            self.rules.workers.get(id).is_some_and(|worker| worker.expires_at > now)
        };
        let rival = self.led.filter(|(leader, _)| *leader != sweeper && is_alive(leader));
        let (may, must) = match rival {
            None => (true, true),
            Some((_, at)) => (now.since(at) >= LEADER_TTL / 2, now.since(at) >= LEADER_TTL),
        };
        if swept.leads {
            self.led = Some((sweeper, now));
        }
        if swept.leads && !may || !swept.leads && must {
            return Err(format!("{sweeper} leads: {}, after {:?}", swept.leads, rival));
        }
        Ok(())
    }

    /// Remembers what dead workers held.
    fn remove_dead(&mut self, sweeper: WorkerId) {
        let now = self.rules.now;
        let dead: Vec<WorkerId> = self
            .rules
            .workers
            .iter()
            .filter(|(id, worker)| **id != sweeper && worker.expires_at <= now)
            .map(|(id, _)| *id)
            .collect();
        dead.into_iter().for_each(|worker| self.lose_all_of(worker));
    }

    fn lose_all_of(&mut self, worker: WorkerId) {
        self.rules.leases_of(worker).into_iter().for_each(|lease| self.lose(lease));
    }

    /// What a lost lease held may still be settled by a worker that does not know yet.
    fn lose(&mut self, lease: LeaseId) {
        for id in self.rules.held(lease) {
            let found = self.claimed.iter().position(|(_, job)| job.id == id);
            let (worker, job) = self.claimed.swap_remove(found.expect("what is held was claimed"));
            let verdict = self.verdict();
            let settlement = Settlement { lease, job: Arc::clone(&job), ran: Some(RAN), verdict };
            self.remember(worker, settlement);
        }
    }

    fn verdict(&mut self) -> Verdict {
        let delay = Duration::from_secs(self.random.u64(1..40));
        match self.random.u32(..14) {
            0..3 => complete(),
            3 => confirm_or(retry_after(Outcome::Error, delay)),
            4 => retry_after(Outcome::Error, delay),
            5 => retry_after(Outcome::Timeout, delay),
            6 => retry_after(Outcome::Panic, delay),
            12 => retry_after(Outcome::Lost, delay),
            13 => self.wait_for_signal(),
            7 => die(),
            // What is dead matters more where it may keep a lane.
            8 | 9 if self.life == Life::InLine => die(),
            8 => cancelled(Outcome::Discarded),
            9 => snooze(delay),
            10 => hand_back_for(delay),
            _ => hand_back(),
        }
    }
}

/// The settlements in short.
fn summary(settlements: &[Settlement]) -> Vec<String> {
    settlements
        .iter()
        .map(|one| format!("{} at attempt {}: {:?}", one.job.id, one.job.attempt, one.verdict))
        .collect()
}

pub(super) fn said(error: StoreError) -> String {
    format!("the store failed: {error}")
}

pub(super) fn same<T: PartialEq + Debug>(
    verb: &str,
    answer: &T,
    expected: &T,
) -> Result<(), String> {
    if answer == expected {
        return Ok(());
    }
    Err(format!("{verb}: the store answers\n  {answer:?}\nthe rules\n  {expected:?}"))
}
