//! An edition: what a person has made of a thing, as a short text that is another one after each change.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::limit::LimitRecord;
use crate::queue::{Aging, QueueBound, WhenFull};
use crate::schedule::ScheduleRecord;
use crate::subscription::SubscriptionRecord;
use crate::worker::RequiredBuild;

/// Letters of an edition: 96 bits in hexadecimal digits.
const LETTERS: usize = 24;

/// Which of all that a thing has been it is now: made of what people set. What moves by itself, such as counts, positions and
/// due times, does not change it, and the same definition has the same edition in every store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edition(String);

impl Edition {
    /// The edition with this text, such as one that somebody saw.
    #[must_use]
    pub fn seen(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text: letters and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// That of a limit.
    #[must_use]
    pub fn of_limit(record: &LimitRecord) -> Self {
        Self::of(&("limit", &record.limit, record.set_by, &record.note))
    }

    /// That of a schedule.
    #[must_use]
    pub fn of_schedule(record: &ScheduleRecord) -> Self {
        let pause = record.paused_at.map(|at| (at.as_micros(), &record.note));
        let removed = record.removed_at.map(|at| at.as_micros());
        let ScheduleRecord { name, definition, owner, .. } = record;
        Self::of(&("schedule", name, definition, owner.word(), pause, removed))
    }

    /// That of a subscription.
    #[must_use]
    pub fn of_subscription(record: &SubscriptionRecord) -> Self {
        let paused = record.paused_at.map(|at| at.as_micros());
        Self::of(&("subscription", record.number, &record.definition, record.until, paused))
    }

    /// That of what is set for a queue; none where nothing is.
    #[must_use]
    pub fn of_queue(bound: Option<&QueueBound>, aging: Option<&Aging>) -> Option<Self> {
        if bound.is_none() && aging.is_none() {
            return None;
        }
        let bound = bound.map(|bound| (bound.jobs, bound.when_full == WhenFull::Wait));
        let every = aging.map(|aging| aging.every.as_micros() as u64);
        Some(Self::of(&("queue", bound, every)))
    }

    /// That of a minimum build.
    #[must_use]
    pub fn of_build(required: &RequiredBuild) -> Self {
        let minimum = &required.minimum;
        Self::of(&("build", &minimum.program, minimum.version.as_str(), &minimum.note))
    }

    fn of(parts: &impl Serialize) -> Self {
        // Numbers and texts alone: they can always be written.
        let text = serde_json::to_vec(parts).unwrap_or_default();
        let digest = Sha256::digest(&text);
        let mut letters: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        letters.truncate(LETTERS);
        Self(letters)
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_set_for_a_queue_has_one_edition() {
        let bound = QueueBound::new("mail", 10);
        let aging = Aging::new("mail", Duration::from_secs(60));
        let of = |bound, aging| Edition::of_queue(bound, aging);
        assert_eq!(of(None, None), None);
        let waiting = bound.clone().waiting();
        let all = [
            of(Some(&bound), None),
            of(None, Some(&aging)),
            of(Some(&bound), Some(&aging)),
            of(Some(&waiting), Some(&aging)),
        ];
        for (nth, one) in all.iter().enumerate() {
            assert_eq!(one.as_ref().map(|one| one.as_str().len()), Some(LETTERS));
            assert!(!all[..nth].contains(one), "{all:?}");
        }
        assert_eq!(all[0], of(Some(&QueueBound::new("mail", 10)), None));
    }
}
