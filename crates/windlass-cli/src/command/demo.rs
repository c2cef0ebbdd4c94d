//! `windlass demo`: real work, a worker process killed in the middle of it, an event that becomes three jobs, one of them
//! poisoned, and proof that nothing was lost.
//!
//! This process enqueues the jobs, starts two worker processes of itself and kills one. What it
//! shows is read from the store; in the end it computes every output again.

mod check;
mod event;
mod job;
mod part;
mod progress;
mod view;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use windlass::{Client, Draft, Job, JobRecord, NewJob};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::time::{count, span};
use crate::store;
use check::Check;
use event::{Ends, Story};
use job::{Report, SLOTS};
use progress::{Rescue, running};
use view::View;
use worker::WorkerProcess;

const WORKERS: usize = 2;
/// The kill comes when this many of a hundred jobs have ended.
const KILL_AT_PERCENT: usize = 40;
/// How often the store is read, and with which error the rescue is timed.
const READ_EVERY: Duration = Duration::from_millis(25);
/// A demo that takes so much longer than its pace ends, and says what is unfinished.
const PATIENCE: Duration = Duration::from_secs(45);

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The store is a new SQLite file that is removed afterwards; with --store the demo uses queues of its
own there and leaves its finished jobs and its event behind. Files in --dir are only read.")]
pub(crate) struct Args {
    /// Work on the files in this folder instead of the sample texts
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Keep the store, and the workers until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// How long the work is to take, to be watched
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = windlass::time::parse_duration)]
    pace: Duration,
    /// Run as one of the demo's workers, on this queue; the pace is then that of a job
    #[arg(long, value_name = "QUEUE", hide = true)]
    as_worker: Option<String>,
}

/// Where a demo works.
#[derive(Debug)]
struct Location {
    /// The store's URL.
    url: String,
    /// The queue, used by no other program.
    queue: String,
    /// For the sample texts, the copies and the own store.
    folder: PathBuf,
}

/// A demo under way.
#[derive(Debug)]
struct Demo<'a> {
    location: &'a Location,
    pace: Duration,
    client: Client,
    /// Everything that is enqueued; the report comes last.
    jobs: Vec<NewJob>,
    workers: Vec<WorkerProcess>,
    rescue: Option<Rescue>,
    /// What is published once a worker was killed and its jobs are back.
    story: Option<Story>,
    files: u64,
    view: View<'a>,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    if let Some(queue) = &args.as_worker {
        return worker::run(&globals.store, queue, args.pace).await;
    }
    let folder = tempfile::Builder::new().prefix("windlass-demo-").tempdir()?;
    let location = Location::new(folder.path(), &globals.store);
    let parts = match &args.dir {
        Some(dir) => part::below(dir)?,
        None => part::samples(folder.path())?,
    };
    let client = Client::new(store::created(&location.url).await?).with_origin("windlass demo");
    let jobs = job::plan(&parts, &location, args.pace)?;
    let view = View::new(&globals.out)?;
    let shown = windlass::without_password(&location.url);
    let files = parts.chunk_by(|one, next| one.file == next.file).count() as u64;
    let of = args.dir.as_ref().map_or("sample text".to_owned(), |dir| dir.display().to_string());
    view.title(&shown, &format!("{} of {of}", count(files, "file")));
    let (pace, workers, location) = (args.pace, Vec::new(), &location);
    let (rescue, story) = (None, None);
    let mut demo = Demo { location, pace, client, jobs, workers, rescue, story, files, view };
    let check = tokio::select! {
        check = demo.run() => check?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            demo.stop().await;
            // A process that dies by a signal removes nothing.
            drop((demo, folder));
            // SAFETY: plain numbers; the default disposition runs no code of ours. A shell sees
            // the signal and reports 130.
            unsafe {
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                libc::raise(libc::SIGINT);
            }
            return Ok(Exit::Failed);
        }
    };
    demo.view.check(&check)?;
    if args.keep {
        demo.view.kept(&shown, &folder.keep());
        tokio::signal::ctrl_c().await?;
    }
    demo.stop().await;
    Ok(if check.agrees { Exit::Done } else { Exit::Failed })
}

impl Location {
    fn new(folder: &Path, given: &str) -> Self {
        let own = || format!("sqlite:{}", folder.join("demo.db").display());
        let url = if store::is_named() { given.to_owned() } else { own() };
        Self { url, queue: format!("demo-{}", std::process::id()), folder: folder.to_owned() }
    }
}

impl Demo<'_> {
    /// Runs until every job has ended, or it takes too long.
    async fn run(&mut self) -> anyhow::Result<Check> {
        let began_at = Instant::now();
        self.client.enqueue_all(self.jobs.iter().cloned().map(Draft::from)).await?;
        let (number, took) = (self.jobs.len() as u64, span(began_at.elapsed()));
        let text = format!("{} enqueued in one transaction, in {took}", count(number, "job"));
        self.view.event(Tone::Plain, &text);
        event::subscribe(&self.client, self.location).await?;
        for _ in 0..WORKERS {
            self.start_worker()?;
        }
        loop {
            let jobs = progress::read(&self.client, &self.location.queue).await?;
            let told = event::queue(&self.location.queue);
            let told = progress::read(&self.client, &told).await?;
            self.view.progress(&jobs, &told, &self.workers);
            let took = began_at.elapsed();
            let is_over = self.step(&jobs).await? & self.tell(&jobs, &told).await?;
            if is_over || took > self.pace * 3 + PATIENCE {
                return Check::new(self, (&jobs, &told), took);
            }
            worker::check_alive(&mut self.workers)?;
            tokio::time::sleep(READ_EVERY).await;
        }
    }

    fn start_worker(&mut self) -> anyhow::Result<()> {
        let number = self.workers.len() + 1;
        // A quarter more than the jobs, for the attempts that fail.
        let attempts = (self.jobs.len() * 5 / 4) as u32;
        let pause = (self.pace * (WORKERS * SLOTS) as u32 / attempts).min(self.pace / 4);
        self.workers.push(WorkerProcess::start(self.location, number, pause)?);
        Ok(())
    }

    /// Does what is due; `true` when every job has ended.
    async fn step(&mut self, jobs: &[JobRecord]) -> anyhow::Result<bool> {
        let ended = jobs.iter().filter(|job| job.state.is_terminal()).count();
        match &mut self.rescue {
            None if ended * 100 >= jobs.len() * KILL_AT_PERCENT => self.kill(jobs).await?,
            Some(rescue) if rescue.after.is_none() && running(jobs, rescue.pid) == 0 => {
                let after = span(*rescue.after.insert(rescue.killed_at.elapsed()));
                let lost = count(progress::lost(jobs, rescue.pid) as u64, "job");
                self.view.event(Tone::Good, &format!("{lost} taken back from it after {after}"));
                self.start_worker()?;
                let text = format!("worker {} started in its place", self.workers.len());
                self.view.event(Tone::Plain, &text);
            }
            _ => {}
        }
        let report = self.jobs.last().filter(|job| job.kind == Report::KIND);
        if report.is_none() && ended == self.jobs.len() {
            let report = Report {}.job().queue(&self.location.queue).into_new_job()?;
            self.jobs.push(report.clone());
            self.client.enqueue(Draft::from(report)).await?;
        }
        Ok(ended == self.jobs.len())
    }

    /// Publishes the event when it is time; `true` when all that has come of it has ended.
    async fn tell(&mut self, jobs: &[JobRecord], told: &[JobRecord]) -> anyhow::Result<bool> {
        let is_rescued = self.rescue.as_ref().is_some_and(|rescue| rescue.after.is_some());
        let is_late = jobs.iter().all(|job| job.state.is_terminal());
        if self.story.is_none() && (is_rescued || is_late) {
            self.story = Some(event::publish(&self.client, self.location, self.files).await?);
            let text = format!("{} published: one event, which three want", event::COPIED);
            self.view.event(Tone::Plain, &text);
        }
        let ends = Ends::of(told);
        if ends.are_all() {
            self.view.told(ends);
        }
        Ok(ends.are_all())
    }

    /// Kills the last worker while it is busy.
    async fn kill(&mut self, jobs: &[JobRecord]) -> anyhow::Result<()> {
        let Some(worker) = self.workers.last_mut() else { return Ok(()) };
        let (pid, number, killed_at) = (worker.pid, worker.number, Instant::now());
        if running(jobs, pid) <= SLOTS / 2 {
            return Ok(());
        }
        worker.kill().await?;
        // Read only now: until it was dead it settled and claimed.
        let jobs = progress::read(&self.client, &self.location.queue).await?;
        let held = running(&jobs, pid) + progress::lost(&jobs, pid);
        self.rescue = Some(Rescue { pid, held, killed_at, after: None });
        let held = count(held as u64, "job");
        self.view.event(Tone::Bad, &format!("worker {number} killed by SIGKILL, holding {held}"));
        Ok(())
    }

    async fn stop(&mut self) {
        self.view.end();
        event::unsubscribe(&self.client, self.location).await;
        worker::stop(&mut self.workers).await;
    }
}
