//! One of several stores, which is opened when it is needed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;
use windlass_core::client::Client;
use windlass_core::error::{StoreError, Unusable};

/// A store that could not be reached is not tried again for so long: a host that swallows connections would let those who wait for
/// it wait one after the other.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Slot {
    name: Arc<str>,
    url: String,
    opened: OnceCell<Client>,
    /// When the last try failed, and why.
    failed: Mutex<Option<(Instant, String)>>,
}

impl Slot {
    pub(super) fn new(name: String, url: String) -> Self {
        Self { name: name.into(), url, opened: OnceCell::new(), failed: Mutex::new(None) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its client. Of those who ask at the same time one opens it.
    pub(super) async fn client(&self) -> Result<Client, StoreError> {
        let client = self.opened.get_or_try_init(|| self.open()).await;
        client.cloned().map_err(|error| self.named(error))
    }

    async fn open(&self) -> Result<Client, StoreError> {
        if let Some((_, reason)) =
            self.last_failure().filter(|(at, _)| at.elapsed() < BETWEEN_TRIES)
        {
            return Err(StoreError::Unavailable { reason });
        }
        match crate::open(&self.url).await {
            Ok(store) => Ok(Client::new(store)),
            Err(StoreError::Unavailable { reason }) => {
                let failure = Some((Instant::now(), reason.clone()));
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure;
                Err(StoreError::Unavailable { reason })
            }
            Err(other) => Err(other),
        }
    }

    fn last_failure(&self) -> Option<(Instant, String)> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error, with the store's name where nobody could tell otherwise which of them it is.
    pub(super) fn named(&self, error: StoreError) -> StoreError {
        let named = |reason: String| format!("store {}: {reason}", self.name);
        match error {
            StoreError::Unavailable { reason } => StoreError::Unavailable { reason: named(reason) },
            StoreError::Unknown { reason } => StoreError::Unknown { reason: named(reason) },
            StoreError::DiskFull { reason } => StoreError::DiskFull { reason: named(reason) },
            StoreError::Unusable { reason, kind } => unusable(named(reason), kind),
            other => other,
        }
    }
}

const fn unusable(reason: String, kind: Unusable) -> StoreError {
    StoreError::Unusable { reason, kind }
}
