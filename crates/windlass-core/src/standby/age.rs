//! The age of a standby, from what it and its primary say. No clock of either is asked.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::LogPlace;
use crate::error::{StoreError, Unusable};

/// Marks that wait to be replayed, at most; of more, every other one is dropped, which makes the age less fine.
const MARKS: usize = 600;

/// When the primary had written how much, and which of that the standby has replayed.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// How far the log was written at a moment or earlier, the oldest first: those that are not replayed.
    waiting: VecDeque<(Instant, u64)>,
    /// The last that the primary said.
    primary: Option<LogPlace>,
    as_of: Option<Instant>,
    /// The most that the standby has replayed.
    replayed: u64,
}

impl Marks {
    /// The primary was asked at this moment, and had written so much, or does so by now.
    pub(super) fn written(&mut self, asked_at: Instant, place: LogPlace) {
        let is_other = |last: LogPlace| {
            LogPlace { bytes: 0, ..last } != LogPlace { bytes: 0, ..place }
                || place.bytes < last.bytes
        };
        if self.primary.is_some_and(is_other) {
            // Another primary: what the standby has replayed may be what this one never wrote.
            *self = Self::default();
        }
        self.primary = Some(place);
        if self.waiting.len() >= MARKS {
            let mut nth = 0;
            self.waiting.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
        }
        self.waiting.push_back((asked_at, place.bytes));
    }

    /// The standby has replayed so much.
    pub(super) fn replayed(&mut self, place: LogPlace) -> Result<(), StoreError> {
        let Some(primary) = self.primary else { return Ok(()) };
        let refuse = |reason: &str| {
            Err(StoreError::Unusable { reason: reason.to_owned(), kind: Unusable::Server })
        };
        if place.cluster != primary.cluster {
            return refuse("it is a standby of another server than the store's");
        }
        if place.database != primary.database {
            return refuse("it is another database than the store's");
        }
        if place.timeline != primary.timeline {
            return refuse(
                "it follows another timeline than the primary: it has not come along to a new primary, or its server cannot tell yet that it has",
            );
        }
        if place.bytes < self.replayed {
            // It was restarted before what it had replayed, or it is another standby.
            self.as_of = None;
        }
        self.replayed = place.bytes;
        while let Some((asked_at, _)) = self.waiting.front().filter(|(_, to)| *to <= place.bytes) {
            self.as_of = Some(*asked_at);
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// The moment before which all that was committed is on the standby.
    pub(super) fn as_of(&self) -> Option<Instant> {
        self.as_of
    }

    /// Whether something is not replayed that the primary is known to have written.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// For how long something has not been replayed.
    pub(super) fn waits_for(&self, now: Instant) -> Option<Duration> {
        self.waiting.front().map(|(asked_at, _)| now.duration_since(*asked_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn place(bytes: u64) -> LogPlace {
        LogPlace { cluster: 7, database: 1, timeline: 1, bytes }
    }

    fn after(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    /// One that is restarted begins at an earlier place, and another one may come in its stead.
    #[test]
    fn a_standby_that_has_gone_back_is_as_old_as_it_is() {
        let (mut marks, began) = (Marks::default(), Instant::now());
        marks.written(after(began, 1), place(30));
        marks.replayed(place(30)).expect("it follows");
        assert_eq!(marks.as_of(), Some(after(began, 1)));
        marks.written(after(began, 2), place(30));
        marks.replayed(place(29)).expect("it follows");
        assert_eq!((marks.as_of(), marks.is_behind()), (None, true));
        marks.replayed(place(30)).expect("it follows");
        assert_eq!(marks.as_of(), Some(after(began, 2)));
    }

    /// A standby is as old as the last moment at which the primary had written no more than it has replayed.
    #[test]
    fn a_standby_is_as_old_as_what_it_has_replayed() {
        let (mut marks, began) = (Marks::default(), Instant::now());
        marks.replayed(place(50)).expect("nothing is known of the primary");
        assert_eq!(marks.as_of(), None);
        for (seconds, written) in [(1, 10), (2, 20), (3, 30)] {
            marks.written(after(began, seconds), place(written));
        }
        marks.replayed(place(9)).expect("it follows");
        assert_eq!(
            (marks.as_of(), marks.waits_for(after(began, 9))),
            (None, Some(Duration::from_secs(8)))
        );
        marks.replayed(place(29)).expect("it follows");
        assert_eq!(marks.as_of(), Some(after(began, 2)));
        assert_eq!(marks.waits_for(after(began, 9)), Some(Duration::from_secs(6)));
        marks.replayed(place(30)).expect("it follows");
        assert_eq!((marks.as_of(), marks.is_behind()), (Some(after(began, 3)), false));
    }

    /// An idle primary writes nothing, and its standby is new all the time; one that cannot be asked any more makes it old.
    #[test]
    fn an_idle_primary_makes_nothing_old() {
        let (mut marks, began) = (Marks::default(), Instant::now());
        for seconds in [0, 100, 200] {
            marks.written(after(began, seconds), place(10));
            marks.replayed(place(10)).expect("it follows");
            assert_eq!(marks.as_of(), Some(after(began, seconds)));
        }
        marks.replayed(place(10)).expect("it follows");
        assert_eq!(marks.as_of(), Some(after(began, 200)));
    }

    /// What a promoted standby writes is not what the old primary wrote, though it may be more.
    #[test]
    fn another_primary_begins_again() {
        for other in
            [LogPlace { timeline: 2, ..place(5) }, LogPlace { cluster: 8, ..place(50) }, place(5)]
        {
            let (mut marks, began) = (Marks::default(), Instant::now());
            marks.written(began, place(10));
            marks.replayed(place(10)).expect("it follows");
            marks.written(after(began, 1), other);
            assert_eq!(marks.as_of(), None, "{other:?}");
        }
    }

    /// Bad input: what is not this primary's standby never counts as new.
    #[test]
    fn what_follows_somebody_else_is_refused() {
        let others = [
            (LogPlace { cluster: 8, ..place(99) }, "another server"),
            (LogPlace { database: 2, ..place(99) }, "another database"),
            (LogPlace { timeline: 2, ..place(99) }, "another timeline"),
        ];
        for (other, expected) in others {
            let mut marks = Marks::default();
            marks.written(Instant::now(), place(10));
            let refused = marks.replayed(other).expect_err("it is refused").to_string();
            assert!(refused.contains(expected), "{refused}");
            assert_eq!(marks.as_of(), None);
        }
    }

    /// Marks of a long lag are thinned out: the age is never told as less than it is.
    #[test]
    fn many_marks_are_thinned_out() {
        let (mut marks, began) = (Marks::default(), Instant::now());
        for second in 0..5_000 {
            marks.written(after(began, second), place(second * 10));
        }
        assert!(marks.waiting.len() <= MARKS);
        marks.replayed(place(25_000)).expect("it follows");
        let as_of = marks.as_of().expect("it has replayed some").duration_since(began);
        assert!(
            as_of <= Duration::from_secs(2_500) && as_of > Duration::from_secs(2_000),
            "{as_of:?}"
        );
    }
}
