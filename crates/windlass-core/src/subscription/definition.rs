//! What a subscription is.

use serde::{Deserialize, Serialize};

use std::num::NonZeroU32;

use super::{Filter, JobTarget, Mode, Pace, Target};
use crate::error::Refusal;
use crate::job::Job;
use crate::limits::CREDIT;
use crate::subscription::EventKey;

/// What a subscription is: which events it wants, and what comes of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Which events are wanted; all, where it is not said.
    #[serde(default)]
    pub filter: Filter,
    /// What comes of each.
    pub target: Target,
    /// The jobs of events that have the same there run one after the other, in the order of the log: an attribute such as
    /// `subject`, or a member of the data such as `data.order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<EventKey>,
    /// Whether each event becomes a job, or several together.
    #[serde(default, skip_serializing_if = "Mode::is_each")]
    pub mode: Mode,
    /// At most so many of its jobs are unfinished; events beyond them stay in the log until there is room. 10,000 where it is not
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<NonZeroU32>,
    /// At most so many jobs in a time while it catches up, as a replay does; as many as it has room for where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
}

impl Subscription {
    /// Each event that the filter wants becomes a job of this type: of its kind and version, in its queue, tried as often as it says.
    #[must_use]
    pub fn of<J: Job>(filter: Filter) -> Self {
        let target = JobTarget {
            kind: J::KIND.to_owned(),
            queue: J::QUEUE.to_owned(),
            version: J::VERSION,
            max_attempts: J::MAX_ATTEMPTS,
        };
        Self::to(filter, Target::Job(target))
    }

    /// Each event that the filter wants becomes a job of this kind, in the queue `default` unless another one is said.
    #[must_use]
    pub fn new(filter: Filter, kind: impl Into<String>) -> Self {
        Self::to(filter, Target::kind(kind))
    }

    /// Each event that the filter wants is told as a signal, with its data: its key is the subscription's name, a colon, and what the
    /// event has there. So jobs and workflows wait for events.
    #[must_use]
    pub const fn signal(filter: Filter, key: EventKey) -> Self {
        Self::to(filter, Target::Signal(key))
    }

    /// Each event that the filter wants is published once more, as an event of this type.
    #[must_use]
    pub fn event(filter: Filter, event_type: impl Into<String>) -> Self {
        Self::to(filter, Target::event(event_type))
    }

    /// What comes of each event that the filter wants.
    #[must_use]
    pub const fn to(filter: Filter, target: Target) -> Self {
        Self { filter, target, lane: None, mode: Mode::Each, credit: None, pace: None }
    }

    /// Its jobs go to this queue; nothing where it makes none.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        if let Target::Job(job) = &mut self.target {
            job.queue = queue.into();
        }
        self
    }

    /// The jobs of events that have the same there run one after the other.
    #[must_use]
    pub fn lane(mut self, key: EventKey) -> Self {
        self.lane = Some(key);
        self
    }

    /// Whether each event becomes a job, or several together: of those that have the same lane.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// At most so many of its jobs are unfinished.
    #[must_use]
    pub const fn credit(mut self, credit: NonZeroU32) -> Self {
        self.credit = Some(credit);
        self
    }

    /// At most so many jobs in a time while it catches up.
    #[must_use]
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// How many of its jobs may be unfinished.
    #[must_use]
    pub fn most_unfinished(&self) -> u32 {
        self.credit.map_or(CREDIT, NonZeroU32::get)
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When a name cannot be used, when what belongs to jobs is said where none are made, and when it would take what it makes.
    pub fn check(&self) -> Result<(), Refusal> {
        self.target.check()?;
        self.mode.check()?;
        if !matches!(self.target, Target::Job(_)) {
            let said = [
                ("lane", self.lane.is_some()),
                ("mode", !self.mode.is_each()),
                ("credit", self.credit.is_some()),
                ("pace", self.pace.is_some()),
            ];
            if let Some((what, _)) = said.into_iter().find(|(_, is_said)| *is_said) {
                return Err(Refusal::NoJobs { what });
            }
        }
        match &self.target {
            Target::Event(made) if self.filter.wants_all_of(&made.event_type) => {
                Err(Refusal::OwnOutput { event_type: made.event_type.clone() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Plain {}

    impl Job for Plain {
        const KIND: &'static str = "mail.receipt";
    }

    #[derive(Serialize, Deserialize)]
    struct Own {}

    impl Job for Own {
        const KIND: &'static str = "mail.receipt";
        const VERSION: u16 = 2;
        const QUEUE: &'static str = "mail";
        const MAX_ATTEMPTS: Option<u16> = Some(3);
    }

    /// E21: what a type of jobs says of itself holds for those that come of events.
    #[test]
    fn a_type_of_jobs_has_its_own_queue_version_and_attempts() {
        let plain = Subscription::of::<Plain>(Filter::default());
        assert_eq!(plain, Subscription::new(Filter::default(), "mail.receipt"));
        let own = Subscription::of::<Own>(Filter::default());
        let target = serde_json::to_string(&own.target).expect("JSON");
        assert_eq!(
            target,
            r#"{"kind":"mail.receipt","queue":"mail","version":2,"max_attempts":3}"#
        );
    }
}
