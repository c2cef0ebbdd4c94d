//! A seat: who has one is told what the reader reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::reader;
use super::seats::{Held, Seats};
use super::session::Session;
use super::wanted::Wants;
use crate::api::Api;
use crate::limits::VIEWERS;
use crate::problem::{Code, Problem};
use crate::who::Who;

/// When somebody who found no seat may try again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// All streams of an API.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    seats: Arc<Mutex<Seats>>,
    session: Mutex<Option<Arc<Session>>>,
}

/// The seat of one viewer. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) session: Arc<Session>,
    pub(super) wants: Wants,
    pub(super) news: watch::Receiver<u64>,
    place: Held,
    seats: Arc<Mutex<Seats>>,
}

impl Seat {
    /// Once somebody else has it, who had fewer.
    pub(super) const fn lost(&self) -> &CancellationToken {
        &self.place.lost
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.session.leave(&self.wants);
        lock(&self.seats).leave(self.place.id);
    }
}

impl Streams {
    /// A seat, and a reader where there was none.
    pub(super) fn take(&self, api: &Api, by: Who, wants: Wants) -> Result<Seat, Problem> {
        let place = lock(&self.seats).take(by).ok_or_else(full)?;
        let mut current = lock(&self.session);
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
        Ok(Seat { session, wants, news, place, seats: Arc::clone(&self.seats) })
    }

    /// Whether nobody watches any more: then the session has ended, and who comes next begins another one.
    pub(super) fn end_if_empty(&self, session: &Session) -> bool {
        // Who takes a seat holds this too.
        let mut current = lock(&self.session);
        let is_empty = session.is_empty();
        if is_empty {
            session.ended.cancel();
            *current = None;
        }
        is_empty
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn full() -> Problem {
    let detail = format!(
        "{VIEWERS} streams are open, a server has no more, and no caller has more of them than you; close one"
    );
    Problem::new(Code::TooManyStreams, detail).retry_after(TRY_AGAIN)
}

/// What is said to who had most, once all are taken and somebody else comes.
pub(super) fn given_up() -> Problem {
    let detail = format!(
        "{VIEWERS} streams are open, and this one was closed for a caller who has fewer than you"
    );
    Problem::new(Code::TooManyStreams, detail).retry_after(TRY_AGAIN)
}
