//! apalis with its SQLite backend.

use std::str::FromStr;
use std::time::Duration;

use apalis::prelude::*;
use apalis_sqlite::{Config as StorageConfig, SqliteStorage};
use bench_driver::{Config, Job, Options, Peer, Result, drive, ran};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

const QUEUE: &str = "mail";
/// Jobs fetched, and results written, at a time.
const FASTEST_BATCH: usize = 100;
const FASTEST_POLL: Duration = Duration::from_millis(10);

struct ApalisSqlite {
    pool: SqlitePool,
    options: Options,
}

impl Peer for ApalisSqlite {
    const NAME: &'static str = "apalis-sqlite";
    const LOCK: &'static str = include_str!("../Cargo.lock");

    async fn open(options: &Options) -> Result<Self> {
        let connect = SqliteConnectOptions::from_str(&options.store)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        // setup() turns synchronous off on the one connection that it happens to be given, so it
        // gets a pool of its own and the durable one is opened after it.
        let setup = SqlitePool::connect_with(connect.clone()).await?;
        SqliteStorage::setup(&setup).await?;
        setup.close().await;
        let pool = SqlitePool::connect_with(connect).await?;
        Ok(Self { pool, options: options.clone() })
    }

    async fn enqueue(&self, job: Job) -> Result<()> {
        Ok(self.storage().push(job).await?)
    }

    async fn enqueue_batch(&self, jobs: Vec<Job>) -> Result<()> {
        Ok(self.storage().push_bulk(jobs).await?)
    }

    async fn start_worker(&self) -> Result<()> {
        match self.options.config {
            Config::Default => {
                let worker = WorkerBuilder::new("worker")
                    .backend(self.storage())
                    .concurrency(self.options.slots)
                    .build(send_mail);
                tokio::spawn(worker.run());
            }
            Config::Fastest => {
                let worker = WorkerBuilder::new("worker")
                    .backend(self.storage().poll_with_interval(FASTEST_POLL))
                    .concurrency(self.options.slots)
                    .build(send_mail);
                tokio::spawn(worker.run());
            }
        }
        Ok(())
    }

    async fn unfinished(&self) -> Result<u64> {
        let sql = "select count(*) from Jobs where status <> 'Done'";
        let jobs: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        Ok(jobs as u64)
    }
}

impl ApalisSqlite {
    fn storage(&self) -> SqliteStorage<Job> {
        let config = StorageConfig::default().queue(QUEUE);
        let config = match self.options.config {
            Config::Default => config,
            // One worker process needs no lock per job beside the claim.
            Config::Fastest => config.batch_size(FASTEST_BATCH).lock_tasks(false),
        };
        SqliteStorage::new(&self.pool).with_config(config)
    }
}

async fn send_mail(job: Job) -> std::result::Result<(), BoxDynError> {
    ran(job.id);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<ApalisSqlite>().await
}
