//! The verbs of operations. Rounds and counts have a session of their own: claims, settlements and heartbeats wait for none.

mod control;
mod delete;
mod find;
pub(crate) mod forget;
mod list;
mod note;
mod preview;
mod round;
mod start;
mod undo;

use windlass_core::id::OperationId;
use windlass_core::operation::{
    Control, Controlled, NewOperation, OperationRecord, OperationStore, Preview, Round, Which,
};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl OperationStore for PostgresStore {
    fn preview_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        samples: usize,
        now: Now,
    ) -> Reply<'a, Preview> {
        Box::pin(preview::preview((&self.operations, &self.claims), new, (samples, now)))
    }

    fn start_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        now: Now,
    ) -> Reply<'a, OperationRecord> {
        Box::pin(async move {
            new.check()?;
            start::start(&self.operations, new, now).await
        })
    }

    fn operation(&self, id: OperationId) -> Reply<'_, Option<OperationRecord>> {
        Box::pin(list::operation(&self.claims, id))
    }

    fn operations(
        &self,
        before: Option<OperationId>,
        limit: usize,
    ) -> Reply<'_, Vec<OperationRecord>> {
        Box::pin(list::operations(&self.claims, before, limit))
    }

    fn operation_round(&self, which: Which, most: usize, now: Now) -> Reply<'_, Round> {
        Box::pin(async move {
            let worked = round::round(&self.operations, (which, most), now).await?;
            if worked.round.jobs > 0 {
                self.wakeups.work_anywhere();
            }
            worked.asked.into_iter().for_each(|worker| self.wakeups.news_for(worker));
            Ok(worked.round)
        })
    }

    fn control_operation(
        &self,
        id: OperationId,
        control: Control,
        now: Now,
    ) -> Reply<'_, Controlled> {
        Box::pin(control::control(&self.operations, (id, control), now))
    }
}
