//! The verbs of jobs.

pub(crate) mod cancel;
pub(crate) mod capped_counts;
pub(crate) mod claim;
pub(crate) mod claim_cursor;
pub(crate) mod coalesce;
pub(crate) mod columns;
pub(crate) mod complete;
pub(crate) mod complete_with;
pub(crate) mod count;
pub(crate) mod duplicates;
pub(crate) mod enqueue;
pub(crate) mod find;
pub(crate) mod heads;
pub(crate) mod in_hand;
pub(crate) mod look;
mod look_line;
pub(crate) mod move_jobs;
pub(crate) mod open_lane;
pub(crate) mod read;
pub(crate) mod release;
pub(crate) mod retry;
pub(crate) mod settle;
pub(crate) mod settled_before;
pub mod statement;
mod tree;
pub(crate) mod turn;
pub mod unique;

use crate::job::settle::{SettleContext, Settler};
use crate::store::SHARES_A_STATEMENT;
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

use crate::store::PostgresStore;
use crate::worker::label;

impl JobStore for PostgresStore {
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>> {
        Box::pin(async move {
            if jobs.is_empty() {
                return Ok(Vec::new());
            }
            let answers = if unique::look_at_others(jobs) {
                unique::enqueue(&self.writes, (jobs, &self.waiting), now).await?
            } else if jobs.len() < SHARES_A_STATEMENT {
                self.coalescer.enqueue(jobs.to_vec(), now).await?
            } else {
                enqueue::enqueue(&self.writes, jobs, now).await?
            };
            if jobs.iter().any(|job| job.due != Due::Now) {
                self.wakeups.news();
            }
            Ok(answers)
        })
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch> {
        Box::pin(async move {
            let local = self.local(request.worker);
            let context = claim::ClaimContext {
                connection: &self.claims,
                local: &local,
                cursors: &self.cursors,
                turns: &self.turns,
            };
            claim::claim(context, request, now).await
        })
    }

    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>> {
        Box::pin(async move {
            let label = match self.known(worker) {
                Some(local) => local.label.as_ref().into(),
                // One of another process, whose handler has given a lease away.
                None => label::label(&self.writes, worker).await?,
            };
            let context = SettleContext {
                by: Settler::Worker,
                worker,
                label: &label,
                history: self.keeps_completed(),
            };
            settle::settle(&self.writes, context, settlements, now).await
        })
    }

    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64> {
        Box::pin(release::release(&self.writes, worker, lease, now))
    }

    fn in_hand(&self, worker: WorkerId) -> Reply<'_, Vec<InHand>> {
        Box::pin(in_hand::in_hand(&self.claims, worker))
    }

    fn complete_with<'a>(
        &'a self,
        fence: &'a Fence,
        completion: &'a Completion,
        now: Now,
    ) -> Reply<'a, Settled> {
        Box::pin(async move {
            completion.events.iter().try_for_each(NewEvent::check)?;
            let answer =
                complete_with::complete_with(&self.transactions, fence, completion, now).await?;
            if answer == Settled::Done {
                if completion.jobs.iter().any(|job| job.due != Due::Now) {
                    self.wakeups.news();
                }
                return Ok(answer);
            }
            let context = SettleContext {
                by: Settler::Worker,
                worker: fence.worker,
                label: &fence.label,
                history: self.keeps_completed(),
            };
            settled_before::look(&self.writes, context, &completion.settlement(fence)).await
        })
    }

    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>> {
        Box::pin(async move {
            let reason = storable_text(reason, ERROR_BYTES);
            let (answers, asked) =
                cancel::cancel((&self.writes, &self.waiting), jobs, &reason, now).await?;
            // Those of this process need no connection that listens.
            asked.into_iter().for_each(|worker| self.wakeups.news_for(worker));
            Ok(answers)
        })
    }

    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>> {
        Box::pin(retry::retry((&self.writes, &self.waiting), jobs, now))
    }

    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>> {
        Box::pin(move_jobs::move_jobs((&self.writes, &self.waiting), jobs, queue))
    }

    fn open_lane<'a>(&'a self, lane: &'a str) -> Reply<'a, Option<JobId>> {
        Box::pin(async move {
            let opened = open_lane::open_lane(&self.writes, &format!("l{lane}")).await?;
            self.wakeups.work_anywhere();
            Ok(opened)
        })
    }

    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>> {
        Box::pin(read::job(&self.claims, id))
    }

    fn look(&self, id: JobId, now: Now) -> Reply<'_, Option<Look>> {
        Box::pin(look::look(&self.claims, id, now))
    }

    fn find_jobs<'a>(
        &'a self,
        filter: &'a Filter,
        page: Page,
        bound: Bound,
    ) -> Reply<'a, Found<JobRecord, JobId>> {
        Box::pin(find::find_jobs(&self.claims, filter, page, bound))
    }

    fn count_jobs<'a>(&'a self, filter: &'a Filter, bound: Bound) -> Reply<'a, JobCount> {
        Box::pin(find::count_jobs(&self.claims, filter, bound))
    }

    fn job_heads<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<JobHead>> {
        Box::pin(heads::heads(&self.claims, jobs))
    }

    fn jobs_of_tree<'a>(
        &'a self,
        root: JobId,
        of_events: &'a [(JobId, JobId)],
        most: usize,
    ) -> Reply<'a, Vec<JobRecord>> {
        Box::pin(tree::jobs_of_tree(&self.claims, root, of_events, most))
    }

    fn duplicates(&self, newest: usize) -> Reply<'_, Duplicates> {
        Box::pin(duplicates::duplicates(&self.claims, newest))
    }

    fn capped_counts(&self) -> Reply<'_, Counts> {
        Box::pin(capped_counts::capped_counts(&self.claims, COUNTED))
    }

    fn counts(&self) -> Reply<'_, Counts> {
        Box::pin(count::counts(&self.claims))
    }
}
