//! effectum, a queue in one SQLite file.

use std::path::Path;
use std::sync::{Mutex, OnceLock};

use bench_driver::{Config, Job, Options, Peer, Result, drive, ran};
use effectum::{JobRunner, Queue, RunningJob, Worker};

static WORKER: OnceLock<Worker> = OnceLock::new();

struct Effectum {
    queue: Queue,
    counts: Mutex<rusqlite::Connection>,
    options: Options,
}

impl Peer for Effectum {
    const NAME: &'static str = "effectum";
    const LOCK: &'static str = include_str!("../Cargo.lock");
    /// The worker fetches as many jobs as it may run, so concurrency is its batch size.
    const FASTEST_SLOTS: Option<usize> = Some(500);

    async fn open(options: &Options) -> Result<Self> {
        let path = options.sqlite_path()?;
        let connection = rusqlite::Connection::open(path)?;
        if options.config == Config::Fastest {
            // effectum means to do this itself but names the pragma "journal", which is ignored.
            connection.query_row("pragma journal_mode = wal", (), |_| Ok(()))?;
        }
        let queue = Queue::new(Path::new(path)).await?;
        Ok(Self { queue, counts: Mutex::new(connection), options: options.clone() })
    }

    async fn enqueue(&self, job: Job) -> Result<()> {
        self.queue.add_job(effectum_job(&job)?).await?;
        Ok(())
    }

    async fn enqueue_batch(&self, jobs: Vec<Job>) -> Result<()> {
        let jobs = jobs.iter().map(effectum_job).collect::<Result<_>>()?;
        self.queue.add_jobs(jobs).await?;
        Ok(())
    }

    async fn start_worker(&self) -> Result<()> {
        let send_mail = JobRunner::builder("send_mail", send_mail).build();
        let max = self.options.slots::<Self>() as u16;
        let min = match self.options.config {
            Config::Default => max,
            // Fetches as soon as half are done.
            Config::Fastest => max / 2,
        };
        let worker = Worker::builder(&self.queue, ())
            .min_concurrency(min)
            .max_concurrency(max)
            .jobs([send_mail])
            .build()
            .await?;
        // A worker that is dropped disconnects.
        WORKER.set(worker).map_err(|_| "one worker only".into())
    }

    async fn unfinished(&self) -> Result<u64> {
        let counts = self.counts.lock().map_err(|_| "a count panicked")?;
        let jobs: i64 =
            counts.query_row("select count(*) from active_jobs", (), |row| row.get(0))?;
        Ok(jobs as u64)
    }
}

async fn send_mail(job: RunningJob, _context: ()) -> std::result::Result<(), effectum::Error> {
    let args: Job = job.json_payload()?;
    ran(args.id);
    Ok(())
}

fn effectum_job(job: &Job) -> Result<effectum::Job> {
    Ok(effectum::Job::builder("send_mail").json_payload(job)?.build())
}

#[tokio::main]
async fn main() -> Result<()> {
    drive::<Effectum>().await
}
