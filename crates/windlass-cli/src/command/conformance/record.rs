//! What a worker has asked, and what it was answered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;
use windlass::JobId;

/// A request of the worker protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Register,
    Claim,
    Heartbeat,
    Report,
    Results,
    Leave,
    Other,
}

impl Call {
    pub(super) fn of(method: &str, path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["v1", "workers"]) => Self::Register,
            ("POST", ["v1", "workers", _, "claim"]) => Self::Claim,
            ("POST", ["v1", "workers", _, "heartbeat"]) => Self::Heartbeat,
            ("DELETE", ["v1", "workers", _]) => Self::Leave,
            ("POST", ["v1", "jobs", _, "report"]) => Self::Report,
            ("POST", ["v1", "results"]) => Self::Results,
            _ => Self::Other,
        }
    }
}

/// One request, with its answer once there is one.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) at: Instant,
    pub(super) call: Call,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) body: Value,
    pub(super) answer: Option<Answer>,
}

impl Exchange {
    /// What a worker would have asked that cannot any more: to be off the list.
    pub(super) fn left(path: String) -> Self {
        let (at, body) = (Instant::now(), Value::Null);
        Self { at, call: Call::Leave, path, token: None, body, answer: None }
    }
}

/// What was answered, whether or not it arrived.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) at: Instant,
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A result that a worker sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) result: Value,
    /// What it was answered; empty where nothing was.
    pub(super) status: String,
}

/// All requests, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Record {
    exchanges: Mutex<Vec<Exchange>>,
    news: Notify,
}

impl Record {
    /// Writes a request down; the number it is answered by.
    pub(super) fn asked(&self, exchange: Exchange) -> usize {
        let mut exchanges = self.lock();
        exchanges.push(exchange);
        drop_and(exchanges, |all| all.len() - 1, &self.news)
    }

    /// Writes the answer down.
    pub(super) fn answered(&self, nth: usize, answer: Answer) {
        let mut exchanges = self.lock();
        exchanges[nth].answer = Some(answer);
        drop_and(exchanges, |_| (), &self.news);
    }

    /// How many there are by now.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// All since there were so many.
    pub(super) fn since(&self, mark: usize) -> Vec<Exchange> {
        self.lock()[mark..].to_vec()
    }

    /// Waits until something is found among all since there were so many; `None` where it is not in time.
    pub(super) async fn until<T>(
        &self,
        mark: usize,
        patience: Duration,
        find: impl Fn(&[Exchange]) -> Option<T>,
    ) -> Option<T> {
        let search = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                // Before the look, so that what comes in between is not missed.
                news.as_mut().enable();
                if let Some(found) = find(&self.since(mark)) {
                    return found;
                }
                news.await;
            }
        };
        tokio::time::timeout(patience, search).await.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes who waits, once the lock is free.
fn drop_and<T>(
    exchanges: MutexGuard<'_, Vec<Exchange>>,
    read: impl Fn(&[Exchange]) -> T,
    news: &Notify,
) -> T {
    let read = read(&exchanges);
    drop(exchanges);
    news.notify_waiters();
    read
}

/// The calls of one sort.
pub(super) fn of(exchanges: &[Exchange], call: Call) -> impl Iterator<Item = &Exchange> {
    exchanges.iter().filter(move |one| one.call == call)
}

/// The claims of a job: when each was answered, and the job as it was given.
pub(super) fn claims(exchanges: &[Exchange], job: JobId) -> Vec<(Instant, Value)> {
    let id = job.to_string();
    let answers = of(exchanges, Call::Claim).filter_map(|one| one.answer.as_ref());
    let jobs = answers.flat_map(|answer| list(&answer.body, "jobs").map(|job| (answer.at, job)));
    jobs.filter(|(_, job)| job["id"] == id.as_str()).map(|(at, job)| (at, job.clone())).collect()
}

/// The results of a job that were sent.
pub(super) fn results(exchanges: &[Exchange], job: JobId) -> Vec<Sent> {
    let id = job.to_string();
    let sent = |one: &Exchange| {
        let answers = one.answer.as_ref().map(|answer| &answer.body);
        let status = |nth: usize| answers.and_then(|body| body["results"][nth]["status"].as_str());
        let items = list(&one.body, "results").enumerate();
        let its = items.filter(|(_, result)| result["job"] == id.as_str());
        its.map(|(nth, result)| Sent {
            at: one.at,
            result: result.clone(),
            status: status(nth).unwrap_or_default().to_owned(),
        })
        .collect::<Vec<_>>()
    };
    of(exchanges, Call::Results).flat_map(sent).collect()
}

/// When an attempt said something of itself.
pub(super) fn reports<'a>(
    exchanges: &'a [Exchange],
    lease: &'a str,
) -> impl Iterator<Item = Instant> + 'a {
    of(exchanges, Call::Report).filter(move |one| one.body["lease"] == lease).map(|one| one.at)
}

/// The items of a list in a body.
pub(super) fn list<'a>(body: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    body[field].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_method_and_path() {
        assert_eq!(Call::of("POST", "/v1/workers"), Call::Register);
        assert_eq!(Call::of("POST", "/v1/workers/wkr_1/claim"), Call::Claim);
        assert_eq!(Call::of("DELETE", "/v1/workers/wkr_1"), Call::Leave);
        assert_eq!(Call::of("GET", "/v1/workers/wkr_1"), Call::Other);
    }
}
