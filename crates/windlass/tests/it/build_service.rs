//! One event, four consumers: examples/build_service.rs.

use std::sync::Arc;

use windlass::State;
use windlass::prelude::*;
use windlass::subscription::EventExplanation;

use crate::test_database::{SOON, TestDatabase, on_both_stores};

#[path = "../../examples/build_service.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod example;

on_both_stores! {
    /// O7, O10: the example's consumers each get their event, beside one that fails for it.
    each_consumer_of_the_example_has_its_own_end;
    /// O6, O10: an event is listed with the jobs that have come of it, each with its own end: one fails and is tried again, one gives
    /// up for good with its reason at the first attempt, the others are completed.
    one_event_has_a_job_for_each_consumer;
    /// O7: events that a consumer fails for come before good ones: all good ones are done before any of them is tried again.
    poison_holds_up_nothing_behind_it;
}

async fn each_consumer_of_the_example_has_its_own_end(database: TestDatabase) {
    let run = example::run(database.open().await);
    let done = tokio::time::timeout(3 * SOON, run).await.expect("it comes to an end");
    done.expect("its assertions hold");
}

fn states(explained: &EventExplanation) -> Vec<(&str, State)> {
    let of = |state: Option<State>| state.expect("it has a job");
    explained.decisions.iter().map(|one| (one.subscription.as_str(), of(one.state))).collect()
}

async fn one_event_has_a_job_for_each_consumer(database: TestDatabase) {
    let store = database.open().await;
    let (client, service) = (Client::new(Arc::clone(&store)), example::Shared::default());
    example::subscribe(&client).await.expect("subscribed");
    let running = example::worker(store, &service).start().await.expect("it starts");
    let failed = example::failed(1, "removed", "poison");
    let event = client.publish(&failed).await.expect("published").id();
    let explained = tokio::time::timeout(SOON, example::outcome(&client, event));
    let explained = explained.await.expect("in time").expect("read");
    running.stop().await;
    let expected = [
        ("mail", State::Retryable),
        ("feed", State::Cancelled),
        ("broker", State::Completed),
        ("log", State::Completed),
    ];
    assert_eq!(states(&explained), expected);
    let mut jobs = Vec::new();
    for decision in &explained.decisions {
        let job = decision.answer.job().expect("it was fed");
        jobs.push(client.job(job).await.expect("read").expect("it is kept"));
    }
    assert!(jobs.iter().all(|job| job.attempt == 1));
    assert!(jobs.iter().all(|job| job.parent.is_some_and(|id| id.as_uuid() == event.as_uuid())));
    let why = |nth: usize| jobs[nth].history[0].error.as_deref();
    assert_eq!(why(0), Some("the mail server hangs up"));
    assert_eq!(jobs[1].reason.as_deref(), Some("the project is gone"));
}

const POISON: u32 = 100;
const GOOD: u32 = 20;

async fn poison_holds_up_nothing_behind_it(database: TestDatabase) {
    let store = database.open().await;
    let (client, service) = (Client::new(Arc::clone(&store)), example::Shared::default());
    example::subscribe(&client).await.expect("subscribed");
    let owner = |build| if build < POISON { "poison" } else { "al" };
    let builds = (0..POISON + GOOD).map(|build| example::failed(build, "kde", owner(build)));
    let events = client.publish_all(builds).await.expect("published");
    let running = example::worker(store, &service).start().await.expect("it starts");
    let mut found = Vec::new();
    for event in events {
        let explained = tokio::time::timeout(2 * SOON, example::outcome(&client, event.id()));
        found.push(explained.await.expect("in time").expect("read"));
    }
    running.stop().await;
    assert_eq!(service.mails.all().len(), GOOD as usize);
    for lines in [service.feed.all(), service.log.all(), service.broker.all()] {
        assert_eq!(lines.len(), (POISON + GOOD) as usize);
    }
    let mut mails = Vec::new();
    for explained in &found {
        let mail = explained.decisions[0].answer.job().expect("it was fed");
        mails.push(client.job(mail).await.expect("read").expect("it is kept"));
    }
    let (poison, good) = mails.split_at(POISON as usize);
    assert!(good.iter().all(|mail| mail.state == State::Completed));
    let done = good.iter().map(|mail| mail.finished_at).max().expect("there are some");
    for mail in poison {
        assert!(mail.failures >= 1 && mail.state == State::Retryable, "{mail:?}");
        assert!(mail.history.get(1).is_none_or(|second| second.started_at > done), "{mail:?}");
    }
}
