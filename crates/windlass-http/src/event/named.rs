//! Which event is meant: its id, or its position in the log.

use std::str::FromStr;

use windlass::EventId;
use windlass::event::EventRecord;

use super::sequence;
use crate::api::Api;
use crate::check;
use crate::problem::{Code, Problem};

/// An event as a path names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EventName {
    Id(EventId),
    Position(u64),
}

impl FromStr for EventName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(position) = text.parse() {
            return check::position(position).map(Self::Position);
        }
        let id = text.parse().map(Self::Id);
        id.map_err(|error| format!("{error}, or a position, which is a number"))
    }
}

impl EventName {
    /// The event.
    pub(crate) async fn find(self, api: &Api) -> Result<EventRecord, Problem> {
        sequence(api).await?;
        let (found, named) = match self {
            Self::Id(id) => (api.client().event(id).await?, id.to_string()),
            Self::Position(position) => {
                let found = api.client().events(position.saturating_sub(1), 1).await?.pop();
                let is_there = |event: &EventRecord| event.position == Some(position);
                (found.filter(is_there), format!("at position {position}"))
            }
        };
        found.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no event {named}")))
    }
}
