//! Tokens that were looked up a moment ago, so that a busy client does not cost a question for each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use windlass::Timestamp;
use windlass::store::Store;
use windlass::token::{TokenDigest, TokenRecord};

use super::secret::digest;
use super::{Caller, Credential};
use crate::problem::{Code, Problem};

/// How long a token that was found is taken for granted.
const FRESH: Duration = Duration::from_secs(1);
/// Tokens that are remembered.
const KEPT: usize = 1_000;

/// Tokens found lately. What was not found is not remembered: it cannot fill anything.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<TokenDigest, Found>>);

/// A token as it was found, and whose it is.
#[derive(Debug, Clone)]
struct Found {
    record: Arc<TokenRecord>,
    caller: Caller,
    since: Instant,
}

impl Known {
    /// Whose secret this is.
    pub(super) async fn caller(&self, secret: &str, store: &dyn Store) -> Result<Caller, Problem> {
        let digest = digest(secret);
        let found = match self.fresh(digest) {
            Some(found) => found,
            None => self.look_up(digest, store).await?,
        };
        if !found.record.holds(Timestamp::wall_clock()) {
            let detail = format!("the token {} has expired", found.caller.name());
            return Err(Problem::new(Code::Unauthorized, detail));
        }
        Ok(found.caller)
    }

    async fn look_up(&self, digest: TokenDigest, store: &dyn Store) -> Result<Found, Problem> {
        let unknown =
            || Problem::new(Code::Unauthorized, "there is no such token, or not any more");
        let record = Arc::new(store.token(digest).await?.ok_or_else(unknown)?);
        let (name, grant) = (record.token.name.as_str().into(), record.token.grant.clone());
        let caller = Caller::by(Credential::Token, name, grant);
        let found = Found { record, caller, since: Instant::now() };
        let mut known = self.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(digest, found.clone());
        Ok(found)
    }

    fn fresh(&self, digest: TokenDigest) -> Option<Found> {
        self.lock().get(&digest).filter(|found| found.since.elapsed() < FRESH).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
