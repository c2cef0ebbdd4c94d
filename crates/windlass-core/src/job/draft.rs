//! A job on its way to a store.

use std::marker::PhantomData;
use std::time::Duration;

use super::{
    Due, Expires, Fair, Identity, Job, Lane, Limited, Meta, MetaFields, NewJob, Subject, Unique,
};
use crate::batch::Membership;
use crate::condition::Waits;
use crate::error::Refusal;
use crate::id::{BatchId, JobId};
use crate::json::{Json, JsonError};
use crate::time::Timestamp;

/// A job on its way to a store: a payload with what the caller wants different.
#[derive(Debug, Clone)]
#[must_use = "a draft does nothing until it is enqueued"]
pub struct Draft<J> {
    job: Result<NewJob, Refusal>,
    /// Applied at last, since it counts from the due time.
    expires: Option<Expires>,
    payload: PhantomData<fn() -> J>,
}

impl<J: Job> Draft<J> {
    pub(crate) fn new(payload: &J) -> Self {
        let parts = Json::args_of(payload).and_then(|args| Ok((args, Self::meta(payload)?)));
        let job = parts.map_err(Refusal::from).map(|(args, meta)| NewJob {
            version: J::VERSION,
            queue: J::QUEUE.to_owned(),
            priority: J::PRIORITY,
            max_attempts: J::MAX_ATTEMPTS,
            meta,
            ..NewJob::new(J::KIND, args)
        });
        Self { job, expires: J::EXPIRES.map(Expires::In), payload: PhantomData }
    }

    fn meta(payload: &J) -> Result<Meta, JsonError> {
        Ok(Meta::from(MetaFields {
            unique: payload.unique()?,
            lane: payload.lane()?,
            fair: payload.fair()?,
            limited: payload.limited()?,
            cost: J::COST,
            tags: J::TAGS.iter().map(|tag| (*tag).to_owned()).collect(),
            subjects: payload.subjects()?,
            redact: J::REDACT.iter().map(|mark| (*mark).to_owned()).collect(),
            ..MetaFields::default()
        }))
    }

    /// Another queue than the kind declares. The job's record says so.
    pub fn queue(self, queue: impl Into<String>) -> Self {
        self.with(|job| {
            job.queue = queue.into();
            job.meta.declared_queue = (job.queue != J::QUEUE).then(|| J::QUEUE.to_owned());
        })
    }

    /// Smaller runs first.
    pub fn priority(self, priority: i16) -> Self {
        self.with(|job| job.priority = priority)
    }

    /// Due this long after it is written, by the database's clock.
    pub fn delay(self, delay: Duration) -> Self {
        self.with(|job| job.due = Due::In(delay))
    }

    /// Due at this moment.
    pub fn run_at(self, moment: Timestamp) -> Self {
        self.with(|job| job.due = Due::At(moment))
    }

    /// Failures after which this job is dead; 0 never gives up.
    pub fn max_attempts(self, limit: u16) -> Self {
        self.with(|job| job.max_attempts = Some(limit))
    }

    /// Worker deaths after which this job is dead; 0 sets no limit. A loss is a failed attempt
    /// too, so a limit of attempts holds beside it.
    pub fn max_losses(self, limit: u16) -> Self {
        self.with(|job| job.meta.max_losses = Some(limit))
    }

    /// How long a handler of this job may run.
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|job| job.meta.timeout_ms = u64::try_from(limit.as_millis()).ok())
    }

    /// If it has not started this long after it is due, it is cancelled as expired and never runs; nor does a retry
    /// of it run after that. By the database's clock.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires = Some(Expires::In(time));
        self
    }

    /// As [`Draft::expires_in`], at this moment.
    pub fn expires_at(mut self, moment: Timestamp) -> Self {
        self.expires = Some(Expires::At(moment));
        self
    }

    /// Waits for ever, whatever the kind declares.
    pub fn never_expires(mut self) -> Self {
        self.expires = None;
        self
    }

    /// The only one of its kind with this key, in place of what the kind declares.
    pub fn unique(self, unique: Unique) -> Self {
        self.with(|job| job.meta.unique = Some(unique))
    }

    /// One of many, whatever the kind declares.
    pub fn not_unique(self) -> Self {
        self.with(|job| job.meta.unique = None)
    }

    /// Found by this word, among others.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        self.with(|job| {
            if !job.meta.tags.contains(&tag) {
                job.meta.tags.push(tag);
            }
        })
    }

    /// Marks a field that is not shown, by its path such as `card.number`, beside those that its type marks.
    pub fn redact(self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.with(|job| {
            if !job.meta.redact.contains(&path) {
                job.meta.redact.push(path);
            }
        })
    }

    /// About this thing, among others, and found by it: `.subject("customer", 42)`.
    pub fn subject(self, kind: impl AsRef<str>, id: impl ToString) -> Self {
        let subject = Subject::new(kind, id);
        self.with(|job| {
            if !job.meta.subjects.contains(&subject) {
                job.meta.subjects.push(subject);
            }
        })
    }

    /// One at a time with the other jobs of its lane, in the order they were enqueued.
    pub fn lane(self, lane: Lane) -> Self {
        self.with(|job| job.meta.lane = Some(lane))
    }

    /// In the turns of this key.
    pub fn fair(self, fair: Fair) -> Self {
        self.with(|job| job.meta.fair = Some(fair))
    }

    /// One of so many that run at once with its key.
    pub fn limited(self, limited: Limited) -> Self {
        self.with(|job| job.meta.limited = Some(limited))
    }

    /// What it takes of the rates that concern it; 1 unless said.
    pub fn cost(self, tokens: u16) -> Self {
        self.with(|job| job.meta.cost = Some(tokens))
    }

    /// Not before what it waits for has come, in place of what was said before.
    pub fn waits(self, waits: Waits) -> Self {
        self.with(|job| job.meta.waits = Some(waits))
    }

    /// Not before this job is completed, beside what else it waits for.
    pub fn after(self, other: JobId) -> Self {
        self.with(|job| {
            let waits = job.meta.waits.take().unwrap_or_else(Waits::all);
            job.meta.waits = Some(waits.job(other.to_string(), other));
        })
    }

    /// Not before a signal with this key has come, beside what else it waits for.
    pub fn on_signal(self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.with(|job| {
            let waits = job.meta.waits.take().unwrap_or_else(Waits::all);
            job.meta.waits = Some(waits.signal(key.clone(), key));
        })
    }

    /// Not before all jobs of a batch have ended, however, beside what else it waits for.
    pub fn after_batch(self, batch: BatchId) -> Self {
        self.waits_too(Waits::all().batch(batch.to_string(), batch))
    }

    /// In this batch, which has not ended. A job of a batch adds others to it with `cx.batch()`.
    pub fn member_of(self, batch: BatchId) -> Self {
        self.with(|job| job.meta.member = Some(Membership::of(batch)))
    }

    /// The id of the caller's choice, perhaps from a try whose answer was lost. If a job with it
    /// exists, in whatever state, nothing is written and [`Enqueued::Existing`](super::Enqueued::Existing) is the answer.
    pub fn id(self, id: JobId) -> Self {
        self.with(|job| {
            job.id = id;
            job.identity = Identity::Given;
        })
    }

    /// The W3C trace context the job continues.
    pub fn traceparent(self, traceparent: impl Into<String>) -> Self {
        self.with(|job| job.meta.traceparent = Some(traceparent.into()))
    }
}

impl<J> Draft<J> {
    fn with(mut self, change: impl FnOnce(&mut NewJob)) -> Self {
        if let Ok(job) = &mut self.job {
            change(job);
        }
        self
    }

    /// Waits for this too.
    pub(crate) fn waits_too(self, waits: Waits) -> Self {
        self.with(|job| {
            let before = job.meta.waits.take().unwrap_or_else(Waits::all);
            job.meta.waits = Some(before.and(waits));
        })
    }

    /// The job that would be written.
    ///
    /// # Errors
    /// When the payload cannot be stored.
    pub fn into_new_job(self) -> Result<NewJob, Refusal> {
        let job = self.job?;
        Ok(match self.expires {
            Some(expires) => job.expiring(expires),
            None => job,
        })
    }

    /// The same draft without its type, so that drafts of several kinds can be enqueued by one call.
    pub fn any_kind(self) -> Draft<()> {
        Draft { job: self.job, expires: self.expires, payload: PhantomData }
    }
}

/// What can be enqueued: a payload that is a [`Job`], or a [`Draft`] of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be enqueued: it is not a job",
    label = "not a job, and not a draft of one",
    note = "derive it: `#[derive(Serialize, Deserialize, Job)] #[job(kind = \"…\")]`"
)]
pub trait IntoDraft {
    /// The payload's type.
    type Payload;

    /// The draft to be enqueued.
    fn into_draft(self) -> Draft<Self::Payload>;
}

impl<J> IntoDraft for Draft<J> {
    type Payload = J;

    fn into_draft(self) -> Draft<J> {
        self
    }
}

impl IntoDraft for NewJob {
    type Payload = ();

    fn into_draft(self) -> Draft<()> {
        self.into()
    }
}

impl<J: Job> IntoDraft for J {
    type Payload = J;

    fn into_draft(self) -> Draft<J> {
        self.job()
    }
}

impl From<NewJob> for Draft<()> {
    fn from(job: NewJob) -> Self {
        Self { job: Ok(job), expires: None, payload: PhantomData }
    }
}
