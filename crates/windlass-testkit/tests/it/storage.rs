//! What a store takes on the disk does not grow with what has passed through it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_core::limits::{CLAIM_JOBS, KEEP_FINISHED};
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::{Database, PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::{Draft, jobs};
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::Worker;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

mod sqlite {
    use super::*;

    /// X14, T3, T29: over rounds of churn with pruning the file stays as large as it was.
    #[test]
    fn it_stays_as_large_as_it_was() {
        let file = SqliteFile::fresh();
        let path = path_of(&file);
        run(file, |fixture| super::churn(fixture, move || on_disk(&path), || {}));
    }
}

mod postgres {
    use super::*;

    /// X14, T3, T29: over rounds of churn with pruning tables and indexes stay as large as they were, where
    /// they are vacuumed as often as our settings ask the server to.
    #[test]
    fn it_stays_as_large_as_it_was() {
        let cluster = std::sync::Arc::new(Cluster::shared());
        let database = PostgresDatabase::in_cluster(std::sync::Arc::clone(&cluster));
        let name = database.name().to_owned();
        run(database, |fixture| {
            let (size_of, vacuumed) = (name.clone(), name);
            let measured = std::sync::Arc::clone(&cluster);
            super::churn(
                fixture,
                move || measured.bytes(&size_of),
                move || cluster.vacuum(&vacuumed),
            )
        });
    }
}

/// X14: after a burst of fifty thousand jobs the file comes back to twice what is still in it,
/// in rounds of tidying that the leader makes anyway; so does the log beside it.
#[test]
fn a_file_comes_back_after_a_burst() {
    let (lean, file) = (SqliteFile::fresh(), SqliteFile::fresh());
    let (lean_path, path) = (path_of(&lean), path_of(&file));
    let live = run(lean, |fixture| async move {
        fixture.enqueue(kept()).await;
        bytes(&lean_path)
    });
    run(file, |fixture| async move {
        fixture.enqueue(kept()).await;
        for _ in 0..5 {
            fixture.enqueue(jobs(10_000).map(|job| job.bytes(600))).await;
        }
        work_off(&fixture.worker().await).await;
        let largest = on_disk(&path);
        fixture.advance(KEEP_FINISHED);
        // A leader that finds much to prune goes on at once.
        let mut rounds = 1;
        while fixture.tidy().await.pruned > 0 {
            rounds += 1;
        }
        for _ in 0..10 {
            fixture.tidy().await;
        }
        let now = on_disk(&path);
        println!("{live} bytes live, {largest} at most, {now} after {rounds} + 10 rounds");
        assert!(largest > 4 * live, "no burst: {largest} of {live}");
        assert!(now <= 2 * live, "{now} bytes for {live} of live data");
        fixture.check("scheduled 30000, pruned 50000").await;
    });
}

/// Jobs that are there before the burst and afterwards.
fn kept() -> impl Iterator<Item = Draft> {
    large(30_000).map(|job| job.due_in(100 * DAY))
}

/// Days on each of which some hundred jobs come, run and, a week later, go.
async fn churn(fixture: StoreFixture, bytes: impl Fn() -> u64, vacuum: impl Fn()) {
    const JOBS: usize = 500;
    const IN_FLIGHT: usize = 200;
    let worker = fixture.worker().await;
    fixture.enqueue(large(IN_FLIGHT)).await;
    let mut sizes = Vec::new();
    for day in 0..40 {
        fixture.enqueue(large(JOBS)).await;
        for _ in 0..5 {
            let batch = worker.claim(JOBS / 5).await;
            worker.settle_all(&batch, &complete()).await;
        }
        fixture.advance(DAY);
        worker.beat().await;
        fixture.tidy().await;
        vacuum();
        if day >= 20 {
            sizes.push(bytes());
        }
    }
    let (least, most) = (sizes.iter().min().expect("sizes"), sizes.iter().max().expect("sizes"));
    println!("from {least} to {most} bytes in twenty days of {JOBS} jobs");
    assert!(*most as f64 <= *least as f64 * 1.2, "{sizes:?}");
    assert!(fixture.store().counts().await.expect("counted").pruned > 20 * JOBS as u64 / 2);
}

/// Jobs of some size.
fn large(number: usize) -> impl Iterator<Item = Draft> {
    jobs(number).map(|job| job.bytes(200))
}

async fn work_off(worker: &Worker<'_>) {
    loop {
        let batch = worker.claim(CLAIM_JOBS).await;
        if batch.jobs.is_empty() {
            return;
        }
        worker.settle_all(&batch, &complete()).await;
    }
}

fn path_of(file: &SqliteFile) -> PathBuf {
    file.url().trim_start_matches("sqlite:").into()
}

/// Bytes of the file and its log.
fn on_disk(path: &Path) -> u64 {
    bytes(path) + bytes(&PathBuf::from(format!("{}-wal", path.display())))
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
