//! Pages of lists: how many, and where they go on.

use std::fmt::Display;
use std::str::FromStr;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use serde::Serialize;
use windlass::filter::{Count, Found};

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

/// Where a page begins. A cursor is opaque to who has it, so that what it is made of may change.
pub(crate) fn start<T: FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    cursor.map(|text| parse(text).ok_or_else(not_ours)).transpose()
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}

fn not_ours() -> Problem {
    Problem::parameter("cursor", "not a cursor of this list; take `next` of the page before")
}

/// A page of what was found, of which one more was asked for than it has.
pub(crate) fn answer<'a, T, K: Display, U: Serialize>(
    found: &'a [T],
    size: usize,
    key: impl Fn(&T) -> K,
    shown: impl Fn(&'a T) -> U,
) -> Response {
    let items = &found[..found.len().min(size)];
    let last = items.last().filter(|_| found.len() > size);
    self::items(items.iter().map(shown).collect(), last.map(key))
}

/// A page of what was looked for, and how many match where that was asked for.
pub(crate) fn found<'a, T, K: Display, U: Serialize>(
    found: &'a Found<T, K>,
    count: Option<Count>,
    shown: impl Fn(&'a T) -> U,
) -> Response {
    let next = found.next.as_ref().map(cursor);
    let count = count.map(|Count { value, exact }| CountBody { value, exact });
    ok(&FoundItems {
        items: found.items.iter().map(shown).collect(),
        has_more: next.is_some(),
        next,
        complete: found.complete,
        scanned: found.scanned,
        count,
    })
}

/// The same of what each that was found becomes.
pub(crate) fn each<T, K, U>(found: Found<T, K>, become_of: impl Fn(T) -> U) -> Found<U, K> {
    let Found { items, scanned, next, complete } = found;
    Found { items: items.into_iter().map(become_of).collect(), scanned, next, complete }
}

fn cursor(place: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// A page, and where the next one begins, if there is one.
pub(crate) fn items<T: Serialize, K: Display>(items: Vec<T>, next: Option<K>) -> Response {
    let next = next.map(cursor);
    let has_more = next.is_some();
    ok(&Items { items, next, has_more })
}

/// A list that the store gives as a whole.
pub(crate) fn whole<T: Serialize>(items: Vec<T>) -> Response {
    ok(&Items { items, next: None, has_more: false })
}
