//! Minimum builds: the oldest of each program that takes new work.

use windlass_core::error::{Refusal, StoreError};
use windlass_core::limits::MINIMUM_BUILDS;
use windlass_core::worker::{Beat, MinimumBuild};

use crate::fixture::{SECOND, StoreFixture};
use crate::worker::{Worker, worker};

/// T46: a minimum build is kept with its note until another one or none is set, and listed by program.
pub async fn a_minimum_build_is_set_changed_and_taken_away(fixture: StoreFixture) {
    let store = fixture.store();
    require(&fixture, &minimum("shop 2.13").note("old columns")).await;
    fixture.advance(SECOND);
    require(&fixture, &minimum("shop v2.14.0-rc.1").note("new columns, ana")).await;
    require(&fixture, &minimum("windlass work 0.1")).await;
    let listed = store.required_builds().await.expect("listed");
    let told: Vec<_> = listed
        .iter()
        .map(|one| (one.minimum.to_string(), one.minimum.note.as_deref(), one.set_at))
        .collect();
    let now = fixture.moment();
    let shop = ("shop 2.14.0".to_owned(), Some("new columns, ana"), now);
    assert_eq!(told, [shop, ("windlass work 0.1".to_owned(), None, now)]);
    assert!(store.allow_builds("shop").await.expect("taken away"));
    assert!(!store.allow_builds("shop").await.expect("asked"));
    assert!(!store.allow_builds("windlass").await.expect("asked"), "another program");
    assert_eq!(store.required_builds().await.expect("listed").len(), 1);
}

/// T46: a worker that registers gets the minimum builds before it can claim, and every heartbeat brings them as they are by
/// then, with the news that there are some.
pub async fn minimum_builds_come_with_registrations_and_heartbeats(fixture: StoreFixture) {
    let early = fixture.start(worker().built("shop 2.13.9")).await;
    assert_eq!(required(&early).await, []);
    let shop = minimum("shop 2.14").note("new columns");
    require(&fixture, &shop).await;
    assert!(early.sweep().await.attention, "there is news");
    assert_eq!(required(&early).await, std::slice::from_ref(&shop));
    assert!(!early.sweep().await.attention, "it was heard");
    let mailer = minimum("mailer 1");
    require(&fixture, &mailer).await;
    let late = worker().built("shop 2.13").registration();
    let told = fixture.store().register(&late, fixture.now()).await.expect("registered");
    assert_eq!(told, [mailer.clone(), shop]);
    assert!(fixture.store().allow_builds("shop").await.expect("taken away"));
    assert!(early.sweep().await.attention, "there is news again");
    assert_eq!(required(&early).await, [mailer]);
}

/// T46: the list says which workers are held back and by what: older builds of the program and those whose version
/// cannot be read, and no other program. A person's wish for quiet is another thing.
pub async fn the_list_says_who_is_below_the_minimum(fixture: StoreFixture) {
    let builds = ["shop 2.9", "shop dev", "shop", "shop 2.14.0", "shop api 1.0", "mailer 1", ""];
    for build in builds {
        fixture.start(worker().built(build)).await;
    }
    let held = async || {
        let listed = fixture.store().workers().await.expect("listed");
        assert!(listed.iter().all(|one| !one.quiet && one.takes_work() == one.held_back.is_none()));
        let held = listed.into_iter().filter(|one| one.held_back.is_some());
        held.map(|one| (one.build, one.held_back)).collect::<Vec<_>>()
    };
    assert_eq!(held().await, []);
    let shop = minimum("shop 2.14").note("new columns");
    require(&fixture, &shop).await;
    let below = ["shop 2.9", "shop dev", "shop"];
    assert_eq!(held().await, below.map(|build| (build.to_owned(), Some(shop.clone()))));
    require(&fixture, &minimum("shop 2.1")).await;
    let unread = ["shop dev", "shop"].map(str::to_owned);
    assert_eq!(held().await.into_iter().map(|(build, _)| build).collect::<Vec<_>>(), unread);
}

/// T46, bad input: heartbeats bring the minimum builds of all programs, so there are not more than so many; one that is
/// there can still be changed.
pub async fn so_many_programs_have_a_minimum_and_no_more(fixture: StoreFixture) {
    for number in 0..MINIMUM_BUILDS {
        require(&fixture, &minimum(&format!("program-{number} 1.0"))).await;
    }
    let worker = fixture.worker().await;
    assert_eq!(required(&worker).await.len(), MINIMUM_BUILDS);
    let refused = fixture.store().require_build(&minimum("shop 1.0"), fixture.now()).await;
    let is_refused =
        matches!(refused, Err(StoreError::Refused(Refusal::Builds { limit: MINIMUM_BUILDS })));
    assert!(is_refused, "{refused:?}");
    require(&fixture, &minimum("program-7 2.0")).await;
    assert!(fixture.store().allow_builds("program-8").await.expect("taken away"));
    require(&fixture, &minimum("shop 1.0")).await;
}

fn minimum(build: &str) -> MinimumBuild {
    MinimumBuild::new(build).expect("a test's minimum is one")
}

async fn require(fixture: &StoreFixture, minimum: &MinimumBuild) {
    fixture.store().require_build(minimum, fixture.now()).await.expect("it reaches the store");
}

async fn required(worker: &Worker<'_>) -> Vec<MinimumBuild> {
    let Beat::Alive { required, .. } = worker.beat().await else { panic!("the worker is gone") };
    required
}
