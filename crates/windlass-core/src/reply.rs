//! What every verb of a store takes and gives.

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreError;
use crate::time::Timestamp;

/// The database's clock, or the moment a test binds.
pub type Now = Option<Timestamp>;

/// What every method returns: a future that a `dyn Store` can give.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;
