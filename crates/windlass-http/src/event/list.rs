//! The events of the log.

use std::fmt;
use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::event::EventRecord;
use windlass::limits::{LISTED, TYPE_PATTERN_BYTES};
use windlass::name::matches;
use windlass::{Client, StoreError};

use super::document::{EventBody, document};
use super::sequence;
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::extract::Asked;
use crate::limits::PAGE_EVENTS;
use crate::problem::Problem;
use crate::{check, page};

/// Which events, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Those whose type is this; `*` stands for anything.
    #[param(max_length = 256)]
    r#type: Option<String>,
    /// Those behind this position, in the order of the log; the newest first unless given.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    after: Option<u64>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` of the page before. It knows in which order that was.
    cursor: Option<String>,
}

/// Where a page begins, and which way it goes.
#[derive(Debug, Clone, Copy)]
enum From {
    /// Behind this position, in the order of the log.
    After(u64),
    /// Before this position, the newest first.
    Before(u64),
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(position) => write!(f, "after {position}"),
            Self::Before(position) => write!(f, "before {position}"),
        }
    }
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (way, position) = text.split_once(' ').ok_or("no place")?;
        let position = check::position(position.parse().map_err(|_| "no position")?)?;
        match way {
            "after" => Ok(Self::After(position)),
            "before" => Ok(Self::Before(position)),
            _ => Err("no way".to_owned()),
        }
    }
}

/// A page, and where the next one begins.
struct Found {
    events: Vec<EventRecord>,
    next: Option<From>,
}

/// What is looked for.
struct Look<'a> {
    client: &'a Client,
    pattern: Option<&'a str>,
    size: usize,
}

impl Look<'_> {
    fn fits(&self, event: &EventRecord) -> bool {
        self.pattern.is_none_or(|pattern| matches(pattern, &event.event_type))
    }

    /// Events that are read at a time.
    fn step(&self) -> usize {
        if self.pattern.is_some() { LISTED } else { self.size + 1 }
    }

    async fn after(&self, mut at: u64) -> Result<Found, StoreError> {
        let (mut events, mut looked) = (Vec::new(), 0);
        loop {
            let part = self.client.events(at, self.step()).await?;
            let Some(last) = part.last().and_then(|event| event.position) else {
                return Ok(Found { events, next: None });
            };
            (at, looked) = (last, looked + part.len());
            events.extend(part.into_iter().filter(|event| self.fits(event)));
            if events.len() > self.size {
                return Ok(self.cut(events, From::After));
            }
            if looked >= PAGE_EVENTS {
                return Ok(Found { events, next: Some(From::After(at)) });
            }
        }
    }

    async fn before(&self, mut end: u64) -> Result<Found, StoreError> {
        let oldest = self.client.events(0, 1).await?.pop().and_then(|event| event.position);
        let (mut events, mut looked) = (Vec::new(), 0);
        while oldest.is_some_and(|oldest| oldest < end) {
            let begin = end.saturating_sub(self.step() as u64).max(1);
            let part = self.client.events(begin - 1, self.step()).await?;
            let part = part.into_iter().rev().filter(|event| event.position < Some(end));
            events.extend(part.filter(|event| self.fits(event)));
            looked += self.step();
            end = begin;
            if events.len() > self.size {
                return Ok(self.cut(events, From::Before));
            }
            if looked >= PAGE_EVENTS {
                return Ok(Found { events, next: Some(From::Before(end)) });
            }
        }
        Ok(Found { events, next: None })
    }

    fn cut(&self, mut events: Vec<EventRecord>, from: fn(u64) -> From) -> Found {
        events.truncate(self.size);
        let next = events.last().and_then(|event| event.position).map(from);
        Found { events, next }
    }
}

/// List events
///
/// The newest first, or those behind a position. A page may have less than was asked for, or nothing, and another one behind it:
/// where few events are of the type.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(Wanted),
    responses((status = 200, description = "A page of events.", body = Items<Document<EventBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let pattern = wanted.r#type.as_deref();
    check::parameter("type", pattern, TYPE_PATTERN_BYTES)?;
    let size = page::size(wanted.limit)?;
    let after = wanted.after.map(check::position).transpose();
    let after = after.map_err(|what| Problem::parameter("after", what))?;
    let start: Option<From> = page::start(wanted.cursor.as_deref())?;
    sequence(&api).await?;
    let look = Look { client: api.client(), pattern, size };
    let found = match (start, after) {
        (Some(From::After(position)), _) | (None, Some(position)) => look.after(position).await?,
        (Some(From::Before(position)), _) => look.before(position).await?,
        (None, None) => look.before(api.client().event_log().await?.last + 1).await?,
    };
    let items = found.events.iter().map(document).collect();
    Ok(page::items(items, found.next))
}
