//! Changes of what people edit, made only if it still is as it was seen.
//!
//! Two people who look at the same thing and change it would each undo what the other has done. So a change may say which
//! edition it is meant for: the store compares in the transaction that writes.

mod edition;
mod expected;

use crate::limit::{Limit, LimitOn};
use crate::queue::{Aging, QueueBound};
use crate::reply::{Now, Reply};
use crate::schedule::SchedulePut;
use crate::subscription::{Start, Subscription};
use crate::worker::MinimumBuild;

pub use edition::Edition;
pub use expected::{Expected, Wanted};

/// A change of one thing that people edit.
#[derive(Debug, Clone)]
pub enum Edit {
    /// A limit is set by a person, with a note of why.
    SetLimit(Limit, Option<String>),
    /// A limit is removed.
    RemoveLimit(LimitOn),
    /// A schedule is put; where its revision has moved since it was seen, nothing is written.
    PutSchedule(Box<SchedulePut>),
    /// The schedule of this name is removed.
    RemoveSchedule(String),
    /// The subscription of this name is made or changed.
    PutSubscription(String, Box<Subscription>, Start),
    /// The subscription of this name is removed.
    RemoveSubscription(String),
    /// A queue is bounded.
    Bound(QueueBound),
    /// The bound of this queue is taken away.
    Unbound(String),
    /// The jobs of a queue age.
    Age(Aging),
    /// The jobs of this queue age no more.
    StopAging(String),
    /// A build is required.
    RequireBuild(MinimumBuild),
    /// All builds of this program are allowed.
    AllowBuilds(String),
}

/// What a change is of: the thing that has an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// A limit.
    Limit(&'a LimitOn),
    /// The schedule of this name.
    Schedule(&'a str),
    /// The subscription of this name.
    Subscription(&'a str),
    /// What is set for the queue of this name: its bound, and how its jobs age.
    Queue(&'a str),
    /// The minimum build of this program.
    Build(&'a str),
}

impl Edit {
    /// What it is a change of.
    #[must_use]
    pub fn object(&self) -> Object<'_> {
        match self {
            Self::SetLimit(limit, _) => Object::Limit(&limit.on),
            Self::RemoveLimit(on) => Object::Limit(on),
            Self::PutSchedule(put) => Object::Schedule(&put.name),
            Self::RemoveSchedule(name) => Object::Schedule(name),
            Self::PutSubscription(name, ..) | Self::RemoveSubscription(name) => {
                Object::Subscription(name)
            }
            Self::Bound(bound) => Object::Queue(&bound.queue),
            Self::Age(aging) => Object::Queue(&aging.queue),
            Self::Unbound(queue) | Self::StopAging(queue) => Object::Queue(queue),
            Self::RequireBuild(minimum) => Object::Build(&minimum.program),
            Self::AllowBuilds(program) => Object::Build(program),
        }
    }
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// It was as expected, and the verb answered this: see [`Edit`] for each.
    Done(bool),
    /// It was not as expected: nothing was written.
    Stale,
}

/// The verb of changes that expect something.
pub trait EditStore: Send + Sync {
    /// Makes a change if what it is of is as expected, in one transaction: of two that expect the same edition one is made. The
    /// answer of `Done` is that of the plain verb: whether it was there where it is removed, whether it is new where a subscription
    /// is put, whether it was written where a schedule is.
    fn edit<'a>(&'a self, edit: &'a Edit, expected: &'a Expected, now: Now) -> Reply<'a, Edited>;
}
