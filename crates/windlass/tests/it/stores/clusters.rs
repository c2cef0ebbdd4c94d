//! Stores of which one is away, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;
use windlass::stores::{Routes, RunningWorkers, Stores};
use windlass::{Health, JobId, State, StoreError};
use windlass_testkit::cluster::Cluster;

use super::workers::workers;
use super::{eu_note, note, routes};
use crate::test_database::{SOON, TestDatabase};

/// F-13: of two clusters one is stopped. The other half goes on, and the jobs of the stopped one run after its return, without a
/// restart of the program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_half_goes_on_while_a_cluster_is_away() {
    let (eu, us) = (Cluster::private(), Cluster::shared());
    let (in_eu, in_us) = (eu.database(), us.database());
    let urls = [("eu", eu.url(&in_eu.name)), ("us", us.url(&in_us.name))];
    let stores = Stores::of(urls, routes()).expect("stores");
    let workers = workers(&stores, &Arc::default()).await;
    workers.quiet();
    let before = stores.enqueue(eu_note("before")).await.expect("written").id();

    eu.stop_at_once();
    workers.resume();
    until_failing(&workers, "eu").await;
    let refused = stores.enqueue(eu_note("meanwhile")).await.expect_err("it is away");
    assert!(refused.is_passing() && refused.to_string().contains("store eu: "), "{refused}");
    for text in ["one", "two"] {
        let id = stores.enqueue(note(text)).await.expect("written").id();
        completed(&stores, "us", id).await;
    }
    let unknown = stores.job(before).await.expect_err("it may be there");
    let told = unknown.to_string();
    assert!(told.contains("is not in us; eu could not be asked"), "{told}");
    let missing = stores.job(JobId::new()).await;
    assert!(matches!(missing, Err(StoreError::Unavailable { .. })), "{missing:?}");

    eu.start();
    completed(&stores, "eu", before).await;
    let after = stores.enqueue(eu_note("after")).await.expect("written").id();
    completed(&stores, "eu", after).await;
    workers.stop().await;
}

/// F-13: a program starts while one of its clusters is away, and works for that too once it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_starts_while_a_cluster_is_away() {
    let (eu, us) = (Cluster::private(), Cluster::shared());
    let (in_eu, in_us) = (eu.database(), us.database());
    let urls = [("eu", eu.url(&in_eu.name)), ("us", us.url(&in_us.name))];
    eu.stop_at_once();
    let stores = Stores::of(urls, routes()).expect("stores");
    comes_later(&stores, || eu.start()).await;
}

/// The same of files, whose folder is made later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_starts_while_a_file_is_away() {
    let (folder, us) = (tempfile::tempdir().expect("a folder"), TestDatabase::sqlite());
    let later = folder.path().join("later");
    let eu = format!("sqlite:{}", later.join("app.db").display());
    let stores = Stores::of([("eu", eu), ("us", us.url())], routes()).expect("stores");
    comes_later(&stores, || std::fs::create_dir(&later).expect("made")).await;
}

/// Of many who ask for a store that is away at the same time one tries to reach it; the others are told what came of that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_for_a_store_that_is_away_try_it_once() {
    let host = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("postgres://me@{}/app", host.local_addr().expect("bound"));
    let stores = Stores::of([("eu", url)], Routes::otherwise("eu")).expect("stores");
    let tries = AtomicUsize::new(0);
    let hang_up = async {
        loop {
            drop(host.accept().await.expect("accepted"));
            tries.fetch_add(1, Ordering::Relaxed);
        }
    };
    let ask = async {
        let asked = (0..50).map(|_| stores.client("eu"));
        for refused in futures_util::future::join_all(asked).await {
            let refused = refused.expect_err("nobody is there");
            assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
        }
    };
    tokio::select! {
        () = ask => {}
        () = hang_up => {}
    }
    let tries = tries.load(Ordering::Relaxed);
    assert!((1..10).contains(&tries), "{tries} tries");
}

/// `us` works while `eu` is away; quiet holds for what comes later too.
async fn comes_later(stores: &Stores, come: impl FnOnce()) {
    let ran: Arc<AtomicUsize> = Arc::default();
    let workers = workers(stores, &ran).await;
    until_failing(&workers, "eu").await;
    let refused = stores.enqueue(eu_note("a")).await.expect_err("it is away");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains("store eu: "), "{refused}");
    let id = stores.enqueue(note("b")).await.expect("written").id();
    completed(stores, "us", id).await;
    workers.quiet();

    come();
    let running = async {
        while workers.workers()[0].running.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, running).await.expect("it is tried again");
    let first = workers.workers()[0].running.clone().expect("it runs");
    let quiet = async {
        while !first.is_quiet() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(SOON, quiet).await.expect("it is quiet as the others are");
    let id = stores.enqueue(eu_note("c")).await.expect("written").id();
    workers.resume();
    completed(stores, "eu", id).await;
    drop(first);
    workers.stop().await;
}

async fn until_failing(workers: &RunningWorkers, store: &str) {
    let is_failing = || {
        let mut all = workers.workers().into_iter();
        let one = all.find(|one| &*one.store == store).expect("it is there");
        matches!(one.health, Health::Failing { .. })
    };
    let failing = async {
        while !is_failing() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, failing).await.expect("it finds out");
}

async fn completed(stores: &Stores, store: &str, id: JobId) {
    let client = stores.client(store).await.expect("open");
    let ended = async {
        loop {
            // It may still be coming back.
            match client.ended(id).await {
                Ok(job) => return job,
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
            tokio::task::yield_now().await;
        }
    };
    let job = tokio::time::timeout(SOON, ended).await.expect("it ends soon");
    assert_eq!(job.state, State::Completed);
}
