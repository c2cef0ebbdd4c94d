//! Answers that viewers share: many who look at the same thing in the same moment cost the database one look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer is for others too. What the live stream tells of is on the page within a second after its commit.
const LIFE: Duration = Duration::from_millis(400);
/// Answers that are kept; a larger one is for its own viewer alone.
const ANSWERS: usize = 64;
const ANSWER_BYTES: usize = 1024 * 1024;

/// The status and the body of an answer.
pub(crate) type Answer = (StatusCode, Arc<Vec<u8>>);

/// The newest answers, by who may see them and what was asked.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<Key, Arc<Look>>>);

/// Rights as they are written, and a path of the API.
type Key = (String, String);

#[derive(Debug)]
struct Look {
    begun: Instant,
    answer: OnceCell<Answer>,
}

impl Looks {
    /// The answer to this, which `ask` gets unless somebody with the same rights is asking or has just asked.
    pub(crate) async fn share(&self, key: Key, ask: impl Future<Output = Answer>) -> Answer {
        let look = self.begun(&key);
        let answer = look.answer.get_or_init(|| ask).await.clone();
        if answer.1.len() > ANSWER_BYTES || !answer.0.is_success() {
            self.forget(&key, &look);
        }
        answer
    }

    /// Something was changed here: everybody sees it with their next look.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn begun(&self, key: &Key) -> Arc<Look> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = looks.get(key).filter(|look| look.begun.elapsed() < LIFE) {
            return Arc::clone(look);
        }
        if looks.len() >= ANSWERS {
            looks.retain(|_, look| look.begun.elapsed() < LIFE);
        }
        let look = Arc::new(Look { begun: Instant::now(), answer: OnceCell::new() });
        if looks.len() < ANSWERS {
            looks.insert(key.clone(), Arc::clone(&look));
        }
        look
    }

    fn forget(&self, key: &Key, look: &Arc<Look>) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.get(key).is_some_and(|kept| Arc::ptr_eq(kept, look)) {
            looks.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn key(grant: &str, path: &str) -> Key {
        (grant.to_owned(), path.to_owned())
    }

    async fn ask(looks: &Looks, key: Key, asked: &Cell<u8>) {
        let answer = looks.share(key, async {
            asked.set(asked.get() + 1);
            (StatusCode::OK, Arc::default())
        });
        answer.await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_the_same_rights_shares_an_answer_for_a_moment() {
        let (looks, asked) = (Looks::default(), Cell::new(0));
        for _ in 0..50 {
            ask(&looks, key("read", "/v1/status"), &asked).await;
        }
        assert_eq!(asked.get(), 1);
        ask(&looks, key("read of mail", "/v1/status"), &asked).await;
        ask(&looks, key("read", "/v1/jobs"), &asked).await;
        assert_eq!(asked.get(), 3, "neither other rights nor another path");
        tokio::time::advance(LIFE).await;
        ask(&looks, key("read", "/v1/status"), &asked).await;
        assert_eq!(asked.get(), 4);
        looks.clear();
        ask(&looks, key("read", "/v1/status"), &asked).await;
        assert_eq!(asked.get(), 5, "somebody has changed something");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_has_room() {
        let (looks, asked) = (Looks::default(), Cell::new(0));
        for nth in 0..2 * ANSWERS {
            ask(&looks, key("read", &nth.to_string()), &asked).await;
        }
        assert_eq!(looks.0.lock().expect("whole").len(), ANSWERS);
        let large = async { (StatusCode::OK, Arc::new(vec![0; ANSWER_BYTES + 1])) };
        looks.clear();
        looks.share(key("read", "large"), large).await;
        let refused = async { (StatusCode::FORBIDDEN, Arc::default()) };
        looks.share(key("read", "refused"), refused).await;
        assert_eq!(looks.0.lock().expect("whole").len(), 0);
    }
}
