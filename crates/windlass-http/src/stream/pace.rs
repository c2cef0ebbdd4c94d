//! Pace: how many events a viewer is told one by one. What is more is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use windlass::event::EventHead;

use crate::limits::{MERGED_TYPES, STREAM_ROWS};

/// How long it counts before it tells.
const WINDOW: Duration = Duration::from_secs(1);

/// The pace of one viewer. No I/O.
#[derive(Debug, Default)]
pub(super) struct Pace {
    window: Option<Window>,
    /// Whether there was too much in the last window: then none of the next one is told by itself.
    is_merging: bool,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    told: usize,
    merged: Merged,
}

impl Window {
    fn from(now: Instant) -> Self {
        Self { ends: now + WINDOW, told: 0, merged: Merged::default() }
    }
}

/// Events that are told by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) events: u64,
    pub(super) types: BTreeMap<String, u64>,
    pub(super) others: u64,
}

impl Merged {
    fn add(&mut self, event: &EventHead) {
        if self.events == 0 {
            self.first = event.position;
        }
        (self.last, self.events) = (event.position, self.events + 1);
        let has_room = self.types.len() < MERGED_TYPES;
        match self.types.get_mut(&event.event_type) {
            Some(number) => *number += 1,
            None if has_room => {
                self.types.insert(event.event_type.clone(), 1);
            }
            None => self.others += 1,
        }
    }
}

impl Pace {
    /// Whether an event is told by itself; otherwise it is counted.
    pub(super) fn tells(&mut self, event: &EventHead, now: Instant) -> bool {
        let window = self.window.get_or_insert_with(|| Window::from(now));
        if !self.is_merging && window.told < STREAM_ROWS {
            window.told += 1;
            return true;
        }
        window.merged.add(event);
        false
    }

    /// What was counted, once that is to be told.
    pub(super) fn flush(&mut self, now: Instant) -> Option<Merged> {
        let window = self.window.take_if(|window| window.ends <= now)?;
        self.is_merging = window.merged.events > STREAM_ROWS as u64;
        self.window = self.is_merging.then(|| Window::from(now));
        Some(window.merged).filter(|merged| merged.events > 0)
    }

    /// When there is something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        self.window.as_ref().filter(|window| window.merged.events > 0).map(|window| window.ends)
    }

    /// The position of the first event that is counted and not told yet.
    pub(super) fn untold(&self) -> Option<u64> {
        let merged = self.window.as_ref().map(|window| &window.merged);
        merged.filter(|merged| merged.events > 0).map(|merged| merged.first)
    }

    /// What was counted is not told any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use windlass::{EventId, Timestamp};

    use super::*;

    fn event(position: u64, event_type: String) -> EventHead {
        EventHead {
            position,
            id: EventId::new(),
            event_type,
            version: 1,
            source: String::new(),
            subject: None,
            time: Timestamp::from_micros(0),
        }
    }

    fn take(pace: &mut Pace, positions: std::ops::RangeInclusive<u64>, now: Instant) -> u64 {
        positions.map(|at| u64::from(pace.tells(&event(at, "a".to_owned()), now))).sum()
    }

    #[test]
    fn what_is_above_the_pace_is_counted_and_told_after_a_second() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert_eq!((take(&mut pace, 1..=20, now), pace.due(), pace.untold()), (20, None, None));
        assert_eq!(take(&mut pace, 21..=50, now), 0);
        assert_eq!((pace.due(), pace.untold()), (Some(now + WINDOW), Some(21)));
        assert_eq!(pace.flush(now), None);
        let merged = pace.flush(now + WINDOW).expect("counted");
        assert_eq!((merged.first, merged.last, merged.events, merged.types["a"]), (21, 50, 30, 30));
        // There was too much: nothing is told by itself until a second has no more than the pace.
        assert_eq!(take(&mut pace, 51..=60, now + WINDOW), 0);
        assert_eq!(pace.flush(now + 2 * WINDOW).map(|merged| merged.events), Some(10));
        assert_eq!((take(&mut pace, 61..=62, now + 2 * WINDOW), pace.due()), (2, None));
    }

    #[test]
    fn a_merge_has_so_many_types() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let all = (STREAM_ROWS + MERGED_TYPES + 5) as u64;
        for at in 1..=all {
            let _ = pace.tells(&event(at, at.to_string()), now);
        }
        let merged = pace.flush(now + WINDOW).expect("counted");
        assert_eq!((merged.types.len(), merged.others), (MERGED_TYPES, 5));
    }
}
