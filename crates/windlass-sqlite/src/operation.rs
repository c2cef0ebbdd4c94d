//! The verbs of operations.

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

use std::time::Duration;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::operation::{
    Control, Controlled, NewOperation, OperationRecord, OperationStore, Preview, Round, Which,
};
use windlass_core::store::{Now, Reply};
use windlass_core::time::Timestamp;

use crate::connection::reader::in_one_snapshot;
use crate::row::one;
use crate::store::{SqliteStore, at};

/// How long until an operation has a round; nothing where none goes on.
pub(crate) fn next(
    connection: &Connection,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    const NEXT: &str =
        "select min(next_at) from windlass_operation where state in ('running', 'undoing')";
    let next: Option<Option<i64>> = one(connection, NEXT, [])?;
    Ok(next.flatten().map(|at| Timestamp::from_micros(at).since(now)))
}

impl OperationStore for SqliteStore {
    fn preview_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        samples: usize,
        now: Now,
    ) -> Reply<'a, Preview> {
        let new = new.clone();
        let preview = move |c: &Connection| preview::preview(c, &new, (samples, at(now)));
        Box::pin(self.readers.read(in_one_snapshot(preview)))
    }

    fn start_operation<'a>(
        &'a self,
        new: &'a NewOperation,
        now: Now,
    ) -> Reply<'a, OperationRecord> {
        Box::pin(async move {
            new.check()?;
            let (owned, now) = (new.clone(), at(now));
            // Counted beside the writer, which goes on meanwhile.
            let counted = self.preview_operation(&owned, 0, Now::At(now)).await?;
            let started =
                self.writer.write(move |c| start::start(c, &owned, (&counted, now))).await?;
            self.wakeups.news();
            Ok(started)
        })
    }

    fn operation(&self, id: OperationId) -> Reply<'_, Option<OperationRecord>> {
        Box::pin(self.readers.read(move |c| list::operation(c, id)))
    }

    fn operations(
        &self,
        before: Option<OperationId>,
        limit: usize,
    ) -> Reply<'_, Vec<OperationRecord>> {
        Box::pin(self.readers.read(move |c| list::operations(c, before, limit)))
    }

    fn operation_round(&self, which: Which, most: usize, now: Now) -> Reply<'_, Round> {
        Box::pin(async move {
            let worked =
                self.writer.write(move |c| round::round(c, (which, most), at(now))).await?;
            if worked.round.jobs > 0 {
                self.raise_hopes();
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
        Box::pin(async move {
            let controlled =
                self.writer.write(move |c| control::control(c, (id, control), at(now))).await?;
            self.wakeups.news();
            Ok(controlled)
        })
    }
}
