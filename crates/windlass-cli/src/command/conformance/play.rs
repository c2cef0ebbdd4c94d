//! What the server plays: which answers are lost, delayed or changed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use windlass::{JobId, Timestamp};

use super::record::{Call, list};

/// How often a worker is to send a heartbeat here, so that no check takes long.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(500);
/// How long its jobs are its own without one, as it is told.
pub(super) const LEASE: Duration = Duration::from_millis(1500);
/// How far the clock is off that the server plays.
const CLOCK_OFF_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What happens once, to the next call that it fits.
#[derive(Debug, Clone)]
pub(super) enum Blow {
    /// It is carried out, and its answer never arrives.
    LoseAnswer,
    /// It is not carried out: 503 with `Retry-After`.
    Unavailable(Duration),
    /// The job's lease is taken away just before.
    LoseLease,
    /// It is not carried out: each result is locked right now.
    Busy,
}

/// What is played to a worker.
#[derive(Debug, Default)]
pub(super) struct Play(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    next: Option<(Call, Option<JobId>, Blow)>,
    masked: Vec<String>,
    has_extra: bool,
    is_behind: bool,
}

impl Play {
    /// Everything is as it is.
    pub(super) fn clear(&self) {
        *self.lock() = Plan::default();
    }

    /// The next call of this sort, and where a job is named about that job, gets this blow.
    pub(super) fn strike(&self, call: Call, job: Option<JobId>, blow: Blow) {
        self.lock().next = Some((call, job, blow));
    }

    /// What is reported of this lease is taken, although it is lost: only a heartbeat tells.
    pub(super) fn mask(&self, lease: &str) {
        self.lock().masked.push(lease.to_owned());
    }

    /// Answers have fields that no worker knows.
    pub(super) fn add_fields(&self) {
        self.lock().has_extra = true;
    }

    /// The server's clock is a day behind.
    pub(super) fn set_clock_back(&self) {
        self.lock().is_behind = true;
    }

    /// Takes the blow that is meant for this call, known by its text and that of its answer.
    pub(super) fn take(&self, call: Call, texts: &[&str]) -> Option<(Blow, Option<JobId>)> {
        let mut plan = self.lock();
        let fits = plan.next.as_ref().is_some_and(|(of, job, _)| {
            let id = job.map(|job| job.to_string());
            *of == call && id.is_none_or(|id| texts.iter().any(|text| text.contains(&id)))
        });
        if !fits {
            return None;
        }
        plan.next.take().map(|(_, job, blow)| (blow, job))
    }

    /// How long the next call of this sort is to wait, where it is not to be carried out.
    pub(super) fn take_unavailable(&self, call: Call) -> Option<Duration> {
        let mut plan = self.lock();
        match plan.next {
            Some((of, _, Blow::Unavailable(wait))) if of == call => {
                plan.next = None;
                Some(wait)
            }
            _ => None,
        }
    }

    pub(super) fn is_masked(&self, body: &Value) -> bool {
        self.lock().masked.iter().any(|lease| body["lease"] == lease.as_str())
    }

    /// The answer as the worker gets it.
    pub(super) fn changed(&self, call: Call, answer: &mut Value) {
        let plan = self.lock();
        if call == Call::Register && answer["worker"].is_string() {
            answer["heartbeat_ms"] = json!(HEARTBEAT.as_millis() as u64);
            answer["lease_ms"] = json!(LEASE.as_millis() as u64);
        }
        if plan.is_behind {
            set_back(answer);
        }
        if plan.has_extra {
            add_field(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the answer to a claim has jobs.
pub(super) fn has_jobs(answer: &Value) -> bool {
    list(answer, "jobs").next().is_some()
}

/// Sets every moment back, wherever it stands.
fn set_back(answer: &mut Value) {
    match answer {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| {
            let is_moment = matches!(name.as_str(), "deadline" | "expires_at" | "server_time");
            match value
                .as_str()
                .filter(|_| is_moment)
                .and_then(|text| text.parse::<Timestamp>().ok())
            {
                Some(moment) => {
                    *value = json!(Timestamp::from_micros(moment.as_micros() - CLOCK_OFF_MICROS))
                }
                None => set_back(value),
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(set_back),
        _ => {}
    }
}

/// Adds a field to the answer, and to each of what it lists.
fn add_field(answer: &mut Value) {
    if let Value::Object(fields) = answer {
        for name in ["jobs", "results", "cancel"] {
            let items = fields.get_mut(name).and_then(Value::as_array_mut);
            items.into_iter().flatten().for_each(add_field);
        }
        fields.insert("of_a_later_version".to_owned(), json!({"is": ["to", "be", "ignored"]}));
    }
}
