//! Problems as alerts: their keys, what they are about, and what is told of them.

use std::time::Duration;

use serde_json::Value;

use super::record::{cut, event, key};
use super::{AlertRecord, AlertType, NewAlert};
use crate::event::NewEvent;
use crate::health::{Problem, Thresholds};
use crate::id::JobId;
use crate::json::Json;
use crate::limit::LimitOn;
use crate::limits::{ALERT_JOBS, ALERT_KEY_BYTES};
use crate::time::Timestamp;

/// A problem that may be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) alert: NewAlert,
    /// The kind of jobs that it is about.
    pub(super) kind: Option<String>,
    /// Jobs because of which it is there.
    pub(super) causes: Vec<JobId>,
}

/// What a problem is about, and since when it is one.
struct About {
    about: String,
    subject: String,
    kind: Option<String>,
    since: Option<Timestamp>,
    causes: Vec<JobId>,
}

impl About {
    fn new(sort: &str, about: impl Into<String>) -> Self {
        let about = about.into();
        let (kind, since, causes) = (None, None, Vec::new());
        Self { subject: format!("{sort}/{about}"), about, kind, since, causes }
    }

    fn kind(self, kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..self }
    }

    fn since(self, moment: Timestamp) -> Self {
        Self { since: Some(moment), ..self }
    }

    fn because_of(self, jobs: impl Into<Vec<JobId>>) -> Self {
        Self { causes: jobs.into(), ..self }
    }
}

impl Found {
    /// What a problem is as an alert; none where it is told otherwise.
    pub(super) fn of(problem: &Problem, thresholds: &Thresholds, at: Timestamp) -> Option<Self> {
        let alert = AlertType::of(problem)?;
        let about = about(problem);
        let since = about.since.unwrap_or(at);
        let mut data = serde_json::to_value(problem).ok()?;
        let members = data.as_object_mut()?;
        members.insert("since".to_owned(), since.to_string().into());
        members.extend(threshold(problem, thresholds).map(|(name, it)| (name.to_owned(), it)));
        let watches = matches!(alert, AlertType::JobFailing | AlertType::JobOverdue);
        let key = cut(&key(alert, &about.about), ALERT_KEY_BYTES).to_owned();
        let jobs = if watches {
            about.causes.iter().copied().take(ALERT_JOBS).collect()
        } else {
            Vec::new()
        };
        let data = Json::stored(data.to_string());
        let alert = NewAlert { key, alert, subject: about.subject, since, data, jobs };
        Some(Self { alert, kind: about.kind, causes: about.causes })
    }

    /// The event that tells of it.
    pub(super) fn event(&self) -> NewEvent {
        let NewAlert { alert, key, subject, data, .. } = &self.alert;
        event(&alert.event_type(), key, subject, read(data))
    }
}

/// The event that tells of the end of something that was told.
pub(super) fn resolved(record: &AlertRecord) -> Option<NewEvent> {
    let told_by = record.event?;
    let mut data = read(&record.data);
    if let Some(members) = data.as_object_mut() {
        members.insert("opened_at".to_owned(), record.opened_at.to_string().into());
        members.insert("opened_by".to_owned(), told_by.to_string().into());
    }
    Some(event(&record.alert.resolved_type(), &record.key, &record.subject, data))
}

/// What was written by [`Found::of`]: a text that somebody else wrote reads as nothing known.
fn read(data: &Json) -> Value {
    let known = serde_json::from_str(data.as_str()).ok().filter(Value::is_object);
    known.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

fn about(problem: &Problem) -> About {
    match problem {
        Problem::Latency { queue, oldest_due_at, .. }
        | Problem::QueueUnserved { queue, oldest_due_at, .. } => {
            About::new("queue", queue).since(*oldest_due_at)
        }
        Problem::Failing { kind, named, .. } => {
            About::new("kind", kind).kind(kind).because_of(named.as_slice())
        }
        Problem::RunningLong { job, kind, since, .. } => {
            About::new("job", job.to_string()).kind(kind).since(*since).because_of([*job])
        }
        Problem::Dying { kind, last_at, .. } => About::new("kind", kind).kind(kind).since(*last_at),
        Problem::LaneBlocked { lane, job, kind, since, .. } => {
            About::new("lane", lane).kind(kind).since(*since).because_of([*job])
        }
        Problem::LaneLong { lane, .. } => About::new("lane", lane),
        Problem::LimitFull { on, .. }
        | Problem::LimitUnused { on, .. }
        | Problem::RateSlow { on, .. } => limit(on),
        Problem::BreakerOpen { on, since, .. } => limit(on).since(*since),
        Problem::Stuck { job, kind, since, .. } => {
            About::new("job", job.to_string()).kind(kind).since(*since).because_of([*job])
        }
        Problem::KindUnhandled { kind, version, oldest_due_at, .. } => {
            let about = About::new("kind", kind).kind(kind).since(*oldest_due_at);
            About { about: format!("{kind}@{version}"), ..about }
        }
        Problem::SourceFailing { source, failed_at, .. } => {
            About::new("source", source).since(*failed_at)
        }
        Problem::SourceOverdue { source, since, .. }
        | Problem::SourceStopped { source, since, .. } => {
            About::new("source", source).since(*since)
        }
    }
}

fn limit(on: &LimitOn) -> About {
    match on {
        LimitOn::Kind(kind) => {
            About { subject: format!("kind/{kind}"), ..About::new("limit", format!("kind:{kind}")) }
                .kind(kind)
        }
        LimitOn::Queue(queue) => {
            let about = About::new("limit", format!("queue:{queue}"));
            About { subject: format!("queue/{queue}"), ..about }
        }
        LimitOn::Key(name) => About::new("limit", name),
    }
}

/// From where on it is a problem, beside the number that it says.
fn threshold(problem: &Problem, thresholds: &Thresholds) -> Option<(&'static str, Value)> {
    let time = |time: Duration| {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Some(("threshold_ms", millis.into()))
    };
    match problem {
        Problem::Latency { .. } | Problem::LimitFull { .. } => time(thresholds.latency),
        Problem::QueueUnserved { .. } | Problem::KindUnhandled { .. } => time(thresholds.unserved),
        Problem::RunningLong { expected, .. } => time(thresholds.may_run(*expected)),
        Problem::Failing { .. } | Problem::SourceFailing { .. } => {
            Some(("threshold", thresholds.failures.into()))
        }
        Problem::LaneLong { .. } => Some(("threshold", thresholds.lane.into())),
        _ => None,
    }
}
