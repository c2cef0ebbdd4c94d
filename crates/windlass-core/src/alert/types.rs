//! What there is to be told.

use crate::health::Problem;
use crate::subscription::Filter;

/// With what the types of events begin in which Windlass tells of itself, and that nobody else publishes.
pub(crate) const OWN_TYPES: &str = "windlass.";

/// What an alert is about, or what has happened. The event's type is `windlass.` and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AlertType {
    /// Jobs of a kind fail again and again.
    JobFailing,
    /// A job runs for too long.
    JobOverdue,
    /// A job waits for what cannot come.
    JobStuck,
    /// A job died.
    JobDead,
    /// Jobs of a queue have been due for too long.
    QueueStalled,
    /// Jobs are due in a queue that no live worker serves.
    QueueUnserved,
    /// Jobs are parked, since no live worker knows their kind and version.
    KindUnhandled,
    /// A lane stands still behind a dead job.
    LaneBlocked,
    /// Many jobs wait in a lane.
    LaneLong,
    /// A limit keeps jobs waiting for too long.
    LimitFull,
    /// A limit is set for something that does not exist.
    LimitUnused,
    /// At a limit's rate the jobs that wait take too long.
    LimitSlow,
    /// A breaker is open.
    BreakerOpen,
    /// A source's feed cannot be read, again and again.
    SourceFailing,
    /// A source has met a gap at which it is to stop.
    SourceStopped,
    /// A worker died, or did not renew its lease.
    WorkerLost,
    /// Runs of a schedule were missed.
    ScheduleMissed,
    /// A subscription was not fed some events, and never will be.
    SubscriptionGap,
}

impl AlertType {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::JobFailing,
        Self::JobOverdue,
        Self::JobStuck,
        Self::JobDead,
        Self::QueueStalled,
        Self::QueueUnserved,
        Self::KindUnhandled,
        Self::LaneBlocked,
        Self::LaneLong,
        Self::LimitFull,
        Self::LimitUnused,
        Self::LimitSlow,
        Self::BreakerOpen,
        Self::SourceFailing,
        Self::SourceStopped,
        Self::WorkerLost,
        Self::ScheduleMissed,
        Self::SubscriptionGap,
    ];

    /// Its name, with which keys begin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JobFailing => "job.failing",
            Self::JobOverdue => "job.overdue",
            Self::JobStuck => "job.stuck",
            Self::JobDead => "job.dead",
            Self::QueueStalled => "queue.stalled",
            Self::QueueUnserved => "queue.unserved",
            Self::KindUnhandled => "kind.unhandled",
            Self::LaneBlocked => "lane.blocked",
            Self::LaneLong => "lane.long",
            Self::LimitFull => "limit.full",
            Self::LimitUnused => "limit.unused",
            Self::LimitSlow => "limit.slow",
            Self::BreakerOpen => "breaker.open",
            Self::SourceFailing => "source.failing",
            Self::SourceStopped => "source.stopped",
            Self::WorkerLost => "worker.lost",
            Self::ScheduleMissed => "schedule.missed",
            Self::SubscriptionGap => "subscription.gap",
        }
    }

    /// The one with this name, with or without `windlass.` before it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix(OWN_TYPES).unwrap_or(name);
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The type of the event that tells of it.
    #[must_use]
    pub fn event_type(self) -> String {
        format!("windlass.{}", self.name())
    }

    /// The type of the event that tells of its end.
    #[must_use]
    pub fn resolved_type(self) -> String {
        format!("windlass.{}.resolved", self.name())
    }

    /// Whether it lasts, and has an end that is told. The others happen.
    #[must_use]
    pub const fn lasts(self) -> bool {
        !matches!(
            self,
            Self::JobDead | Self::WorkerLost | Self::ScheduleMissed | Self::SubscriptionGap
        )
    }

    /// Whether an event of it, or of its end, is wanted.
    #[must_use]
    pub fn is_wanted(self, filter: &Filter) -> bool {
        filter.wants_type(&self.event_type())
            || (self.lasts() && filter.wants_type(&self.resolved_type()))
    }

    /// What a problem is; none for what is told otherwise: each death of a job is.
    pub(super) const fn of(problem: &Problem) -> Option<Self> {
        Some(match problem {
            Problem::Latency { .. } => Self::QueueStalled,
            Problem::Failing { .. } => Self::JobFailing,
            Problem::RunningLong { .. } => Self::JobOverdue,
            Problem::Dying { .. } | Problem::SourceOverdue { .. } => return None,
            Problem::LaneBlocked { .. } => Self::LaneBlocked,
            Problem::LaneLong { .. } => Self::LaneLong,
            Problem::LimitFull { .. } => Self::LimitFull,
            Problem::LimitUnused { .. } => Self::LimitUnused,
            Problem::RateSlow { .. } => Self::LimitSlow,
            Problem::BreakerOpen { .. } => Self::BreakerOpen,
            Problem::SourceFailing { .. } => Self::SourceFailing,
            Problem::SourceStopped { .. } => Self::SourceStopped,
            Problem::Stuck { .. } => Self::JobStuck,
            Problem::QueueUnserved { .. } => Self::QueueUnserved,
            Problem::KindUnhandled { .. } => Self::KindUnhandled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_found_by_its_name() {
        for one in AlertType::ALL {
            assert_eq!(AlertType::named(one.name()), Some(one));
            assert_eq!(AlertType::named(&one.event_type()), Some(one));
        }
        assert_eq!(AlertType::named("job.failed"), None);
    }

    #[test]
    fn the_end_is_wanted_of_what_has_one() {
        let ends =
            Filter::of_types(["windlass.job.failing.resolved", "windlass.job.dead.resolved"]);
        let ends = ends.build().expect("types");
        assert!(AlertType::JobFailing.is_wanted(&ends));
        assert!(!AlertType::JobDead.is_wanted(&ends));
    }
}
