//! riverqueue, River's client for Rust, on PostgreSQL.

use std::sync::OnceLock;

use bench_driver::{Config, Job as Args, Options, Peer, Result, drive, ran};
use riverqueue::migrate::PostgresMigrator;
use riverqueue::{
    BoxError, Client, FETCH_COOLDOWN_MIN, Job, JobArgs, QueueConfig, RunHandle, WorkContext,
    WorkOutcome, Workers,
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

static RUN: OnceLock<RunHandle> = OnceLock::new();

#[derive(Clone, Debug, Serialize, Deserialize, JobArgs)]
#[river(kind = "send_mail")]
struct SendMail {
    args: Args,
}

struct River {
    pool: PgPool,
    client: Client,
}

impl Peer for River {
    const NAME: &'static str = "riverqueue";
    const LOCK: &'static str = include_str!("../Cargo.lock");
    /// A fetch takes as many jobs as there are free workers; more than this was no faster.
    const FASTEST_SLOTS: Option<usize> = Some(500);

    async fn open(options: &Options) -> Result<Self> {
        let connections = options.clients.max(20) as u32;
        let pool =
            PgPoolOptions::new().max_connections(connections).connect(&options.store).await?;
        PostgresMigrator::new(pool.clone()).migrate_up().await?;
        let client = client(&pool, options)?;
        Ok(Self { pool, client })
    }

    async fn enqueue(&self, args: Args) -> Result<()> {
        self.client.insert(SendMail { args }).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, jobs: Vec<Args>) -> Result<()> {
        self.client.insert_many(jobs.into_iter().map(|args| SendMail { args })).await?;
        Ok(())
    }

    async fn start_worker(&self) -> Result<()> {
        // A handle that is dropped stops the client.
        RUN.set(self.client.start()?).map_err(|_| "one worker only".into())
    }

    async fn unfinished(&self) -> Result<u64> {
        let sql = "select count(*) from river_job where state <> 'completed'";
        let jobs: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        Ok(jobs as u64)
    }
}

fn client(pool: &PgPool, options: &Options) -> Result<Client> {
    let mut workers = Workers::new();
    workers.add_fn(send_mail)?;
    let builder = Client::builder(pool.clone())
        .workers(workers)
        .queue("default", QueueConfig::new(options.slots::<River>()));
    let builder = match options.config {
        Config::Default => builder,
        Config::Fastest => builder.fetch_cooldown(FETCH_COOLDOWN_MIN),
    };
    Ok(builder.build()?)
}

async fn send_mail(
    _context: WorkContext,
    job: Job<SendMail>,
) -> std::result::Result<WorkOutcome, BoxError> {
    ran(job.args.args.id);
    Ok(WorkOutcome::Complete)
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<River>().await
}
