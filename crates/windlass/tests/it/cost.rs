//! What the store costs PostgreSQL as a backlog grows: blocks and index entries, not times.

use std::sync::Arc;
use std::time::{Duration, Instant};
use windlass::store::Now;

use windlass::State;
use windlass::store::Store;
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::worker::{request, worker};

use crate::test_database::{Connection, SOON, TestDatabase, connect};

/// O33: a claim reads as many blocks of the queue's table with 200,000 jobs waiting as with 1,000,
/// except for what a taller index costs.
#[tokio::test]
async fn a_claim_reads_as_much_whatever_the_backlog() {
    let few = blocks_of_a_claim(1_000).await;
    let many = blocks_of_a_claim(200_000).await;
    println!("a claim of 100 jobs reads {few} blocks of 1,000 and {many} of 200,000");
    assert!(few > 0 && many < few * 2, "{many} blocks instead of {few}");
}

/// O33: a count that would take too long ends in time, and leaves its connection to others.
#[tokio::test]
async fn a_count_ends_in_time() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let new: Vec<_> = (0..10).map(|_| job().done()).collect();
    store.enqueue(&new, Now::Database).await.expect("written");
    assert!(store.counts().await.expect("counted").exact);
    let held = connect(&database).await;
    held.client.batch_execute("begin; lock table windlass.job_count").await.expect("held");
    let began = Instant::now();
    let counts = tokio::time::timeout(SOON, store.counts()).await.expect("it ends").expect("read");
    let took = began.elapsed();
    assert!(!counts.exact && took < Duration::from_secs(2), "{counts:?} after {took:?}");
    let claims = store.job(windlass::JobId::new()).await;
    assert!(claims.expect("the connection serves others").is_none());
    held.client.batch_execute("rollback").await.expect("let go");
    let counts = store.counts().await.expect("counted");
    assert_eq!((counts.exact, counts.of(State::Available)), (true, 10));
}

/// Blocks of the queue's table and its indexes that claiming 100 jobs reads, of so many that wait
/// and as many that are scheduled.
async fn blocks_of_a_claim(backlog: usize) -> i64 {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let asker = connect(&database).await;
    let alone = "alter table windlass.pending set (autovacuum_enabled = off)";
    asker.client.batch_execute(alone).await.expect("set");
    for part in (0..backlog).step_by(50_000) {
        let number = (backlog - part).min(50_000);
        let due: Vec<_> = jobs(number).map(|job| job.done()).collect();
        store.enqueue(&due, Now::Database).await.expect("written");
        let later: Vec<_> =
            jobs(number).map(|job| job.due_in(Duration::from_secs(3_600)).done()).collect();
        store.enqueue(&later, Now::Database).await.expect("written");
    }
    drop(store);
    let before = blocks_at_rest(&asker).await;
    let store: Arc<dyn Store> = database.open().await;
    let registration = worker().registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let batch = store.claim(&request(&registration, 100), Now::Database).await.expect("claimed");
    assert_eq!(batch.jobs.len(), 100);
    drop(store);
    blocks_at_rest(&asker).await - before
}

/// Blocks read so far. A session reports what it read when it ends, so this waits until no other
/// is left.
async fn blocks_at_rest(asker: &Connection) -> i64 {
    const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database() \
         and pid <> pg_backend_pid() and backend_type = 'client backend'";
    const BLOCKS: &str = "select (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::int8 \
         from pg_statio_user_tables where schemaname = 'windlass' and relname = 'pending'";
    let alone = async {
        while asker.client.query_one(OTHERS, &[]).await.expect("asked").get::<_, i64>(0) > 0 {}
    };
    tokio::time::timeout(SOON, alone).await.expect("the other sessions end");
    asker.client.query_one(BLOCKS, &[]).await.expect("asked").get(0)
}
