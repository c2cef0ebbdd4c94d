//! What the reader has read, for all viewers: one session lasts as long as somebody watches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use windlass::JobId;
use windlass::event::{EventHead, LogRecord};
use windlass::job::{Counts, JobHead};

use super::cursor::{Cursor, Resume};
use super::document::Why;
use super::ring::{Placed, Ring};
use super::wanted::Wants;
use super::watched::{Changed, Watched};
use crate::limits::STREAM_CHECK;
use crate::problem::{Code, Problem};

/// What is known, and who waits for more.
#[derive(Debug)]
pub(super) struct Session {
    known: Mutex<Known>,
    /// Rings for the viewers when something is known.
    news: watch::Sender<u64>,
    /// Rings for the reader when somebody comes or goes.
    pub(super) wanted: Notify,
    /// Once the reader has ended.
    pub(super) ended: CancellationToken,
    began: Instant,
    /// One viewer at a time is asked whether it still may.
    pub(super) checking: AsyncMutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    viewers: usize,
    /// Viewers who want events, and those who want numbers of jobs.
    following: usize,
    counting: usize,
    ring: Option<Ring>,
    joining: Vec<Joining>,
    watched: Watched,
    counts: Option<Arc<Counts>>,
    /// Rises with each change of the numbers.
    counted: u64,
}

/// Somebody who is to be told where his stream begins.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) from: Option<Resume>,
    answer: oneshot::Sender<Result<Placed, Problem>>,
}

/// What the reader is to look at.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) events: bool,
    pub(super) joining: Vec<Joining>,
    pub(super) jobs: Vec<JobId>,
    /// Whether some of the jobs were never looked at.
    pub(super) has_new_jobs: bool,
    pub(super) counts: bool,
    /// Whether nobody knows the numbers yet.
    pub(super) has_no_counts: bool,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::default(),
            news: watch::Sender::new(0),
            wanted: Notify::new(),
            ended: CancellationToken::new(),
            began: Instant::now(),
            checking: AsyncMutex::new(()),
        }
    }

    /// When viewers are asked next whether they still may: all at one moment.
    pub(super) fn next_check(&self, now: Instant) -> Instant {
        let rounds = now.duration_since(self.began).as_secs() / STREAM_CHECK.as_secs() + 1;
        self.began + STREAM_CHECK * u32::try_from(rounds).unwrap_or(u32::MAX)
    }

    /// Somebody comes.
    pub(super) fn enter(&self, wants: &Wants) -> watch::Receiver<u64> {
        let mut known = self.lock();
        known.viewers += 1;
        known.following += usize::from(wants.events.is_some());
        known.counting += usize::from(wants.counts);
        known.watched.add(&wants.jobs);
        // What is known already need not be read for one more.
        if known.watched.has_new() || (wants.counts && known.counts.is_none()) {
            self.wanted.notify_one();
        }
        self.news.subscribe()
    }

    /// Somebody goes.
    pub(super) fn leave(&self, wants: &Wants) {
        let mut known = self.lock();
        known.viewers -= 1;
        known.following -= usize::from(wants.events.is_some());
        known.counting -= usize::from(wants.counts);
        known.watched.remove(&wants.jobs);
        // What nobody follows is not read on, and would have a hole.
        if known.following == 0 {
            known.ring = None;
        }
        if known.counting == 0 {
            known.counts = None;
        }
        if known.viewers == 0 {
            self.wanted.notify_one();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().viewers == 0
    }

    /// Where a stream begins. At once where that is in memory; otherwise the reader says so after its next look.
    pub(super) async fn place(&self, from: Option<Resume>) -> Result<Placed, Problem> {
        let answered = {
            let mut known = self.lock();
            let at_once = known.ring.as_ref().and_then(|ring| ring.place(from));
            // A position that is not known here may be one that another server has told.
            if let Some(placed) = at_once.filter(|placed| placed.reset.is_none()) {
                return Ok(placed);
            }
            let (answer, answered) = oneshot::channel();
            known.joining.push(Joining { from, answer });
            answered
        };
        self.wanted.notify_one();
        let gone = || Problem::new(Code::Unavailable, "the server stops; try again");
        tokio::select! {
            answered = answered => answered.map_err(|_| gone())?,
            () = self.ended.cancelled() => Err(gone()),
        }
    }

    /// What is to be looked at now. Who joins is in nobody's hands but the caller's from here on.
    pub(super) fn order(&self) -> Order {
        let mut known = self.lock();
        Order {
            events: known.following > 0,
            joining: std::mem::take(&mut known.joining),
            jobs: known.watched.ids(),
            has_new_jobs: known.watched.has_new(),
            counts: known.counting > 0,
            has_no_counts: known.counts.is_none(),
        }
    }

    /// The log was looked at: what was read of another one is forgotten.
    pub(super) fn note_log(&self, log: &LogRecord) {
        let mut known = self.lock();
        let is_wanted = known.following > 0;
        if is_wanted && known.ring.as_ref().is_none_or(|ring| !ring.is_of(log)) {
            known.ring = Some(Ring::behind(log));
            self.ring();
        }
    }

    /// The last position that is known, where the log is.
    pub(super) fn last(&self) -> Option<u64> {
        self.lock().ring.as_ref().map(Ring::last)
    }

    /// Events behind the last position that is known.
    pub(super) fn note_events(&self, heads: Vec<EventHead>) {
        if let Some(ring) = self.lock().ring.as_mut().filter(|_| !heads.is_empty()) {
            ring.push(heads);
            self.ring();
        }
    }

    /// The first position that is to be read for these, and the first that is known.
    pub(super) fn missing(&self, joining: &[Joining]) -> Option<(u64, u64)> {
        let known = self.lock();
        let ring = known.ring.as_ref()?;
        let unplaced = joining.iter().filter(|one| ring.place(one.from).is_none());
        let first = unplaced.filter_map(|one| one.from).map(|place| place.position).min()?;
        Some((first, ring.start()))
    }

    /// Events before the first one that is known.
    pub(super) fn note_earlier(&self, heads: Vec<EventHead>) {
        if let Some(ring) = &mut self.lock().ring {
            ring.prepend(heads);
        }
    }

    /// Tells who joins where his stream begins.
    pub(super) fn answer(&self, joining: Vec<Joining>) {
        let known = self.lock();
        for Joining { from, answer } in joining {
            // Without a log he has gone meanwhile, as have all others who follow.
            if let Some(ring) = &known.ring {
                let _ = answer.send(Ok(ring.place_or_reset(from)));
            }
        }
    }

    /// What a look at these jobs has found.
    pub(super) fn note_jobs(&self, asked: &[JobId], found: Vec<JobHead>) {
        if self.lock().watched.note(asked, found) {
            self.ring();
        }
    }

    /// The numbers of jobs.
    pub(super) fn note_counts(&self, counts: Counts) {
        let mut known = self.lock();
        if known.counting > 0 && known.counts.as_deref() != Some(&counts) {
            known.counts = Some(Arc::new(counts));
            known.counted += 1;
            self.ring();
        }
    }

    /// The events behind a cursor, at most so many.
    ///
    /// # Errors
    /// Why they are not there any more, and where a stream goes on.
    pub(super) fn events_after(
        &self,
        cursor: Cursor,
        most: usize,
    ) -> Result<Vec<Arc<EventHead>>, (Why, Cursor)> {
        match &self.lock().ring {
            Some(ring) => ring.after(cursor, most).map_err(|why| (why, ring.end())),
            None => Ok(Vec::new()),
        }
    }

    /// Watched jobs that have changed since a look, and the look that this is of.
    pub(super) fn jobs_since(&self, jobs: &[JobId], version: u64) -> (Changed, u64) {
        self.lock().watched.since(jobs, version)
    }

    /// The numbers of jobs where they are others than those, and which these are.
    pub(super) fn counts_since(&self, version: u64) -> Option<(Arc<Counts>, u64)> {
        let known = self.lock();
        let counts = known.counts.clone().filter(|_| known.counted > version)?;
        Some((counts, known.counted))
    }

    fn ring(&self) {
        self.news.send_modify(|times| *times += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells all of them that it cannot be said where their streams begin.
pub(super) fn refuse(joining: Vec<Joining>, problem: &Problem) {
    for Joining { answer, .. } in joining {
        // Who has gone need not be told.
        let _ = answer.send(Err(problem.clone()));
    }
}
