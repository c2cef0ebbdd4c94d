//! What is imported in one transaction.

use super::{NewGap, Position, Unreadable, fnv};
use crate::event::NewEvent;
use crate::json::storable_text;
use crate::limits::{ERROR_BYTES, QUARANTINE_BYTES};

/// A page, or a part of one, as a store writes it: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPage {
    /// The source.
    pub name: String,
    /// The epoch in which it is held.
    pub epoch: u64,
    /// Where the source has to be.
    pub from: Position,
    /// Where it is then.
    pub to: Position,
    /// The number of the newest record that the feed has.
    pub head: Option<u64>,
    /// The number from which on records are not believed in that lie above the feed's head.
    pub disowned: Option<u64>,
    /// Events to be published, in their order; those that tell of gaps among them.
    pub events: Vec<NewEvent>,
    /// What could not be read.
    pub quarantined: Vec<Quarantined>,
    /// What is lacking.
    pub gaps: Vec<NewGap>,
    /// Records that were there before and are not among the events.
    pub repeated: u64,
    /// Why nothing more is imported for now.
    pub stop: Option<Stop>,
}

/// A source that stands still until a person says that it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub reason: String,
    /// Where it goes on then.
    pub then: Position,
}

/// A record that is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number in the feed.
    pub number: Option<u64>,
    /// What the feed gave, as far as that is kept.
    pub body: String,
    /// Whether there was something else or more, so that it cannot be imported later.
    pub is_cut: bool,
    /// Why it is not an event.
    pub reason: String,
    /// Made of its number and its body: the same record is not put aside twice.
    pub digest: i64,
}

impl Quarantined {
    /// A record that could not be read.
    #[must_use]
    pub fn of(read: &Unreadable) -> Self {
        let kept = Self::new(read.number, &read.body, &read.reason);
        Self { is_cut: kept.is_cut || !read.is_whole, ..kept }
    }

    /// A record with what can be kept of it.
    #[must_use]
    pub fn new(number: Option<u64>, body: &str, reason: &str) -> Self {
        let is_cut = body.len() > QUARANTINE_BYTES || body.contains('\0');
        let (reason, kept) =
            (storable_text(reason, ERROR_BYTES), storable_text(body, QUARANTINE_BYTES));
        Self { number, is_cut, reason, digest: digest(number, body), body: kept }
    }
}

/// Half of a hash: stores compare the body too.
fn digest(number: Option<u64>, body: &str) -> i64 {
    let number = number.map_or([0xff; 8], u64::to_le_bytes);
    let hash = fnv::digest(fnv::digest(fnv::OFFSET, &number), body.as_bytes());
    u64::try_from(hash & u128::from(u64::MAX)).unwrap_or_default().cast_signed()
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is written.
    Done {
        /// How many of its events were not there before.
        new: u64,
    },
    /// Another one holds the source, it is not where it was, or it stands still: nothing was written.
    Stale,
}
