//! Subscriptions: which events are wanted, and by whom.
//!
//! [`Filter`] is what a subscription says of it, [`EventView`] the event as a filter sees it, [`Explanation`] why
//! an event is wanted or not. [`TypeIndex`] finds the subscriptions that may want an event of a type.

mod asked;
mod backtest;
mod builder;
mod close;
mod credit;
mod decode;
mod definition;
mod due;
mod event;
mod event_key;
mod explain;
mod feed;
mod filter;
mod index;
mod key;
mod mode;
mod number;
mod pace;
mod pattern;
mod predicate;
mod put;
#[cfg(test)]
mod random;
mod read;
mod record;
mod replay;
mod request;
mod route;
mod sql;
mod target;
mod tell;
mod together;
mod types;
mod verify;
mod walk;
mod window;
mod words;

pub use asked::{Answer, Decision, EventExplanation, Looked, SubscriptionExplanation};
pub use backtest::{Backtest, Span};
pub use builder::FilterBuilder;
pub use definition::Subscription;
pub use event::{AttributeValue, EventView};
pub use event_key::{EventKey, EventKeyError};
pub use explain::Explanation;
pub use feed::{Fed, Feed};
pub use filter::{Filter, FilterError};
pub use index::TypeIndex;
pub use mode::Mode;
pub use pace::{Pace, ParsePaceError};
pub use pattern::{ParseTypeError, TypePattern};
pub use record::{
    Beside, GapRecord, Progress, Reach, Routed, Slice, Start, SubscriptionRecord, Subscriptions,
    event_of, job_of,
};
pub use replay::{Replay, ReplayPreview, undoing};
pub use request::{RequestAnswer, RequestedChange, SubscriptionRequest};
pub(crate) use route::NO_ARGS;
pub use route::Router;
pub use sql::SqlError;
pub use target::{EventTarget, JobTarget, Target};
pub use together::Together;
pub use types::{SeenTypes, TypeRecord};
pub use verify::{Verified, VerifiedSubscription};
pub use walk::EventSummary;
pub use window::{Closed, Closing, DueWindows, EventWindow, Gathering};

use crate::id::JobId;
use crate::reply::{Now, Reply};

/// The verbs of subscriptions.
pub trait SubscriptionStore: Send + Sync {
    /// Makes a subscription, which begins there, or changes what the one with this name is, which goes on where it is; whether it
    /// is new. What it is already changes nothing, the revision neither.
    fn put_subscription<'a>(
        &'a self,
        name: &'a str,
        definition: &'a Subscription,
        start: Start,
        now: Now,
    ) -> Reply<'a, bool>;

    /// Removes one; `false` where there is none. The jobs that have come of it stay.
    fn remove_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;

    /// Has one stand still; `false` where there is none.
    fn pause_subscription<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool>;

    /// Has one go on where it stood still; `false` where there is none.
    fn resume_subscription<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;

    /// The changes that were asked for by SQL and were not made, at most so many: in their order, and behind them those that were refused.
    fn subscription_requests(&self, most: usize) -> Reply<'_, Vec<SubscriptionRequest>>;

    /// Does what the request with this number asks for, or keeps why not, in one transaction. `false`, and nothing, where it was answered
    /// before.
    fn answer_request<'a>(
        &'a self,
        nth: u64,
        answer: &'a RequestAnswer,
        now: Now,
    ) -> Reply<'a, bool>;

    /// All of them.
    fn subscriptions(&self) -> Reply<'_, Subscriptions>;

    /// The gaps of all subscriptions, in the order in which they were made.
    fn gaps(&self) -> Reply<'_, Vec<GapRecord>>;

    /// Of each subscription with this number how many of its jobs have not ended, counted up to the number beside it.
    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>>;

    /// Of each of these jobs whether it is there, in whatever state.
    fn have_jobs<'a>(&'a self, jobs: &'a [JobId]) -> Reply<'a, Vec<bool>>;

    /// Writes what comes of a part of the log, and how far it has been fed with that.
    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed>;

    /// The windows that are due, of subscriptions that are not paused, except of these: at most so many, the first one first.
    fn due_windows<'a>(&'a self, except: &'a [u32], most: usize, now: Now)
    -> Reply<'a, DueWindows>;

    /// The windows of the subscription with this number.
    fn windows(&self, number: u32) -> Reply<'_, Vec<EventWindow>>;

    /// Writes the jobs of windows, all or none; `false` where somebody else was here, or a subscription was changed.
    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool>;
}
