//! Ask: who gets an event, and what a subscription gets.

use std::collections::BTreeMap;

use fastrand::Rng;
use windlass_core::client::Client;
use windlass_core::event::NewEvent;
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_core::json::Json;
use windlass_core::subscription::{Answer, Filter, Start, Subscription, event_of};

use super::{all, feed, paid, publish, subscribe};
use crate::fixture::StoreFixture;

const TYPES: [&str; 4] = ["order.paid", "order.sent", "build.failed", "tick"];
const WANTED: [&str; 5] = ["order.*", "order.paid", "build.*", "*", "none"];
const SQL: [&str; 5] =
    ["data.n > 3", "subject LIKE 'a%'", "EXISTS data.x", "data.n = 1 / 0", "source = '/'"];

fn pick<'t>(rng: &mut Rng, of: &[&'t str]) -> &'t str {
    of[rng.usize(..of.len())]
}

fn some_event(rng: &mut Rng) -> NewEvent {
    let x = if rng.bool() { r#","x":true"# } else { "" };
    let data = Json::args(format!(r#"{{"n":{}{x}}}"#, rng.u8(0..6))).expect("JSON");
    NewEvent::new(pick(rng, &TYPES), data).subject(pick(rng, &["a/1", "a/2", "b/1"]))
}

fn some_filter(rng: &mut Rng) -> Filter {
    let mut filter = match rng.u8(..4) {
        0 => Filter::builder(),
        _ => Filter::of_types((0..rng.usize(1..3)).map(|_| pick(rng, &WANTED)).collect::<Vec<_>>()),
    };
    for _ in 0..rng.usize(..3) {
        filter = match rng.u8(..3) {
            0 => filter.exact("subject", pick(rng, &["a/1", "b/1"])),
            1 => filter.exact("data.n", rng.u8(0..6)),
            _ => filter.sql(pick(rng, &SQL)),
        };
    }
    filter.build().expect("a filter")
}

async fn subscribe_by_chance(fixture: &StoreFixture, rng: &mut Rng, number: usize, last: u64) {
    let start = if rng.bool() { Start::Now } else { Start::After(rng.u64(..=last)) };
    let definition = Subscription::new(some_filter(rng), format!("on.s{number}"));
    let name = format!("s{number}");
    fixture.store().put_subscription(&name, &definition, start, fixture.now()).await.expect("put");
    if rng.u8(..4) == 0 {
        fixture.store().pause_subscription(&name, fixture.now()).await.expect("paused");
    }
}

/// O26: who gets an event and what a subscription gets are answered alike, with the same clause, for any event and any
/// subscription; and the jobs that have come of the events are those that both tell.
pub async fn both_directions_agree(fixture: StoreFixture) {
    let mut rng = Rng::with_seed(26);
    for round in 0..4 {
        publish(&fixture, (0..30).map(|_| some_event(&mut rng))).await;
        feed(&fixture).await;
        for number in 0..6 {
            subscribe_by_chance(&fixture, &mut rng, round * 6 + number, 30 * round as u64).await;
        }
    }
    publish(&fixture, (0..30).map(|_| some_event(&mut rng))).await;
    feed(&fixture).await;
    publish(&fixture, (0..20).map(|_| some_event(&mut rng))).await;
    fixture.store().sequence(100, fixture.now()).await.expect("sequenced");

    let client = Client::new(fixture.shared_store());
    let mut wanted = BTreeMap::new();
    for one in all(&fixture).await {
        let explained = client.explain_subscription(&one.name).await.expect("read").expect("there");
        assert_eq!((explained.after, explained.events), (0, 170));
        for looked in explained.matches {
            let position = looked.event.position.expect("a position");
            wanted.insert((position, one.name.clone()), (looked.answer, looked.explanation));
        }
    }
    let mut fed = 0;
    for event in client.events(0, 1_000).await.expect("read") {
        let position = event.position.expect("a position");
        let explained = client.explain_event(event.id).await.expect("read").expect("there");
        assert_eq!(explained.decisions.len(), 24);
        for decision in explained.decisions {
            let other = wanted.remove(&(position, decision.subscription));
            assert_eq!(decision.answer.wants(), other.is_some(), "{position}");
            assert_eq!(decision.answer.wants(), decision.explanation.matches);
            let Some(other) = other else { continue };
            assert_eq!((decision.answer, decision.explanation), other);
            assert_eq!(decision.answer.job().is_some(), decision.state.is_some());
            fed += usize::from(decision.answer.job().is_some());
        }
    }
    assert_eq!(wanted, BTreeMap::new());
    let jobs = fixture.find("").await.into_iter().filter(|job| event_of(*job).is_some()).count();
    assert_eq!(fed, jobs);
    assert!(fed > 100, "{fed}");
}

/// O26: each subscription is named with the clause that decided, and with the job that has come of the event.
pub async fn an_event_names_who_gets_it_and_why_the_others_do_not(fixture: StoreFixture) {
    subscribe(&fixture, "mail", "order.*", Start::Now).await;
    subscribe(&fixture, "builds", "build.*", Start::Now).await;
    subscribe(&fixture, "still", "*", Start::Now).await;
    fixture.store().pause_subscription("still", fixture.now()).await.expect("paused");
    let event = paid(7);
    publish(&fixture, [event.clone()]).await;
    feed(&fixture).await;
    subscribe(&fixture, "late", "*", Start::Now).await;
    subscribe(&fixture, "behind", "*", Start::After(0)).await;

    let client = Client::new(fixture.shared_store());
    let explained = client.explain_event(event.id).await.expect("read").expect("there");
    assert_eq!(explained.event.id, event.id);
    let line = |nth: usize| {
        let decision = &explained.decisions[nth];
        let name = decision.subscription.as_str();
        (name, decision.answer.word(), decision.explanation.to_string(), decision.state)
    };
    let fits = "types: order.paid fits order.*".to_owned();
    assert_eq!(line(0), ("mail", "fed", fits, Some(State::Available)));
    let fits_not = "types: order.paid is none of build.*".to_owned();
    assert_eq!(line(1), ("builds", "unwanted", fits_not, None));
    let any = "types: order.paid fits *".to_owned();
    assert_eq!(line(2), ("still", "paused", any.clone(), None));
    let before = "after: it wants events behind position 1, and this one has 1".to_owned();
    assert_eq!(line(3), ("late", "before", before, None));
    assert_eq!(line(4), ("behind", "waiting", any, None));
    let job = explained.decisions[0].answer.job().expect("a job");
    assert_eq!(fixture.job(job).await.kind, "on.mail");
    assert_eq!(fixture.job(job).await.parent, Some(JobId::from_uuid(event.id.as_uuid())));
    let unknown = paid(8).id;
    assert_eq!(client.explain_event(unknown).await.expect("read"), None);
}

/// O26: an event of a wanted type that one other clause alone refuses is told, with that clause; one that two refuse is not.
pub async fn a_subscription_names_what_it_nearly_gets(fixture: StoreFixture) {
    let filter = Filter::of_types(["order.*"])
        .exact("subject", "order/1")
        .sql("data.order > 0 AND EXISTS data.order")
        .build()
        .expect("a filter");
    let definition = Subscription::new(filter, "on.one");
    let put = fixture.store().put_subscription("one", &definition, Start::Now, fixture.now());
    put.await.expect("put");
    let neither = NewEvent::bare("order.paid").subject("order/9");
    let other_type = NewEvent::bare("tick").subject("order/1");
    publish(&fixture, [paid(1), paid(2), neither, other_type]).await;
    feed(&fixture).await;

    let client = Client::new(fixture.shared_store());
    let explained = client.explain_subscription("one").await.expect("read").expect("there");
    assert_eq!((explained.events, explained.subscription.behind(&explained.log)), (4, 0));
    let positions = |looked: &[windlass_core::subscription::Looked]| -> Vec<_> {
        looked.iter().filter_map(|one| one.event.position).collect()
    };
    assert_eq!(positions(&explained.matches), [1]);
    assert!(matches!(explained.matches[0].answer, Answer::Fed(_)));
    assert_eq!(positions(&explained.near), [2]);
    assert_eq!(explained.near[0].explanation.clause, "all[0].exact.subject");
    assert_eq!(explained.near[0].answer, Answer::Unwanted);
    assert_eq!(client.explain_subscription("none").await.expect("read"), None);
}
