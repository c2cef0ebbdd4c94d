//! Schedules: asking and acting, outside a worker.

use super::Client;
use crate::error::{Refusal, StoreError};
use crate::job::IntoDraft;
use crate::name::check_schedule;
use crate::reply::Now;
use crate::schedule::{self, Definition, RanNow, Schedule, ScheduleRecord};
use crate::time::Timestamp;

/// Schedules. Every call that acts is committed when it returns.
impl Client {
    /// All schedules, by name; those that were removed although a program declares them are among them.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn schedules(&self) -> Result<Vec<ScheduleRecord>, StoreError> {
        self.store.schedules().await
    }

    /// One schedule.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn schedule(&self, name: &str) -> Result<Option<ScheduleRecord>, StoreError> {
        check_schedule(name).map_err(Refusal::from)?;
        self.store.schedule(name).await
    }

    /// Makes a schedule, or changes it. From now on a program's declaration does not change it again; where this says
    /// the same as the declaration, that is followed again. A new rule or zone counts from now.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it cannot be used, otherwise what kept the store from writing.
    pub async fn put_schedule(
        &self,
        name: &str,
        schedule: Schedule,
        job: impl IntoDraft,
    ) -> Result<(), StoreError> {
        self.put_schedule_definition(name, &Definition::new(schedule, job)?).await
    }

    /// The same of a definition, such as one that was read and changed.
    ///
    /// # Errors
    /// As [`Client::put_schedule`].
    pub async fn put_schedule_definition(
        &self,
        name: &str,
        definition: &Definition,
    ) -> Result<(), StoreError> {
        let by = self.pipeline.origin().unwrap_or("a client");
        schedule::put(&*self.store, (name, definition), by).await
    }

    /// Lets a schedule fire no more until [`Client::resume_schedule`]; a declaration does not end the pause. Jobs that are
    /// enqueued already run. `false` where there is no such schedule.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn pause_schedule(&self, name: &str, note: Option<&str>) -> Result<bool, StoreError> {
        check_schedule(name).map_err(Refusal::from)?;
        self.store.pause_schedule(name, note, Now::Database).await
    }

    /// Ends a pause. What was due meanwhile has no run. `false` where it was not paused.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn resume_schedule(&self, name: &str) -> Result<bool, StoreError> {
        check_schedule(name).map_err(Refusal::from)?;
        self.store.resume_schedule(name, Now::Database).await
    }

    /// Enqueues a schedule's job now, paused or not; its next due time stays. Where its last job has not ended, and the
    /// schedule allows none beside it, nothing is enqueued. [`Occurrence::cause`](crate::schedule::Occurrence::cause) of
    /// the job says that it was asked for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such schedule, otherwise what kept the store from writing.
    pub async fn run_schedule_now(&self, name: &str) -> Result<RanNow, StoreError> {
        check_schedule(name).map_err(Refusal::from)?;
        schedule::run_now(&*self.store, name).await
    }

    /// Removes a schedule; its jobs stay. One that a program declares stays on the list as removed, and the declaration
    /// does not bring it back; removing it once more forgets it. `false` where there is no such schedule.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn remove_schedule(&self, name: &str) -> Result<bool, StoreError> {
        check_schedule(name).map_err(Refusal::from)?;
        self.store.remove_schedule(name, Now::Database).await
    }

    /// A schedule's next due times after a moment, at most so many, as they are without a pause.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such schedule, [`StoreError::Refused`] when its rule cannot be read,
    /// otherwise when the store cannot be asked.
    pub async fn preview_schedule(
        &self,
        name: &str,
        after: Timestamp,
        most: usize,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let found = self.schedule(name).await?.ok_or_else(|| schedule::no_schedule(name))?;
        found.preview(after, most).map_err(StoreError::from)
    }
}
