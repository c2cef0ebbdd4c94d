//! The reader: one task that reads the database for all viewers, while there are some.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use windlass::store::{Now, Store, WakeHandle};
use windlass::{StoreError, WorkerId};

use super::session::{Joining, Order, Session, refuse};
use crate::api::Api;
use crate::event::SEQUENCED;
use crate::limits::STREAM_EVENTS;
use crate::problem::Problem;

/// How often it looks for events where nothing tells of them.
const POLL: Duration = Duration::from_millis(200);
/// How long after a look the next one comes at the earliest, however often it is told of events.
const GAP: Duration = Duration::from_millis(25);
/// How often it looks whether the log is still the same.
const EVERY: Duration = Duration::from_secs(1);
/// How often it looks at watched jobs and at the numbers of jobs: pages show within a second what is committed.
const LOOK: Duration = Duration::from_millis(300);
/// After a look that took long it rests so many times as long, but no longer than `EVERY`: the store has other work.
const REST: u32 = 20;
/// How long after a failure it looks again.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// Events of one page.
const PAGE: usize = 500;

/// Reads until nobody watches any more, or the server stops.
pub(super) async fn run(api: Api, session: Arc<Session>) {
    let _ended = session.ended.clone().drop_guard();
    let hints = Hints::of(api.clone());
    let mut reader = Reader::new(api.store(), &session);
    loop {
        let looked = tokio::select! {
            looked = reader.look() => looked,
            () = api.stopping().cancelled() => return,
        };
        let wait = looked.unwrap_or_else(|problem| {
            tracing::debug!(detail = problem.detail(), "the live stream was not read on");
            AFTER_ERROR
        });
        let earliest = Instant::now() + GAP;
        tokio::select! {
            () = session.wanted.notified() => {}
            () = hints.events_from(earliest) => {}
            () = sleep(wait) => {}
            () = api.stopping().cancelled() => return,
        }
        if api.streams().end_if_empty(&session) {
            return;
        }
    }
}

/// A place among those whom the store tells that something has come.
struct Hints {
    api: Api,
    id: WorkerId,
    handle: Arc<WakeHandle>,
}

impl Hints {
    fn of(api: Api) -> Self {
        let id = WorkerId::new();
        let handle = api.store().wakeups().add(id, Vec::new());
        Self { api, id, handle }
    }

    /// Resolves when somebody may have published, but not before this.
    async fn events_from(&self, earliest: Instant) {
        sleep_until(earliest).await;
        self.handle.events().await;
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        self.api.store().wakeups().forget(self.id);
    }
}

struct Reader<'a> {
    store: &'a dyn Store,
    session: &'a Session,
    /// When it looks again: whether the log is the same, at jobs, and at numbers.
    log_due: Option<Instant>,
    jobs_due: Option<Instant>,
    counts_due: Option<Instant>,
}

impl<'a> Reader<'a> {
    fn new(store: &'a dyn Store, session: &'a Session) -> Self {
        Self { store, session, log_due: None, jobs_due: None, counts_due: None }
    }

    /// Looks at all that is wanted now; how long it may wait then.
    async fn look(&mut self) -> Result<Duration, Problem> {
        let mut order = self.session.order();
        let is_behind = match order.events {
            true => self.look_at_events(std::mem::take(&mut order.joining)).await?,
            false => false,
        };
        self.look_at_jobs(&order).await?;
        self.look_at_counts(&order).await?;
        Ok(match order.events {
            _ if is_behind => Duration::ZERO,
            true => POLL,
            false => self.next_look(),
        })
    }

    /// How long until jobs or numbers are looked at again.
    fn next_look(&self) -> Duration {
        let due = [self.jobs_due, self.counts_due].into_iter().flatten().min();
        due.map_or(EVERY, |due| due.saturating_duration_since(Instant::now()))
    }

    async fn look_at_jobs(&mut self, order: &Order) -> Result<(), StoreError> {
        if order.jobs.is_empty() {
            self.jobs_due = None;
        } else if order.has_new_jobs || is_due(self.jobs_due) {
            let began = Instant::now();
            self.jobs_due = Some(began + EVERY);
            let found = self.store.job_heads(&order.jobs).await?;
            self.jobs_due = Some(began + until_next(began.elapsed()));
            self.session.note_jobs(&order.jobs, found);
        }
        Ok(())
    }

    async fn look_at_counts(&mut self, order: &Order) -> Result<(), StoreError> {
        if !order.counts {
            self.counts_due = None;
        } else if order.has_no_counts || is_due(self.counts_due) {
            let began = Instant::now();
            self.counts_due = Some(began + EVERY);
            let counts = self.store.capped_counts().await?;
            self.counts_due = Some(began + until_next(began.elapsed()));
            self.session.note_counts(counts);
        }
        Ok(())
    }

    /// Reads the log on, and tells who joins where his stream begins; whether there is more.
    async fn look_at_events(&mut self, joining: Vec<Joining>) -> Result<bool, Problem> {
        match self.read(&joining).await {
            Ok(is_behind) => {
                self.session.answer(joining);
                Ok(is_behind)
            }
            Err(error) => {
                let problem = Problem::from(error);
                refuse(joining, &problem);
                Err(problem)
            }
        }
    }

    async fn read(&mut self, joining: &[Joining]) -> Result<bool, StoreError> {
        if !joining.is_empty() || self.session.last().is_none() {
            self.log_due = None;
        }
        let is_behind = self.read_on().await?;
        self.read_back(joining).await?;
        Ok(is_behind)
    }

    /// Reads what is new, at most as much as is kept in memory; whether there is more.
    async fn read_on(&mut self) -> Result<bool, StoreError> {
        let given = self.store.sequence(SEQUENCED, Now::Database).await?;
        if is_due(self.log_due) {
            let log = self.store.event_log().await?;
            self.session.note_log(&log);
            self.log_due = Some(Instant::now() + EVERY);
        }
        for _ in 0..STREAM_EVENTS / PAGE {
            let Some(last) = self.session.last() else { return Ok(false) };
            let heads = self.store.event_heads(last, PAGE).await?;
            let is_last = heads.len() < PAGE;
            self.session.note_events(heads);
            if is_last {
                return Ok(given == SEQUENCED as u64);
            }
        }
        Ok(true)
    }

    /// Reads what lies before what is known, as far as somebody is to go on there.
    async fn read_back(&self, joining: &[Joining]) -> Result<(), StoreError> {
        let Some((mut at, start)) = self.session.missing(joining) else { return Ok(()) };
        let mut earlier = Vec::new();
        while at < start {
            let page = self.store.event_heads(at, PAGE).await?;
            let Some(last) = page.last() else { break };
            at = last.position;
            earlier.extend(page.into_iter().filter(|head| head.position <= start));
        }
        self.session.note_earlier(earlier);
        Ok(())
    }
}

fn is_due(due: Option<Instant>) -> bool {
    due.is_none_or(|due| due <= Instant::now())
}

/// How long after the beginning of a look the next one comes, by how long it took.
fn until_next(took: Duration) -> Duration {
    (took * REST).clamp(LOOK, EVERY)
}
