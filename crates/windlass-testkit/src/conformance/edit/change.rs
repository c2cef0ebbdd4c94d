//! Changes are made where what they are of is as it was seen.

use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::edit::{Edit, Edited, Edition, Expected, Wanted};
use windlass_core::error::StoreError;
use windlass_core::limit::{Limit, LimitOn};
use windlass_core::limits::NOTE_BYTES;
use windlass_core::queue::{Aging, QueueBound};
use windlass_core::schedule::{Definition, Schedule};
use windlass_core::store::Store;
use windlass_core::subscription::{Filter, Start, Subscription};
use windlass_core::worker::MinimumBuild;

use crate::draft::{KIND, job};
use crate::fixture::{MINUTE, StoreFixture};

/// How often two make a change at once.
const RACES: u32 = 20;

fn on() -> LimitOn {
    LimitOn::Queue("mail".to_owned())
}

/// What is changed: a limit, a subscription, a bound, an aging, a build, and a schedule by itself.
const THINGS: usize = 6;

/// A change of one of them, another one for each number.
fn put(thing: usize, nth: u32) -> Edit {
    let more = nth + 1;
    match thing {
        0 => Edit::SetLimit(Limit::on(on()).running(more), Some("ana".to_owned())),
        1 => {
            let filter = Filter::of_types(["*"]).build().expect("a filter");
            let subscription = Subscription::new(filter, KIND).queue(format!("queue-{more}"));
            Edit::PutSubscription("books".to_owned(), Box::new(subscription), Start::Now)
        }
        2 => Edit::Bound(QueueBound::new("mail", more.into())),
        3 => Edit::Age(Aging::new("post", MINUTE * more)),
        4 => Edit::RequireBuild(MinimumBuild::new(&format!("shop {more}.0")).expect("a build")),
        _ => unreachable!("there are no more"),
    }
}

fn removed(thing: usize) -> Edit {
    match thing {
        0 => Edit::RemoveLimit(on()),
        1 => Edit::RemoveSubscription("books".to_owned()),
        2 => Edit::Unbound("mail".to_owned()),
        3 => Edit::StopAging("post".to_owned()),
        _ => Edit::AllowBuilds("shop".to_owned()),
    }
}

/// The edition that a thing is of now.
async fn edition(store: &dyn Store, thing: usize, fixture: &StoreFixture) -> Option<Edition> {
    match thing {
        0 => {
            let all = store.limits(fixture.now()).await.expect("read");
            all.first().map(Edition::of_limit)
        }
        1 => {
            let all = store.subscriptions().await.expect("read").all;
            all.first().map(Edition::of_subscription)
        }
        2 => {
            let all = store.bounds().await.expect("read");
            Edition::of_queue(all.first(), None)
        }
        3 => {
            let all = store.agings().await.expect("read");
            Edition::of_queue(None, all.first())
        }
        4 => store.required_builds().await.expect("read").first().map(Edition::of_build),
        _ => {
            let all = store.schedules().await.expect("read");
            all.first().map(Edition::of_schedule)
        }
    }
}

async fn edit(fixture: &StoreFixture, edit: &Edit, expected: &Expected) -> Edited {
    fixture.store().edit(edit, expected, fixture.now()).await.expect("it reaches the store")
}

/// A change is made where the thing is as it was seen; one for what it was before changes nothing.
pub async fn only_what_is_as_it_was_seen_is_changed(fixture: StoreFixture) {
    for thing in 0..THINGS - 1 {
        let now = async || edition(fixture.store(), thing, &fixture).await;
        assert_eq!(now().await, None);
        let some = Expected { is: Some(Wanted::Any), is_not: None };
        assert_eq!(edit(&fixture, &put(thing, 0), &some).await, Edited::Stale, "{thing}");
        assert_eq!(now().await, None);
        let first = edit(&fixture, &put(thing, 0), &Expected::nothing()).await;
        assert_eq!(first, Edited::Done(true), "{thing}");
        let seen = now().await.expect("it is there");
        assert_eq!(edit(&fixture, &put(thing, 1), &Expected::nothing()).await, Edited::Stale);
        assert_eq!(now().await, Some(seen.clone()), "{thing}");
        let changed = edit(&fixture, &put(thing, 1), &Expected::edition(seen.clone())).await;
        assert!(matches!(changed, Edited::Done(_)), "{thing}");
        let next = now().await.expect("it is there");
        assert_ne!(next, seen, "{thing}");
        for late in [put(thing, 2), removed(thing)] {
            let late = edit(&fixture, &late, &Expected::edition(seen.clone())).await;
            assert_eq!((late, now().await.as_ref()), (Edited::Stale, Some(&next)), "{thing}");
        }
        let gone = edit(&fixture, &removed(thing), &Expected::edition(next.clone())).await;
        assert_eq!((gone, now().await), (Edited::Done(true), None), "{thing}");
        assert_eq!(edit(&fixture, &removed(thing), &Expected::edition(next)).await, Edited::Stale);
    }
}

/// What the plain call refuses is refused here as well, and nothing is written.
pub async fn what_cannot_be_kept_is_refused(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    let filter = Filter::of_types(["*"]).build().expect("a filter");
    let long = MinimumBuild::new("shop 1.0").expect("a build").note("n".repeat(NOTE_BYTES + 1));
    let edits = [
        Edit::SetLimit(Limit::on(on()).running(0), None),
        Edit::PutSubscription(
            "a b".to_owned(),
            Box::new(Subscription::new(filter, KIND)),
            Start::Now,
        ),
        Edit::Bound(QueueBound::new("mail", 0)),
        Edit::Bound(QueueBound::new("", 1)),
        Edit::Age(Aging::new("post", Duration::ZERO)),
        Edit::StopAging("".to_owned()),
        Edit::RequireBuild(long),
    ];
    for edit in edits {
        for expected in [Expected::default(), Expected::nothing()] {
            let refused = client.edit(&edit, &expected).await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{edit:?}: {refused:?}");
        }
    }
    for thing in 0..THINGS {
        assert_eq!(edition(fixture.store(), thing, &fixture).await, None, "{thing}");
    }
}

/// Of two who saw the same and change it at once, on two connections, one does.
pub async fn of_two_who_saw_the_same_one_changes_it(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    for thing in 0..THINGS - 1 {
        for nth in 0..RACES {
            let seen = edition(fixture.store(), thing, &fixture).await;
            let expected = seen.clone().map_or_else(Expected::nothing, Expected::edition);
            let (one, two) = (put(thing, 2 * nth), put(thing, 2 * nth + 1));
            let (one, two) = tokio::join!(
                fixture.store().edit(&one, &expected, fixture.now()),
                other.edit(&two, &expected, fixture.now()),
            );
            let came = [one.expect("asked"), two.expect("asked")];
            let stale = came.iter().filter(|edited| **edited == Edited::Stale).count();
            assert_eq!(stale, 1, "{thing}, {nth}: {came:?}");
            assert_ne!(edition(fixture.store(), thing, &fixture).await, seen);
        }
    }
}

fn definition(minutes: u32) -> Definition {
    let schedule = Schedule::every(MINUTE * (minutes + 1));
    Definition::new(schedule, job().done()).expect("a definition")
}

/// A schedule is as it was seen also after it has fired; of two who change it at once one does.
pub async fn a_schedule_that_has_fired_is_as_it_was_seen(fixture: StoreFixture) {
    let clients = [fixture.shared_store(), fixture.another_store().await].map(Client::new);
    let put = async |client: &Client, nth, expected: &Expected| {
        client.edit_schedule("sync", &definition(nth), expected).await.expect("asked")
    };
    let now = async || edition(fixture.store(), THINGS - 1, &fixture).await;
    assert_eq!(put(&clients[0], 0, &Expected::nothing()).await, Edited::Done(true));
    assert_eq!(put(&clients[0], 0, &Expected::nothing()).await, Edited::Stale);
    let seen = now().await.expect("it is there");
    clients[0].run_schedule_now("sync").await.map(drop).expect("it ran");
    assert_eq!(now().await, Some(seen.clone()));
    assert_eq!(put(&clients[0], 1, &Expected::edition(seen.clone())).await, Edited::Done(true));
    assert_eq!(put(&clients[0], 2, &Expected::edition(seen)).await, Edited::Stale);
    for nth in 1..RACES {
        let expected = Expected::edition(now().await.expect("it is there"));
        let (one, two) = tokio::join!(
            put(&clients[0], 2 * nth, &expected),
            put(&clients[1], 2 * nth + 1, &expected)
        );
        let stale = [one, two].iter().filter(|edited| **edited == Edited::Stale).count();
        assert_eq!(stale, 1, "{nth}: {one:?} {two:?}");
    }
    let seen = now().await.expect("it is there");
    clients[0].pause_schedule("sync", None).await.expect("paused");
    let gone = Edit::RemoveSchedule("sync".to_owned());
    assert_eq!(edit(&fixture, &gone, &Expected::edition(seen)).await, Edited::Stale);
    let seen = Expected::edition(now().await.expect("it is there"));
    assert_eq!(edit(&fixture, &gone, &seen).await, Edited::Done(true));
}
