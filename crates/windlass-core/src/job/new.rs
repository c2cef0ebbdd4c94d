//! A job as it is written.

use std::time::Duration;

use super::{HandlerKey, Meta, Unique};
use crate::batch::Membership;
use crate::error::{Refusal, StoreError};
use crate::id::JobId;
use crate::json::Json;
use crate::limits::LARGEST_NUMBER;
use crate::name::{DEFAULT_QUEUE, check_kind, check_queue};
use crate::redact::check_marks;
use crate::time::Timestamp;

/// When a job becomes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Due {
    /// As soon as it is committed.
    #[default]
    Now,
    /// This long after it is written, by the database's clock.
    In(Duration),
    /// At this moment.
    At(Timestamp),
}

/// Whether a job's id may already exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// The id is new: nobody looks for another job with it.
    #[default]
    Fresh,
    /// The caller chose the id, perhaps after a lost answer: an existing job with it, in any
    /// state, is kept and reported as [`Enqueued::Existing`].
    Given,
}

/// A job to be written. Required things are arguments of [`NewJob::new`], the rest has defaults.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id, made by the client.
    pub id: JobId,
    /// Whether the id may exist already.
    pub identity: Identity,
    /// What is to be done; handlers are found by it.
    pub kind: String,
    /// The shape of `args`, from 1.
    pub version: u16,
    /// Where it waits.
    pub queue: String,
    /// Smaller runs first; 0 unless said otherwise.
    pub priority: i16,
    /// What the handler gets.
    pub args: Json,
    /// When it may run.
    pub due: Due,
    /// Failures after which it is dead; 0 never gives up; `None` leaves it to the handler.
    pub max_attempts: Option<u16>,
    /// The job at the root of its tree, `None` where it is its own.
    pub root: Option<JobId>,
    /// The job whose handler enqueued it.
    pub parent: Option<JobId>,
    /// Who enqueued it, for people.
    pub origin: Option<String>,
    /// Options that are rarely used.
    pub meta: Meta,
}

impl NewJob {
    /// A job of this kind with these args, due at once, on the default queue.
    #[must_use]
    pub fn new(kind: impl Into<String>, args: Json) -> Self {
        Self {
            id: JobId::new(),
            identity: Identity::Fresh,
            kind: kind.into(),
            version: 1,
            queue: DEFAULT_QUEUE.to_owned(),
            priority: 0,
            args,
            due: Due::Now,
            max_attempts: None,
            root: None,
            parent: None,
            origin: None,
            meta: Meta::default(),
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the kind or the queue has a name that cannot be used, and when a number or a text cannot be
    /// stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_kind(&self.kind)?;
        check_queue(&self.queue)?;
        check_number("version", self.version)?;
        check_number("max_attempts", self.max_attempts.unwrap_or_default())?;
        check_text("origin", self.origin.as_deref())?;
        check_text("traceparent", self.meta.traceparent.as_deref())?;
        self.check_expiry()?;
        self.meta.check_tags()?;
        self.meta.check_line()?;
        check_marks(&self.meta.redact)?;
        self.meta.waits.as_ref().map_or(Ok(()), |waits| waits.check(self.id))?;
        self.meta.member.as_ref().map_or(Ok(()), Membership::check)?;
        self.meta.unique.as_ref().map_or(Ok(()), Unique::check)
    }

    /// Its meta as it is stored: with its place in line.
    #[must_use]
    pub fn stored_meta(&self) -> Option<String> {
        let line = self.meta.line_of(&self.kind);
        if line == self.meta.line {
            return self.meta.to_stored();
        }
        let mut meta = self.meta.clone();
        meta.line = line;
        meta.to_stored()
    }

    /// The refusal of this job since another one is in its lane.
    #[must_use]
    pub fn refused_in_lane(&self, job: JobId) -> StoreError {
        let (lane, other) = self.meta.lane.as_ref().map_or_else(Default::default, |lane| {
            (lane.key().to_owned(), lane.kinds_that_refuse().join(" or "))
        });
        StoreError::LaneRefused { kind: self.kind.clone(), lane, other, job }
    }

    /// What its worker must know to run it: kind and version.
    #[must_use]
    pub fn handler(&self) -> HandlerKey {
        HandlerKey::new(&self.kind, self.version)
    }
}

/// The result of an enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enqueued {
    /// It was written.
    New(JobId),
    /// A job with this id was there already and was left alone.
    Existing(JobId),
    /// This job holds the unique key; nothing was written.
    Kept(JobId),
    /// This job holds the unique key, and has the args, the due time and the priority of the one that came.
    Replaced(JobId),
}

impl Enqueued {
    /// The job's id.
    #[must_use]
    pub const fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Existing(id) | Self::Kept(id) | Self::Replaced(id) => id,
        }
    }
}

pub(crate) fn check_number(what: &'static str, number: u16) -> Result<(), Refusal> {
    let limit = LARGEST_NUMBER;
    if number > limit { Err(Refusal::Number { what, number, limit }) } else { Ok(()) }
}

fn check_text(what: &'static str, text: Option<&str>) -> Result<(), Refusal> {
    match text.and_then(|text| text.find('\0')) {
        Some(at) => Err(Refusal::Nul { what, at }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut NewJob)) -> String {
        let mut job = NewJob::new("work", Json::stored("null"));
        change(&mut job);
        job.check().expect_err("it is refused").to_string()
    }

    #[test]
    fn a_refusal_says_what_cannot_be_stored() {
        assert_eq!(
            refused(|job| job.version = 32_768),
            "version of 32768 is above the limit of 32767"
        );
        assert_eq!(
            refused(|job| job.max_attempts = Some(40_000)),
            "max_attempts of 40000 is above the limit of 32767"
        );
        assert_eq!(
            refused(|job| job.origin = Some("a\0b".to_owned())),
            "origin has a NUL character at byte 1: it cannot be stored; leave it out"
        );
        let traceparent = refused(|job| job.meta.traceparent = Some("\0".to_owned()));
        assert!(traceparent.starts_with("traceparent has a NUL"), "{traceparent}");
    }
}
