//! Finding events of the log: in its order, or the newest first.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::filter::recorded_at;
use super::{EventRecord, Filter};
use crate::error::StoreError;
use crate::filter::{Bound, Found, Looked};
use crate::limits::LISTED;
use crate::store::Store;
use crate::time::{Timestamp, micros};

/// By how much a clock may have been set back while events got their positions: so much older an event must be before all that
/// lie behind it are taken to be too old too.
const SET_BACK: Duration = Duration::from_secs(3_600);

/// Where a page of events begins, and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// Behind this position, in the order of the log.
    After(u64),
    /// Before this position, the newest first.
    Before(u64),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(position) => write!(f, "after {position}"),
            Self::Before(position) => write!(f, "before {position}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (way, position) = text.split_once(' ').ok_or("no way")?;
        let position = position.parse().map_err(|_| "no position")?;
        match way {
            "after" => Ok(Self::After(position)),
            "before" => Ok(Self::Before(position)),
            _ => Err("no way".to_owned()),
        }
    }
}

/// A look through the log.
struct Look<'a> {
    store: &'a dyn Store,
    filter: &'a Filter,
    limit: usize,
    now: Timestamp,
    looked: Looked,
    events: Vec<EventRecord>,
}

/// Events that match, a page of them.
pub(crate) async fn find(
    store: &dyn Store,
    (filter, limit): (&Filter, usize),
    from: Cursor,
    bound: Bound,
) -> Result<Found<EventRecord, Cursor>, StoreError> {
    let (now, looked) = (Timestamp::wall_clock(), Looked::new(bound));
    let look = Look { store, filter, limit, now, looked, events: Vec::new() };
    match from {
        Cursor::After(position) => look.after(position).await,
        Cursor::Before(position) => look.before(position).await,
    }
}

impl Look<'_> {
    /// Events that are read at a time.
    fn step(&self) -> usize {
        let all = if self.filter.terms.is_empty() { self.limit + 1 } else { LISTED };
        all.min(usize::try_from(self.looked.left()).unwrap_or(LISTED)).max(1)
    }

    async fn after(mut self, mut at: u64) -> Result<Found<EventRecord, Cursor>, StoreError> {
        loop {
            let part = self.store.events(at, self.step()).await?;
            let Some(last) = part.last().and_then(|event| event.position) else {
                return Ok(self.ended(None));
            };
            at = last;
            self.take(part);
            if self.events.len() > self.limit {
                return Ok(self.cut(Cursor::After));
            }
            if self.looked.is_over() {
                return Ok(self.ended(Some(Cursor::After(at))));
            }
        }
    }

    async fn before(mut self, mut end: u64) -> Result<Found<EventRecord, Cursor>, StoreError> {
        let oldest = self.store.events(0, 1).await?.pop().and_then(|event| event.position);
        // A caller may name any position.
        end = end.min(self.store.event_log().await?.last.saturating_add(1));
        let since = self.filter.since(self.now);
        let since = since.map(|at| Timestamp::from_micros(at.as_micros() - micros(SET_BACK)));
        while oldest.is_some_and(|oldest| oldest < end) {
            let step = self.step();
            let begin = end.saturating_sub(step as u64).max(1);
            let mut part = self.store.events(begin - 1, step).await?;
            part.retain(|event| event.position < Some(end));
            part.reverse();
            let are_old = |newest: &EventRecord| since.is_some_and(|at| recorded_at(newest) < at);
            if part.first().is_some_and(are_old) {
                break;
            }
            end = begin;
            self.take(part);
            if self.events.len() > self.limit {
                return Ok(self.cut(Cursor::Before));
            }
            if self.looked.is_over() && oldest.is_some_and(|oldest| oldest < end) {
                return Ok(self.ended(Some(Cursor::Before(end))));
            }
        }
        Ok(self.ended(None))
    }

    fn take(&mut self, part: Vec<EventRecord>) {
        self.looked.rows += part.len() as u64;
        let (filter, now) = (self.filter, self.now);
        self.events.extend(part.into_iter().filter(|event| filter.fits(event, now)));
    }

    /// A full page, with more behind it.
    fn cut(mut self, from: fn(u64) -> Cursor) -> Found<EventRecord, Cursor> {
        self.events.truncate(self.limit);
        let next = self.events.last().and_then(|event| event.position).map(from);
        Found { items: self.events, scanned: self.looked.rows, next, complete: true }
    }

    /// What was found until the log, or the bound, was at its end.
    fn ended(self, next: Option<Cursor>) -> Found<EventRecord, Cursor> {
        let complete = next.is_none();
        Found { items: self.events, scanned: self.looked.rows, next, complete }
    }
}
