//! Events and what comes of them, and where they come from.

use windlass_core::event::{
    EventHead, EventRecord, EventStore, Keep, LogRecord, NewEvent, Published,
};
use windlass_core::id::{EventId, JobId, WorkerId};
use windlass_core::source::{
    Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, SourceGap, SourceRecord,
    SourceStore,
};
use windlass_core::store::{Now, Reply};
use windlass_core::subscription::{
    Closing, DueWindows, EventWindow, GapRecord, RequestAnswer, Routed, Slice, Start, Subscription,
    SubscriptionRequest, SubscriptionStore, Subscriptions,
};

use super::ClockedStore;

impl EventStore for ClockedStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        self.store.publish(events, self.at(now))
    }

    fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64> {
        self.store.sequence(most, self.at(now))
    }

    fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>> {
        self.store.event(id)
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        self.store.events(after, most)
    }

    fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>> {
        self.store.event_heads(after, most)
    }

    fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>> {
        self.store.events_at(positions)
    }

    fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>> {
        self.store.events_of_tree(root, most)
    }

    fn await_events(&self, worker: WorkerId) -> Reply<'_, bool> {
        self.store.await_events(worker)
    }

    fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
        self.store.keep_events(keep)
    }

    fn renew_log(&self, now: Now) -> Reply<'_, u64> {
        self.store.renew_log(self.at(now))
    }

    fn event_log(&self) -> Reply<'_, LogRecord> {
        self.store.event_log()
    }
}

impl SubscriptionStore for ClockedStore {
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool> {
        self.store.put_subscription(name, definition, start, self.at(now))
    }

    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_subscription(name)
    }

    fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        self.store.pause_subscription(name, self.at(now))
    }

    fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.resume_subscription(name)
    }

    fn subscription_requests(&self, most: usize) -> Reply<'_, Vec<SubscriptionRequest>> {
        self.store.subscription_requests(most)
    }

    fn answer_request<'a>(
        &'a self,
        nth: u64,
        answer: &'a RequestAnswer,
        now: Now,
    ) -> Reply<'a, bool> {
        self.store.answer_request(nth, answer, self.at(now))
    }

    fn subscriptions(&self) -> Reply<'_, Subscriptions> {
        self.store.subscriptions()
    }

    fn gaps(&self) -> Reply<'_, Vec<GapRecord>> {
        self.store.gaps()
    }

    fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>> {
        self.store.have_jobs(jobs)
    }

    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
        self.store.unfinished(counted)
    }

    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        self.store.route(slice, self.at(now))
    }

    fn due_windows<'a>(
        &'a self,
        except: &'a [u32],
        most: usize,
        now: Now,
    ) -> Reply<'a, DueWindows> {
        self.store.due_windows(except, most, self.at(now))
    }

    fn windows(&self, number: u32) -> Reply<'_, Vec<EventWindow>> {
        self.store.windows(number)
    }

    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
        self.store.close_windows(closing, self.at(now))
    }
}

impl SourceStore for ClockedStore {
    fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()> {
        self.store.declare_source(name, about, self.at(now))
    }

    fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding> {
        self.store.hold_source(hold, self.at(now))
    }

    fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()> {
        self.store.let_go_of_source(name, epoch)
    }

    fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported> {
        self.store.import(page, self.at(now))
    }

    fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
        self.store.sources()
    }

    fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>> {
        self.store.source(name)
    }

    fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>> {
        self.store.source_gaps(name, most)
    }

    fn close_source_gaps<'a>(
        &'a self,
        name: &'a str,
        event: Option<EventId>,
        now: Now,
    ) -> Reply<'a, u64> {
        self.store.close_source_gaps(name, event, self.at(now))
    }

    fn pause_source<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool> {
        self.store.pause_source(name, note, self.at(now))
    }

    fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool> {
        self.store.resume_source(name, self.at(now))
    }

    fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool> {
        self.store.reset_source(name, to, self.at(now))
    }

    fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_source(name)
    }

    fn quarantined<'a>(
        &'a self,
        name: &'a str,
        after: u64,
        most: usize,
    ) -> Reply<'a, Vec<QuarantineRecord>> {
        self.store.quarantined(name, after, most)
    }

    fn release_quarantined<'a>(
        &'a self,
        name: &'a str,
        released: &'a [Release],
        now: Now,
    ) -> Reply<'a, Vec<bool>> {
        self.store.release_quarantined(name, released, self.at(now))
    }
}
