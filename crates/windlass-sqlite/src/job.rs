//! The verbs of jobs.

pub(crate) mod cancel;
pub(crate) mod capped_counts;
pub(crate) mod claim;
pub(crate) mod complete;
pub(crate) mod complete_with;
#[cfg(test)]
pub(crate) mod cost;
pub(crate) mod count;
pub(crate) mod duplicates;
pub(crate) mod enqueue;
pub(crate) mod find;
pub(crate) mod finish;
pub(crate) mod gate;
pub(crate) mod heads;
pub(crate) mod in_hand;
mod joined;
pub mod lane_rules;
pub(crate) mod line;
pub(crate) mod look;
mod look_line;
pub(crate) mod move_jobs;
pub(crate) mod open_lane;
pub(crate) mod read;
pub(crate) mod release;
pub(crate) mod retry;
pub(crate) mod settle;
pub mod statement;
mod tree;
pub mod unique;

use crate::job::settle::SettleContext;
use crate::store::at;
use crate::store::context;
use crate::worker::label;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use windlass_core::event::NewEvent;
use windlass_core::filter::{Bound, Found, JobCount};
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{
    Batch, Cancelled, ClaimRequest, Completion, Counts, Due, Duplicates, Enqueued, Fence, Filter,
    InHand, JobHead, JobRecord, JobStore, Look, Moved, NewJob, Page, Retried, Settled, Settlement,
};
use windlass_core::json::storable_text;
use windlass_core::limits::{COUNTED, ERROR_BYTES};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::store::SqliteStore;

impl SqliteStore {
    /// Wakes who may run jobs that were just written.
    fn tell_of(&self, jobs: &[NewJob]) {
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
    }
}

impl JobStore for SqliteStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            if jobs.is_empty() {
                return Ok(Vec::new());
            }
            let owned = jobs.to_vec();
            let written = self.writer.write(move |c| enqueue::enqueue(c, &owned, at(now))).await;
            let answers = match written {
                Ok(answers) => answers,
                Err(error) => {
                    if let Some(one) = unique::Rejected::of(jobs, &error) {
                        self.writer.write(move |c| one.note(c, at(now))).await?;
                    }
                    return Err(error);
                }
            };
            self.tell_of(jobs);
            Ok(answers)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let (owned, local) = (request.clone(), self.local(request.worker));
            let is_hopeful = local.is_hopeful.swap(false, Ordering::Relaxed);
            if !is_hopeful && !self.readers.read(move |c| claim::peek(c, &owned, at(now))).await? {
                return Ok(Batch { lease: request.lease, claimed_at: None, jobs: Vec::new() });
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
            let (owned, known) = (settlements.to_vec(), self.known(worker));
            let keeps_completed = self.keeps_completed;
            let (answers, told) = self
                .writer
                .write(move |c| {
                    let label = match &known {
                        Some(local) => Arc::clone(&local.label),
                        // One of another process, whose handler has given a lease away.
                        None => label::label(c, worker)?.into(),
                    };
                    let context = SettleContext { keeps_completed, ..context(c, &label, at(now)) };
                    Ok((settle::settle(&context, &owned)?, context.told.get()))
                })
                .await?;
            if told {
                self.wakeups.work_anywhere();
            }
            Ok(answers)
        })
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        Box::pin(async move {
            let label = self.label(worker);
            self.writer.write(move |c| release::release(&context(c, &label, at(now)), lease)).await
        })
    }

    fn in_hand(&self, worker: WorkerId) -> Reply<'_, Vec<InHand>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| in_hand::in_hand(c, worker))))
    }

    fn complete_with<'a>(
        &'a self,
        fence: &'a Fence,
        completion: &'a Completion,
        now: Now,
    ) -> Reply<'a, Settled> {
        Box::pin(async move {
            completion.events.iter().try_for_each(NewEvent::check)?;
            let (owned, keeps_completed) = (fence.clone(), self.keeps_completed);
            let what = completion.clone();
            let (answer, told) = self
                .writer
                .write(move |c| {
                    let context = context(c, &owned.label, at(now));
                    let context = SettleContext { keeps_completed, ..context };
                    let answer = complete_with::complete_with(&context, &owned, &what)?;
                    Ok((answer, context.told.get()))
                })
                .await?;
            if answer == Settled::Done {
                self.tell_of(&completion.jobs);
                if !completion.events.is_empty() {
                    self.wakeups.events();
                }
            }
            if told {
                self.wakeups.work_anywhere();
            }
            Ok(answer)
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        Box::pin(async move {
            let (owned, reason) = (jobs.to_vec(), storable_text(reason, ERROR_BYTES));
            let ((answers, asked), told) = self
                .writer
                .write(move |c| {
                    let context = context(c, "", at(now));
                    Ok((cancel::cancel(&context, &owned, &reason)?, context.told.get()))
                })
                .await?;
            if told {
                self.wakeups.work_anywhere();
            }
            asked.into_iter().for_each(|worker| self.wakeups.news_for(worker));
            Ok(answers)
        })
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        Box::pin(async move {
            let owned = jobs.to_vec();
            let answers =
                self.writer.write(move |c| retry::retry(&context(c, "", at(now)), &owned)).await?;
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

    fn open_lane<'a>(&'a self, lane: &'a str) -> Reply<'a, Option<JobId>> {
        Box::pin(async move {
            let line = format!("l{lane}");
            let opened = self.writer.write(move |c| open_lane::open_lane(c, &line)).await?;
            self.wakeups.work_anywhere();
            Ok(opened)
        })
    }

    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
        Box::pin(self.readers.read(move |c| read::job(c, id)))
    }

    fn look(&self, id: JobId, now: Now) -> Reply<'_, Option<Look>> {
        Box::pin(self.readers.read(in_one_snapshot(move |c| look::look(c, id, at(now)))))
    }

    fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>> {
        let jobs = jobs.to_vec();
        Box::pin(self.readers.read(move |c| heads::heads(c, &jobs)))
    }

    fn find_jobs<'a>(
        &'a self,
        filter: &'a Filter,
        page: Page,
        bound: Bound,
    ) -> Reply<'a, Found<JobRecord, JobId>> {
        let filter = filter.clone();
        let find = move |c: &rusqlite::Connection| find::find_jobs(c, &filter, page, bound);
        Box::pin(self.readers.read(in_one_snapshot(find)))
    }

    fn count_jobs<'a>(&'a self, filter: &'a Filter, bound: Bound) -> Reply<'a, JobCount> {
        let filter = filter.clone();
        Box::pin(self.readers.read(in_one_snapshot(move |c| find::count_jobs(c, &filter, bound))))
    }

    fn jobs_of_tree<'a>(
        &'a self,
        root: JobId,
        of_events: &'a [(JobId, JobId)],
        most: usize,
    ) -> Reply<'a, Vec<JobRecord>> {
        let of_events = of_events.to_vec();
        let tree = move |c: &rusqlite::Connection| tree::jobs_of_tree(c, root, &of_events, most);
        Box::pin(self.readers.read(in_one_snapshot(tree)))
    }

    fn duplicates(&self, newest: usize) -> Reply<'_, Duplicates> {
        Box::pin(self.readers.read(move |c| duplicates::duplicates(c, newest)))
    }

    fn capped_counts(&self) -> Reply<'_, Counts> {
        Box::pin(self.readers.read(in_one_snapshot(|c| capped_counts::capped_counts(c, COUNTED))))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        Box::pin(self.readers.read(in_one_snapshot(count::counts)))
    }
}
