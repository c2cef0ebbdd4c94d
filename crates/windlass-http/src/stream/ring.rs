//! The ring: the newest events of the log, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use windlass::event::{EventHead, LogRecord};

use super::cursor::{Cursor, Resume};
use super::document::Why;
use crate::limits::STREAM_EVENTS;

/// The newest events, without holes. No I/O.
#[derive(Debug)]
pub(super) struct Ring {
    epoch: u64,
    /// The position before the first of them.
    start: u64,
    heads: VecDeque<Arc<EventHead>>,
}

/// Where a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) cursor: Cursor,
    /// Whether what was asked for cannot be had, and why.
    pub(super) reset: Option<Why>,
}

impl Placed {
    fn here(cursor: Cursor) -> Self {
        Self { cursor, reset: None }
    }
}

impl Ring {
    /// One that begins at the end of the log.
    pub(super) fn behind(log: &LogRecord) -> Self {
        Self { epoch: log.epoch, start: log.last, heads: VecDeque::new() }
    }

    /// Whether what was read of the log before is of this one.
    pub(super) fn is_of(&self, log: &LogRecord) -> bool {
        self.epoch == log.epoch && self.last() <= log.last
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn last(&self) -> u64 {
        self.start + self.heads.len() as u64
    }

    pub(super) fn end(&self) -> Cursor {
        Cursor { epoch: self.epoch, position: self.last() }
    }

    /// Adds what was read behind its end.
    pub(super) fn push(&mut self, heads: Vec<EventHead>) {
        for head in heads {
            if head.position != self.last() + 1 {
                // What was between was removed before it was read: a viewer that has not got here missed it.
                self.heads.clear();
                self.start = head.position - 1;
            }
            self.heads.push_back(Arc::new(head));
            if self.heads.len() > STREAM_EVENTS {
                self.heads.pop_front();
                self.start += 1;
            }
        }
    }

    /// Adds what was read before its beginning, as far as that has no holes and there is room.
    pub(super) fn prepend(&mut self, heads: Vec<EventHead>) {
        for head in heads.into_iter().rev() {
            if head.position != self.start || self.heads.len() == STREAM_EVENTS {
                return;
            }
            self.heads.push_front(Arc::new(head));
            self.start -= 1;
        }
    }

    /// Where a stream begins that is to go on there; `None` where that lies before what is in memory.
    pub(super) fn place(&self, from: Option<Resume>) -> Option<Placed> {
        let end = self.end();
        let reset = |why| Some(Placed { cursor: end, reset: Some(why) });
        match from {
            None => Some(Placed::here(end)),
            Some(place) if place.epoch.is_some_and(|epoch| epoch != self.epoch) => {
                reset(Why::Restored)
            }
            Some(Resume { position, .. }) if position > end.position => reset(Why::Beyond),
            Some(Resume { position, .. }) if position >= self.start => {
                Some(Placed::here(Cursor { position, ..end }))
            }
            Some(Resume { position, .. }) if end.position - position > STREAM_EVENTS as u64 => {
                reset(Why::Behind)
            }
            Some(_) => None,
        }
    }

    /// The same where what lies before cannot be had.
    pub(super) fn place_or_reset(&self, from: Option<Resume>) -> Placed {
        let removed = Placed { cursor: self.end(), reset: Some(Why::Removed) };
        self.place(from).unwrap_or(removed)
    }

    /// The events behind a cursor, at most so many.
    ///
    /// # Errors
    /// Why they are not there any more.
    pub(super) fn after(&self, cursor: Cursor, most: usize) -> Result<Vec<Arc<EventHead>>, Why> {
        if cursor.epoch != self.epoch {
            return Err(Why::Restored);
        }
        if cursor.position > self.last() {
            return Err(Why::Beyond);
        }
        let skip = cursor.position.checked_sub(self.start).ok_or(Why::Behind)?;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(self.heads.iter().skip(skip).take(most).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use windlass::{EventId, Timestamp};

    use super::*;

    fn heads(positions: impl IntoIterator<Item = u64>) -> Vec<EventHead> {
        let head = |position| EventHead {
            position,
            id: EventId::new(),
            event_type: "a".to_owned(),
            version: 1,
            source: String::new(),
            subject: None,
            time: Timestamp::from_micros(0),
        };
        positions.into_iter().map(head).collect()
    }

    fn ring(last: u64) -> Ring {
        Ring { epoch: 1, start: last, heads: VecDeque::new() }
    }

    fn positions(ring: &Ring, position: u64) -> Result<Vec<u64>, Why> {
        let found = ring.after(Cursor { epoch: 1, position }, usize::MAX)?;
        Ok(found.iter().map(|head| head.position).collect())
    }

    fn placed(ring: &Ring, text: &str) -> Option<(u64, Option<Why>)> {
        let placed = ring.place(Some(text.parse().expect("a place")))?;
        Some((placed.cursor.position, placed.reset))
    }

    #[test]
    fn what_comes_is_there_from_any_place_within() {
        let mut ring = ring(10);
        ring.push(heads(11..=13));
        assert_eq!(positions(&ring, 10), Ok(vec![11, 12, 13]));
        assert_eq!((positions(&ring, 12), positions(&ring, 13)), (Ok(vec![13]), Ok(vec![])));
        assert_eq!(
            (positions(&ring, 9), positions(&ring, 14)),
            (Err(Why::Behind), Err(Why::Beyond))
        );
        ring.prepend(heads(8..=10));
        assert_eq!(positions(&ring, 9), Ok(vec![10, 11, 12, 13]));
    }

    /// A hole before the ring is not crossed, and one behind it begins it again.
    #[test]
    fn there_are_no_holes() {
        let mut ring = ring(10);
        ring.prepend(heads([7, 9, 10]));
        assert_eq!((ring.start(), positions(&ring, 8)), (8, Ok(vec![9, 10])));
        ring.push(heads([11, 14, 15]));
        assert_eq!((ring.start(), positions(&ring, 11)), (13, Err(Why::Behind)));
        assert_eq!(positions(&ring, 13), Ok(vec![14, 15]));
    }

    /// S-10: however many events come, so many are in memory.
    #[test]
    fn it_has_room_for_so_many() {
        let mut ring = ring(0);
        ring.push(heads(1..=STREAM_EVENTS as u64 + 7));
        assert_eq!((ring.heads.len(), ring.start()), (STREAM_EVENTS, 7));
        ring.prepend(heads(1..=7));
        assert_eq!((ring.heads.len(), ring.start()), (STREAM_EVENTS, 7));
    }

    #[test]
    fn a_place_is_had_or_it_is_said_why_not() {
        let mut ring = ring(20_000);
        ring.push(heads(20_001..=20_003));
        assert_eq!(placed(&ring, "20001"), Some((20_001, None)));
        assert_eq!(placed(&ring, "20004"), Some((20_003, Some(Why::Beyond))));
        assert_eq!(placed(&ring, "20003-2"), Some((20_003, Some(Why::Restored))));
        assert_eq!(placed(&ring, "10002"), Some((20_003, Some(Why::Behind))));
        assert_eq!(placed(&ring, "10003"), None, "that is to be read");
        let removed = ring.place_or_reset(Some("10003".parse().expect("a place")));
        assert_eq!(removed, Placed { cursor: ring.end(), reset: Some(Why::Removed) });
    }
}
