//! awa, append-only queue storage on PostgreSQL.

use std::sync::OnceLock;
use std::time::Duration;

use awa::{
    Client, InsertOpts, InsertParams, JobArgs, JobResult, QueueConfig, QueueStorage,
    QueueStorageConfig,
};
use bench_driver::{Config, Job, Options, Peer, Result, drive, ran};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

const QUEUE: &str = "default";
const ROTATE_QUEUES: Duration = Duration::from_millis(1_000);
const ROTATE_LEASES: Duration = Duration::from_millis(50);

static CLIENT: OnceLock<Client> = OnceLock::new();

#[derive(Serialize, Deserialize, JobArgs)]
struct SendMail {
    job: Job,
}

struct Awa {
    pool: PgPool,
    storage: QueueStorage,
    options: Options,
}

impl Peer for Awa {
    const NAME: &'static str = "awa";
    const LOCK: &'static str = include_str!("../Cargo.lock");
    /// The worker count of its author's published throughput: a slot is held until the completion,
    /// which is batched, has committed.
    const FASTEST_SLOTS: Option<usize> = Some(256);

    async fn open(options: &Options) -> Result<Self> {
        let connections = options.clients.max(20) as u32;
        let pool =
            PgPoolOptions::new().max_connections(connections).connect(&options.store).await?;
        awa::migrations::run(&pool).await?;
        let storage = QueueStorage::new(QueueStorageConfig::default())?;
        storage.install(&pool).await?;
        Ok(Self { pool, storage, options: options.clone() })
    }

    async fn enqueue(&self, job: Job) -> Result<()> {
        awa::insert(&self.pool, &SendMail { job }).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, jobs: Vec<Job>) -> Result<()> {
        let jobs = jobs.into_iter().map(insert_params).collect::<Result<Vec<_>>>()?;
        self.storage.enqueue_params_copy(&self.pool, &jobs).await?;
        Ok(())
    }

    async fn start_worker(&self) -> Result<()> {
        let client = Client::builder(self.pool.clone())
            .queue(QUEUE, queue_config(&self.options))
            .queue_storage(QueueStorageConfig::default(), ROTATE_QUEUES, ROTATE_LEASES)
            .register::<SendMail, _, _>(|args, _context| async move {
                ran(args.job.id);
                Ok(JobResult::Completed)
            })
            .build()?;
        client.start().await?;
        CLIENT.set(client).map_err(|_| "one worker only".into())
    }

    async fn unfinished(&self) -> Result<u64> {
        let counts = self.storage.queue_counts(&self.pool, QUEUE).await?;
        Ok((counts.available + counts.running) as u64)
    }
}

fn insert_params(job: Job) -> Result<InsertParams> {
    Ok(InsertParams {
        kind: SendMail::kind().into(),
        args: serde_json::to_value(SendMail { job })?,
        opts: InsertOpts::default(),
    })
}

fn queue_config(options: &Options) -> QueueConfig {
    let max_workers = options.slots::<Awa>() as u32;
    let as_it_comes = QueueConfig { max_workers, ..QueueConfig::default() };
    match options.config {
        Config::Default => as_it_comes,
        // Without a deadline awa takes its compact path for receipts.
        Config::Fastest => QueueConfig { deadline_duration: Duration::ZERO, ..as_it_comes },
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<Awa>().await
}
