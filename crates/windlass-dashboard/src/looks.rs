//! Answers that viewers share: many who look at the same thing in the same moment cost the database one look.
//!
//! What takes long to find out is shown as it was a moment ago while it is found out again: nobody waits for it but the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// How long an answer is for others too. What the live stream tells of is on the page within a second after its commit.
const LIFE: Duration = Duration::from_millis(200);
/// One that took longer is for others so many times as long, and no longer than that: however many look, a tenth of one core finds it out.
const REST: u32 = 10;
const LONGEST: Duration = Duration::from_secs(1);
/// An answer that took so long is slow.
const SLOW: Duration = Duration::from_millis(100);
/// How old a slow answer may be that is shown while it is asked for again.
const STALE: Duration = Duration::from_secs(10);
/// Answers that are kept; a larger one is for its own viewer alone.
const ANSWERS: usize = 64;
const ANSWER_BYTES: usize = 1024 * 1024;

/// The status and the body of an answer.
pub(crate) type Answer = (StatusCode, Arc<Vec<u8>>);

/// The newest answers, by who may see them and what was asked.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    kept: Arc<Mutex<HashMap<Key, Arc<Look>>>>,
    /// What is asked for again while its viewer has the answer before.
    again: TaskTracker,
}

/// Rights as they are written, and a path of the API.
type Key = (String, String);

#[derive(Debug)]
struct Look {
    answer: OnceCell<Answered>,
    /// The answer that is shown until there is this one, and until when it may be.
    before: Option<(Answer, Instant)>,
}

/// An answer, how long it took, and when it was there.
#[derive(Debug, Clone)]
struct Answered {
    answer: Answer,
    took: Duration,
    at: Instant,
}

/// What is to be done for who asks.
enum Turn {
    Shown(Answer),
    Awaited(Arc<Look>),
    /// The answer before, and the look that is to follow it.
    Renewed(Answer, Arc<Look>),
}

impl Look {
    fn begins(before: Option<(Answer, Instant)>) -> Arc<Self> {
        Arc::new(Self { answer: OnceCell::new(), before })
    }

    /// The answer. A refusal names who was refused, and is for nobody else.
    async fn ended(&self, ask: impl Future<Output = Answer>) -> Answer {
        let (mut ask, mut is_mine) = (std::pin::pin!(ask), false);
        let answered = self.answer.get_or_init(async || {
            is_mine = true;
            let began = Instant::now();
            let answer = ask.as_mut().await;
            Answered { answer, took: began.elapsed(), at: Instant::now() }
        });
        let answer = answered.await.answer.clone();
        if is_mine || answer.0.is_success() { answer } else { ask.await }
    }

    fn is_fresh(&self) -> bool {
        let life = |took: Duration| (took * REST).clamp(LIFE, LONGEST);
        self.answer.get().is_none_or(|answered| answered.at.elapsed() < life(answered.took))
    }

    /// The answer to show while it is asked for again, and until when.
    fn stale(&self) -> Option<(Answer, Instant)> {
        let Answered { answer, took, at } = self.answer.get()?;
        let until = *at + STALE;
        let is_slow = *took >= SLOW && Instant::now() < until;
        is_slow.then(|| (answer.clone(), until))
    }
}

impl Looks {
    /// The answer to this, which `ask` gets unless somebody with the same rights is asking or has just asked.
    pub(crate) async fn share(
        &self,
        key: Key,
        ask: impl Future<Output = Answer> + Send + 'static,
    ) -> Answer {
        match self.turn(&key) {
            Turn::Shown(answer) => answer,
            Turn::Awaited(look) => {
                let answer = look.ended(ask).await;
                self.keep(&key, &look, &answer);
                answer
            }
            Turn::Renewed(before, look) => {
                let kept = Arc::clone(&self.kept);
                self.again.spawn(async move {
                    let answer = look.ended(ask).await;
                    keep(&kept, &key, &look, &answer);
                });
                before
            }
        }
    }

    /// Something was changed here: everybody sees it with their next look.
    pub(crate) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn turn(&self, key: &Key) -> Turn {
        let mut looks = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = looks.get(key) {
            if look.answer.get().is_none() {
                let before = look.before.clone().filter(|(_, until)| Instant::now() < *until);
                let awaited = || Turn::Awaited(Arc::clone(look));
                return before.map_or_else(awaited, |(answer, _)| Turn::Shown(answer));
            }
            if look.is_fresh() {
                return Turn::Awaited(Arc::clone(look));
            }
        }
        let before = looks.get(key).and_then(|look| look.stale());
        if looks.len() >= ANSWERS {
            looks.retain(|_, look| look.is_fresh() || look.stale().is_some());
        }
        let look = Look::begins(before.clone());
        if looks.len() < ANSWERS || looks.contains_key(key) {
            looks.insert(key.clone(), Arc::clone(&look));
        }
        match before {
            Some((before, _)) => Turn::Renewed(before, look),
            None => Turn::Awaited(look),
        }
    }

    fn keep(&self, key: &Key, look: &Arc<Look>, answer: &Answer) {
        keep(&self.kept, key, look, answer);
    }
}

/// What is large or no answer is forgotten at once.
fn keep(kept: &Mutex<HashMap<Key, Arc<Look>>>, key: &Key, look: &Arc<Look>, answer: &Answer) {
    if answer.0.is_success() && answer.1.len() <= ANSWER_BYTES {
        return;
    }
    let mut looks = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if looks.get(key).is_some_and(|kept| Arc::ptr_eq(kept, look)) {
        looks.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    fn key(grant: &str, path: &str) -> Key {
        (grant.to_owned(), path.to_owned())
    }

    /// Asks for something that is there once the gate lets it pass; the number of the question is the answer.
    async fn ask(looks: &Looks, key: Key, asked: &Arc<AtomicU8>, gate: &Arc<Semaphore>) -> u8 {
        let (asked, gate) = (Arc::clone(asked), Arc::clone(gate));
        let (_, bytes) = looks
            .share(key, async move {
                gate.acquire().await.expect("open").forget();
                let nth = asked.fetch_add(1, Ordering::Relaxed) + 1;
                (StatusCode::OK, Arc::new(vec![nth]))
            })
            .await;
        bytes[0]
    }

    fn open() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(1_000))
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_the_same_rights_shares_an_answer_for_a_moment() {
        let (looks, asked) = (Looks::default(), Arc::default());
        let ask = async |grant, path| ask(&looks, key(grant, path), &asked, &open()).await;
        for _ in 0..50 {
            assert_eq!(ask("read", "/v1/status").await, 1);
        }
        assert_eq!(ask("read of mail", "/v1/status").await, 2, "these are other rights");
        assert_eq!(ask("read", "/v1/jobs").await, 3, "this is another path");
        tokio::time::advance(LIFE).await;
        assert_eq!(ask("read", "/v1/status").await, 4);
        looks.clear();
        assert_eq!(ask("read", "/v1/status").await, 5, "somebody has changed something");
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_is_shared_longer() {
        let (looks, asked, gate) = (Looks::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let ask = async || ask(&looks, key("read", "/v1/status"), &asked, &gate).await;
        let took = SLOW / 2;
        let later = async || {
            tokio::time::advance(took).await;
            gate.add_permits(1);
        };
        assert_eq!(tokio::join!(ask(), later()).0, 1);
        tokio::time::advance(took * REST - Duration::from_millis(1)).await;
        assert_eq!(ask().await, 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(tokio::join!(ask(), later()).0, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_shown_as_it_was_while_it_is_asked_again() {
        let (looks, asked, gate) = (Looks::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let ask = async || ask(&looks, key("read", "/v1/status"), &asked, &gate).await;
        let slowly = async || {
            tokio::time::advance(20 * SLOW).await;
            gate.add_permits(1);
        };
        assert_eq!(tokio::join!(ask(), slowly()).0, 1, "the first one waits");
        tokio::time::advance(LONGEST).await;
        assert_eq!([ask().await, ask().await], [1, 1], "nobody waits, and one look is enough");
        slowly().await;
        while ask().await != 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(STALE + 20 * SLOW).await;
        assert_eq!(tokio::join!(ask(), slowly()).0, 3, "what is too old is not shown");
        tokio::time::advance(LONGEST).await;
        assert_eq!(ask().await, 3);
        tokio::time::advance(STALE).await;
        assert_eq!(tokio::join!(ask(), slowly()).0, 4, "nor where it is not found out again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_for_who_was_refused() {
        let (looks, key) = (Looks::default(), key("read", "/v1/status"));
        let refused = |who: &'static str| async move {
            tokio::task::yield_now().await;
            (StatusCode::FORBIDDEN, Arc::new(who.as_bytes().to_vec()))
        };
        let (ana, ben) = tokio::join!(
            looks.share(key.clone(), refused("ana")),
            looks.share(key, refused("ben"))
        );
        assert_eq!((&ana.1[..], &ben.1[..]), (&b"ana"[..], &b"ben"[..]));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_has_room() {
        let (looks, asked) = (Looks::default(), Arc::default());
        for nth in 0..2 * ANSWERS {
            ask(&looks, key("read", &nth.to_string()), &asked, &open()).await;
        }
        assert_eq!(looks.kept.lock().expect("whole").len(), ANSWERS);
        looks.clear();
        let large = async { (StatusCode::OK, Arc::new(vec![0; ANSWER_BYTES + 1])) };
        looks.share(key("read", "large"), large).await;
        let refused = async { (StatusCode::FORBIDDEN, Arc::default()) };
        looks.share(key("read", "refused"), refused).await;
        assert_eq!(looks.kept.lock().expect("whole").len(), 0);
    }
}
