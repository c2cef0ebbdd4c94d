//! graphile_worker, the Rust rewrite of Graphile Worker.

use std::time::Duration;

use bench_driver::{Config, Job, Options, Peer, Result, drive, ran};
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions,
    WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

/// What its author's benchmark fetches at a time, and how long completions wait for company.
const LOCAL_QUEUE: usize = 500;
const LOCAL_QUEUES: usize = 2;
const COMPLETION_DELAY: Duration = Duration::from_millis(5);

#[derive(Clone, Serialize, Deserialize)]
struct SendMail(Job);

impl TaskHandler for SendMail {
    const IDENTIFIER: &'static str = "send_mail";

    async fn run(self, _context: WorkerContext) -> impl IntoTaskHandlerResult {
        ran(self.0.id);
    }
}

struct GraphileWorker {
    pool: PgPool,
    utils: WorkerUtils,
    options: Options,
}

impl Peer for GraphileWorker {
    const NAME: &'static str = "graphile_worker";
    const LOCK: &'static str = include_str!("../Cargo.lock");

    async fn open(options: &Options) -> Result<Self> {
        let connections = options.clients.max(20) as u32;
        let pool =
            PgPoolOptions::new().max_connections(connections).connect(&options.store).await?;
        let utils = worker_options(&pool, options).init().await?.create_utils();
        Ok(Self { pool, utils, options: options.clone() })
    }

    async fn enqueue(&self, job: Job) -> Result<()> {
        self.utils.add_job(SendMail(job), JobSpec::default()).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, jobs: Vec<Job>) -> Result<()> {
        let spec = JobSpec::default();
        let jobs: Vec<_> = jobs.into_iter().map(|job| (SendMail(job), &spec)).collect();
        self.utils.add_jobs(&jobs).await?;
        Ok(())
    }

    async fn start_worker(&self) -> Result<()> {
        let worker = worker_options(&self.pool, &self.options).init().await?;
        tokio::spawn(async move { worker.run().await });
        Ok(())
    }

    async fn unfinished(&self) -> Result<u64> {
        // A finished job is deleted.
        let jobs: i64 = sqlx::query_scalar("select count(*) from graphile_worker._private_jobs")
            .fetch_one(&self.pool)
            .await?;
        Ok(jobs as u64)
    }
}

fn worker_options(pool: &PgPool, options: &Options) -> WorkerOptions {
    let as_it_comes = WorkerOptions::default()
        .pg_pool(pool.clone())
        .concurrency(options.slots)
        .define_job::<SendMail>();
    match options.config {
        Config::Default => as_it_comes,
        Config::Fastest => as_it_comes
            .local_queue(
                LocalQueueConfig::default().with_size(LOCAL_QUEUE).with_queue_count(LOCAL_QUEUES),
            )
            .complete_job_batch_delay(COMPLETION_DELAY)
            .fail_job_batch_delay(COMPLETION_DELAY),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<GraphileWorker>().await
}
