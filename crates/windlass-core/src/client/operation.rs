//! Operations: one change of many jobs, outside a worker.

use super::Client;
use crate::error::StoreError;
use crate::id::OperationId;
use crate::limits::{OPERATION_JOBS, OPERATION_SAMPLES};
use crate::operation::{
    Control, Controlled, NewOperation, OperationRecord, Preview, Which, within,
};
use crate::reply::Now;

/// Operations. Every call that acts is committed when it returns.
impl Client {
    /// What an operation would find: how many jobs, and a few of them. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when its filter, queue or note cannot be used, otherwise when the store cannot be asked.
    pub async fn preview_operation(&self, new: &NewOperation) -> Result<Preview, StoreError> {
        new.check()?;
        self.store.preview_operation(new, OPERATION_SAMPLES, Now::Database).await
    }

    /// Begins an operation over the jobs that match now. The leader of the workers goes through them, and
    /// [`Client::run_operation`] does where nobody else may. A second call with its id begins no second one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it expects another number of jobs than match, [`StoreError::Refused`] as
    /// [`Client::preview_operation`], otherwise what kept the store from writing. After [`StoreError::Unknown`] call it again
    /// with the same operation.
    pub async fn start_operation(&self, new: &NewOperation) -> Result<OperationRecord, StoreError> {
        new.check()?;
        let mut new = new.clone();
        if new.origin.is_none() {
            new.origin = self.pipeline.origin().map(str::to_owned);
        }
        self.store.start_operation(&new, Now::Database).await
    }

    /// One operation.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn operation(&self, id: OperationId) -> Result<Option<OperationRecord>, StoreError> {
        self.store.operation(id).await
    }

    /// Operations older than one, or the newest; newest first, at most so many.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn operations(
        &self,
        before: Option<OperationId>,
        limit: usize,
    ) -> Result<Vec<OperationRecord>, StoreError> {
        self.store.operations(before, limit).await
    }

    /// Goes no further until [`Client::resume_operation`].
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn pause_operation(&self, id: OperationId) -> Result<Controlled, StoreError> {
        self.store.control_operation(id, Control::Pause, Now::Database).await
    }

    /// Goes on.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn resume_operation(&self, id: OperationId) -> Result<Controlled, StoreError> {
        self.store.control_operation(id, Control::Resume, Now::Database).await
    }

    /// Goes no further at all; what was done stays, until it is undone.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn stop_operation(&self, id: OperationId) -> Result<Controlled, StoreError> {
        self.store.control_operation(id, Control::Stop, Now::Database).await
    }

    /// Puts back every job of it that nobody has touched since: it is where the operation left it, with its number of
    /// attempts and its args. What is not stays and is counted. Workers' requests to stop cannot be taken back.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn undo_operation(&self, id: OperationId) -> Result<Controlled, StoreError> {
        self.store.control_operation(id, Control::Undo, Now::Database).await
    }

    /// Goes through an operation's jobs here, beside the workers' leader, until it is over, paused or stopped: for programs
    /// that wait for it, and where no worker lives. Dropped, it leaves the operation where it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such operation, otherwise what kept the store from writing.
    pub async fn run_operation(&self, id: OperationId) -> Result<OperationRecord, StoreError> {
        loop {
            let began = tokio::time::Instant::now();
            let round =
                self.store.operation_round(Which::Of(id), OPERATION_JOBS, Now::Database).await?;
            let Some(next) = round.next else { break };
            tokio::time::sleep(within(began.elapsed(), next)).await;
        }
        let record = self.store.operation(id).await?;
        record.ok_or_else(|| id.missing())
    }
}
