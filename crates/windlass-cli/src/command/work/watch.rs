//! The life of a worker process: events, signals, the end.

use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use windlass::event::LogRecord;
use windlass::limits::GRACE;
use windlass::store::{Now, Store};
use windlass::subscription::{Feed, Subscriptions};
use windlass::worker::MinimumBuild;
use windlass::{Event, Health, RunningWorker, StopReport, StoreError};

use super::drain::{Drain, Next};
use super::report::Report;
use super::session::{Ended, Until};
use crate::shutdown::{Hurry, Signals, Wish};

/// Watches one worker until it has stopped.
pub(super) struct Watch<'g> {
    worker: Arc<RunningWorker>,
    signals: &'g mut Signals,
    hurry: Hurry,
    report: Report<'g>,
    events: broadcast::Receiver<Event>,
    stop: Stop,
    drain: Option<Drain>,
    /// Whether the drain has found nothing left to run.
    is_drained: bool,
    /// How far subscriptions were fed then.
    fed: Option<FedSoFar>,
    store: Arc<dyn Store>,
    /// Events from before a moment that the drain counts from; they are told and not counted.
    old_events: usize,
    /// Whether the store did not answer when it was last heard of.
    failing: bool,
    until: Until,
    ended: Ended,
}

/// What is watched.
pub(super) struct Watched {
    pub(super) worker: Arc<RunningWorker>,
    pub(super) events: broadcast::Receiver<Event>,
    pub(super) store: Arc<dyn Store>,
}

/// Events that may come while those before them are fed: after more of them jobs have their turn.
const MORE: u64 = 10_000;

type Stopping = Pin<Box<dyn Future<Output = StopReport>>>;

/// How far a stop has come.
enum Stop {
    Unasked,
    /// Until then handlers may go on.
    Asked {
        stopping: Stopping,
        until: Instant,
    },
    /// No time is left.
    Hurried {
        stopping: Stopping,
    },
}

enum News {
    Wish(Wish),
    Event(Event),
    Missed(u64),
    Health(Health),
    HeldBack(Option<MinimumBuild>),
    /// The worker has stopped, and nobody here has asked it to.
    Gone,
    GraceOver,
    Stopped(StopReport),
}

impl<'g> Watch<'g> {
    pub(super) fn new(
        Watched { worker, events, store }: Watched,
        signals: &'g mut Signals,
        hurry: Hurry,
        report: Report<'g>,
    ) -> Self {
        Self {
            worker,
            signals,
            hurry,
            report,
            events,
            stop: Stop::Unasked,
            drain: None,
            is_drained: false,
            fed: None,
            store,
            old_events: 0,
            failing: false,
            until: Until::Stopped,
            ended: Ended::Stopped,
        }
    }

    /// Runs until the worker has stopped, and says why.
    pub(super) async fn run(mut self, until: Until) -> Ended {
        self.until = until;
        self.drain = (until == Until::Drained).then(Drain::default);
        let mut health = self.worker.health_changes();
        let mut held_back = self.worker.held_back_changes();
        let worker = Arc::clone(&self.worker);
        loop {
            self.report.progress(self.worker.stats());
            let news = tokio::select! {
                wish = self.signals.next() => News::Wish(wish),
                event = self.events.recv() => match event {
                    Ok(event) => News::Event(event),
                    Err(RecvError::Lagged(missed)) => News::Missed(missed),
                    Err(RecvError::Closed) => future::pending().await,
                },
                health = changed(&mut health) => News::Health(health),
                minimum = changed(&mut held_back) => News::HeldBack(minimum),
                () = worker.stopped(), if matches!(self.stop, Stop::Unasked) => News::Gone,
                end = self.stop.next() => end,
            };
            match news {
                News::Wish(wish) => self.on_wish(wish),
                News::Event(event) => self.on_event(&event),
                News::Missed(missed) => self.on_missed(missed),
                News::Health(health) => self.on_health(&health),
                News::HeldBack(minimum) => self.on_held_back(minimum.as_ref()),
                News::Gone => self.stop_now(),
                News::GraceOver => self.hurry_up(),
                News::Stopped(report) => return self.end(report),
            }
            if std::mem::take(&mut self.is_drained) {
                self.on_drained().await;
            }
        }
    }

    fn on_wish(&mut self, wish: Wish) {
        match (wish, &self.stop) {
            (Wish::Stop, Stop::Unasked) => {
                self.report.stopping(self.worker.stats().running());
                self.stop_now();
            }
            // After a change the first one is the wish to stop, and takes no time away.
            (Wish::Stop, Stop::Asked { .. }) if self.ended == Ended::Changed => {
                self.report.stopping(self.worker.stats().running());
                self.ended = Ended::Stopped;
            }
            (Wish::Stop, Stop::Asked { .. }) => {
                self.ended = Ended::Stopped;
                self.hurry_up();
            }
            (Wish::Quiet, Stop::Unasked) => {
                self.worker.quiet();
                self.report.quiet();
            }
            (Wish::Resume, Stop::Unasked) => {
                self.worker.resume();
                self.report.resumed();
            }
            (Wish::Reload, Stop::Unasked) if self.until == Until::Changed => {
                self.report.reloading(self.worker.stats().running());
                self.ended = Ended::Changed;
                self.stop_now();
            }
            (Wish::Reload, Stop::Unasked) => self.report.not_reloaded(),
            _ => {}
        }
    }

    fn stop_now(&mut self) {
        let stopping = self.stopping(GRACE);
        self.stop = Stop::Asked { stopping, until: Instant::now() + GRACE };
    }

    /// Handlers get what little time a hurried end has; the worker's own grace is cut to nothing.
    fn hurry_up(&mut self) {
        self.hurry.begin();
        if self.worker.stats().running() > 0 {
            self.report.hurrying();
        }
        self.stop = Stop::Hurried { stopping: self.stopping(Duration::ZERO) };
    }

    fn stopping(&self, grace: Duration) -> Stopping {
        let worker = Arc::clone(&self.worker);
        Box::pin(async move { worker.stop_within(grace).await })
    }

    fn on_event(&mut self, event: &Event) {
        self.report.event(event);
        if *event == Event::AskedToStop && matches!(self.stop, Stop::Unasked) {
            self.report.stopping(self.worker.stats().running());
            self.stop_now();
        }
        let running = self.worker.stats().running();
        let is_old = self.old_events > 0;
        self.old_events = self.old_events.saturating_sub(1);
        let Some(drain) = &mut self.drain else { return };
        if is_old && *event == Event::Idle {
            return;
        }
        match drain.see(event, running) {
            Next::Wait => {}
            Next::WaitFromNow => self.old_events = self.events.len(),
            Next::Done => self.is_drained = true,
        }
    }

    /// Nothing is left to run, unless jobs come of events that were published: it goes on with these. The leader, which may be this
    /// worker, feeds at the same time, so what counts is that nothing was fed since the last look.
    async fn on_drained(&mut self) {
        let fed = feed(&*self.store).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "subscriptions were not fed; a later run does it");
            None
        });
        let has_more = fed.is_some() && fed != self.fed;
        self.fed = fed;
        self.drain = has_more.then(Drain::default);
        if !has_more && matches!(self.stop, Stop::Unasked) {
            self.ended = Ended::Drained;
            self.stop_now();
        }
    }

    /// Tells when it begins and when it ends, not each try in between.
    fn on_health(&mut self, health: &Health) {
        let failing = matches!(health, Health::Failing { .. });
        if failing != self.failing {
            self.failing = failing;
            self.report.health(health);
        }
    }

    /// One that runs what is due and then ends has nothing to wait for where it takes no work.
    fn on_held_back(&mut self, minimum: Option<&MinimumBuild>) {
        self.report.held_back(minimum);
        if minimum.is_some() && self.drain.take().is_some() && matches!(self.stop, Stop::Unasked) {
            self.ended = Ended::Drained;
            self.stop_now();
        }
    }

    fn on_missed(&mut self, missed: u64) {
        self.report.missed(missed);
        self.drain = self.drain.take().map(|_| Drain::default());
        self.old_events = 0;
    }

    fn end(mut self, report: StopReport) -> Ended {
        while let Ok(event) = self.events.try_recv() {
            self.report.event(&event);
        }
        self.report.stopped(report);
        self.ended
    }
}

impl Stop {
    async fn next(&mut self) -> News {
        match self {
            Self::Unasked => future::pending().await,
            Self::Asked { stopping, until } => tokio::select! {
                report = stopping => News::Stopped(report),
                () = sleep_until(*until) => News::GraceOver,
            },
            Self::Hurried { stopping } => News::Stopped(stopping.await),
        }
    }
}

/// How far the subscriptions were fed.
type FedSoFar = (LogRecord, Subscriptions);

/// Feeds all subscriptions what there is by now, and says how far they are; none where there is no subscription.
async fn feed(store: &dyn Store) -> Result<Option<FedSoFar>, StoreError> {
    if store.subscriptions().await?.all.is_empty() {
        return Ok(None);
    }
    let mut feed = Feed::default();
    let end = store.event_log().await?.last.saturating_add(MORE);
    loop {
        let fed = feed.round(store, Now::Database).await?;
        let log = store.event_log().await?;
        if !fed.is_behind || log.routed >= end {
            return Ok(Some((log, store.subscriptions().await?)));
        }
    }
}

/// Waits for the next change; for ever once the worker is gone.
async fn changed<T: Clone>(told: &mut watch::Receiver<T>) -> T {
    if told.changed().await.is_err() {
        future::pending::<()>().await;
    }
    told.borrow_and_update().clone()
}
