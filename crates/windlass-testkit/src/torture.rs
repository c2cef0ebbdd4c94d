//! Torture: random faults of every kind against real worker processes while callers enqueue and publish,
//! judged by the history checker. A seed repeats the plan of faults, not the machine's timing.
//!
//! ```console
//! $ cargo run -p windlass-testkit --bin torture -- --store postgres --seconds 240
//! ```

mod fault;
mod load;
mod report;
mod schedules;
mod subscribers;
mod target;
mod together;
mod writers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use windlass_core::client::Client;
use windlass_core::condition::Signal;
use windlass_core::id::EventId;
use windlass_core::limit::LimitOn;
use windlass_core::queue::Scope;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fault::patience::eventually;
use crate::fault::process::Process;
use crate::fault::process_fixture::{ProcessFixture, Unfinished};
use crate::fault::settings::Settings;

pub use fault::Fault;
pub use report::Report;
pub use target::Target;

/// Worker processes that run all the time.
const WORKERS: usize = 4;
/// A run is not over before so many faults, however slow the machine.
const LEAST_FAULTS: usize = 10;
/// The queues they serve. Moves go from one to the other.
const QUEUES: [&str; 2] = ["default", "other"];

/// Jobs of which none has ended for so long do not end any more. By then a leader has looked at everything twice.
const STUCK: Duration = Duration::from_secs(60);

/// So often the worker that leads is killed or frozen.
const LEADER: Duration = Duration::from_secs(5);

/// Records that the feed gets in a second, which all workers are to read.
const RECORDS: u64 = 10;

/// The kind whose limit changes: its jobs are short, so that many of them never wait long.
const LIMITED: &str = "ledger";

/// What a run is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Chooses the faults and the jobs.
    pub seed: u64,
    /// How long faults come.
    pub length: Duration,
    /// The worker program: the `probe` of this crate.
    pub probe: PathBuf,
}

/// Runs one torture; what was done and what was found.
///
/// # Panics
/// When a process or the database cannot be started.
pub async fn run(target: Target, options: &Options) -> Report {
    let fixture = ProcessFixture::on(target.database(), options.probe.clone()).await;
    let mut torture = Torture {
        random: Rng::with_seed(options.seed),
        settings: Settings {
            slots: 8,
            prefetch: 20,
            queues: QUEUES.map(str::to_owned).to_vec(),
            feed: Some(RECORDS * options.length.as_secs()),
            feed_since: Some(Timestamp::wall_clock().as_micros()),
            ..fixture.settings()
        },
        workers: Vec::new(),
        injected: BTreeMap::new(),
        fixture,
        target,
    };
    torture.play(options.length).await;
    let history = torture.fixture.history().await;
    let client = Client::new(Arc::clone(&torture.fixture.store));
    let verified = client.verify_events().await.expect("the log can be read");
    let source = client.source("feed").await.expect("the source can be read");
    let records = torture.settings.feed.unwrap_or_default();
    let report = Report::on(&history, options.seed, std::mem::take(&mut torture.injected));
    report.verified(verified).read(records, source)
}

/// A run under way.
struct Torture {
    random: Rng,
    settings: Settings,
    workers: Vec<Process>,
    injected: BTreeMap<Fault, usize>,
    fixture: ProcessFixture,
    target: Target,
}

impl Torture {
    async fn play(&mut self, length: Duration) {
        for _ in 0..WORKERS {
            self.workers.push(self.fixture.start(&self.settings));
        }
        schedules::declare(&*self.fixture.store).await;
        subscribers::make(&self.fixture.store).await;
        let (follows, mut follower) = (CancellationToken::new(), JoinSet::new());
        let (store, journal) = (self.fixture.bare_store().await, &self.fixture.journal);
        follower.spawn(subscribers::follow(store, Arc::clone(journal), follows.clone()));
        let end = Instant::now() + length;
        let load = load::Load::start(&self.fixture, &mut self.random);
        let mut led = Instant::now();
        while Instant::now() < end || self.injected.values().sum::<usize>() < LEAST_FAULTS {
            // A moment in which work goes on, so that faults do not only meet other faults.
            self.wait(50..600).await;
            let mut fault = self.target.choose(&mut self.random);
            if led.elapsed() >= LEADER {
                led = Instant::now();
                fault = [Fault::KillLeader, Fault::FreezeLeader][self.random.usize(..2)];
            }
            if self.inject(fault).await {
                *self.injected.entry(fault).or_default() += 1;
            }
        }
        let left = load.stop().await;
        self.heal().await;
        let committed = left.committed.clone();
        self.say(left).await;
        self.drain(&committed).await;
        follows.cancel();
        follower.join_all().await;
    }

    /// Says what jobs wait for that nobody has said yet.
    async fn say(&self, left: load::Left) {
        let store = &self.fixture.store;
        for key in left.signals {
            let signal = Signal::new(key);
            let send = || async { store.signal(&signal, Now::Database).await.ok() };
            eventually("a signal", send).await;
        }
        for batch in left.batches {
            let seal = || async { store.seal_batch(batch, Now::Database).await.ok() };
            eventually("a batch to be sealed", seal).await;
        }
    }

    /// Waits until no job is left and everybody has been fed, for as long as jobs end: a long run may leave many. What does not end
    /// is judged.
    async fn drain(&mut self, committed: &[EventId]) {
        let (mut ended, mut since) = (0, Instant::now());
        while since.elapsed() < STUCK {
            self.wait(10..20).await;
            let Some(counts) = self.fixture.store.counts().await.ok().filter(|one| one.exact)
            else {
                continue;
            };
            let open = counts.unfinished();
            let is_over =
                self.is_read().await && subscribers::are_fed(&*self.fixture.store, committed).await;
            if open == 0 && is_over {
                // Jobs that came of the last part of the log.
                let counts = self.fixture.store.counts().await;
                if counts.is_ok_and(|counts| counts.exact && counts.unfinished() == 0) {
                    return;
                }
            }
            let over = counts.total() - open;
            if over != ended {
                (ended, since) = (over, Instant::now());
            }
        }
    }

    /// Whether the feed was read to its end.
    async fn is_read(&self) -> bool {
        let source = self.fixture.store.source("feed").await.ok().flatten();
        source.is_some_and(|one| one.position.number >= self.settings.feed)
    }

    /// Undoes whatever still stands in the way of the jobs that are left.
    async fn heal(&mut self) {
        for queue in QUEUES {
            let scope = Scope::Queue(queue.to_owned());
            let resume = || async { self.fixture.store.resume(&scope, Now::Database).await.ok() };
            eventually("a resume", resume).await;
        }
        let on = LimitOn::Kind(LIMITED.to_owned());
        let remove = || async { self.fixture.store.remove_limit(&on).await.ok() };
        eventually("a limit to be removed", remove).await;
        for worker in &self.workers {
            worker.wake();
        }
        schedules::pause(&*self.fixture.store).await;
        subscribers::resume(&self.fixture.store).await;
        self.workers.push(self.fixture.start(&self.settings));
    }

    async fn wait(&mut self, millis: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.u64(millis))).await;
    }

    /// The place of a worker chosen by chance.
    fn some_worker(&mut self) -> usize {
        self.random.usize(..self.workers.len())
    }
}
