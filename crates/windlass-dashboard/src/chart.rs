//! Small charts, drawn here as SVG: what they show stands in their title too.

use maud::{Markup, PreEscaped, html};
use windlass::Timestamp;
use windlass_http::words::time::{number, span};

/// A bar and the gap behind it.
const STEP: u64 = 5;
const BAR: u64 = 4;
const HEIGHT: u64 = 20;

/// A bar for each number, from zero.
pub(crate) fn bars(values: &[u64], title: &str) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let width = values.len() as u64 * STEP;
    html! {
        svg.trend role="img" width=(width) height=(HEIGHT) viewBox={ "0 0 " (width) " " (HEIGHT) } {
            title { (title) }
            @for (nth, value) in values.iter().enumerate() {
                (PreEscaped(bar(nth as u64, *value, most)))
            }
        }
    }
}

fn bar(nth: u64, value: u64, most: u64) -> String {
    // What is there is seen, however small.
    let height = if value == 0 { 1 } else { (value * HEIGHT).div_ceil(most).max(2) };
    let class = if value == 0 { "none" } else { "some" };
    let (x, y) = (nth * STEP, HEIGHT - height);
    format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{height}\"/>")
}

/// A column of a chart over time.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) start: Timestamp,
    pub(crate) plain: u64,
    pub(crate) failed: u64,
    /// Whether it may still grow.
    pub(crate) is_filling: bool,
}

/// A line of a chart over time.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) class: &'a str,
    /// Milliseconds; none where there is nothing to tell.
    pub(crate) values: &'a [Option<f64>],
}

/// A chart is drawn in these units and stretched to its place.
const WIDTH: u64 = 600;
const TALL: u64 = 120;

/// Columns from zero, what failed on top of the rest.
pub(crate) fn columns(all: &[Column]) -> Markup {
    let most = all.iter().map(|column| column.plain + column.failed).max().unwrap_or(0);
    let top = round_up(most);
    let width = WIDTH as f64 / all.len().max(1) as f64;
    let place = |nth: usize| format!("{:.1}", nth as f64 * width);
    let wide = format!("{:.1}", (width - 1.0).max(1.0));
    let height = |value: u64| if value == 0 { 0 } else { (value * TALL).div_ceil(top).max(2) };
    let starts: Vec<Timestamp> = all.iter().map(|column| column.start).collect();
    framed(
        (&number(top), &starts),
        &html! {
            @for (nth, column) in all.iter().enumerate() {
                @let (x, plain, failed) = (place(nth), height(column.plain), height(column.failed));
                g.filling[column.is_filling] {
                    title { (column.start) ": " (column.plain) " succeeded, " (column.failed) " failed" }
                    rect.plain x=(x) y=(TALL.saturating_sub(plain)) width=(wide) height=(plain) {}
                    rect.failed x=(x) y=(TALL.saturating_sub(plain + failed)) width=(wide) height=(failed) {}
                }
            }
        },
    )
}

/// Lines on one scale from zero; where nothing is told, a line has a gap.
pub(crate) fn lines(all: &[Line<'_>], starts: &[Timestamp]) -> Markup {
    let most =
        all.iter().flat_map(|line| line.values.iter().flatten()).copied().fold(0.0, f64::max);
    let top = round_up(most.ceil() as u64);
    let step = WIDTH as f64 / (starts.len().max(2) - 1) as f64;
    let told = span(std::time::Duration::from_millis(top));
    framed(
        (&told, starts),
        &html! {
            @for line in all {
                path class=(line.class) d=(path(line.values, step, top)) { title { (line.name) } }
            }
        },
    )
}

fn path(values: &[Option<f64>], step: f64, top: u64) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for (nth, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_down = false;
            continue;
        };
        let (x, y) = (nth as f64 * step, TALL as f64 * (1.0 - value / top as f64));
        // A point between two gaps is seen as one.
        let mark = if is_down { format!("L{x:.1} {y:.1}") } else { format!("M{x:.1} {y:.1}h2") };
        path.push_str(&mark);
        is_down = true;
    }
    path
}

/// A chart with its scale and its time.
fn framed((top, starts): (&str, &[Timestamp]), drawn: &Markup) -> Markup {
    let (first, last) = (starts.first(), starts.last());
    html! {
        div.chart aria-hidden="true" {
            span.scale { (top) }
            svg viewBox={ "0 0 " (WIDTH) " " (TALL) } preserveAspectRatio="none" {
                @for part in 0..=2 { @let y = TALL * part / 2; line.grid x1="0" x2=(WIDTH) y1=(y) y2=(y) {} }
                (drawn)
            }
            div.ends { @if let Some(first) = first { time datetime=(first) { (clock(*first)) } } @if let Some(last) = last { time datetime=(last) { (clock(*last)) } } }
        }
    }
}

/// Day and minute, in UTC.
fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{} {}Z", day.get(5..).unwrap_or(day), time.get(..5).unwrap_or(time))
}

/// The next number that reads well: 1, 2 or 5 with zeros behind it.
fn round_up(most: u64) -> u64 {
    let mut base = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let top = base.saturating_mul(step);
            if top >= most.max(1) {
                return top;
            }
        }
        base = base.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_number_that_reads_well() {
        for (most, top) in
            [(0, 1), (1, 1), (3, 5), (11, 20), (199, 200), (201, 500), (u64::MAX, u64::MAX)]
        {
            assert_eq!(round_up(most), top, "{most}");
        }
    }

    #[test]
    fn a_line_has_a_gap_where_nothing_is_told() {
        assert_eq!(
            path(&[Some(0.0), Some(50.0), None, Some(100.0)], 10.0, 100),
            "M0.0 120.0h2L10.0 60.0M30.0 0.0h2"
        );
    }

    #[test]
    fn the_largest_is_as_high_as_the_chart() {
        let drawn = bars(&[0, 1, 1_000_000], "jobs <b>").into_string();
        assert!(drawn.contains("<title>jobs &lt;b&gt;</title>"), "{drawn}");
        assert!(drawn.contains(r#"class="none" x="0" y="19" width="4" height="1""#), "{drawn}");
        assert!(drawn.contains(r#"class="some" x="5" y="18" width="4" height="2""#), "{drawn}");
        assert!(drawn.contains(r#"class="some" x="10" y="0" width="4" height="20""#), "{drawn}");
    }
}
