//! Stored events as values of the application's types.

use serde::de::DeserializeOwned;

use super::{EventRecord, EventType};
use crate::error::Source;
use crate::id::EventId;
use crate::json::Json;

/// Why an event cannot be read as a value of a type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is an event of another type.
    #[error("the event {event} is of the type `{}`, not `{expected}`", .found.escape_debug())]
    Type {
        /// The event.
        event: EventId,
        /// Its type.
        found: String,
        /// The type that it was read as.
        expected: &'static str,
    },
    /// Its data are of a version that a newer program has written.
    #[error(
        "the event {event} has data of version {version} of `{event_type}`, and version {known} is the newest that is known \
         here: deploy a program that knows it"
    )]
    Newer {
        /// The event.
        event: EventId,
        /// Its type.
        event_type: &'static str,
        /// The version of its data.
        version: u16,
        /// The version that is known.
        known: u16,
    },
    /// Its data are of an older version, and nothing says how they become the present one.
    #[error(
        "the event {event} has data of version {version} of `{event_type}`, which is version {known} here and has no upgrade: \
         add #[event(upgrade = path)]"
    )]
    NoUpgrade {
        /// The event.
        event: EventId,
        /// Its type.
        event_type: &'static str,
        /// The version of its data.
        version: u16,
        /// The present version.
        known: u16,
    },
    /// The upgrade of its older data has failed.
    #[error(
        "the data of the event {event}, version {version} of `{event_type}`, cannot be upgraded to version {known}: {reason}"
    )]
    Upgrade {
        /// The event.
        event: EventId,
        /// Its type.
        event_type: &'static str,
        /// The version of its data.
        version: u16,
        /// The present version.
        known: u16,
        /// What the upgrade said.
        #[source]
        reason: Source,
    },
    /// Its data are of the present version and do not fit the type.
    #[error(
        "the data of the event {event}, version {version} of `{event_type}`, do not fit at `{path}`: {}",
        without_place(.reason)
    )]
    Data {
        /// The event.
        event: EventId,
        /// Its type.
        event_type: &'static str,
        /// The version of its data.
        version: u16,
        /// What does not fit, as filters name it: `data.items.0.sku`; `data` where that is all of it.
        path: String,
        /// What was expected there.
        #[source]
        reason: serde_json::Error,
    },
}

impl EventRecord {
    /// The version of its data.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.meta.version.unwrap_or(1)
    }

    /// Its data as a value of this type; data of an older version through the type's upgrade. One without data is read as `null`,
    /// which a struct without fields is.
    ///
    /// # Errors
    /// When it is of another type, of a version that is newer or that the type cannot upgrade, and when its data do not fit.
    pub fn decode<E: EventType + DeserializeOwned>(&self) -> Result<E, DecodeError> {
        let (event, event_type, version, known) = (self.id, E::TYPE, self.version(), E::VERSION);
        if self.event_type != event_type {
            let (found, expected) = (self.event_type.clone(), event_type);
            return Err(DecodeError::Type { event, found, expected });
        }
        if version > known {
            return Err(DecodeError::Newer { event, event_type, version, known });
        }
        let no_data = Json::stored("null");
        let data = self.data.as_ref().unwrap_or(&no_data);
        if version == known {
            return data.read().map_err(|reason| {
                let path = path_of::<E>(data);
                DecodeError::Data { event, event_type, version, path, reason }
            });
        }
        let upgrade = E::upgrade();
        let upgrade =
            upgrade.ok_or(DecodeError::NoUpgrade { event, event_type, version, known })?;
        upgrade(version, data).map_err(|reason| DecodeError::Upgrade {
            event,
            event_type,
            version,
            known,
            reason,
        })
    }
}

fn path_of<E: DeserializeOwned>(data: &Json) -> String {
    match data.misfit::<E>() {
        path if path.is_empty() => "data".to_owned(),
        path => format!("data.{path}"),
    }
}

/// What was expected, without the line and the column: a store may write the text of data in its own way.
fn without_place(reason: &serde_json::Error) -> String {
    let text = reason.to_string();
    let place = format!(" at line {} column {}", reason.line(), reason.column());
    text.strip_suffix(&place).map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::event::NewEvent;
    use crate::time::Timestamp;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Paid {
        total: u32,
    }

    impl EventType for Paid {
        const TYPE: &'static str = "order.paid";
        const VERSION: u16 = 2;
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tick;

    impl EventType for Tick {
        const TYPE: &'static str = "tick";
    }

    fn record(event: NewEvent) -> EventRecord {
        EventRecord::of(event, Timestamp::from_micros(0))
    }

    fn paid(version: u16, data: &str) -> EventRecord {
        let mut event = NewEvent::new("order.paid", Json::stored(data));
        event.meta.version = Some(version);
        record(event)
    }

    #[test]
    fn a_value_comes_back() {
        let event = Paid { total: 7 }.event().expect("an event");
        assert_eq!(event.meta.version, Some(2));
        assert_eq!(record(event).decode::<Paid>().expect("it fits"), Paid { total: 7 });
    }

    #[test]
    fn a_struct_without_fields_has_no_data() {
        let event = Tick.event().expect("an event");
        assert_eq!((&event.data, event.meta.version), (&None, None));
        assert_eq!(record(event).decode::<Tick>().expect("it fits"), Tick);
    }

    /// O37: without an upgrade older data are not guessed at.
    #[test]
    fn each_error_says_what_it_is_about() {
        let said = |record: &EventRecord| {
            let error = record.decode::<Paid>().expect_err("it does not fit");
            error.to_string().replace(&record.id.to_string(), "E")
        };
        assert_eq!(
            said(&record(NewEvent::bare("order.sent"))),
            "the event E is of the type `order.sent`, not `order.paid`"
        );
        assert_eq!(
            said(&paid(3, "{}")),
            "the event E has data of version 3 of `order.paid`, and version 2 is the newest that is known here: deploy a \
             program that knows it"
        );
        assert_eq!(
            said(&paid(1, "{}")),
            "the event E has data of version 1 of `order.paid`, which is version 2 here and has no upgrade: add \
             #[event(upgrade = path)]"
        );
        assert_eq!(
            said(&paid(2, r#"{"total": -1}"#)),
            "the data of the event E, version 2 of `order.paid`, do not fit at `data.total`: invalid value: integer `-1`, \
             expected u32"
        );
        let mut bare = NewEvent::bare("order.paid");
        bare.meta.version = Some(2);
        assert_eq!(
            said(&record(bare)),
            "the data of the event E, version 2 of `order.paid`, do not fit at `data`: invalid type: null, expected struct Paid"
        );
    }
}
