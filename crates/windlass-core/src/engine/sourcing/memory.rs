//! One source in memory, as the loop sees a store.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::StoreError;
use crate::id::EventId;
use crate::reply::{Now, Reply};
use crate::source::{
    Held, Hold, Holding, ImportPage, Imported, QuarantineRecord, Release, Reset, Said, SourceGap,
    SourceRecord, SourceState, SourceStore,
};

/// What is kept of the source.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) is_declared: bool,
    pub(super) held: Held,
    pub(super) holder: Option<(String, Instant)>,
    /// What was said, and when.
    pub(super) said: Vec<(Duration, Said)>,
    pub(super) imported: Vec<ImportPage>,
    /// The store answers only that it is down.
    pub(super) is_down: bool,
    pub(super) lets_go: u32,
    /// How long an import takes.
    pub(super) takes: Duration,
    /// So many imports panic.
    pub(super) panics: u32,
}

/// A store with one source.
#[derive(Debug)]
pub(super) struct MemoryStore {
    pub(super) row: Mutex<Row>,
    start: Instant,
}

impl MemoryStore {
    pub(super) fn new() -> Self {
        let state = SourceState::Running;
        let row = Row {
            is_declared: false,
            held: Held {
                epoch: 0,
                state,
                position: crate::source::Position::default(),
                disowned: None,
            },
            holder: None,
            said: Vec::new(),
            imported: Vec::new(),
            is_down: false,
            lets_go: 0,
            takes: Duration::ZERO,
            panics: 0,
        };
        Self { row: Mutex::new(row), start: Instant::now() }
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Row) -> T) -> T {
        look(&mut self.row.lock().expect("whole"))
    }

    fn reply<T: Send + 'static>(&self, answer: impl FnOnce(&mut Row) -> T + Send) -> Reply<'_, T> {
        let answer = self.with(|row| match row.is_down {
            true => Err(StoreError::Unavailable { reason: "it is down".to_owned() }),
            false => Ok(answer(row)),
        });
        Box::pin(std::future::ready(answer))
    }
}

impl SourceStore for MemoryStore {
    fn declare_source<'a>(&'a self, _name: &'a str, _about: &'a str, _now: Now) -> Reply<'a, ()> {
        self.reply(|row| row.is_declared = true)
    }

    fn hold_source<'a>(&'a self, hold: &'a Hold, _now: Now) -> Reply<'a, Holding> {
        let now = Instant::now();
        self.reply(|row| {
            if !row.is_declared {
                return Holding::Missing;
            }
            let is_ours = row.holder.as_ref().is_some_and(|(holder, _)| *holder == hold.holder);
            if row.holder.as_ref().is_some_and(|(_, until)| *until > now) && !is_ours {
                return Holding::Other;
            }
            row.held.epoch += u64::from(!is_ours);
            row.holder = Some((hold.holder.clone(), now + hold.lasts));
            if hold.said != Said::Nothing {
                row.said.push((now - self.start, hold.said.clone()));
            }
            Holding::Held(row.held.clone())
        })
    }

    fn let_go_of_source<'a>(&'a self, _name: &'a str, epoch: u64) -> Reply<'a, ()> {
        self.reply(|row| {
            row.lets_go += 1;
            if row.held.epoch == epoch {
                row.holder = None;
            }
        })
    }

    fn import<'a>(&'a self, page: &'a ImportPage, _now: Now) -> Reply<'a, Imported> {
        let panics = self.with(|row| {
            let panics = row.panics;
            row.panics = panics.saturating_sub(1);
            panics
        });
        assert!(panics == 0, "the store's driver is at its end");
        let takes = self.with(|row| row.takes);
        let imported = move |row: &mut Row| {
            let is_running = row.held.state == SourceState::Running;
            if row.held.epoch != page.epoch || row.held.position != page.from || !is_running {
                return Imported::Stale;
            }
            row.held.position = page.to.clone();
            row.held.disowned = page.disowned;
            if page.stop.is_some() {
                row.held.state = SourceState::Stopped;
            }
            row.imported.push(page.clone());
            Imported::Done { new: page.events.len() as u64 }
        };
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            self.reply(imported).await
        })
    }

    fn sources(&self) -> Reply<'_, Vec<SourceRecord>> {
        self.reply(|_| Vec::new())
    }

    fn source<'a>(&'a self, _name: &'a str) -> Reply<'a, Option<SourceRecord>> {
        self.reply(|_| None)
    }

    fn source_gaps<'a>(&'a self, _name: &'a str, _most: usize) -> Reply<'a, Vec<SourceGap>> {
        self.reply(|_| Vec::new())
    }

    fn close_source_gaps<'a>(
        &'a self,
        _name: &'a str,
        _event: Option<EventId>,
        _now: Now,
    ) -> Reply<'a, u64> {
        self.reply(|_| 0)
    }

    fn pause_source<'a>(
        &'a self,
        _name: &'a str,
        _note: Option<&'a str>,
        _now: Now,
    ) -> Reply<'a, bool> {
        self.reply(|row| {
            row.held.state = SourceState::Paused;
            true
        })
    }

    fn resume_source<'a>(&'a self, _name: &'a str, _now: Now) -> Reply<'a, bool> {
        self.reply(|row| {
            row.held.state = SourceState::Running;
            true
        })
    }

    fn reset_source<'a>(&'a self, _name: &'a str, _to: Reset<'a>, _now: Now) -> Reply<'a, bool> {
        self.reply(|row| {
            row.held.epoch += 1;
            row.held.position = crate::source::Position::default();
            true
        })
    }

    fn remove_source<'a>(&'a self, _name: &'a str) -> Reply<'a, bool> {
        self.reply(|row| std::mem::take(&mut row.is_declared))
    }

    fn quarantined<'a>(
        &'a self,
        _name: &'a str,
        _after: u64,
        _most: usize,
    ) -> Reply<'a, Vec<QuarantineRecord>> {
        self.reply(|_| Vec::new())
    }

    fn release_quarantined<'a>(
        &'a self,
        _name: &'a str,
        _released: &'a [Release],
        _now: Now,
    ) -> Reply<'a, Vec<bool>> {
        self.reply(|_| Vec::new())
    }
}
