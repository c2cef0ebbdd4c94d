//! Changes that expect something of what they change.

use super::Client;
use crate::edit::{Edit, Edited, Expected};
use crate::error::{Refusal, StoreError};
use crate::name::check_queue;
use crate::reply::Now;
use crate::schedule::{self, Definition};

/// Changes that are made only if nobody else has changed the thing since it was seen. Committed when they return.
impl Client {
    /// Makes a change if what it is of is as expected; [`Edited::Stale`] where it is not, and nothing is written then.
    ///
    /// # Errors
    /// As the plain call that makes the same change.
    pub async fn edit(&self, edit: &Edit, expected: &Expected) -> Result<Edited, StoreError> {
        self.check_edit(edit).await?;
        let edited = self.store.edit(edit, expected, Now::Database).await?;
        if let Edit::Bound(_) | Edit::Unbound(_) = edit {
            self.forget_bounds();
        }
        Ok(edited)
    }

    /// [`Client::put_schedule_definition`] if the schedule is as expected; [`Edited::Stale`] where it is not, and nothing is written
    /// then.
    ///
    /// # Errors
    /// As that.
    pub async fn edit_schedule(
        &self,
        name: &str,
        definition: &Definition,
        expected: &Expected,
    ) -> Result<Edited, StoreError> {
        let by = self.pipeline.origin().unwrap_or("a client");
        schedule::edit(&*self.store, (name, definition), by, expected).await
    }

    async fn check_edit(&self, edit: &Edit) -> Result<(), StoreError> {
        match edit {
            Edit::SetLimit(limit, _) => limit.check()?,
            Edit::Age(aging) => aging.check()?,
            Edit::StopAging(queue) => check_queue(queue).map_err(Refusal::from)?,
            Edit::Bound(bound) => bound.check()?,
            Edit::RequireBuild(minimum) => minimum.check()?,
            Edit::PutSubscription(name, subscription, start) => {
                self.prepare_subscription(name, subscription, *start).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
