//! Seats: there are so many for viewers, and who has one is told what the reader reads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::reader;
use super::session::Session;
use super::wanted::Wants;
use crate::api::Api;
use crate::limits::VIEWERS;
use crate::problem::{Code, Problem};

/// When somebody who found no seat may try again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// All streams of an API.
#[derive(Debug)]
pub(crate) struct Streams {
    seats: Arc<Semaphore>,
    session: Mutex<Option<Arc<Session>>>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(VIEWERS)), session: Mutex::default() }
    }
}

/// The seat of one viewer. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) session: Arc<Session>,
    pub(super) wants: Wants,
    pub(super) news: watch::Receiver<u64>,
    #[expect(dead_code, reason = "held, never read: its place is free once it is dropped")]
    permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.session.leave(&self.wants);
    }
}

impl Streams {
    /// A seat, and a reader where there was none.
    pub(super) fn take(&self, api: &Api, wants: Wants) -> Result<Seat, Problem> {
        let permit = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| full())?;
        let mut current = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match current.as_ref().filter(|session| !session.ended.is_cancelled()) {
            Some(session) => Arc::clone(session),
            None => {
                let session = Arc::new(Session::new());
                *current = Some(Arc::clone(&session));
                api.tasks().spawn(reader::run(api.clone(), Arc::clone(&session)));
                session
            }
        };
        let news = session.enter(&wants);
        Ok(Seat { session, wants, news, permit })
    }

    /// Whether nobody watches any more: then the session has ended, and who comes next begins another one.
    pub(super) fn end_if_empty(&self, session: &Session) -> bool {
        // Who takes a seat holds this too.
        let mut current = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = session.is_empty();
        if is_empty {
            session.ended.cancel();
            *current = None;
        }
        is_empty
    }
}

fn full() -> Problem {
    let detail = format!("{VIEWERS} streams are open, and a server has no more; close one");
    Problem::new(Code::TooManyStreams, detail).retry_after(TRY_AGAIN)
}
