//! Tokens that were looked up a moment ago, so that a busy client does not cost a question for each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use windlass::Timestamp;
use windlass::store::Store;
use windlass::token::{TokenDigest, TokenRecord};

use super::Caller;
use super::secret::digest;
use crate::problem::{Code, Problem};

/// How long a token that was found is taken for granted.
const FRESH: Duration = Duration::from_secs(1);
/// Tokens that are remembered.
const KEPT: usize = 1_000;

/// Tokens found lately. What was not found is not remembered: it cannot fill anything.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<TokenDigest, (Arc<TokenRecord>, Instant)>>);

impl Known {
    /// Whose secret this is.
    pub(super) async fn caller(&self, secret: &str, store: &dyn Store) -> Result<Caller, Problem> {
        let digest = digest(secret);
        let record = match self.fresh(digest) {
            Some(record) => record,
            None => self.look_up(digest, store).await?,
        };
        if !record.holds(Timestamp::wall_clock()) {
            let detail = format!("the token {} has expired", record.token.name);
            return Err(Problem::new(Code::Unauthorized, detail));
        }
        Ok(Caller::new(record.token.name.as_str(), record.token.grant.clone()))
    }

    async fn look_up(
        &self,
        digest: TokenDigest,
        store: &dyn Store,
    ) -> Result<Arc<TokenRecord>, Problem> {
        let unknown =
            || Problem::new(Code::Unauthorized, "there is no such token, or not any more");
        let record = Arc::new(store.token(digest).await?.ok_or_else(unknown)?);
        let mut known = self.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(digest, (Arc::clone(&record), Instant::now()));
        Ok(record)
    }

    fn fresh(&self, digest: TokenDigest) -> Option<Arc<TokenRecord>> {
        let known = self.lock();
        let (record, since) = known.get(&digest)?;
        (since.elapsed() < FRESH).then(|| Arc::clone(record))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, (Arc<TokenRecord>, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
