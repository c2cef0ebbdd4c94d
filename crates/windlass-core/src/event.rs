//! Events: facts that somebody has published, in one log, in the order in which they were committed.
//!
//! An event is published in the transaction that makes it true, and never changes. It has a position in the log: positions are
//! dense, and who has read up to one has seen all that were committed before. What comes of an event is up to the subscriptions.

mod claim;
mod cloud;
mod decode;
mod filter;
mod find;
mod keep;
mod meta;
mod new;
mod publish;
mod record;
mod strict;
mod typed;

pub use claim::claim;
#[cfg(unix)]
pub(crate) use claim::with_event;
pub use cloud::{CloudEvent, CloudEventBody};
pub use decode::DecodeError;
pub use filter::{Field, Filter, Term};
pub use find::Cursor;
pub(crate) use find::find;
pub use keep::Keep;
pub use meta::{EventMeta, Extension};
pub use new::{DEFAULT_SOURCE, IntoEvent, NewEvent};
pub use record::{EventHead, EventRecord, LogRecord, Published};
pub use strict::StrictSource;
pub use typed::{EventType, Upgrade};

use crate::id::{EventId, JobId, WorkerId};
use crate::reply::{Now, Reply};

/// The verbs of events.
pub trait EventStore: Send + Sync {
    /// Publishes events, all or none, committed when it returns. Of those with one source and one given id the first counts.
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>>;

    /// Gives published events that have no position yet the next ones, at most so many; how many it gave. Nobody else does at
    /// the same time: where somebody is about to, it gives none.
    fn sequence(&self, most: usize, now: Now) -> Reply<'_, u64>;

    /// One event; also one that was published and has no position yet.
    fn event(&self, id: EventId) -> Reply<'_, Option<EventRecord>>;

    /// The events of the log behind this position, in order.
    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>>;

    /// The same without their data, for who only wants to know that there are some.
    fn event_heads(&self, after: u64, most: usize) -> Reply<'_, Vec<EventHead>>;

    /// The events at these positions, as far as there are any, in order.
    fn events_at<'a>(&'a self, positions: &'a [u64]) -> Reply<'a, Vec<EventRecord>>;

    /// The events of a tree that have positions, in their order, at most so many: its root, and those whose root it is.
    fn events_of_tree(&self, root: JobId, most: usize) -> Reply<'_, Vec<EventRecord>>;

    /// Has those who publish from now on tell this worker, which feeds the subscriptions and finds nothing to do at present.
    /// Whether somebody may have begun before and tell nobody when he commits.
    fn await_events(&self, worker: WorkerId) -> Reply<'_, bool>;

    /// Has events stay in the log so long.
    fn keep_events(&self, keep: Keep) -> Reply<'_, ()>;

    /// From now on the log is another one: its new epoch, which is this moment in seconds, or one more than the old one where that is
    /// larger. A backup that is restored twice has another one each time.
    fn renew_log(&self, now: Now) -> Reply<'_, u64>;

    /// How far the log reaches.
    fn event_log(&self) -> Reply<'_, LogRecord>;
}
