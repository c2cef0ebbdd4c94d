//! One fault to come: at which point, at which passage, and what happens there.

use std::fmt;
use std::str::FromStr;

/// The verbs of a store that have named points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Jobs are taken.
    Claim,
    /// Ends of attempts are written.
    Settle,
    /// Jobs are written.
    Enqueue,
    /// A lease is renewed.
    Heartbeat,
    /// A step of a running attempt is recorded.
    Record,
    /// A page of a source is written.
    Import,
    /// What was counted for the stats is written.
    Measure,
}

/// On which side of the store's work a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing has happened.
    Before,
    /// It is committed, and the caller does not know. An empty claim passes no such point.
    After,
}

/// What happens at the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The process says so and stops, as by SIGSTOP; the test kills or wakes it.
    Stop,
    /// The process says so and aborts.
    Abort,
    /// The answer is lost: the caller hears "it may or may not have happened".
    Lose,
    /// The caller hears that it did not happen; only before the work.
    Refuse,
    /// The answer comes after those to some heartbeats that were sent later; not for a heartbeat, which the
    /// next one waits for.
    Delay,
}

/// A fault to come, written as `claim.after#2=stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The verb.
    pub verb: Verb,
    /// The side.
    pub side: Side,
    /// The passage, from 1.
    pub passage: u64,
    /// What happens.
    pub action: Action,
}

impl Plan {
    /// The first passage of a point.
    #[must_use]
    pub const fn first(verb: Verb, side: Side, action: Action) -> Self {
        Self { verb, side, passage: 1, action }
    }

    /// The point's name, as a process says it.
    #[must_use]
    pub fn point(&self) -> String {
        format!("{}.{}", word(VERBS, self.verb), word(SIDES, self.side))
    }
}

const VERBS: [(&str, Verb); 7] = [
    ("claim", Verb::Claim),
    ("settle", Verb::Settle),
    ("enqueue", Verb::Enqueue),
    ("heartbeat", Verb::Heartbeat),
    ("record", Verb::Record),
    ("import", Verb::Import),
    ("measure", Verb::Measure),
];
const SIDES: [(&str, Side); 2] = [("before", Side::Before), ("after", Side::After)];
const ACTIONS: [(&str, Action); 5] = [
    ("stop", Action::Stop),
    ("abort", Action::Abort),
    ("lose", Action::Lose),
    ("refuse", Action::Refuse),
    ("delay", Action::Delay),
];

fn word<T: PartialEq, const N: usize>(words: [(&'static str, T); N], value: T) -> &'static str {
    words.into_iter().find(|(_, meant)| *meant == value).map_or("?", |(word, _)| word)
}

fn value<T, const N: usize>(words: [(&'static str, T); N], text: &str) -> Option<T> {
    words.into_iter().find(|(word, _)| *word == text).map(|(_, value)| value)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}={}", self.point(), self.passage, word(ACTIONS, self.action))
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (point, rest) = text.split_once('#')?;
            let (passage, action) = rest.split_once('=')?;
            let (verb, side) = point.split_once('.')?;
            let plan = Self {
                verb: value(VERBS, verb)?,
                side: value(SIDES, side)?,
                passage: passage.parse().ok()?,
                action: value(ACTIONS, action)?,
            };
            (plan.verb != Verb::Heartbeat || plan.action != Action::Delay).then_some(plan)
        };
        read()
            .ok_or_else(|| format!("`{text}` is not a fault: expected such as claim.after#2=stop"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_its_text() {
        for text in ["claim.after#2=stop", "settle.before#1=refuse", "heartbeat.after#9=lose"] {
            assert_eq!(text.parse::<Plan>().expect("a plan").to_string(), text);
        }
        let never = "heartbeat.after#1=delay";
        for text in ["", "claim#1=stop", "claim.after=stop", "claim.after#x=stop", "a.b#1=c", never]
        {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
    }
}
