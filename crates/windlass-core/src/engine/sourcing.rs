//! Reading a source: one loop for each source of a worker, of which one in all processes holds it.
//!
//! The feed is asked on the program's runtime, where it may block, panic or hang: that ends this page, and nothing else. While it is
//! asked, the hold is renewed; what comes of the page is written under the epoch of the hold, so a loop that was frozen writes nothing.

mod asking;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::asking::{Asking, Late};
use super::attempts::later;
use super::start_error::StartError;
use super::worker::Worker;
use crate::error::StoreError;
use crate::json::storable_text;
use crate::limits::{ERROR_BYTES, SOURCE_BACKOFF_CAP, SOURCE_PACE, SOURCE_PANIC_CAP};
use crate::name::check_source;
use crate::panics::Caught;
use crate::reply::Now;
use crate::source::{
    AnyUpstream, Behind, Held, Hold, Holding, Imported, Judged, Said, SourceOptions, SourceState,
    SourceStore, Upstream,
};

/// The wait after the first failure; the next ones are twice as long each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that a feed can ask for.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);
/// How long a loop that ends tries to give its source back.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A source as it was given to the builder.
pub(super) struct SourceParts {
    pub(super) name: String,
    pub(super) options: SourceOptions,
    pub(super) upstream: Arc<dyn AnyUpstream>,
    /// What the upstream says of itself, asked where it may panic: in the program.
    pub(super) about: String,
    pub(super) waits: bool,
}

impl<App: Send + Sync + 'static> Worker<App> {
    /// Reads a source: what its upstream gives becomes events, each once, whichever of the workers that declare the source
    /// reads it. One of them does at a time; where that ends or is lost, another one goes on.
    pub fn source(
        mut self,
        name: impl Into<String>,
        options: SourceOptions,
        upstream: impl Upstream,
    ) -> Self {
        self.beside.sources.push(SourceParts {
            name: name.into(),
            options,
            about: Upstream::about(&upstream),
            waits: Upstream::waits(&upstream),
            upstream: Arc::new(upstream),
        });
        self
    }
}

/// Whether each source can be read as it says.
pub(super) fn check_sources(sources: &[SourceParts]) -> Result<(), StartError> {
    for (nth, one) in sources.iter().enumerate() {
        check_source(&one.name)?;
        if sources[..nth].iter().any(|other| other.name == one.name) {
            return Err(StartError::DuplicateSource(one.name.clone()));
        }
        let SourceOptions { every, within, hold, .. } = one.options;
        if [every, within, hold].iter().any(Duration::is_zero) {
            return Err(StartError::Zero("a source's every, within and hold"));
        }
    }
    Ok(())
}

/// Why there is no page.
struct Fault {
    text: String,
    again: Option<Duration>,
    /// The longest wait after it.
    cap: Duration,
}

impl Fault {
    fn panic(text: impl Into<String>) -> Self {
        Self { cap: SOURCE_PANIC_CAP, ..Self::new(text) }
    }

    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), again: None, cap: SOURCE_BACKOFF_CAP }
    }
}

/// When the feed is asked next.
enum Next {
    AtOnce,
    Drained,
    After(Duration),
}

/// The loop of one source.
pub(super) struct Sourcing {
    parts: SourceParts,
    store: Arc<dyn SourceStore>,
    runtime: Handle,
    /// Had by whom asks the feed: one that blocks its thread and is given up keeps the next one waiting, not another thread.
    turn: Arc<Mutex<()>>,
    holder: String,
    about: String,
    is_declared: bool,
    held: Option<Held>,
    renew_at: Instant,
    /// Until when it is held by this process's own clock.
    lasts_until: Instant,
    said: Said,
    /// Whether that is to be known before the hold is renewed anyway.
    is_news: bool,
    failures: u32,
    late: Late,
}

impl Sourcing {
    pub(super) fn new(
        parts: SourceParts,
        store: Arc<dyn SourceStore>,
        runtime: Handle,
        label: &str,
    ) -> Self {
        let about = serde_json::json!({ "upstream": parts.about, "options": parts.options });
        let now = Instant::now();
        Self {
            // Two loops of one process are two holders.
            holder: format!("{label}/{:08x}", fastrand::u32(..)),
            about: storable_text(&about.to_string(), ERROR_BYTES),
            parts,
            store,
            runtime,
            turn: Arc::default(),
            is_declared: false,
            held: None,
            renew_at: now,
            lasts_until: now,
            said: Said::Nothing,
            is_news: false,
            failures: 0,
            late: Late::default(),
        }
    }

    /// Reads until it is told to stop, and then gives the source back.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = self.supervised() => {}
            () = stop.cancelled() => {}
        }
        if let Some(held) = &self.held {
            let name = &self.parts.name;
            match timeout(LAST_WORD, self.store.let_go_of_source(name, held.epoch)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(source = %name, %error, "the source is not given back")
                }
                Err(_) => tracing::warn!(source = %name, "the source is not given back in time"),
            }
        }
    }

    /// Goes on after a panic of this loop's own.
    async fn supervised(&mut self) {
        loop {
            let worked = Caught::new(self.work()).await;
            let Err(panic) = worked else { return };
            if let Next::After(wait) = self.failed(Fault::panic(panic)) {
                sleep_until(later(Instant::now(), wait)).await;
            }
        }
    }

    async fn work(&mut self) {
        loop {
            self.renew().await;
            if self.held.is_some() {
                self.read().await;
            } else {
                sleep_until(self.renew_at).await;
            }
        }
    }

    /// Reads as long as the source is held.
    async fn read(&mut self) {
        while let Some(held) = self.held.clone() {
            let next = match held.state {
                SourceState::Running => {
                    let asked_at = Instant::now();
                    let asking = self.ask(&held);
                    let Some(answer) = self.while_held(&held, asking).await else { continue };
                    let next = match answer {
                        Ok(Ok(judged)) => {
                            self.late = Late::default();
                            self.take(&held, judged).await
                        }
                        Ok(Err(behind)) => self.is_late(&held, behind),
                        Err(fault) => {
                            // What comes after that says nothing of what was before.
                            self.late = Late::default();
                            self.failed(fault)
                        }
                    };
                    self.at(next, asked_at).await
                }
                // A change of that is seen when the hold is renewed.
                SourceState::Paused | SourceState::Stopped => {
                    Some(later(self.renew_at.max(Instant::now()), FIRST_WAIT))
                }
            };
            if let (Some(at), Some(held)) = (next, self.held.clone()) {
                self.while_held(&held, sleep_until(at)).await;
            }
        }
    }

    /// When the feed is asked next; what is to be known of that is written now.
    async fn at(&mut self, next: Next, asked_at: Instant) -> Option<Instant> {
        let at = match next {
            Next::AtOnce => return None,
            Next::Drained => {
                let at = later(
                    asked_at,
                    if self.parts.waits { SOURCE_PACE } else { self.parts.options.every },
                );
                self.said = Said::Went(at.saturating_duration_since(Instant::now()));
                at
            }
            Next::After(wait) => later(Instant::now(), wait),
        };
        // What goes as it went before is told with the next renewal.
        if self.is_news {
            self.renew().await;
        }
        Some(at)
    }

    /// Asks the feed on the program's runtime, and has what it gave judged there; dropped, it is dropped there too.
    fn ask(
        &self,
        held: &Held,
    ) -> impl Future<Output = Result<Result<Judged, Behind>, Fault>> + use<> {
        let upstream = Arc::clone(&self.parts.upstream);
        let (within, runtime) = (self.parts.options.within, self.runtime.clone());
        let (turn, held) = (Arc::clone(&self.turn), held.clone());
        let (name, options) = (self.parts.name.clone(), self.parts.options.clone());
        let ends = self.late.taken_for(&held, &options);
        async move {
            let asking = Caught::new(async move {
                let _turn = turn.lock_owned().await;
                let page = upstream.page(&held.position).await?;
                Asking { name, options, held, ends }.judge(page).await
            });
            let asking = AbortOnDropHandle::new(runtime.spawn(asking));
            match timeout(within, asking).await {
                Ok(Ok(Ok(Ok(judged)))) => Ok(judged),
                Ok(Ok(Ok(Err(error)))) => {
                    Err(Fault { again: error.again, ..Fault::new(error.text) })
                }
                Ok(Ok(Err(panic))) => Err(Fault::panic(panic)),
                // The program's runtime is gone, and this one will be.
                Ok(Err(_)) => std::future::pending().await,
                Err(_) => Err(Fault::new(format!("the feed gave no page within {within:?}"))),
            }
        }
    }

    /// What comes of something while the source is held as it is; none where that changed meanwhile.
    async fn while_held<T>(&mut self, held: &Held, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            // A renewal that is due comes first: what is to be done may be so at once, again and again.
            tokio::select! {
                biased;
                () = sleep_until(self.renew_at) => {}
                done = &mut work => return Some(done),
            }
            self.renew().await;
            if self.held.as_ref() != Some(held) {
                return None;
            }
        }
    }

    /// Holds the source, or keeps holding it, and says how it went.
    async fn renew(&mut self) {
        let (now, options) = (Instant::now(), &self.parts.options);
        let lasts = options.hold;
        match self.hold().await {
            Ok(holding) => {
                self.renew_at = later(now, lasts / 3);
                self.lasts_until = later(now, lasts);
                if holding == Holding::Missing {
                    // It was removed, and is made again.
                    (self.is_declared, self.renew_at) = (false, now);
                }
                self.held = match holding {
                    Holding::Held(held) => Some(held),
                    Holding::Other | Holding::Missing => None,
                };
            }
            Err(error) => {
                tracing::warn!(source = %self.parts.name, %error, "the source cannot be held");
                self.renew_at = later(now, FIRST_WAIT.min(lasts / 3));
                if now >= self.lasts_until {
                    self.held = None;
                }
            }
        }
    }

    async fn hold(&mut self) -> Result<Holding, StoreError> {
        let name = &self.parts.name;
        if !self.is_declared {
            self.store.declare_source(name, &self.about, Now::Database).await?;
            self.is_declared = true;
        }
        let said = self.said.clone();
        let (name, holder, lasts) = (name.clone(), self.holder.clone(), self.parts.options.hold);
        let hold = Hold { name, holder, lasts, said };
        let holding = self.store.hold_source(&hold, Now::Database).await?;
        (self.said, self.is_news) = (Said::Nothing, false);
        Ok(holding)
    }

    /// Imports what a page has.
    async fn take(&mut self, held: &Held, judged: Judged) -> Next {
        if judged.repeats_itself() {
            let why = "the feed gives neither a cursor nor numbers nor ids: the same records would be imported at each look";
            return self.failed(Fault::new(why));
        }
        for import in &judged.imports {
            if Instant::now() >= self.renew_at {
                self.renew().await;
                if self.held.as_ref().is_none_or(|now| now.epoch != held.epoch) {
                    return Next::AtOnce;
                }
            }
            match self.store.import(import, Now::Database).await {
                Ok(Imported::Done { .. }) => {
                    let held = self.held.get_or_insert_with(|| held.clone());
                    held.position = import.to.clone();
                    held.disowned = import.disowned;
                    if let Some(stop) = &import.stop {
                        tracing::warn!(source = %import.name, "stopped: {}", stop.reason);
                        held.state = SourceState::Stopped;
                    }
                }
                Ok(Imported::Stale) => {
                    self.renew().await;
                    return Next::AtOnce;
                }
                // It may have been written: the next one is stale then, and where the source is is asked.
                Err(error) => {
                    return self.failed(Fault::new(format!("a page was not imported: {error}")));
                }
            }
        }
        if judged.has_more && judged.imports.is_empty() {
            return self
                .failed(Fault::new("the feed says that there is more, and gives nothing new"));
        }
        self.is_news |= std::mem::take(&mut self.failures) > 0;
        // Behind a position that has not moved it would give the same once more.
        let ends = judged.imports.first().zip(judged.imports.last());
        let is_moved = ends.is_some_and(|(first, last)| first.from != last.to);
        if judged.has_more && is_moved { Next::AtOnce } else { Next::Drained }
    }

    /// The feed ends before what was read.
    fn is_late(&mut self, held: &Held, behind: Behind) -> Next {
        self.late.seen(held);
        let cap = self.parts.options.every;
        self.failed(Fault { cap, ..Fault::new(behind.to_string()) })
    }

    fn failed(&mut self, fault: Fault) -> Next {
        self.failures = self.failures.saturating_add(1);
        let doublings = (self.failures - 1).min(16);
        let longest = FIRST_WAIT.saturating_mul(1 << doublings).min(fault.cap);
        // Many sources of one feed do not ask together.
        let wait = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        let wait = fault.again.map_or(wait, |again| again.min(LONGEST_WISH).max(wait));
        let error = storable_text(&fault.text, ERROR_BYTES);
        tracing::warn!(source = %self.parts.name, failures = self.failures, again = ?wait, "{error}");
        self.is_news = true;
        self.said = Said::Failed { error, failures: self.failures, again: wait };
        Next::After(wait)
    }
}
