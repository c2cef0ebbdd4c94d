//! What somebody wants to be told.

use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::JobId;
use windlass::event::EventHead;
use windlass::limits::{SUBJECT_BYTES, TYPE_PATTERN_BYTES};
use windlass::name::matches;

use super::cursor::Resume;
use crate::check;
use crate::limits::{CURSOR_BYTES, STREAM_JOBS, STREAM_PATTERNS};
use crate::problem::Problem;

/// Bytes of the list of patterns, and of that of jobs.
const TYPES_BYTES: usize = STREAM_PATTERNS * (TYPE_PATTERN_BYTES + 1);
const JOBS_BYTES: usize = STREAM_JOBS * 64;

/// What to tell. Events are told where `types`, `subject` or `from` is given, or nothing is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Events of these types, with commas between, at most 20; `*` stands for anything.
    #[param(max_length = 5140)]
    types: Option<String>,
    /// Events that have happened to this; `*` stands for anything.
    #[param(max_length = 256)]
    subject: Option<String>,
    /// Watched jobs: their ids with commas between, at most 100.
    #[param(max_length = 6400)]
    jobs: Option<String>,
    /// Whether the numbers of jobs are told.
    counts: Option<bool>,
    /// Events behind this: the `cursor` of a message, or a position. Those from now on unless given. The header `Last-Event-ID`
    /// goes before.
    #[param(max_length = 64)]
    from: Option<String>,
}

/// What somebody wants to be told.
#[derive(Debug)]
pub(super) struct Wants {
    pub(super) events: Option<Following>,
    pub(super) jobs: Vec<JobId>,
    pub(super) counts: bool,
}

/// Which events.
#[derive(Debug)]
pub(super) struct Following {
    types: Vec<String>,
    subject: Option<String>,
    pub(super) from: Option<Resume>,
}

impl Following {
    pub(super) fn wants(&self, event: &EventHead) -> bool {
        let fits = |pattern: &String| matches(pattern, &event.event_type);
        let is_subject = |pattern: &String| {
            event.subject.as_deref().is_some_and(|subject| matches(pattern, subject))
        };
        (self.types.is_empty() || self.types.iter().any(fits))
            && self.subject.as_ref().is_none_or(is_subject)
    }
}

impl Wanted {
    /// The same, once each part is found to be within its limits.
    pub(super) fn checked(self, headers: &HeaderMap) -> Result<Wants, Problem> {
        let Self { types, subject, jobs, counts, from } = self;
        check::parameter("subject", subject.as_deref(), SUBJECT_BYTES)?;
        let jobs = jobs.map(|text| watched(&text)).transpose()?.unwrap_or_default();
        let counts = counts.unwrap_or_default();
        let is_for_others = counts || !jobs.is_empty();
        let is_for_events = types.is_some() || subject.is_some() || from.is_some();
        let types = types.map(|text| patterns(&text)).transpose()?.unwrap_or_default();
        let from = match last_event_id(headers)? {
            Some(place) => Some(place),
            None => from.map(|text| place("from", &text, str::parse)).transpose()?,
        };
        let events =
            (is_for_events || !is_for_others).then_some(Following { types, subject, from });
        Ok(Wants { events, jobs, counts })
    }
}

fn patterns(text: &str) -> Result<Vec<String>, Problem> {
    check::parameter("types", Some(text), TYPES_BYTES)?;
    let patterns: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
    let wrong = |detail: String| Err(Problem::parameter("types", detail));
    if patterns.len() > STREAM_PATTERNS {
        return wrong(format!("at most {STREAM_PATTERNS} patterns, found {}", patterns.len()));
    }
    match patterns.iter().find(|one| !(1..=TYPE_PATTERN_BYTES).contains(&one.len())) {
        Some(one) => {
            wrong(format!("a pattern has 1 to {TYPE_PATTERN_BYTES} bytes, found {}", one.len()))
        }
        None => Ok(patterns),
    }
}

fn watched(text: &str) -> Result<Vec<JobId>, Problem> {
    check::parameter("jobs", Some(text), JOBS_BYTES)?;
    let wrong = |detail: String| Problem::parameter("jobs", detail);
    let ids = text.split(',').map(|id| id.trim().parse::<JobId>());
    let ids = ids.collect::<Result<Vec<_>, _>>();
    let mut ids = ids.map_err(|error| wrong(error.to_string()))?;
    ids.sort_unstable();
    ids.dedup();
    match ids.len() {
        0..=STREAM_JOBS => Ok(ids),
        more => Err(wrong(format!("at most {STREAM_JOBS} jobs, found {more}"))),
    }
}

/// The id of the last message that a browser got: it sends it when it connects again.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Resume>, Problem> {
    const NAME: &str = "last-event-id";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::parameter(NAME, "not a text"))?;
    // A browser that has got none sends none, or an empty one.
    match text {
        "" => Ok(None),
        _ => place(NAME, text, Resume::of_cursor).map(Some),
    }
}

fn place(
    name: &str,
    text: &str,
    read: impl Fn(&str) -> Result<Resume, String>,
) -> Result<Resume, Problem> {
    check::parameter(name, Some(text), CURSOR_BYTES)?;
    read(text).map_err(|detail| Problem::parameter(name, detail))
}
