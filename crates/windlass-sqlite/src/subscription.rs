//! The verbs of subscriptions.

mod jobs;
pub(crate) mod list;
pub(crate) mod put;
mod request;
mod route;
mod window;

use rusqlite::Connection;
use windlass_core::id::JobId;
use windlass_core::store::{Now, Reply};
use windlass_core::subscription::{
    Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start, Subscription,
    SubscriptionRequest, SubscriptionStore, Subscriptions,
};

use crate::connection::reader::in_one_snapshot;
use crate::store::{SqliteStore, at};

impl SubscriptionStore for SqliteStore {
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool> {
        let (name, definition) = (name.to_owned(), definition.clone());
        Box::pin(self.writer.write(move |c| put::put(c, (&name, &definition), start, at(now))))
    }

    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| put::remove(c, &name)))
    }

    fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| put::pause(c, &name, at(now))))
    }

    fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| put::resume(c, &name)))
    }

    fn subscription_requests(&self, most: usize) -> Reply<'_, Vec<SubscriptionRequest>> {
        Box::pin(self.readers.read(move |c| request::requests(c, most)))
    }

    fn answer_request<'a>(
        &'a self,
        nth: u64,
        answer: &'a RequestAnswer,
        now: Now,
    ) -> Reply<'a, bool> {
        let answer = answer.clone();
        Box::pin(self.writer.write(move |c| request::answer(c, nth, &answer, at(now))))
    }

    fn subscriptions(&self) -> Reply<'_, Subscriptions> {
        Box::pin(self.readers.read(in_one_snapshot(list::subscriptions)))
    }

    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
        let counted = counted.to_vec();
        Box::pin(self.readers.read(in_one_snapshot(move |c| jobs::unfinished(c, &counted))))
    }

    fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>> {
        let jobs = jobs.to_vec();
        Box::pin(self.readers.read(move |c| jobs::have(c, &jobs)))
    }

    fn gaps(&self) -> Reply<'_, Vec<GapRecord>> {
        Box::pin(self.readers.read(list::gaps))
    }

    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        let slice = slice.clone();
        Box::pin(async move {
            let routed = self.writer.write(move |c| route::route(c, &slice, at(now))).await?;
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
        let except = except.to_vec();
        let due = move |c: &Connection| window::due(c, &except, most, at(now));
        Box::pin(self.readers.read(in_one_snapshot(due)))
    }

    fn windows(&self, number: u32) -> Reply<'_, Vec<EventWindow>> {
        Box::pin(self.readers.read(move |c| window::of(c, number)))
    }

    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
        let closing = closing.clone();
        Box::pin(async move {
            let closed = self.writer.write(move |c| window::close(c, &closing, at(now))).await?;
            self.wakeups.work_anywhere();
            Ok(closed)
        })
    }
}
