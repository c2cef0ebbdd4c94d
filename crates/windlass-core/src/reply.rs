//! What every verb of a store takes and gives.

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreError;
use crate::time::Timestamp;

/// What a verb takes for the present moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// The database's clock.
    Database,
    /// The moment that a test binds.
    At(Timestamp),
}

impl Now {
    /// The moment that was bound.
    #[must_use]
    pub const fn given(self) -> Option<Timestamp> {
        match self {
            Self::Database => None,
            Self::At(moment) => Some(moment),
        }
    }

    /// The same in microseconds, as statements take it.
    #[must_use]
    pub fn micros(self) -> Option<i64> {
        self.given().map(Timestamp::as_micros)
    }
}

/// What every method returns: a future that a `dyn Store` can give.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;
