//! What happens to runs that could not happen when they were due.

use serde::{Deserialize, Serialize};

/// What happens to due times that passed while nothing could run: no worker lived, or none reached the database. A due
/// time that is noticed within a minute is in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Missed {
    /// They are counted, and nothing runs before the next one.
    None,
    /// One run stands for all of them.
    #[default]
    One,
    /// Each has its run, the newest 1,000 at most.
    All,
}

/// What happens at a due time while the schedule's last job has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Overlap {
    /// This run is left out, and counted.
    #[default]
    Skip,
    /// One run waits until the last job has ended; further ones are left out.
    Queue,
    /// It is enqueued beside the other.
    Allow,
}

macro_rules! coded {
    ($name:ident: $($word:literal $code:literal $value:ident),+) => {
        impl $name {
            /// The word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// The number that stores keep.
            #[must_use]
            pub const fn code(self) -> i16 {
                match self { $(Self::$value => $code),+ }
            }

            /// What a store's number stands for.
            #[must_use]
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$value),)+ _ => None }
            }
        }

        impl std::str::FromStr for $name {
            type Err = super::ScheduleError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$value),)+
                    _ => Err(super::ScheduleError::Word {
                        word: text.to_owned(),
                        known: concat!("" $(, $word, " ")+).trim_end(),
                    }),
                }
            }
        }
    };
}

coded!(Missed: "none" 0 None, "one" 1 One, "all" 2 All);
coded!(Overlap: "skip" 0 Skip, "queue" 1 Queue, "allow" 2 Allow);

/// Who decides what a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Owner {
    /// A program that declares it when it starts.
    Code,
    /// A `windlass.toml`.
    Config,
    /// A person, or a program that calls [`Client::put_schedule`](crate::client::Client::put_schedule).
    Person,
}

coded!(Owner: "code" 0 Code, "config" 1 Config, "person" 2 Person);
