//! Windows: events of a subscription that wait for others to become one job with them. No I/O.

use std::collections::HashMap;

use serde::Serialize;

use super::{EventView, Mode, SubscriptionRecord};
use crate::event::EventRecord;
use crate::job::NewJob;
use crate::schedule::Timetable;
use crate::time::Timestamp;

/// Events of one subscription, with the same key, that become a job together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventWindow {
    /// The subscription's number.
    #[serde(skip)]
    pub number: u32,
    /// Their key, as that of a lane; empty where the subscription has no lane, or they have nothing there.
    pub key: String,
    /// When the first of them got its position.
    pub opened_at: Timestamp,
    /// When it closes.
    pub due_at: Timestamp,
    /// Their positions.
    pub positions: Vec<u64>,
}

/// Events for a window: one that is open, or else a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// The window as it is where none is open.
    pub window: EventWindow,
    /// The number of events with which it closes at once; none where only the last one stays.
    pub most: Option<usize>,
    /// When the last of the events got its position.
    pub last_at: Timestamp,
}

/// Windows that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueWindows {
    /// The moment of the store's clock.
    pub now: Timestamp,
    /// Those that are due, the first one first.
    pub due: Vec<EventWindow>,
    /// When the first of all is due.
    pub next_at: Option<Timestamp>,
}

/// A window that was looked at, and what stays of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// As it was.
    pub before: EventWindow,
    /// What stays open; none where nothing does.
    pub rest: Option<EventWindow>,
}

/// What closes at once.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The revision of the subscriptions that was seen: another one refuses it.
    pub revision: u64,
    /// How far the log reached: where an event came since that belongs into one of them, all is refused.
    pub last: u64,
    /// The windows: where one is not as it was, all is refused.
    pub closed: Vec<Closed>,
    /// The jobs that come of them.
    pub jobs: Vec<NewJob>,
}

/// When windows of subscriptions close.
#[derive(Debug, Default)]
pub(super) struct Windows {
    digests: HashMap<u32, Timetable>,
}

impl Windows {
    pub(super) fn of(all: &[SubscriptionRecord]) -> Self {
        let digest = |one: &SubscriptionRecord| match &one.definition.mode {
            Mode::Digest { rule, zone } => {
                Timetable::parse(rule, zone).ok().map(|timetable| (one.number, timetable))
            }
            Mode::Each | Mode::Batch { .. } | Mode::Latest { .. } => None,
        };
        Self { digests: all.iter().filter_map(digest).collect() }
    }

    /// When a window closes that opens then. One whose rule this program cannot read closes at once.
    pub(super) fn due_at(&self, one: &SubscriptionRecord, opened_at: Timestamp) -> Timestamp {
        match &one.definition.mode {
            Mode::Each => opened_at,
            Mode::Batch { within, .. } | Mode::Latest { within } => opened_at.after(*within),
            Mode::Digest { .. } => {
                let timetable = self.digests.get(&one.number);
                timetable.and_then(|it| it.next(opened_at, opened_at)).unwrap_or(opened_at)
            }
        }
    }

    /// Puts an event beside those of its key, also where these close before it came: who closes them parts them.
    pub(super) fn gather(
        &self,
        (one, event): (&SubscriptionRecord, &EventRecord),
        view: &EventView<'_>,
        gathered: &mut Vec<Gathering>,
    ) {
        let (Some(position), Some(at)) = (event.position, event.recorded_at) else { return };
        let lane = one.definition.lane.as_ref();
        let key = lane.and_then(|key| key.of(&one.name, view)).unwrap_or_default();
        let most = one.definition.mode.most();
        let is_its =
            |open: &&mut Gathering| open.window.number == one.number && open.window.key == key;
        let Some(open) = gathered.iter_mut().find(is_its) else {
            let due_at = self.due_at(one, at);
            let (number, opened_at, positions) = (one.number, at, vec![position]);
            let window = EventWindow { number, key, opened_at, due_at, positions };
            gathered.push(Gathering { window, most, last_at: at });
            return;
        };
        if most.is_none() {
            open.window.positions.clear();
        }
        open.window.positions.push(position);
        open.last_at = at;
    }
}

impl EventWindow {
    /// The window with more events in it.
    #[must_use]
    pub fn with(mut self, more: &Gathering) -> Self {
        match more.most {
            None => self.positions.clone_from(&more.window.positions),
            Some(most) => {
                self.positions.extend_from_slice(&more.window.positions);
                if self.positions.len() >= most {
                    self.due_at = self.due_at.min(more.last_at);
                }
            }
        }
        self
    }
}

impl Closing {
    /// What got its position behind the last one and before this belongs into one of the windows.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.closed.iter().map(|closed| closed.before.due_at).max()
    }
}

impl Gathering {
    /// The window as it is where none is open for its events.
    #[must_use]
    pub fn opened(&self) -> EventWindow {
        EventWindow { positions: Vec::new(), ..self.window.clone() }.with(self)
    }
}
