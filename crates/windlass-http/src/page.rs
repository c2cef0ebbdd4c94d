//! Pages of lists: how many, and where they go on.

mod cursor;
mod link;

use std::fmt::Display;

use axum::response::Response;
use serde::Serialize;
use windlass::filter::{Count, Found};

pub(crate) use self::cursor::PageCursor;
pub(crate) use self::link::{Links, linked};
use crate::answer::{CountBody, FoundItems, Items, ok};
use crate::limits::{LARGEST_PAGE, PAGE};
use crate::problem::Problem;

/// The size of a page that was asked for.
pub(crate) fn size(asked: Option<u16>) -> Result<usize, Problem> {
    within(asked.unwrap_or(PAGE), LARGEST_PAGE)
}

/// A `limit` of at least 1 and at most so many.
pub(crate) fn within(limit: u16, most: u16) -> Result<usize, Problem> {
    if (1..=most).contains(&limit) {
        return Ok(usize::from(limit));
    }
    Err(Problem::parameter("limit", format!("expected 1 to {most}, found {limit}")))
}

/// A page of what was found, of which one more was asked for than it has.
pub(crate) fn answer<'a, T, K: Display, U: Serialize>(
    found: &'a [T],
    (place, size): (&PageCursor<K>, usize),
    key: impl Fn(&T) -> K,
    shown: impl Fn(&'a T) -> U,
) -> Response {
    let items = &found[..found.len().min(size)];
    let last = items.last().filter(|_| found.len() > size);
    self::items(items.iter().map(shown).collect(), (place, last.map(key)))
}

/// A page of what was looked for, and how many match where that was asked for.
pub(crate) fn found<'a, T, K: Display, U: Serialize>(
    found: &'a Found<T, K>,
    (place, count): (&PageCursor<K>, Option<Count>),
    shown: impl Fn(&'a T) -> U,
) -> Response {
    let Links { next, prev } = place.links(found.next.as_ref());
    let count = count.map(|Count { value, exact }| CountBody { value, exact });
    let answer = ok(&FoundItems {
        items: found.items.iter().map(shown).collect(),
        has_more: next.is_some(),
        next: next.clone(),
        prev: prev.clone(),
        complete: found.complete,
        scanned: found.scanned,
        count,
    });
    Links { next, prev }.told_by(answer)
}

/// The same of what each that was found becomes.
pub(crate) fn each<T, K, U>(found: Found<T, K>, become_of: impl Fn(T) -> U) -> Found<U, K> {
    let Found { items, scanned, next, complete } = found;
    Found { items: items.into_iter().map(become_of).collect(), scanned, next, complete }
}

/// A page, and where the next one begins, if there is one.
pub(crate) fn items<T: Serialize, K: Display>(
    items: Vec<T>,
    (place, next): (&PageCursor<K>, Option<K>),
) -> Response {
    let links = place.links(next.as_ref());
    let Links { next, prev } = links.clone();
    links.told_by(ok(&Items { items, has_more: next.is_some(), next, prev }))
}

/// A list that the store gives as a whole.
pub(crate) fn whole<T: Serialize>(items: Vec<T>) -> Response {
    ok(&Items { items, next: None, prev: None, has_more: false })
}
