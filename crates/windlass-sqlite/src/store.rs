//! [`Store`] for SQLite: each verb is one step of the writer, or one question to a reader.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::filter::Filter;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{Due, Enqueued, JobRecord, NewJob, WorkerRecord};
use windlass_core::limits::{KEEP_FINISHED, LEADER_TTL};
use windlass_core::store::{
    Batch, Beat, Cancelled, ClaimRequest, Counts, Facts, Moved, Now, Page, QueueRecord, Quiet,
    Registration, Reply, Retried, Settled, Settlement, Store, Swept, Tidied, Unserved,
};
use windlass_core::time::{Timestamp, micros};
use windlass_core::wake::Wakeups;

use crate::alive::Alive;
use crate::claim::Local;
use crate::connect::Durability;
use crate::reader::Readers;
use crate::settle::Desk;
use crate::writer::Writer;
use crate::{
    cancel, claim, count, enqueue, move_jobs, queues, read, retry, settle, sweep, tidy, workers,
};

/// The embedded store: one SQLite file, shared by any number of processes of one machine.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) alive: Alive,
    pub(crate) durability: Durability,
    pub(crate) keeps_completed: bool,
    pub(crate) locals: Mutex<HashMap<WorkerId, Arc<Local>>>,
}

/// SQLite's clock is this machine's.
fn at(now: Now) -> Timestamp {
    now.unwrap_or_else(Timestamp::wall_clock)
}

fn desk<'a>(connection: &'a Connection, label: &'a str, now: Timestamp) -> Desk<'a> {
    Desk { connection, label, now, prune_at: now.after(KEEP_FINISHED), keeps_completed: true }
}

impl SqliteStore {
    fn local(&self, worker: WorkerId) -> Arc<Local> {
        self.locals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&worker)
            .cloned()
            .unwrap_or_else(|| Arc::new(Local::of(&worker.to_string())))
    }

    /// There is something to claim: the workers of this process need not look first.
    fn raise_hopes(&self) {
        for local in self.locals.lock().unwrap_or_else(PoisonError::into_inner).values() {
            local.is_hopeful.store(true, Ordering::Relaxed);
        }
    }

    fn label(&self, worker: WorkerId) -> Arc<str> {
        Arc::clone(&self.local(worker).label)
    }

    fn name_worker(&self, worker: &Registration) {
        let local = Arc::new(Local::of(&worker.label));
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).insert(worker.worker, local);
    }

    fn forget_worker(&self, worker: WorkerId) {
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).remove(&worker);
        self.alive.let_go(worker);
    }
}

impl Store for SqliteStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            if jobs.is_empty() {
                return Ok(Vec::new());
            }
            let owned = jobs.to_vec();
            let answers = self.writer.write(move |c| enqueue::enqueue(c, &owned, at(now))).await?;
            if jobs.iter().any(|job| job.due == Due::Now) {
                self.raise_hopes();
            }
            let mut rung: Option<&str> = None;
            for job in jobs {
                if rung != Some(job.queue.as_str()) {
                    self.wakeups.work_on(&job.queue);
                    rung = Some(job.queue.as_str());
                }
            }
            if jobs.iter().any(|job| job.due != Due::Now) {
                self.wakeups.news();
            }
            Ok(answers)
        })
    }

    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            self.alive.hold(worker.worker);
            self.name_worker(worker);
            let owned = worker.clone();
            self.writer
                .write(move |c| {
                    workers::register(c, &owned, at(now))?;
                    tidy::unpark(c, &owned.handlers.iter().cloned().collect())?;
                    Ok(())
                })
                .await
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let (owned, local) = (request.clone(), self.local(request.worker));
            let is_hopeful = local.is_hopeful.swap(false, Ordering::Relaxed);
            if !is_hopeful && !self.readers.read(move |c| claim::peek(c, &owned)).await? {
                return Ok(Batch { lease: request.lease, jobs: Vec::new() });
            }
            let (owned, label) = (request.clone(), Arc::clone(&local.label));
            let batch =
                self.writer.write(move |c| claim::claim(c, &owned, &label, at(now))).await?;
            if batch.jobs.len() >= request.jobs {
                local.is_hopeful.store(true, Ordering::Relaxed);
            }
            Ok(batch)
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            let (owned, label) = (settlements.to_vec(), self.label(worker));
            let keeps_completed = self.keeps_completed;
            self.writer
                .write(move |c| {
                    let desk = Desk { keeps_completed, ..desk(c, &label, at(now)) };
                    settle::settle(&desk, &owned)
                })
                .await
        })
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        Box::pin(async move {
            let label = self.label(worker);
            self.writer.write(move |c| workers::release(&desk(c, &label, at(now)), lease)).await
        })
    }

    fn heartbeat(&self, worker: WorkerId, lease: Duration, now: Now) -> Reply<'_, Beat> {
        Box::pin(async move {
            self.writer.write(move |c| workers::heartbeat(c, worker, micros(lease), at(now))).await
        })
    }

    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()> {
        Box::pin(async move {
            let label = self.label(worker);
            self.writer
                .write(move |c| {
                    for lease in workers::leases(c, worker)? {
                        workers::release(&desk(c, &label, at(now)), lease)?;
                    }
                    workers::remove(c, worker)
                })
                .await?;
            self.forget_worker(worker);
            Ok(())
        })
    }

    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            let now = at(now);
            let outlook = self.readers.read(move |c| sweep::look(c, worker)).await?;
            let dead: Vec<WorkerId> = outlook
                .workers
                .iter()
                .filter(|(other, until)| *until <= now || self.alive.is_dead(*other))
                .map(|(other, _)| *other)
                .filter(|other| *other != worker)
                .collect();
            let is_alive = |other: &&WorkerId| **other != worker && !dead.contains(other);
            let others = outlook.workers.iter().map(|(other, _)| other).filter(is_alive).count();
            let mut swept = Swept {
                attention: outlook.attention,
                workers: others as u64 + 1,
                ..Swept::default()
            };
            let due = outlook.next_due.is_some_and(|due| due <= now);
            let leads = leads(&outlook, worker, now);
            if leads == Some(false)
                && !dead.iter().any(|dead| Some(*dead) == outlook.leader.map(|l| l.0))
            {
                return Ok(swept);
            }
            if leads == Some(true) && !due && dead.is_empty() && !outlook.has_orphans {
                // Nothing to do: an idle leader takes no write lock.
                swept.leads = true;
            } else {
                let given = (dead.clone(), swept);
                swept = self.writer.write(move |c| round(c, worker, given.clone(), now)).await?;
                dead.iter().for_each(|worker| self.alive.sweep_up(*worker));
                if swept.promoted > 0 || swept.rescued > 0 {
                    self.wakeups.work_anywhere();
                }
            }
            let upcoming = self.readers.read(move |c| sweep::look(c, worker)).await?.next_due;
            swept.next_due = upcoming.map(|due| due.since(now));
            Ok(swept)
        })
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        Box::pin(async move {
            let tidied = self.writer.write(move |c| tidy::tidy(c, at(now))).await?;
            if tidied.unparked > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(tidied)
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        Box::pin(async move {
            let (owned, reason) = (jobs.to_vec(), reason.to_owned());
            let answers = self
                .writer
                .write(move |c| cancel::cancel(&desk(c, "", at(now)), &owned, &reason))
                .await?;
            self.wakeups.news();
            Ok(answers)
        })
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        Box::pin(async move {
            let owned = jobs.to_vec();
            let answers =
                self.writer.write(move |c| retry::retry(&desk(c, "", at(now)), &owned)).await?;
            self.wakeups.work_anywhere();
            Ok(answers)
        })
    }

    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
        Box::pin(async move {
            let (owned, to) = (jobs.to_vec(), queue.to_owned());
            let answers = self.writer.write(move |c| move_jobs::move_jobs(c, &owned, &to)).await?;
            self.wakeups.work_on(queue);
            Ok(answers)
        })
    }

    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()> {
        Box::pin(async move {
            let (queue, note) = (queue.to_owned(), note.map(str::to_owned));
            self.writer.write(move |c| queues::pause(c, &queue, note.as_deref(), at(now))).await
        })
    }

    fn resume<'a>(&'a self, queue: &'a str, _now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let owned = queue.to_owned();
            let was_paused = self.writer.write(move |c| queues::resume(c, &owned)).await?;
            self.wakeups.work_on(queue);
            Ok(was_paused)
        })
    }

    fn quiet(&self, worker: WorkerId, wish: Quiet, _now: Now) -> Reply<'_, bool> {
        Box::pin(async move {
            let found = self.writer.write(move |c| workers::quiet(c, worker, wish)).await?;
            self.wakeups.news();
            Ok(found)
        })
    }

    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
        Box::pin(self.readers.read(move |c| read::job(c, id)))
    }

    fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>> {
        let filter = filter.clone();
        Box::pin(self.readers.read(move |c| read::jobs(c, &filter, page)))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        Box::pin(self.readers.read(read::in_one_snapshot(count::counts)))
    }

    fn queues(&self) -> Reply<'_, Vec<QueueRecord>> {
        Box::pin(self.readers.read(read::in_one_snapshot(read::queues)))
    }

    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>> {
        Box::pin(self.readers.read(read::in_one_snapshot(read::workers)))
    }

    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>> {
        Box::pin(self.readers.read(read::in_one_snapshot(move |c| read::unserved(c, at(now)))))
    }

    fn facts(&self) -> Reply<'_, Facts> {
        let durability = self.durability.word();
        Box::pin(self.readers.read(move |c| read::facts(c, durability)))
    }

    fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}

/// What a look says about leadership: ours with time to spare, another's, or open.
fn leads(outlook: &sweep::Outlook, worker: WorkerId, now: Timestamp) -> Option<bool> {
    let (leader, until) = outlook.leader?;
    if until <= now {
        return None;
    }
    if leader != worker {
        return Some(false);
    }
    (until.since(now) > LEADER_TTL / 2).then_some(true)
}

/// One round under the write lock.
fn round(
    connection: &Connection,
    worker: WorkerId,
    (dead, mut swept): (Vec<WorkerId>, Swept),
    now: Timestamp,
) -> Result<Swept, StoreError> {
    swept.leads = sweep::lead(connection, worker, &dead, now)?;
    if !swept.leads {
        return Ok(swept);
    }
    swept.promoted = sweep::promote(connection, now)?;
    for worker in dead {
        workers::remove(connection, worker)?;
        swept.dead_workers += 1;
    }
    sweep::rescue(&desk(connection, "", now), &mut swept)?;
    Ok(swept)
}
