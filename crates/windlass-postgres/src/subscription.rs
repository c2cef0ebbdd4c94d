//! The verbs of subscriptions.

mod jobs;
pub(crate) mod list;
pub(crate) mod put;
mod request;
mod route;
mod routed;
mod window;

use windlass_core::id::JobId;
use windlass_core::store::{Now, Reply};
use windlass_core::subscription::{
    Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start, Subscription,
    SubscriptionRequest, SubscriptionStore, Subscriptions,
};

use crate::store::PostgresStore;

impl SubscriptionStore for PostgresStore {
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool> {
        Box::pin(put::put(&self.claims, (name, definition), start, now))
    }

    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(put::remove(&self.claims, name))
    }

    fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        Box::pin(put::pause(&self.claims, (name, true), now))
    }

    fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(put::pause(&self.claims, (name, false), Now::Database))
    }

    fn subscription_requests(&self, most: usize) -> Reply<'_, Vec<SubscriptionRequest>> {
        Box::pin(request::requests(&self.claims, most))
    }

    fn answer_request<'a>(
        &'a self,
        nth: u64,
        answer: &'a RequestAnswer,
        now: Now,
    ) -> Reply<'a, bool> {
        Box::pin(request::answer(&self.claims, nth, answer, now))
    }

    fn subscriptions(&self) -> Reply<'_, Subscriptions> {
        Box::pin(list::subscriptions(&self.claims))
    }

    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
        Box::pin(jobs::unfinished(&self.claims, counted))
    }

    fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>> {
        Box::pin(jobs::have(&self.claims, jobs))
    }

    fn gaps(&self) -> Reply<'_, Vec<GapRecord>> {
        Box::pin(list::gaps(&self.claims))
    }

    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        Box::pin(async move {
            let routed = route::route(&self.claims, slice, now).await?;
            self.wakeups.work_anywhere();
            Ok(routed)
        })
    }

    fn due_windows<'a>(
        &'a self,
        except: &'a [u32],
        most: usize,
        now: Now,
    ) -> Reply<'a, DueWindows> {
        Box::pin(window::due(&self.claims, except, most, now))
    }

    fn windows(&self, number: u32) -> Reply<'_, Vec<EventWindow>> {
        Box::pin(window::of(&self.claims, number))
    }

    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let closed = window::close(&self.claims, closing, now).await?;
            self.wakeups.work_anywhere();
            Ok(closed)
        })
    }
}
