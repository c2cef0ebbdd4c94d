//! apalis with its PostgreSQL backend.

use std::time::Duration;

use apalis::prelude::*;
use apalis_postgres::{Config as StorageConfig, PostgresStorage};
use bench_driver::{Config, Job, Options, Peer, Result, drive, ran};
use sqlx::postgres::{PgPool, PgPoolOptions};

const QUEUE: &str = "mail";
/// Jobs fetched, and results written, at a time.
const FASTEST_BATCH: usize = 1_000;
/// Behind the notifications, which don't tell of a backlog.
const FASTEST_POLL: Duration = Duration::from_millis(50);

struct ApalisPostgres {
    pool: PgPool,
    options: Options,
}

impl Peer for ApalisPostgres {
    const NAME: &'static str = "apalis-postgres";
    const LOCK: &'static str = include_str!("../Cargo.lock");

    async fn open(options: &Options) -> Result<Self> {
        let connections = options.clients.max(20) as u32;
        let pool =
            PgPoolOptions::new().max_connections(connections).connect(&options.store).await?;
        PostgresStorage::setup(&pool).await?;
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
                    .backend(self.storage().with_pubsub().poll_with_interval(FASTEST_POLL))
                    .concurrency(self.options.slots)
                    .build(send_mail);
                tokio::spawn(worker.run());
            }
        }
        Ok(())
    }

    async fn unfinished(&self) -> Result<u64> {
        let sql = "select count(*) from apalis.jobs where status <> 'Done'";
        let jobs: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        Ok(jobs as u64)
    }
}

impl ApalisPostgres {
    fn storage(&self) -> PostgresStorage<Job> {
        let config = StorageConfig::default().queue(QUEUE);
        let config = match self.options.config {
            Config::Default => config,
            // One worker process needs no lock per job beside the claim.
            Config::Fastest => config.batch_size(FASTEST_BATCH).lock_tasks(false),
        };
        PostgresStorage::new(&self.pool).with_config(config)
    }
}

async fn send_mail(job: Job) -> std::result::Result<(), BoxDynError> {
    ran(job.id);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<ApalisPostgres>().await
}
