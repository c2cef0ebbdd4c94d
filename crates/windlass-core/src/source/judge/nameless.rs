//! Ids for records that have neither an id nor a number.
//!
//! Such an id is made of what is in the record and of where it is: behind which cursor and which number, and which of those that are
//! alike there. A page that is written in parts, and read again from its beginning after a kill between two of them, gives the same
//! ids, and what was written is known; so is what comes at another place of a page that has changed meanwhile.

use std::collections::BTreeMap;

use crate::event::NewEvent;
use crate::source::Position;
use crate::source::fnv::{OFFSET, digest};

/// The ids of one page.
pub(super) struct Nameless {
    /// What all of them begin with.
    seed: u128,
    /// The number that the page begins behind, where it was asked for by that.
    behind: Option<u64>,
    /// How many are alike.
    alike: BTreeMap<u128, u64>,
}

impl Nameless {
    pub(super) fn behind(position: &Position) -> Self {
        let seed = digest(OFFSET, &position.generation.to_le_bytes());
        let behind = position.number.filter(|_| position.cursor.is_none());
        Self { seed: text(seed, position.cursor.as_deref()), behind, alike: BTreeMap::new() }
    }

    pub(super) fn has_any(&self) -> bool {
        !self.alike.is_empty()
    }

    /// The id of an event that comes behind the record with this number.
    pub(super) fn id(&mut self, event: &NewEvent, place: Option<u64>) -> String {
        let place = place.or(self.behind).map(|number| number.to_string());
        let time = event.time.map(|time| time.as_micros().to_string());
        let extensions = serde_json::to_string(&event.meta.extensions).ok();
        let data = event.data.as_ref().map(|data| data.as_str());
        let known = [Some(&*event.event_type), Some(&*event.source), event.subject.as_deref()];
        let more = [time.as_deref(), extensions.as_deref(), data, place.as_deref()];
        let what = known.into_iter().chain(more).fold(self.seed, text);
        let nth = self.alike.entry(what).or_default();
        *nth += 1;
        format!("~{:032x}", digest(what, &nth.to_le_bytes()))
    }
}

/// Its length goes before it, so that what ends in one text does not begin another.
fn text(hash: u128, text: Option<&str>) -> u128 {
    let length = text.map_or(u64::MAX, |text| text.len() as u64);
    digest(digest(hash, &length.to_le_bytes()), text.unwrap_or_default().as_bytes())
}
