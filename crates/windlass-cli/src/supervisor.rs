//! A supervisor: keeps a number of worker processes alive, and replaces them one after the other when it is asked to.
//!
//! It opens no store and runs no job. What is to be done is decided in `pool.rs`, without any process; here it is done.

mod backoff;
mod child;
mod command;
mod lines;
mod pool;
mod report;

use std::collections::BTreeMap;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use self::child::Handle;
use self::command::ChildCommand;
use self::lines::Lines;
use self::pool::{Act, ChildId, End, News, Pool};
use self::report::Report;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::service::Service;
use crate::service::link::Said;
use crate::shutdown::{Signals, Wish};

/// Processes of one supervisor.
pub(crate) const MOST_PROCESSES: u16 = 256;
/// A worker that has said nothing for this long is killed, unless a watchdog wants it sooner.
const SILENCE: Duration = Duration::from_secs(60);
/// Looks within that time: a machine that slept meanwhile has missed them, as its workers have.
const LOOKS: u32 = 6;
/// What children say and nobody has listened to yet; then they wait.
const SAID: usize = 256;

/// What a supervisor is made of.
pub(crate) struct Supervising<'g> {
    pub(crate) globals: &'g Globals,
    pub(crate) service: &'g Service,
    pub(crate) signals: Signals,
    /// Which processes the files and the command line want now; an error where they cannot be used.
    pub(crate) wanted: &'g dyn Fn() -> Result<Processes, Failure>,
}

/// Which processes are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes {
    /// How many; of each store, where there are several.
    pub(crate) number: usize,
    /// The names and URLs of the stores, where there are several. Otherwise children find theirs as this process has.
    pub(crate) stores: Vec<(String, String)>,
}

impl Processes {
    fn all(&self) -> usize {
        self.number.saturating_mul(self.stores.len().max(1))
    }

    /// The store of a place, by name and URL, where there are several: they take turns.
    fn store(&self, place: usize) -> Option<&(String, String)> {
        self.stores.get(place.checked_rem(self.stores.len())?)
    }
}

/// Keeps children alive until it is told to stop.
pub(crate) async fn run(parts: Supervising<'_>) -> anyhow::Result<Exit> {
    let (lines, printer) = lines::begin()?;
    let service = parts.service;
    let supervisor = Supervisor::new(parts, lines)?;
    let exit = tokio::select! {
        exit = supervisor.run() => exit,
        never = service.watch(async || true) => match never {},
    };
    printer.end().await;
    Ok(exit)
}

/// A child that runs.
#[derive(Debug)]
struct Known {
    handle: Handle,
    is_ready: bool,
    /// Looks since it was heard of.
    silent: u32,
}

struct Supervisor<'g> {
    parts: Supervising<'g>,
    command: ChildCommand,
    /// The time within which children want to be heard of.
    within: Duration,
    pool: Pool,
    wanted: Processes,
    known: BTreeMap<ChildId, Known>,
    last_id: u64,
    running: JoinSet<(ChildId, io::Result<ExitStatus>)>,
    says: mpsc::Sender<(ChildId, Said)>,
    hears: mpsc::Receiver<(ChildId, Said)>,
    lines: Lines,
    report: Report,
    is_quiet: bool,
    stops: bool,
    /// Whether all have been ready at some time.
    was_ready: bool,
    /// What was told to the service last.
    told: String,
    exit: Exit,
}

enum Heard {
    Wish(Wish),
    Said(ChildId, Said),
    Ended(ChildId, io::Result<ExitStatus>),
    Look,
    Due,
}

impl<'g> Supervisor<'g> {
    fn new(parts: Supervising<'g>, lines: Lines) -> anyhow::Result<Self> {
        let (says, hears) = mpsc::channel(SAID);
        let wanted = (parts.wanted)()?;
        Ok(Self {
            command: ChildCommand::of_this_process()?,
            within: parts.service.watchdog().unwrap_or(SILENCE).min(SILENCE),
            pool: Pool::new(wanted.all()),
            wanted,
            known: BTreeMap::new(),
            last_id: 0,
            running: JoinSet::new(),
            says,
            hears,
            report: Report::new(lines.clone(), parts.globals.json),
            lines,
            is_quiet: false,
            stops: false,
            was_ready: false,
            told: String::new(),
            exit: Exit::Done,
            parts,
        })
    }

    async fn run(mut self) -> Exit {
        self.report.begun(&self.pool);
        let mut looks = looks(self.within);
        loop {
            self.act();
            if self.pool.is_over() {
                self.report.stopped(&self.pool);
                return self.exit;
            }
            let next = self.pool.next();
            let heard = tokio::select! {
                wish = self.parts.signals.next() => Heard::Wish(wish),
                Some((id, said)) = self.hears.recv() => Heard::Said(id, said),
                Some(ended) = self.running.join_next() => match ended {
                    Ok((id, status)) => Heard::Ended(id, status),
                    // A child's task that panicked takes the supervisor with it, whose children end by that.
                    Err(_) => return Exit::Failed,
                },
                _ = looks.tick() => Heard::Look,
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => Heard::Due,
            };
            match heard {
                Heard::Wish(wish) => self.on_wish(wish),
                Heard::Said(id, said) => self.on_said(id, said),
                Heard::Ended(id, status) => self.on_ended(id, status),
                Heard::Look => self.on_look(),
                Heard::Due => {}
            }
        }
    }

    /// Does all that the pool wants to be done now.
    fn act(&mut self) {
        loop {
            let acts = self.pool.due(Instant::now());
            if acts.is_empty() {
                return self.tell_service();
            }
            for act in acts {
                match act {
                    Act::Start(place) => self.start(place),
                    Act::Terminate(id) => self.signal(id, libc::SIGTERM),
                    Act::Kill(id) => self.signal(id, libc::SIGKILL),
                    Act::Tell(news) => self.on_news(&news),
                }
            }
        }
    }

    fn start(&mut self, place: usize) {
        self.last_id += 1;
        let (id, now) = (ChildId(self.last_id), Instant::now());
        let store = self.wanted.store(place);
        let url = store.map(|(_, url)| url.as_str());
        match child::start(&self.command, (id, self.within), url) {
            Ok((handle, running)) => {
                self.pool.started(place, id, now);
                let name = store.map(|(name, _)| name.as_str());
                self.report.started(&self.pool, (place, handle.pid), name);
                self.known.insert(id, Known { handle, is_ready: false, silent: 0 });
                self.running.spawn(running.run(self.says.clone(), self.lines.clone()));
            }
            Err(error) => {
                let end = self.pool.died_at_start(place, id, now);
                self.on_end(end, &format!("could not be started: {error}"));
            }
        }
    }

    fn on_wish(&mut self, wish: Wish) {
        match wish {
            Wish::Stop if self.stops => self.signal_all(libc::SIGTERM),
            Wish::Stop => {
                self.report.stopping(&self.pool);
                self.stop();
            }
            _ if self.stops => {}
            Wish::Quiet => {
                self.is_quiet = true;
                self.signal_ready(libc::SIGUSR1);
            }
            Wish::Resume => {
                self.is_quiet = false;
                self.signal_ready(libc::SIGUSR2);
            }
            Wish::Reload => self.reload(),
        }
    }

    fn stop(&mut self) {
        self.stops = true;
        self.parts.service.stopping();
        self.pool.stop();
    }

    fn reload(&mut self) {
        self.parts.service.reloading();
        match (self.parts.wanted)() {
            Ok(wanted) => {
                self.pool.resize(wanted.all());
                self.wanted = wanted;
                self.pool.reload();
                self.report.reloading(&self.pool);
            }
            Err(error) => {
                self.report.not_reloaded(&self.pool, &error.to_string());
                if !self.pool.is_reloading() {
                    self.parts.service.ready(&Report::state(&self.pool));
                }
            }
        }
    }

    fn on_said(&mut self, id: ChildId, said: Said) {
        let Some(known) = self.known.get_mut(&id) else { return };
        known.silent = 0;
        if said == Said::Alive || std::mem::replace(&mut known.is_ready, true) {
            return;
        }
        if self.is_quiet {
            known.handle.signal(libc::SIGUSR1);
        }
        let pid = known.handle.pid;
        self.pool.ready(id);
        self.report.ready(&self.pool, pid);
    }

    fn on_ended(&mut self, id: ChildId, status: io::Result<ExitStatus>) {
        let pid = self.known.remove(&id).map_or(0, |known| known.handle.pid);
        let end = self.pool.ended(id, Instant::now());
        self.report.ended(&self.pool, pid, status.as_ref().ok().copied());
        let is_unusable =
            status.as_ref().is_ok_and(|status| status.code() == Some(Exit::Usage as i32));
        let why = match status {
            Ok(status) => report::end(status),
            Err(error) => format!("has ended, and how could not be seen: {error}"),
        };
        if is_unusable && self.wanted.stores.is_empty() && !self.was_ready && !self.stops {
            // The others end for the same reason, which the child has said: trying again changes nothing.
            self.exit = Exit::Usage;
            return self.stop();
        }
        self.on_end(end, &why);
    }

    fn on_end(&mut self, end: End, why: &str) {
        if let End::Unwanted { place, again_at } = end {
            let wait = again_at.saturating_duration_since(Instant::now());
            let store = self.wanted.store(place).map(|(name, _)| name.as_str());
            self.report.again(&self.pool, (place, store, why), wait);
        }
    }

    fn on_news(&mut self, news: &News) {
        self.report.news(&self.pool, news);
        if matches!(news, News::Reloaded | News::NotReplaced(..)) {
            self.parts.service.ready(&Report::state(&self.pool));
        }
    }

    /// Children that are ready and do not say that they are alive are not.
    fn on_look(&mut self) {
        for known in self.known.values_mut().filter(|known| known.is_ready) {
            known.silent += 1;
            if known.silent == LOOKS + 1 {
                self.report.silent(&self.pool, known.handle.pid);
                known.handle.signal(libc::SIGKILL);
            }
        }
    }

    fn tell_service(&mut self) {
        let state = Report::state(&self.pool);
        if self.stops || state == self.told {
            return;
        }
        // A store that is away does not keep the others from being used.
        let is_enough = match self.wanted.stores.is_empty() {
            true => self.pool.actual() == self.pool.wanted(),
            false => self.pool.actual() > 0,
        };
        if is_enough && !self.was_ready {
            self.was_ready = true;
            self.parts.service.ready(&state);
        } else {
            self.parts.service.status(&state);
        }
        self.told = state;
    }

    fn signal(&self, id: ChildId, signal: libc::c_int) {
        if let Some(known) = self.known.get(&id) {
            known.handle.signal(signal);
        }
    }

    fn signal_all(&self, signal: libc::c_int) {
        self.known.values().for_each(|known| known.handle.signal(signal));
    }

    /// One that is not ready may not listen to this signal yet; it is told when it is.
    fn signal_ready(&self, signal: libc::c_int) {
        let ready = self.known.values().filter(|known| known.is_ready);
        ready.for_each(|known| known.handle.signal(signal));
    }
}

fn looks(within: Duration) -> Interval {
    let mut looks = interval((within / LOOKS).max(Duration::from_millis(1)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}
