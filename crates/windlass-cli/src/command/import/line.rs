//! A line: a job or an event, as documents have them. Members that are not read are left alone, since documents grow.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use windlass::batch::Membership;
use windlass::condition::Waits;
use windlass::event::{Extension, NewEvent};
use windlass::job::{Due, Expires, Identity};
use windlass::subscription::event_of;
use windlass::{
    BatchId, EventId, Fair, JobId, Json, Lane, Limited, NewJob, State, Subject, Timestamp, Unique,
};

/// What a line is.
pub(super) enum Read {
    Job(Box<NewJob>),
    Event(Box<NewEvent>),
    /// A job that has ended.
    Ended,
}

#[derive(Deserialize)]
struct Named {
    schema: String,
    /// Whether something is not in it.
    #[serde(default)]
    redacted: bool,
}

const REDACTED: &str = "fields of it were not written: write it with windlass export --unredacted";

#[derive(Deserialize)]
struct JobLine<'a> {
    id: JobId,
    kind: String,
    version: u16,
    queue: String,
    state: State,
    priority: i16,
    #[serde(default)]
    own_priority: Option<i16>,
    #[serde(default)]
    declared_queue: Option<String>,
    #[serde(default)]
    max_attempts: Option<u16>,
    #[serde(default)]
    max_losses: Option<u16>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    unique: Option<Unique>,
    #[serde(default)]
    lane: Option<Lane>,
    #[serde(default)]
    fair: Option<Fair>,
    #[serde(default)]
    limited: Option<Limited>,
    #[serde(default)]
    cost: Option<u16>,
    #[serde(default)]
    batch: Option<BatchId>,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    subjects: Vec<SubjectLine>,
    #[serde(default)]
    redact: Vec<String>,
    run_at: Timestamp,
    #[serde(borrow)]
    args: &'a RawValue,
    #[serde(default)]
    root: Option<JobId>,
    #[serde(default)]
    parent: Option<JobId>,
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    traceparent: Option<String>,
    /// Absent where the line does not say.
    #[serde(default, deserialize_with = "said")]
    waits: Option<Option<Waits>>,
}

#[derive(Deserialize)]
struct EventLine<'a> {
    id: EventId,
    r#type: String,
    #[serde(default)]
    version: Option<u16>,
    source: String,
    #[serde(default)]
    given_id: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    subjects: Vec<SubjectLine>,
    #[serde(default)]
    redact: Vec<String>,
    time: Timestamp,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    extensions: BTreeMap<String, Extension>,
    #[serde(default)]
    traceparent: Option<String>,
}

#[derive(Deserialize)]
struct SubjectLine {
    r#type: String,
    id: String,
}

fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Waits>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn subjects(lines: Vec<SubjectLine>) -> Vec<Subject> {
    lines.into_iter().map(|one| Subject::new(one.r#type, one.id)).collect()
}

/// What a line is, where all of it can be kept.
pub(super) fn read(text: &str) -> Result<Read, String> {
    let wrong = |error: serde_json::Error| format!("it cannot be read: {error}");
    let Named { schema, redacted } = serde_json::from_str(text).map_err(wrong)?;
    match schema.as_str() {
        "job.v1" => match serde_json::from_str::<JobLine<'_>>(text).map_err(wrong)?.read()? {
            Read::Job(_) if redacted => Err(REDACTED.to_owned()),
            read => Ok(read),
        },
        "event.v1" if redacted => Err(REDACTED.to_owned()),
        "event.v1" => serde_json::from_str::<EventLine<'_>>(text).map_err(wrong)?.read(),
        other => Err(format!("it is {other:?}, and neither job.v1 nor event.v1")),
    }
}

impl JobLine<'_> {
    fn read(self) -> Result<Read, String> {
        match self.state {
            State::Completed | State::Cancelled | State::Dead => return Ok(Read::Ended),
            State::Running => return Err("it runs: export it again once it does not".to_owned()),
            State::Waiting if self.waits.is_none() => {
                return Err(
                    "it waits, and the line does not say for what: write it with windlass export"
                        .to_owned(),
                );
            }
            State::Waiting | State::Scheduled | State::Available | State::Retryable => {}
        }
        if event_of(self.id).is_some() {
            return Err(
                "it comes of an event by a subscription: import the event instead".to_owned()
            );
        }
        let job = self.job()?;
        job.check().map_err(|refusal| refusal.to_string())?;
        Ok(Read::Job(Box::new(job)))
    }

    fn job(self) -> Result<NewJob, String> {
        let args = Json::args(self.args.get()).map_err(|error| format!("args: {error}"))?;
        let mut job = NewJob::new(self.kind, args);
        (job.id, job.identity) = (self.id, Identity::Given);
        job.version = self.version;
        job.queue = self.queue;
        job.priority = self.own_priority.unwrap_or(self.priority);
        job.due = Due::At(self.run_at);
        job.max_attempts = self.max_attempts;
        job.root = self.root.filter(|root| *root != self.id);
        job.parent = self.parent;
        job.origin = self.origin;
        let meta = &mut job.meta;
        meta.declared_queue = self.declared_queue;
        meta.max_losses = self.max_losses;
        meta.timeout_ms = self.timeout_ms;
        // One that holds the key there is left alone.
        meta.unique = self.unique.map(Unique::keep);
        meta.lane = self.lane;
        meta.fair = self.fair;
        meta.limited = self.limited;
        meta.cost = self.cost;
        let step = self.step;
        meta.member = self.batch.map(|batch| Membership { step, ..Membership::of(batch) });
        meta.tags = self.tags;
        meta.subjects = subjects(self.subjects);
        meta.redact = self.redact;
        meta.traceparent = self.traceparent;
        meta.waits = self.waits.flatten().filter(|_| self.state == State::Waiting);
        Ok(match self.expires_at {
            Some(moment) => job.expiring(Expires::At(moment)),
            None => job,
        })
    }
}

impl EventLine<'_> {
    fn read(self) -> Result<Read, String> {
        let mut event = NewEvent::bare(self.r#type);
        event.id = self.id;
        event.given = Some(self.given_id.unwrap_or_else(|| self.id.to_string()));
        event.source = self.source;
        event.subject = self.subject;
        event.time = Some(self.time);
        let data = self.data.filter(|data| data.get() != "null");
        let data = data.map(|data| Json::args(data.get())).transpose();
        event.data = data.map_err(|error| format!("data: {error}"))?;
        event.meta.version = self.version.filter(|version| *version > 1);
        event.meta.extensions = self.extensions;
        event.meta.subjects = subjects(self.subjects);
        event.meta.redact = self.redact;
        event.meta.traceparent = self.traceparent;
        event.check_from_outside().map_err(|refusal| refusal.to_string())?;
        Ok(Read::Event(Box::new(event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = r#"{"schema":"job.v1","id":"job_01KAHT5V3X5W9GNQ6D4R3ZCE7M","kind":"k","version":1,"queue":"q",
        "state":"available","priority":-3,"own_priority":4,"run_at":"2026-11-21T02:00:00Z","args":{"n":900719925474099312345},
        "new_in_a_later_version":1,"unique":{"key":"u","on_conflict":"replace"}}"#;

    fn refused(text: &str) -> String {
        match read(text) {
            Err(why) => why,
            Ok(_) => panic!("it is taken: {text}"),
        }
    }

    #[test]
    fn a_job_is_read_with_what_can_be_kept() {
        let Ok(Read::Job(job)) = read(JOB) else { panic!("no job") };
        assert_eq!((job.priority, job.identity), (4, Identity::Given));
        assert_eq!(job.args.as_str(), r#"{"n":900719925474099312345}"#);
        assert_eq!(job.meta.unique, Some(Unique::by("u").keep()));
        let ended = JOB.replace("available", "dead");
        assert!(matches!(read(&ended), Ok(Read::Ended)));
    }

    #[test]
    fn what_would_be_another_job_is_refused() {
        let waiting = JOB.replace("available", "waiting");
        assert!(refused(&waiting).contains("does not say for what"));
        let parked = waiting.replace("\"priority\"", "\"waits\":null,\"priority\"");
        assert!(matches!(read(&parked), Ok(Read::Job(_))));
        assert!(refused(&JOB.replace("available", "running")).contains("it runs"));
        assert!(refused(&JOB.replace("job.v1", "job.v2")).contains("job.v2"));
        assert!(refused(&JOB.replace("\"q\"", "\"\"")).contains("queue"));
        assert!(refused(&JOB.replace("\"k\"", "7")).contains("cannot be read"));
        assert!(refused("[1]").contains("cannot be read"));
        let own = r#"{"schema":"event.v1","id":"evt_01KAHT5V3X5W9GNQ6D4R3ZCE7M","type":"windlass.job.dead","source":"/","time":"2026-11-21T02:00:00Z"}"#;
        assert!(refused(own).contains("windlass."));
    }
}
