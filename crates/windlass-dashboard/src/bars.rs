//! Bars on an axis of time, one beside each row: how long something waited, and how long it ran.

use maud::{Markup, html};
use windlass::Timestamp;
use windlass_http::words::time::span;

use crate::parts::plain;

/// What an axis is cut into.
const UNITS: u64 = 1_000;
/// A bar is never narrower, so that it can be seen.
const NARROWEST: u64 = 4;

/// An axis of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    start: Timestamp,
    micros: u64,
}

/// What a bar shows.
#[derive(Debug)]
pub(crate) struct Bar<'a> {
    /// Since when it waits, where that is shown.
    pub(crate) waits: Option<Timestamp>,
    /// When it began; where it has not, it waits on.
    pub(crate) begins: Option<Timestamp>,
    /// When it ended, or now.
    pub(crate) ends: Timestamp,
    /// The colour of its state.
    pub(crate) colour: &'static str,
    /// The same in words.
    pub(crate) title: &'a str,
}

impl Axis {
    /// From one moment to another; nothing of it is empty.
    pub(crate) fn between(start: Timestamp, end: Timestamp) -> Self {
        let micros = u64::try_from(end.since(start).as_micros()).unwrap_or(u64::MAX);
        Self { start, micros: micros.max(1) }
    }

    fn place(self, at: Timestamp) -> u64 {
        let micros = at.since(self.start).as_micros().min(u128::from(self.micros));
        u64::try_from(micros * u128::from(UNITS) / u128::from(self.micros)).unwrap_or(UNITS)
    }

    /// Where something begins, and how wide it is.
    fn part(self, from: Timestamp, to: Timestamp, narrowest: u64) -> (u64, u64) {
        let (from, to) = (self.place(from), self.place(to));
        let width = to.saturating_sub(from).max(narrowest);
        (from.min(UNITS - width.min(UNITS)), width)
    }

    pub(crate) fn bar(self, bar: &Bar<'_>) -> Markup {
        let waited = bar.waits.map(|from| self.part(from, bar.begins.unwrap_or(bar.ends), 0));
        let ran = bar.begins.map(|from| self.part(from, bar.ends, NARROWEST));
        html! {
            svg.bar viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" {
                title { (plain(bar.title)) }
                @for at in ["250", "500", "750"] { line.grid x1=(at) x2=(at) y1="0" y2="16" {} }
                @if let Some((x, width)) = waited { rect.waited x=(x) width=(width) y="7" height="2" {} }
                @if let Some((x, width)) = ran { rect class=(bar.colour) x=(x) width=(width) y="3" height="10" {} }
            }
        }
    }

    /// What stands above the bars.
    pub(crate) fn labels(self) -> Markup {
        let whole = std::time::Duration::from_micros(self.micros);
        html! { span.axis { span { "0" } span { (span(whole / 2)) } span { (span(whole)) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_lies_where_its_time_is_and_never_outside() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let axis = Axis::between(at(100), at(200));
        assert_eq!(axis.part(at(125), at(150), NARROWEST), (250, 250));
        assert_eq!(axis.part(at(200), at(200), NARROWEST), (996, 4), "it ends with the axis");
        assert_eq!(axis.part(at(0), at(900), NARROWEST), (0, 1_000), "it is cut at both ends");
        let moment = Axis::between(at(100), at(100));
        assert_eq!(moment.part(at(100), at(100), NARROWEST), (0, 4), "an axis may be a moment");
    }
}
