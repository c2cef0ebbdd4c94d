//! Events and subscriptions of a store whose calls are written down.

use windlass_core::error::StoreError;
use windlass_core::subscription::SubscriptionRecord;

use super::RecordedStore;
use crate::fault::forward::forward;
use crate::fault::forward::names::*;
use crate::history::record::{Event, Fate, Said, Subscribed};

impl RecordedStore {
    /// Notes what was published, or may have been.
    fn note_published(
        &self,
        call: u64,
        events: &[NewEvent],
        result: &Result<Vec<Published>, StoreError>,
    ) {
        let fate = result.as_ref().map_or_else(Fate::of, |_| Fate::Done);
        let answers = events.iter().zip(result.iter().flatten());
        let existing = answers.filter(|(event, there)| event.id != there.id());
        let existing = existing.map(|(event, there)| (event.id, there.id())).collect();
        self.journal.note(Event::Published { call, fate, existing });
    }

    /// Notes what a subscription is. Where the store cannot say it now, what comes of it is judged by how it stands at the end.
    async fn note_subscribed(&self, name: &str) {
        let (Ok(found), Ok(log)) = (self.store.subscriptions().await, self.store.event_log().await)
        else {
            return;
        };
        if let Some(one) = found.all.iter().find(|one| one.name == name) {
            self.journal.note(Event::Subscribed(Subscribed::of(one, log.last)));
        }
    }
}

impl Subscribed {
    /// What is written down of a subscription in a log that reaches so far.
    #[must_use]
    pub fn of(record: &SubscriptionRecord, reached: u64) -> Self {
        let filter = serde_json::to_value(&record.definition.filter).unwrap_or_default();
        let members = filter.as_object().cloned().unwrap_or_default();
        let has_more = members.keys().any(|member| member != "types");
        let types = members.get("types").map(|types| serde_json::from_value(types.clone()));
        let types = types.transpose().ok().map(Option::unwrap_or_default);
        Self {
            number: record.number,
            name: record.name.clone(),
            after: record.after,
            until: record.until,
            reached,
            types: types.filter(|_| !has_more),
            has_lane: record.definition.lane.is_some(),
            credit: record.definition.most_unfinished(),
        }
    }
}

impl EventStore for RecordedStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        Box::pin(async move {
            let call = self.journal.next_call();
            let said = events.iter().map(Said::of).collect();
            self.journal.note(Event::Publish { call, events: said });
            let result = self.store.publish(events, now).await;
            self.note_published(call, events, &result);
            result
        })
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(async move {
            let page = self.store.events(after, most).await?;
            let position = |event: Option<&EventRecord>| event.and_then(|event| event.position);
            if let Some(seen) = position(page.first()).zip(position(page.last())) {
                let events = page.len() as u64;
                self.journal.note(Event::LogSeen { after, seen, events });
            }
            Ok(page)
        })
    }

    fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
        Box::pin(async move {
            self.store.keep_events(keep).await?;
            self.journal.note(Event::Kept { at_least: keep.at_least });
            Ok(())
        })
    }

    forward!(sequence events_by_name event_heads);
}

impl SubscriptionStore for RecordedStore {
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool> {
        Box::pin(async move {
            let result = self.store.put_subscription(name, definition, start, now).await;
            self.note_subscribed(name).await;
            result
        })
    }

    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.journal.note(Event::Unsubscribed { name: name.to_owned() });
        self.store.remove_subscription(name)
    }

    /// A job that is written is one that was enqueued.
    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        Box::pin(async move {
            let call = self.note_wanted(&slice.jobs);
            self.journal.note(Event::Route { call, number: slice.number });
            let result = self.store.route(slice, now).await;
            let fate = match &result {
                Ok(Routed::Stale) => Fate::Refused,
                Ok(Routed::Done | Routed::Live) => Fate::Done,
                Err(error) => Fate::of(error),
            };
            self.journal.note(Event::Enqueued { call, fate, existing: Vec::new() });
            result
        })
    }

    /// As [`Self::route`].
    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let call = self.note_wanted(&closing.jobs);
            self.journal.note(Event::Route { call, number: None });
            let result = self.store.close_windows(closing, now).await;
            let fate = match &result {
                Ok(true) => Fate::Done,
                Ok(false) => Fate::Refused,
                Err(error) => Fate::of(error),
            };
            self.journal.note(Event::Enqueued { call, fate, existing: Vec::new() });
            result
        })
    }

    forward!(pauses_of_subscriptions feeding);
}
