//! Subscriptions of every sort while faults come: live ones, ones that begin at the beginning, with a lane, with little credit; they
//! are paused, changed, removed, and fed parts of the log once more.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio_util::sync::CancellationToken;
use windlass_core::client::Client;
use windlass_core::event::Keep;
use windlass_core::id::EventId;
use windlass_core::store::Store;
use windlass_core::subscription::{Filter, Mode, Progress, Replay, Start, Subscription};

use super::QUEUES;
use crate::fault::patience::eventually;
use crate::history::journal::Journal;
use crate::history::record::{Event, Logged};

/// Events that are written down in one line.
const PAGE: usize = 500;

/// Those that are there from the beginning on. The last one is removed and made again.
const NAMES: [&str; 6] = ["all", "paid", "slow", "told", "some", "gone"];

/// How long events are kept.
const KEPT: Duration = Duration::from_secs(6);
/// How often the log is written down.
const WRITTEN_DOWN: Duration = Duration::from_millis(150);

/// Makes those that are there from the beginning.
pub(super) async fn make(store: &Arc<dyn Store>) {
    let keep = || async { store.keep_events(Keep::at_least(KEPT)).await.ok() };
    eventually("events to be kept", keep).await;
    for name in NAMES {
        let (client, one) = (Client::new(Arc::clone(store)), of_name(name, 1));
        let make = || async { client.subscribe(name, &one, Start::Now).await.ok() };
        eventually("a subscription", make).await;
    }
}

/// What one with this name is; the number is what is changed of it.
fn of_name(name: &str, number: u32) -> Subscription {
    let types = |types: &[&str]| {
        Filter::of_types(types.iter().copied()).build().expect("types can be read")
    };
    let lane = || "subject".parse().expect("it is an attribute");
    let credit = |credit: u32| NonZeroU32::new(credit).expect("it is not 0");
    let one = match name {
        "paid" => Subscription::new(types(&["order.*"]), "seen").lane(lane()),
        "slow" => Subscription::new(types(&["order.paid", "tick"]), "slowly").credit(credit(5)),
        "told" => Subscription::new(types(&["build.failed"]), "emits").credit(credit(100 + number)),
        "late" => Subscription::new(Filter::default(), "ledger").lane(lane()).credit(credit(50)),
        "some" => {
            let mode = Mode::batch(credit(3 + number % 4), Duration::from_millis(250));
            Subscription::new(types(&["order.*", "tick"]), "ok").lane(lane()).mode(mode)
        }
        "gone" => Subscription::new(types(&["tick"]), "seen"),
        _ => Subscription::new(Filter::default(), "ok").credit(credit(2_000 + number)),
    };
    one.queue(QUEUES[usize::from(name == "paid" || name == "late")])
}

/// One change by chance. The store may refuse now: it is asked often enough.
pub(super) async fn change(store: &Arc<dyn Store>, random: &mut Rng) {
    let client = Client::new(Arc::clone(store));
    let name = NAMES[random.usize(..NAMES.len())];
    match random.u8(..10) {
        0..3 => {
            let _ = client.pause_subscription(name).await;
            tokio::time::sleep(Duration::from_millis(random.u64(50..1_500))).await;
            let _ = client.resume_subscription(name).await;
        }
        3 | 4 => {
            let changed = of_name(name, random.u32(..100));
            let _ = client.subscribe(name, &changed, Start::Now).await;
        }
        5 | 6 => {
            let Ok(log) = client.event_log().await else { return };
            let after = random.u64(..=log.last);
            let mut replay = Replay::between(after, after + random.u64(1..200));
            replay.credit = NonZeroU32::new(random.u32(5..50));
            // One that is under way may be there.
            let _ = client.replay("paid", &replay).await;
        }
        7 | 8 => {
            let start = match random.bool() {
                true => Start::Now,
                false => Start::After(0),
            };
            let _ = client.unsubscribe("gone").await;
            let _ = client.subscribe("gone", &of_name("gone", 1), start).await;
        }
        // It is made in the middle, and wants all from the beginning on.
        _ => {
            let _ = client.subscribe("late", &of_name("late", 1), Start::After(0)).await;
        }
    }
}

/// Writes the log down as it comes, since events go after their time.
pub(super) async fn follow(store: Arc<dyn Store>, journal: Arc<Journal>, stop: CancellationToken) {
    let mut after = 0;
    while !stop.is_cancelled() {
        let page = store.events(after, PAGE).await.unwrap_or_default();
        let events: Vec<Logged> = page.iter().filter_map(Logged::of).collect();
        let is_over = events.len() < PAGE;
        if let Some(last) = events.last() {
            after = last.position;
            journal.note(Event::LogRead { events });
        }
        if is_over {
            tokio::time::sleep(WRITTEN_DOWN).await;
        }
    }
}

/// Has all of them go on.
pub(super) async fn resume(store: &Arc<dyn Store>) {
    let client = Client::new(Arc::clone(store));
    for name in NAMES.into_iter().chain(["late", "paid/replay"]) {
        let resume = || async { client.resume_subscription(name).await.ok() };
        eventually("a subscription to go on", resume).await;
    }
}

/// Whether these events have their positions, and everybody has been fed all there is.
pub(super) async fn are_fed(store: &dyn Store, last: &[EventId]) -> bool {
    for event in last {
        // One that is not there was an existing one.
        let found = store.event(*event).await;
        if !found.is_ok_and(|event| event.is_none_or(|event| event.position.is_some())) {
            return false;
        }
    }
    let (Ok(log), Ok(found)) = (store.event_log().await, store.subscriptions().await) else {
        return false;
    };
    // A replay may end behind what there is.
    let is_fed = |one: &windlass_core::subscription::SubscriptionRecord| match one.until {
        Some(until) => one.position(&log) >= until.min(log.last),
        None => one.progress == Progress::Live,
    };
    if log.routed < log.last || !found.all.iter().all(is_fed) {
        return false;
    }
    for one in &found.all {
        if !store.windows(one.number).await.is_ok_and(|open| open.is_empty()) {
            return false;
        }
    }
    true
}
