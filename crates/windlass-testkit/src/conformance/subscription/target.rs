//! Target: signals and events that come of events.

use std::num::NonZeroU32;

use windlass_core::client::Client;
use windlass_core::condition::Waits;
use windlass_core::error::{Refusal, StoreError};
use windlass_core::event::{EventRecord, NewEvent};
use windlass_core::job::State;
use windlass_core::json::Json;
use windlass_core::subscription::{
    Answer, EventTarget, Feed, Filter, Router, Start, Subscription, Target,
};

use super::{feed, got, paid, publish, subscribe};
use crate::draft::{Draft, job};
use crate::fault::meddled::{MeddledStore, Meddling};
use crate::fixture::StoreFixture;

async fn put(fixture: &StoreFixture, name: &str, subscription: &Subscription) {
    let put = fixture.store().put_subscription(name, subscription, Start::Now, fixture.now());
    assert!(put.await.expect("put"));
}

fn of_type(event_type: &str) -> Filter {
    Filter::of_types([event_type]).build().expect("a filter")
}

async fn events(fixture: &StoreFixture) -> Vec<EventRecord> {
    fixture.store().events(0, 1_000).await.expect("read")
}

fn waits(order: u32) -> Draft {
    let paid = Waits::all().signal("payment", format!("paid:{order}"));
    job().kind("order.ship").waits(paid)
}

/// E20: who waits for an event gets it, with its data, whether it comes before or after; of another key it waits on.
pub async fn a_job_waits_for_an_event(fixture: StoreFixture) {
    let by_order = "data.order".parse().expect("a key");
    put(&fixture, "paid", &Subscription::signal(of_type("order.paid"), by_order)).await;
    let late = fixture.enqueue([waits(1), waits(2)]).await;
    publish(&fixture, [paid(1), NewEvent::bare("order.paid"), paid(3)]).await;
    feed(&fixture).await;
    let early = fixture.enqueue_one(waits(3)).await;
    for (job, state) in [(late[0], State::Available), (late[1], State::Waiting)] {
        assert_eq!(fixture.job(job).await.state, state);
    }
    assert_eq!(fixture.job(early).await.state, State::Available);
    let first = events(&fixture).await[0].id.to_string();
    let met = fixture.store().conditions(early).await.expect("read");
    assert_eq!(met[0].data.as_ref().map(|data| data.as_str()), Some(r#"{"order":3}"#));
    let met = fixture.store().conditions(late[0]).await.expect("read");
    assert_eq!(met[0].note.as_deref(), Some(&*first), "it says which event it was");
    // Once more, as who feeds may tell it twice: the first counts.
    publish(&fixture, [paid(2), paid(2)]).await;
    feed(&fixture).await;
    assert_eq!(fixture.job(late[1]).await.state, State::Available);
    let client = Client::new(fixture.shared_store());
    let bare = events(&fixture).await[1].id;
    let explained = client.explain_event(bare).await.expect("read").expect("it is there");
    assert_eq!(explained.decisions[0].answer, Answer::Told);
    assert_eq!(explained.decisions[0].made, None, "it has no key");
}

/// E20: an event that comes of an event is published once, also where who feeds dies before it has written how far it came; it has
/// the data, the subject and the tree of the other.
pub async fn an_event_is_published_once_more(fixture: StoreFixture) {
    let bank = EventTarget { event_type: "money.in".into(), source: Some("/bank".into()) };
    put(&fixture, "money", &Subscription::to(of_type("order.paid"), Target::Event(bank))).await;
    let paid = paid(7).extension("tenant", "acme");
    publish(&fixture, [paid.clone(), NewEvent::bare("other")]).await;
    let store = fixture.store();
    while store.sequence(100, fixture.now()).await.expect("sequenced") > 0 {}
    let log = store.event_log().await.expect("read");
    let router = Router::new(store.subscriptions().await.expect("read"));
    let slice = router.route(&events(&fixture).await, &log).expect("there are events");
    let made: Vec<_> = slice.beside.events.iter().map(|(_, event)| event.clone()).collect();
    store.publish(&made, fixture.now()).await.expect("published");
    feed(&fixture).await;
    let events = events(&fixture).await;
    let [first, _, made] = &events[..] else { panic!("{events:?}") };
    let number = store.subscriptions().await.expect("read").all[0].number;
    let given = format!("{}/{number}/money.in", first.id);
    assert_eq!((&*made.event_type, &*made.source), ("money.in", "/bank"));
    assert_eq!((&made.given, &made.subject), (&Some(given), &first.subject));
    assert_eq!((&made.data, made.time, &made.meta), (&first.data, first.time, &first.meta));
    let root = made.root.map(|id| id.as_uuid());
    assert_eq!((root, made.parent), (Some(first.id.as_uuid()), made.root));
    let client = Client::new(fixture.shared_store());
    let trace = client.trace(made.id).await.expect("read").expect("it is there");
    assert_eq!(trace.members.iter().map(|one| one.level).collect::<Vec<_>>(), [0, 1]);
    let explained = client.explain_event(first.id).await.expect("read").expect("it is there");
    assert_eq!(explained.decisions[0].answer, Answer::Published);
    assert_eq!(explained.decisions[0].made.as_deref(), Some("money.in"));
}

/// E20: two subscriptions that each take what the other makes stop at a bound, and say so.
pub async fn a_loop_of_subscriptions_is_bounded(fixture: StoreFixture) {
    put(&fixture, "there", &Subscription::event(of_type("ping"), "pong")).await;
    put(&fixture, "back", &Subscription::event(of_type("pong"), "ping")).await;
    publish(&fixture, [NewEvent::bare("ping")]).await;
    feed(&fixture).await;
    let all = events(&fixture).await;
    assert_eq!(all.len(), 101);
    let client = Client::new(fixture.shared_store());
    let last = client.explain_event(all[100].id).await.expect("read").expect("it is there");
    assert_eq!(last.decisions[0].answer, Answer::TooDeep);
    assert_eq!(last.decisions[1].answer, Answer::Unwanted);
}

/// E20, O22: an event that a store cannot tell as a signal keeps none of the other subscriptions from theirs; one that tells has no
/// credit, also where it made jobs before.
pub async fn a_signal_that_cannot_be_told_keeps_nobody_back(fixture: StoreFixture) {
    let jobs = Subscription::new(of_type("order.*"), "on.was").credit(NonZeroU32::MIN);
    put(&fixture, "was", &jobs).await;
    subscribe(&fixture, "other", "order.*", Start::Now).await;
    publish(&fixture, [paid(1), paid(2)]).await;
    feed(&fixture).await;
    assert_eq!((got(&fixture, "was").await, got(&fixture, "other").await), (vec![1], vec![1, 2]));
    // Its job is unfinished; from now on it tells. As a client would refuse it, what it says of credit counts for nothing.
    let by_subject = Subscription::signal(of_type("order.*"), "subject".parse().expect("a key"));
    let by_subject = by_subject.credit(NonZeroU32::MIN);
    let put = fixture.store().put_subscription("was", &by_subject, Start::Now, fixture.now());
    assert!(!put.await.expect("changed"));
    feed(&fixture).await;
    let told = fixture.store().signalled("was:order/2").await.expect("read");
    assert!(told.is_some(), "it was behind by one");
    // Deeper than SQLite reads JSON.
    let deep = format!("{}{}", "[".repeat(1_500), "]".repeat(1_500));
    let deep = NewEvent::new("order.deep", Json::args(deep).expect("JSON")).subject("deep");
    publish(&fixture, [deep, paid(4)]).await;
    feed(&fixture).await;
    assert_eq!(got(&fixture, "other").await, [1, 2, 3, 4]);
}

/// E20: one that is removed, changed or paused after its events were read and before they are told tells nobody.
pub async fn what_is_changed_meanwhile_is_not_told(fixture: StoreFixture) {
    put(
        &fixture,
        "paid",
        &Subscription::signal(of_type("order.*"), "subject".parse().expect("a key")),
    )
    .await;
    put(&fixture, "money", &Subscription::event(of_type("order.*"), "money.in")).await;
    publish(&fixture, [paid(1)]).await;
    let now = fixture.now();
    let remove: Meddling = Box::new(move |store| {
        Box::pin(async move {
            store.remove_subscription("money").await?;
            store.pause_subscription("paid", now).await?;
            Ok(())
        })
    });
    let meddled = MeddledStore::new(fixture.shared_store(), remove);
    let fed = Feed::default().round(&meddled, now).await.expect("fed");
    assert!(fed.is_behind && fed.routed == 0, "{fed:?}");
    feed(&fixture).await;
    assert_eq!(events(&fixture).await.len(), 1);
    assert_eq!(fixture.store().signalled("paid:order/1").await.expect("read"), None);
    assert!(fixture.store().resume_subscription("paid").await.expect("resumed"));
    feed(&fixture).await;
    assert!(fixture.store().signalled("paid:order/1").await.expect("read").is_some());
}

/// E20: one that takes all that it makes is refused, and so is what belongs to jobs where none are made.
pub async fn what_would_take_its_own_output_is_refused(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    let refused = async |subscription: &Subscription| {
        let error = client.subscribe("own", subscription, Start::Now).await.expect_err("refused");
        let StoreError::Refused(refusal) = error else { panic!("{error}") };
        refusal
    };
    let own = refused(&Subscription::event(of_type("order.*"), "order.paid")).await;
    assert!(matches!(own, Refusal::OwnOutput { .. }), "{own}");
    let key = || "subject".parse().expect("a key");
    let lane = refused(&Subscription::signal(of_type("a"), key()).lane(key())).await;
    assert!(matches!(lane, Refusal::NoJobs { what: "lane" }), "{lane}");
    let bad = refused(&Subscription::event(of_type("a"), "not a type")).await;
    assert!(bad.to_string().contains("not a type"), "{bad}");
    let other = Filter::of_types(["order.*"]).exact("source", "/shop").build().expect("a filter");
    assert!(
        client
            .subscribe("own", &Subscription::event(other, "order.paid"), Start::Now)
            .await
            .expect("made")
    );
}
