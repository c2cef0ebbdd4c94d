//! Names in paths, checked as the stores do.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use windlass::name::{NameError, check_kind, check_queue, check_schedule};

use crate::limits::PATH_TEXT_BYTES;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(String);

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a queue.
    QueueName = check_queue;
    /// The name of a kind.
    KindName = check_kind;
    /// The name of a schedule.
    ScheduleName = check_schedule;
}

/// A text in a path that names something as it was given: a lane's key, a condition, a program, a worker.
#[derive(Debug, Clone)]
pub(crate) struct Text(String);

impl FromStr for Text {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > PATH_TEXT_BYTES {
            return Err(format!("at most {PATH_TEXT_BYTES} bytes, found {}", text.len()));
        }
        if text.contains('\0') {
            return Err("has a NUL character, which no name has".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
