//! Identifiers: what they are made of and how they are shown.
//!
//! A job id is a UUIDv7, so ids sort by creation and a graph of jobs can be named before it is
//! written. It is shown as `job_` and 26 characters of Crockford's base 32, which can be
//! double-clicked, read out and typed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::StoreError;
use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ENCODED_LEN: usize = 26;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {prefix} id: expected `{prefix}_` and 26 letters or digits, or a UUID")]
pub struct ParseIdError {
    text: String,
    prefix: &'static str,
}

fn encode(value: u128) -> String {
    (0..ENCODED_LEN)
        .rev()
        .map(|place| char::from(ALPHABET[((value >> (5 * place)) & 31) as usize]))
        .collect()
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != ENCODED_LEN || !text.starts_with(|c: char| ('0'..='7').contains(&c)) {
        return None;
    }
    text.bytes().try_fold(0u128, |value, letter| {
        let letter = match letter.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        Some((value << 5) | digit as u128)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $fresh:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, different from every other.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default id would look like a constant")]
            pub fn new() -> Self {
                Self(Uuid::$fresh())
            }

            /// The id with this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "_{}"), encode(self.0.as_u128())))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let bare = text.strip_prefix(concat!($prefix, "_")).unwrap_or(text);
                decode(bare)
                    .map(Uuid::from_u128)
                    .or_else(|| Uuid::try_parse(bare).ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { text: text.to_owned(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// Names one job for ever, across retries, restarts and a move to another database.
    JobId, "job", now_v7
}
id! {
    /// Names one claimed batch. Random, never reused: every write of a worker is conditioned on
    /// it, and after a fail-over or a restored backup a counter would repeat where this does not.
    LeaseId, "lea", new_v4
}
id! {
    /// Names one start of one worker process; a restart is a new worker.
    WorkerId, "wkr", now_v7
}

id! {
    /// Names a batch, and so also a workflow.
    BatchId, "bat", now_v7
}
id! {
    /// Names an operation over many jobs.
    OperationId, "op", now_v7
}
id! {
    /// Names an event, wherever it is kept.
    EventId, "evt", now_v7
}

impl OperationId {
    /// An operation that does not exist.
    #[must_use]
    pub fn missing(self) -> StoreError {
        StoreError::NotFound { what: format!("operation {self}") }
    }
}

impl JobId {
    /// The first of all ids.
    pub const FIRST: Self = Self(Uuid::nil());
    /// The last of all ids.
    pub const LAST: Self = Self(Uuid::max());

    /// The first id that could have been made at this moment.
    #[must_use]
    pub fn first_of(moment: Timestamp) -> Self {
        let millis = u64::try_from(moment.as_micros() / 1_000).unwrap_or_default();
        Self(Uuid::from_u128(u128::from(millis) << 80))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_moments() {
        let before = JobId::first_of(Timestamp::wall_clock());
        let made = JobId::new();
        let later = Timestamp::wall_clock().after(std::time::Duration::from_millis(1));
        assert!(before < made && made < JobId::first_of(later));
    }

    #[test]
    fn an_id_survives_its_text() {
        for _ in 0..1_000 {
            let id = JobId::new();
            assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
            assert_eq!(id.as_uuid().to_string().parse::<JobId>(), Ok(id));
            assert_eq!(id.to_string().to_lowercase().parse::<JobId>(), Ok(id));
        }
    }

    #[test]
    fn ids_sort_as_their_texts_do() {
        let (first, second) = (JobId::new(), JobId::new());
        assert_eq!(first < second, first.to_string() < second.to_string());
    }

    #[test]
    fn nonsense_is_no_id() {
        for text in ["", "job_", "job_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "wkr_01JD", "job_01JD!"] {
            assert!(text.parse::<JobId>().is_err(), "{text} was taken for an id");
        }
    }
}
