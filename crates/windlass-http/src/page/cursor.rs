//! Cursors: where a page begins, and the pages that led there.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Links;
use crate::limits::PAGES_BACK;
use crate::problem::Problem;

/// The word for the beginning of a list.
const BEGINNING: &str = "-";
/// Bytes of where a page begins, at most.
const START_BYTES: usize = 64;

/// Where a page begins, as its cursor says. A cursor has the way to its page, so that `prev` of a page is the page that one came
/// from, also where each page is what a bounded look has found. It is opaque to who has it: what it is made of may change.
#[derive(Debug, Clone)]
pub(crate) struct PageCursor<K> {
    /// Where the page begins; nothing at the beginning of the list.
    pub(crate) start: Option<K>,
    /// The starts of the pages that led here, the nearest last, and of this one.
    way: Vec<String>,
}

impl<K: FromStr> PageCursor<K> {
    /// The place that a cursor names, or the beginning.
    pub(crate) fn of(cursor: Option<&str>) -> Result<Self, Problem> {
        let Some(cursor) = cursor else {
            return Ok(Self { start: None, way: vec![BEGINNING.to_owned()] });
        };
        Self::parse(cursor).ok_or_else(|| {
            let what = "not a cursor of this list; take `next` or `prev` of a page";
            Problem::parameter("cursor", what)
        })
    }

    fn parse(cursor: &str) -> Option<Self> {
        let way = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let way: Vec<String> = way.split('\n').map(str::to_owned).collect();
        let is_ours = way.len() <= PAGES_BACK && way.iter().all(|start| start.len() <= START_BYTES);
        let here = way.last().filter(|_| is_ours)?;
        let start = if here == BEGINNING { None } else { Some(here.parse().ok()?) };
        Some(Self { start, way })
    }
}

impl<K: Display> PageCursor<K> {
    /// The cursors of the pages around this one, where the next one begins with `next`.
    pub(crate) fn links(&self, next: Option<&K>) -> Links {
        Links { next: next.map(|next| self.towards(next)), prev: self.back() }
    }

    /// The cursor of a page that this one leads to.
    fn towards(&self, next: &K) -> String {
        let mut way = self.way.clone();
        way.push(next.to_string());
        let forgotten = way.len().saturating_sub(PAGES_BACK);
        cursor(&way[forgotten..])
    }

    /// The cursor of the page that led here.
    fn back(&self) -> Option<String> {
        let (_, before) = self.way.split_last()?;
        (!before.is_empty()).then(|| cursor(before))
    }
}

fn cursor(way: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(way.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(cursor: Option<&str>) -> PageCursor<u64> {
        PageCursor::of(cursor).expect("a cursor of ours")
    }

    #[test]
    fn one_goes_forth_and_back_by_the_same_pages() {
        let first = place(None);
        assert_eq!((first.start, first.links(None)), (None, Links::default()));
        let second = place(first.links(Some(&50)).next.as_deref());
        let third = place(second.links(Some(&70)).next.as_deref());
        assert_eq!((second.start, third.start), (Some(50), Some(70)));
        let back = place(third.links(None).prev.as_deref());
        assert_eq!(back.start, Some(50));
        let begin = place(back.links(None).prev.as_deref());
        assert_eq!((begin.start, begin.links(None).prev), (None, None));
        assert_eq!(begin.links(Some(&50)), first.links(Some(&50)));
    }

    #[test]
    fn a_cursor_stays_short_however_far_one_went() {
        let mut cursor = None;
        for page in 0..1_000_u64 {
            cursor = place(cursor.as_deref()).links(Some(&(u64::MAX - page))).next;
        }
        assert!(cursor.as_ref().expect("a next page").len() < 21 * PAGES_BACK * 4 / 3 + 4);
        let mut back = 0;
        while let Some(before) = place(cursor.as_deref()).links(None).prev {
            (cursor, back) = (Some(before), back + 1);
        }
        assert_eq!(back, PAGES_BACK - 1);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = vec!["1"; PAGES_BACK + 1].join("\n");
        let wide = format!("{}\n7", "1".repeat(START_BYTES + 1));
        for text in ["", &wide, "-1", "-\n", "7\nx", "7\n\n", "\u{fe}", &long] {
            let cursor = URL_SAFE_NO_PAD.encode(text);
            assert!(PageCursor::<u64>::of(Some(&cursor)).is_err(), "{text}");
        }
        for cursor in ["=", "\u{e9}", "a b", "/w"] {
            assert!(PageCursor::<u64>::of(Some(cursor)).is_err(), "{cursor}");
        }
    }
}
