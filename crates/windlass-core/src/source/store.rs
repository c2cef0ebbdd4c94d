//! What a store does with sources.

use std::time::Duration;

use super::{
    ImportPage, Imported, Position, QuarantineRecord, SourceGap, SourceRecord, SourceState,
};
use crate::event::NewEvent;
use crate::id::EventId;
use crate::reply::{Now, Reply};

/// A wish to hold a source, or to keep holding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The source.
    pub name: String,
    /// Who wishes it: one loop of one process.
    pub holder: String,
    /// For how long, unless it is renewed.
    pub lasts: Duration,
    /// What has happened since the last time.
    pub said: Said,
}

/// How asking a feed went, as the source's row is to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Said {
    /// Nothing new.
    #[default]
    Nothing,
    /// It answered; it is asked again after so long.
    Went(Duration),
    /// It did not.
    Failed {
        /// Why.
        error: String,
        /// How often that happened, one after the other.
        failures: u32,
        /// When it is asked again.
        again: Duration,
    },
}

/// A source that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What each write has to name.
    pub epoch: u64,
    /// Whether it is to be read.
    pub state: SourceState,
    /// How far it was read.
    pub position: Position,
    /// The number from which on records are not believed in that lie above the feed's head.
    pub disowned: Option<u64>,
}

/// What came of a wish to hold a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// It is held.
    Held(Held),
    /// Another one holds it.
    Other,
    /// There is no such source.
    Missing,
}

/// Where a source is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset<'a> {
    /// With the oldest record that the feed has.
    Oldest,
    /// Behind this cursor.
    Behind(&'a str),
}

impl<'a> Reset<'a> {
    /// The cursor to ask with.
    #[must_use]
    pub const fn cursor(self) -> Option<&'a str> {
        match self {
            Self::Oldest => None,
            Self::Behind(cursor) => Some(cursor),
        }
    }
}

/// What a record that was put aside is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which one.
    pub id: u64,
    /// The event that it is now; where it is none, it is thrown away.
    pub event: Option<NewEvent>,
}

/// The verbs of sources.
pub trait SourceStore: Send + Sync {
    /// Makes a source that there is none of, and notes what is read there and how.
    fn declare_source<'a>(&'a self, name: &'a str, about: &'a str, now: Now) -> Reply<'a, ()>;

    /// Holds a source, or keeps holding it. The epoch rises where the last holder was another one. A hold that begins later than now
    /// by more than it lasts is none: the clock was set back.
    fn hold_source<'a>(&'a self, hold: &'a Hold, now: Now) -> Reply<'a, Holding>;

    /// Gives a source back, unless another one holds it by now.
    fn let_go_of_source<'a>(&'a self, name: &'a str, epoch: u64) -> Reply<'a, ()>;

    /// Publishes what a page has, keeps what could not be read and what is lacking, and moves the source on, in one
    /// transaction: if the source is in the epoch that was seen, where the page was asked behind, and to be read.
    fn import<'a>(&'a self, page: &'a ImportPage, now: Now) -> Reply<'a, Imported>;

    /// All sources, by name.
    fn sources(&self) -> Reply<'_, Vec<SourceRecord>>;

    /// One source.
    fn source<'a>(&'a self, name: &'a str) -> Reply<'a, Option<SourceRecord>>;

    /// What a source lacks, the newest first.
    fn source_gaps<'a>(&'a self, name: &'a str, most: usize) -> Reply<'a, Vec<SourceGap>>;

    /// Says that gaps of a source are closed: the one that this event tells of, or all. How many were open.
    fn close_source_gaps<'a>(
        &'a self,
        name: &'a str,
        event: Option<EventId>,
        now: Now,
    ) -> Reply<'a, u64>;

    /// Has a source that is read stand still. `false` where there is no such source.
    fn pause_source<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool>;

    /// Has a source go on: a paused one where it stood, one that has stopped at a gap behind that. `false` where there is none
    /// that stands still.
    fn resume_source<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool>;

    /// Has a source go on elsewhere; who holds it learns of that before it writes. One that has stopped runs again. `false`
    /// where there is no such source.
    fn reset_source<'a>(&'a self, name: &'a str, to: Reset<'a>, now: Now) -> Reply<'a, bool>;

    /// Removes a source with what was put aside; a program that declares it makes it again. `false` where there is none.
    fn remove_source<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;

    /// What was put aside, behind this one, the oldest first.
    fn quarantined<'a>(
        &'a self,
        name: &'a str,
        after: u64,
        most: usize,
    ) -> Reply<'a, Vec<QuarantineRecord>>;

    /// Publishes what records that were put aside are now, and removes them, in one transaction. Of each whether it was there
    /// still.
    fn release_quarantined<'a>(
        &'a self,
        name: &'a str,
        released: &'a [Release],
        now: Now,
    ) -> Reply<'a, Vec<bool>>;
}
