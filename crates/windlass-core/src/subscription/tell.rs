//! Tell: signals and events that come of events, before how far the log was fed with them is written.
//!
//! Telling waits for other transactions: somebody may signal the same key and take his time. So it waits for a bounded time, and a
//! subscription that was kept waiting is left alone for a while, so that the others do not wait with it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use super::{Beside, Slice};
use crate::condition::Signal;
use crate::error::StoreError;
use crate::event::NewEvent;
use crate::store::{Now, Store};

/// How long telling may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long one that was kept waiting is left alone, at first and at most.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Who tells, and whom it leaves alone for now, by the numbers of the subscriptions.
#[derive(Debug, Default)]
pub(super) struct Teller {
    kept: HashMap<u32, Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    until: Instant,
    wait: Duration,
}

/// What came of telling.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// All of it, except for what comes of these subscriptions, which were kept waiting.
    Without(Vec<u32>),
    /// A subscription was changed meanwhile: perhaps it is not to be told.
    Stale,
}

impl Teller {
    /// Whether this one was kept waiting just now.
    pub(super) fn leaves_alone(&self, number: u32) -> bool {
        self.kept.get(&number).is_some_and(|kept| Instant::now() < kept.until)
    }

    /// Tells what comes of a slice besides jobs.
    ///
    /// # Errors
    /// What kept the store from writing: some of it may be told, and is once more.
    pub(super) async fn tell(
        &mut self,
        store: &dyn Store,
        slice: &Slice,
        now: Now,
    ) -> Result<Told, StoreError> {
        let Beside { events, signals, .. } = &slice.beside;
        if events.is_empty() && signals.is_empty() {
            return Ok(Told::Without(Vec::new()));
        }
        if store.event_log().await?.revision != slice.revision {
            return Ok(Told::Stale);
        }
        let mut waiting = HashSet::new();
        if !events.is_empty() && !publish(store, events, now).await? {
            waiting.extend(events.iter().map(|(number, _)| *number));
        }
        // Of those with one key the first counts: beside each other the second might come first.
        let mut keys = HashSet::new();
        let firsts: Vec<_> =
            signals.iter().filter(|(_, signal)| keys.insert(signal.key.as_str())).collect();
        let told = join_all(firsts.iter().map(|(_, one)| signal(store, one, now))).await;
        for ((number, _), is_told) in firsts.into_iter().zip(told) {
            if !is_told? {
                waiting.insert(*number);
            }
        }
        let numbers = events.iter().map(|(number, _)| *number);
        for number in numbers.chain(signals.iter().map(|(number, _)| *number)) {
            match waiting.contains(&number) {
                true => self.keep(number),
                false => _ = self.kept.remove(&number),
            }
        }
        let mut waiting: Vec<u32> = waiting.into_iter().collect();
        waiting.sort_unstable();
        Ok(Told::Without(waiting))
    }

    fn keep(&mut self, number: u32) {
        let now = Instant::now();
        let before = self.kept.get(&number).copied();
        // One slice may have many events of one subscription.
        if before.is_some_and(|kept| now < kept.until) {
            return;
        }
        let wait = before.map_or(FIRST, |kept| (2 * kept.wait).min(LONGEST));
        self.kept.insert(number, Kept { until: now + wait, wait });
    }
}

/// Publishes the events; false where another transaction keeps them waiting, or the store cannot write them.
async fn publish(
    store: &dyn Store,
    events: &[(u32, NewEvent)],
    now: Now,
) -> Result<bool, StoreError> {
    let events: Vec<NewEvent> = events.iter().map(|(_, event)| event.clone()).collect();
    match timeout(PATIENCE, store.publish(&events, now)).await {
        Ok(Err(error)) if !error.is_passing() => {
            tracing::warn!(%error, "events were not published once more; it is tried again");
            Ok(false)
        }
        Ok(published) => published.map(|_| true),
        Err(_) => Ok(false),
    }
}

/// Tells one signal; false where another transaction keeps it waiting, or the store cannot write it.
async fn signal(store: &dyn Store, signal: &Signal, now: Now) -> Result<bool, StoreError> {
    let Ok(told) = timeout(PATIENCE, store.signal(signal, now)).await else {
        return Ok(false);
    };
    match told {
        // It would be refused for ever.
        Err(StoreError::Refused(refusal)) => {
            tracing::warn!(key = signal.key, %refusal, "an event cannot be told as a signal");
            Ok(true)
        }
        Err(error) if !error.is_passing() => {
            tracing::warn!(key = signal.key, %error, "an event was not told as a signal; it is tried again");
            Ok(false)
        }
        told => told.map(|_| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E20: one that is kept waiting is left alone for a while, for longer each time, and the others are not.
    #[tokio::test(start_paused = true)]
    async fn one_that_is_kept_waiting_is_left_alone_ever_longer() {
        let mut teller = Teller::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            teller.keep(7);
            // Of many events of one slice each is kept waiting.
            teller.keep(7);
            let since = Instant::now();
            while teller.leaves_alone(7) {
                assert!(!teller.leaves_alone(8));
                tokio::time::advance(Duration::from_millis(50)).await;
            }
            waits.push(since.elapsed().as_millis());
        }
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        teller.kept.remove(&7);
        teller.keep(7);
        tokio::time::advance(FIRST).await;
        assert!(!teller.leaves_alone(7), "what was told in between begins from the start");
    }
}
