//! Jobs and events on one axis of time, the newest first.

use std::cmp::Ordering;

use serde::Deserialize;
use windlass::Timestamp;

use crate::filter::link;
use crate::job::Job;

/// Rows of a page.
pub(super) const ROWS: usize = 50;
/// A list that has nothing more.
const END: &str = "end";

/// Where both lists go on: the cursor of a page of each, and the last of it that was shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cursors {
    pub(super) jobs: String,
    job: String,
    pub(super) events: String,
    event: Option<u64>,
}

/// What a page shows of `event.v1`.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) position: Option<u64>,
    pub(super) r#type: String,
    pub(super) source: String,
    pub(super) subject: Option<String>,
    pub(super) subjects: Vec<Subject>,
    pub(super) time: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(super) struct Subject {
    pub(super) r#type: String,
    pub(super) id: String,
}

/// A page of one of the lists.
#[derive(Debug, Deserialize)]
pub(super) struct Side<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
    pub(super) complete: bool,
}

/// A row.
#[derive(Debug)]
pub(super) enum Row {
    Job(Box<Job>),
    Event(Event),
}

/// The rows of a page, and where the next one begins.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<Cursors>,
    /// Whether both lists were looked through as far as this page goes.
    pub(super) complete: bool,
}

impl Cursors {
    pub(super) fn is_first(&self) -> bool {
        self.jobs.is_empty()
            && self.job.is_empty()
            && self.events.is_empty()
            && self.event.is_none()
    }

    /// Whether the jobs, or the events, go on here.
    pub(super) fn has_jobs(&self) -> bool {
        self.jobs != END
    }

    pub(super) fn has_events(&self) -> bool {
        self.events != END
    }

    pub(super) fn link(&self, page: &str) -> String {
        let event = self.event.map(|event| event.to_string()).unwrap_or_default();
        let (jobs, job, events) = (&self.jobs, &self.job, &self.events);
        link(page, &[("jobs", jobs), ("job", job), ("events", events), ("event", &event)])
    }
}

impl<T> Default for Side<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None, complete: true }
    }
}

/// The newest of both. Where one of them ends at its page and goes on behind it, the rows end too: what is older may come first there.
pub(super) fn merged(place: &Cursors, mut jobs: Side<Job>, mut events: Side<Event>) -> Axis {
    // What has come since the page before is newer than what that has shown.
    jobs.items.retain(|job| place.job.is_empty() || job.id < place.job);
    events.items.retain(|event| place.event.is_none_or(|last| event.position < Some(last)));
    let complete = jobs.complete && events.complete;
    let (mut rows, mut next) = (Vec::new(), place.clone());
    let (mut rest_of_jobs, mut rest_of_events) =
        (jobs.items.into_iter().peekable(), events.items.into_iter().peekable());
    while rows.len() < ROWS {
        match (rest_of_jobs.peek(), rest_of_events.peek()) {
            (None, _) if jobs.next.is_some() => break,
            (_, None) if events.next.is_some() => break,
            (None, None) => break,
            (Some(job), event) if event.is_none_or(|event| newer(job, event).is_ge()) => {
                next.job.clone_from(&job.id);
                rows.extend(rest_of_jobs.next().map(|job| Row::Job(Box::new(job))));
            }
            (_, Some(event)) => {
                next.event = event.position.or(next.event);
                rows.extend(rest_of_events.next().map(Row::Event));
            }
            (Some(_), None) => break,
        }
    }
    if rest_of_jobs.peek().is_none() {
        next.jobs = jobs.next.unwrap_or_else(|| END.to_owned());
        next.job = String::new();
    }
    if rest_of_events.peek().is_none() {
        next.events = events.next.unwrap_or_else(|| END.to_owned());
        next.event = None;
    }
    let next = (next.has_jobs() || next.has_events()).then_some(next);
    Axis { rows, next, complete }
}

/// By when they were written, which their ids begin with: an event says itself when it happened, and may come late.
fn newer(job: &Job, event: &Event) -> Ordering {
    let moment = |id: &str| id.split_once('_').map(|(_, moment)| moment.to_owned());
    moment(&job.id).cmp(&moment(&event.id))
}

impl Event {
    /// Whether it has happened to the subject, or is about it.
    pub(super) fn is_about(&self, (kind, id): (&str, &str)) -> bool {
        let subject = self.subject.as_deref();
        let is_named = subject
            .and_then(|subject| subject.strip_prefix(kind))
            .is_some_and(|rest| rest.strip_prefix(['=', '/']).is_some_and(|rest| rest == id));
        is_named || self.subjects.iter().any(|subject| subject.r#type == kind && subject.id == id)
    }
}
