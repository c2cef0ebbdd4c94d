//! End: what is told of the jobs of an event, and what they keep until each has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::event::{Keep, NewEvent, claim};
use windlass_core::id::{EventId, JobId};
use windlass_core::job::{Retried, State, Verdict};
use windlass_core::subscription::{Feed, Start, event_of, job_of};

use super::{feed, got, paid, publish, subscribe};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::{complete, die, retry, snooze};
use crate::worker::{Worker, request, settlement, worker};

/// The state of the event's job in each subscription, as the event is explained.
async fn told(fixture: &StoreFixture, event: EventId) -> Vec<(String, Option<State>)> {
    let client = Client::new(fixture.shared_store());
    let explained = client.explain_event(event).await.expect("read").expect("it is kept");
    explained.decisions.into_iter().map(|one| (one.subscription, one.state)).collect()
}

/// Claims one job of a kind and ends its attempt so.
async fn end(worker: &Worker<'_>, verdict: Verdict) -> JobId {
    let batch = worker.claim(1).await;
    worker.settle_all(&batch, &verdict).await;
    batch.jobs.first().expect("there is one").id
}

/// O11: an event with three jobs, of which one ends well, one after a failure, and one is dead: each is told as it stands, the event
/// stays while one is dead, and goes once that was retried and has ended well.
pub async fn an_event_tells_how_each_of_its_jobs_has_ended(fixture: StoreFixture) {
    fixture.store().keep_events(Keep::at_least(Duration::ZERO)).await.expect("kept");
    for name in ["always", "never", "once"] {
        subscribe(&fixture, name, "order.*", Start::Now).await;
    }
    let event = paid(7);
    publish(&fixture, [event.clone()]).await;
    feed(&fixture).await;
    let of_kind = async |kind| fixture.start(worker().knowing(&[(kind, 1)])).await;
    let states = |states: [State; 3]| {
        let named = ["always", "never", "once"].map(str::to_owned).into_iter().zip(states);
        named.map(|(name, state)| (name, Some(state))).collect::<Vec<_>>()
    };
    assert_eq!(told(&fixture, event.id).await, states([State::Available; 3]));
    let (always, never, once) =
        (of_kind("on.always").await, of_kind("on.never").await, of_kind("on.once").await);
    end(&always, complete()).await;
    end(&once, retry(SECOND)).await;
    let dead = end(&never, die()).await;
    let now = told(&fixture, event.id).await;
    assert_eq!(now, states([State::Completed, State::Dead, State::Retryable]));
    fixture.advance(SECOND);
    fixture.promote().await;
    end(&once, complete()).await;
    let now = told(&fixture, event.id).await;
    assert_eq!(now, states([State::Completed, State::Dead, State::Completed]));
    assert_eq!(fixture.tidy().await.forgotten, 0, "one of its jobs is dead");
    assert_eq!(fixture.retry(dead).await, Retried::Now);
    assert_eq!(end(&never, complete()).await, dead);
    let mut gone = 0;
    for _ in 0..3 {
        gone += fixture.tidy().await.forgotten;
    }
    assert_eq!(gone, 1, "nothing needs it any more");
    assert_eq!(fixture.store().event(event.id).await.expect("read"), None);
}

/// E14: a dead job of an event that is retried is the same one: its id, its event, root and parent, the trace and what it is about.
pub async fn a_dead_job_of_an_event_is_retried_as_it_was(fixture: StoreFixture) {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    let mut event = paid(7).about("customer=42".parse().expect("a subject"));
    event.meta.traceparent = Some(TRACE.to_owned());
    publish(&fixture, [event.clone(), paid(8)]).await;
    feed(&fixture).await;
    let mail = worker().knowing(&[("on.mail", 1)]).registration();
    let (store, now) = (fixture.store(), fixture.now());
    store.register(&mail, now).await.expect("registered");
    let first = claim(store, &request(&mail, 1), now).await.expect("claimed");
    let dies = [settlement(&first, 0, die())];
    store.settle(mail.worker, &dies, now).await.expect("settled");
    let (before, id) = (first.jobs[0].clone(), first.jobs[0].id);
    assert_eq!(fixture.find("state:dead kind:on.mail").await, [id]);
    assert_eq!(fixture.retry(id).await, Retried::Now);
    let again = claim(store, &request(&mail, 9), now).await.expect("claimed");
    let after = again.jobs.iter().find(|job| job.id == id).expect("it is the same one");
    assert_eq!((after.root, after.parent), (before.root, before.parent));
    assert_eq!((after.meta.traceparent.as_deref(), after.attempt), (Some(TRACE), 2));
    assert_eq!(after.meta.subjects, before.meta.subjects);
    let (read, first) = (after.event.as_deref().expect("its event"), before.event.as_deref());
    assert_eq!((Some(read), read.id), (first, event.id));
    assert_eq!(after.payload().as_str(), r#"{"order":7}"#);
}

/// O30: jobs of events are counted by their states as all others, in one call.
pub async fn jobs_of_events_are_counted_by_their_states(fixture: StoreFixture) {
    for name in ["a", "b"] {
        subscribe(&fixture, name, "order.*", Start::Now).await;
    }
    publish(&fixture, (0..7).map(paid)).await;
    feed(&fixture).await;
    let a = fixture.start(worker().knowing(&[("on.a", 1)])).await;
    let batch = a.claim(6).await;
    for (nth, verdict) in [complete(), die(), retry(SECOND), snooze(SECOND)].into_iter().enumerate()
    {
        a.settle(&batch, nth, verdict).await;
    }
    let waiting = fixture.find("kind:on.a state:available").await;
    fixture.cancel(waiting[0]).await;
    // Nobody alive knows the kind of the others.
    fixture.tidy().await;
    let counts = fixture.store().counts().await.expect("counted");
    let states = [
        (State::Completed, 1),
        (State::Dead, 1),
        (State::Retryable, 1),
        (State::Scheduled, 1),
        (State::Running, 2),
        (State::Cancelled, 1),
        (State::Waiting, 7),
        (State::Available, 0),
    ];
    for (state, number) in states {
        assert_eq!(counts.of(state), number, "{state}");
    }
}

/// O36: how far the log was fed and the jobs that come of it are written together: who sees the one sees the other, at any moment.
pub async fn how_far_it_was_fed_and_its_jobs_are_seen_together(fixture: StoreFixture) {
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    let (store, now) = (fixture.shared_store(), fixture.now());
    let reader = fixture.another_store().await;
    let number = store.subscriptions().await.expect("read").all[0].number;
    let is_over = Arc::new(AtomicBool::new(false));
    let fed = async {
        let mut feed = Feed::default();
        for round in 0..40 {
            publish(&fixture, (0..25).map(|nth| paid(25 * round + nth))).await;
            feed.round(&*store, now).await.expect("fed");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let seen = async {
        let mut looks = 0;
        while !is_over.load(Ordering::Relaxed) {
            let routed = reader.event_log().await.expect("read").routed;
            let events = reader.events(0, usize::try_from(routed).expect("few")).await;
            let jobs: Vec<JobId> = events
                .expect("read")
                .iter()
                .filter_map(|event| Some(job_of(event.recorded_at?, event.position?, number)))
                .collect();
            let there = reader.have_jobs(&jobs).await.expect("read");
            assert!(there.iter().all(|is_there| *is_there), "of {routed} events some have no job");
            looks += 1;
        }
        looks
    };
    let ((), looks) = futures_util::future::join(fed, seen).await;
    assert!(looks > 1, "nobody looked");
    feed(&fixture).await;
    assert_eq!(got(&fixture, "mail").await, (1..=1_000).collect::<Vec<_>>());
    // The other way round: no job of an event behind where it was fed.
    publish(&fixture, [paid(1_001), NewEvent::bare("tick")]).await;
    let jobs = fixture.find("kind:on.mail").await;
    let last = jobs.into_iter().filter_map(event_of).map(|(position, _)| position).max();
    assert!(last <= Some(store.event_log().await.expect("read").routed));
}
