//! The course of a demo: enqueue, watch, kill, see the rescue, check, tell.

use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use windlass::{Client, Draft, Job, JobId, Refusal};

use super::DemoStore;
use super::crew::{Heard, WorkerProcesses};
use super::kinds::{Asked, Report, SLOTS, Sync, Work};
use super::proof::{self, Checked, Rescue};
use super::show::Show;
use super::stage::{self, Progress};
use super::worker::Said;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(120);
/// A demo that has not ended by then says so and ends.
const LONGEST: Duration = Duration::from_secs(55);
/// Workers at the beginning.
const WORKERS: usize = 2;
/// How long the dead worker's place stays empty at most.
const REPLACE_AFTER: Duration = Duration::from_secs(3);
/// The kill comes when this many of a hundred jobs have ended.
const KILL_AT_PERCENT: usize = 40;

/// A demo under way.
#[derive(Debug)]
pub(super) struct Play {
    client: Client,
    work: Work,
    show: Show,
    crew: WorkerProcesses,
    queue: String,
    url: String,
    began: Instant,
    labels: Vec<Option<String>>,
    rescue: Option<Rescue>,
    report: Option<JobId>,
    told_of_retries: bool,
}

impl Play {
    pub(super) fn new(client: Client, work: Work, show: Show, place: &DemoStore) -> Self {
        Self {
            client,
            work,
            show,
            crew: WorkerProcesses::new(place),
            queue: place.queue.clone(),
            url: place.shown(),
            began: Instant::now(),
            labels: Vec::new(),
            rescue: None,
            report: None,
            told_of_retries: false,
        }
    }

    /// Runs until everything has ended, or it takes too long.
    pub(super) async fn run(&mut self) -> anyhow::Result<Checked> {
        self.enqueue().await?;
        for _ in 0..WORKERS {
            self.hire()?;
        }
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let until = self.began + LONGEST;
        while Instant::now() < until {
            tokio::select! {
                (number, heard) = self.crew.next() => self.on_heard(number, heard)?,
                _ = ticks.tick() => {
                    if self.on_look().await? {
                        break;
                    }
                }
            }
        }
        let took = self.began.elapsed();
        let jobs = stage::jobs(self.client.store(), &self.queue).await?;
        let mut planned: Vec<(JobId, Option<&Asked>)> =
            self.work.planned.iter().map(|job| (job.id, Some(&job.asked))).collect();
        planned.extend(self.report.map(|id| (id, None)));
        Ok(proof::of(&planned, jobs, self.rescue.clone(), took))
    }

    async fn enqueue(&mut self) -> anyhow::Result<()> {
        let jobs = std::mem::take(&mut self.work.jobs);
        let jobs = jobs.into_iter().collect::<Result<Vec<_>, Refusal>>()?;
        self.began = Instant::now();
        self.client.enqueue_all(jobs.into_iter().map(Draft::from)).await?;
        let took = self.began.elapsed();
        self.show.enqueued(self.work.planned.len(), took);
        Ok(())
    }

    fn hire(&mut self) -> io::Result<()> {
        let number = self.crew.hire()?;
        self.labels.push(None);
        self.show.worker(self.crew.pid(number));
        Ok(())
    }

    fn on_heard(&mut self, number: usize, heard: Heard) -> anyhow::Result<()> {
        match heard {
            Heard::Said(Said::Ready { label }) => self.labels[number] = Some(label),
            Heard::Said(Said::Failed { kind, error, .. }) => self.on_failed(&kind, &error),
            Heard::Said(Said::Rescued { jobs }) => self.on_rescued(number, jobs),
            Heard::Gone if self.rescue.as_ref().is_some_and(|rescue| rescue.number == number) => {}
            Heard::Gone => {
                anyhow::bail!(
                    "worker {} ended by itself: {}",
                    number + 1,
                    self.crew.last_words(number)
                );
            }
        }
        Ok(())
    }

    fn on_failed(&mut self, kind: &str, error: &str) {
        if kind == Sync::KIND {
            if !self.told_of_retries {
                self.told_of_retries = true;
                self.show.story(&format!("{kind} failed: {error}; tried again in 0.7s"));
            }
        } else {
            self.show.story(&format!("{kind} is dead, as planned: {error}"));
        }
    }

    fn on_rescued(&mut self, number: usize, jobs: u64) {
        let Some(rescue) = &mut self.rescue else { return };
        let after = rescue.killed_at.elapsed();
        rescue.after.get_or_insert(after);
        rescue.taken_back += jobs;
        self.show.rescued(number, rescue);
    }

    /// Looks at the store; `true` when everything has ended.
    async fn on_look(&mut self) -> anyhow::Result<bool> {
        let stage = Progress::look(self.client.store(), &self.queue).await?;
        self.show.stage(&stage, &self.labels);
        self.replace()?;
        let others = self.work.planned.len();
        if self.rescue.is_none() && stage.ended * 100 >= others * KILL_AT_PERCENT {
            self.kill(&stage)?;
        }
        if self.report.is_none() && stage.ended >= others {
            let report = Report { queue: self.queue.clone(), to: self.work.report.to.clone() };
            let enqueued = self.client.enqueue(report.job().queue(self.queue.clone())).await?;
            self.report = Some(enqueued.id());
            self.show
                .story(&format!("{} was enqueued; it reads the others' outputs", Report::KIND));
        }
        Ok(stage.ended >= self.work.len())
    }

    /// Kills the second worker while it has its hands full, or what there is when little is left.
    fn kill(&mut self, stage: &Progress) -> io::Result<()> {
        let number = 1;
        let pid = self.crew.pid(number);
        let held = stage.held_by(pid);
        let left = self.work.planned.len().saturating_sub(stage.ended);
        let wanted = if left > 4 * SLOTS { SLOTS as u64 } else { 1 };
        let Some(Some(label)) = self.labels.get(number) else { return Ok(()) };
        if held < wanted {
            return Ok(());
        }
        let label = label.clone();
        self.crew.kill(number)?;
        let killed_at = Instant::now();
        let rescue = Rescue { number, label, held, killed_at, after: None, taken_back: 0 };
        self.show.killed(&rescue, pid);
        self.rescue = Some(rescue);
        Ok(())
    }

    /// Starts a worker in the dead one's place, as a supervisor would: once its jobs have been
    /// taken back, or when that takes long.
    fn replace(&mut self) -> io::Result<()> {
        let Some(rescue) = &self.rescue else { return Ok(()) };
        let due = rescue.after.is_some() || rescue.killed_at.elapsed() > REPLACE_AFTER;
        if due && self.crew.len() == WORKERS {
            self.hire()?;
            self.show.story(&format!("worker {} was started in its place", self.crew.len()));
        }
        Ok(())
    }

    pub(super) fn show_summary(&self, curtain: &Checked) -> anyhow::Result<()> {
        self.show.summary(curtain)
    }

    /// Ends the workers.
    pub(super) async fn dismiss(&mut self) {
        self.crew.dismiss().await;
    }

    /// Ends the workers before their time.
    pub(super) async fn break_off(&mut self) {
        self.show.broken_off();
        self.dismiss().await;
    }

    /// Leaves the workers running until `enough`, and the files for good.
    pub(super) async fn linger(
        &mut self,
        folder: &Path,
        enough: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        self.show.kept(&self.url, folder)?;
        enough.await;
        self.break_off().await;
        Ok(())
    }
}
