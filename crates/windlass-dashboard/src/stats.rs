//! What jobs did over time, as charts.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::{number, span};

use crate::chart::{Column, Line, columns, lines};
use crate::fault::Fault;
use crate::filter::link;
use crate::view::View;

/// Columns of a chart: more could not be told apart.
const COLUMNS: usize = 60;
/// The times that are offered: how each is asked for, and its name.
const TIMES: [(&str, &str); 4] =
    [("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];
/// Outcomes that are failures.
const FAILURES: [&str; 4] = ["error", "timeout", "panic", "lost"];

/// What pages show of `stats.v1`.
#[derive(Debug, Deserialize)]
struct Stats {
    since: Timestamp,
    step_ms: u64,
    points: usize,
    filling: usize,
    series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    enqueued: Vec<u64>,
    ended: BTreeMap<String, Vec<u64>>,
    wait_ms: Times,
    run_ms: Times,
}

#[derive(Debug, Deserialize)]
struct Times {
    p50: Vec<Option<f64>>,
    p95: Vec<Option<f64>>,
}

/// The time that a page was asked for, one of those that are offered.
pub(crate) fn known_time(asked: &str) -> &'static str {
    TIMES.iter().map(|(time, _)| *time).find(|time| *time == asked).unwrap_or(TIMES[0].0)
}

/// Throughput and latency of this time; nothing for who may not see what all jobs did.
pub(crate) async fn charts(view: &View, since: &'static str) -> Result<Markup, Fault> {
    let path = link("/v1/stats", &[("since", since)]);
    let Some(stats) = view.ask().get_if_allowed::<Stats>(&path).await? else {
        return Ok(html! {});
    };
    let grouped = stats.points.div_ceil(COLUMNS).max(1);
    Ok(html! {
        section.charts aria-label="Over time" {
            div.title {
                h2 { "Over time" }
                nav.times aria-label="Time" {
                    @for (time, name) in TIMES {
                        a href=(link(&view.base.href(), &[("since", time)])) aria-current=[(time == since).then_some("true")] { (name) }
                    }
                }
            }
            @if let Some(series) = stats.series.first() {
                div.pair { (throughput(&stats, series, grouped)) (latency(&stats, series, grouped)) }
            } @else {
                p.meta { "No job was started in this time." }
            }
        }
    })
}

impl Stats {
    /// When the columns of so many points begin.
    fn starts(&self, grouped: usize) -> impl Iterator<Item = Timestamp> {
        let step = std::time::Duration::from_millis(self.step_ms.saturating_mul(grouped as u64));
        let since = self.since;
        (0..self.points.div_ceil(grouped)).map(move |nth| since.after(step * nth as u32))
    }

    fn step(&self, grouped: usize) -> String {
        span(std::time::Duration::from_millis(self.step_ms.saturating_mul(grouped as u64)))
    }
}

impl Series {
    fn failed(&self) -> Vec<u64> {
        let mut failed = vec![0; self.enqueued.len()];
        for column in FAILURES.iter().filter_map(|outcome| self.ended.get(*outcome)) {
            for (sum, value) in failed.iter_mut().zip(column) {
                *sum += value;
            }
        }
        failed
    }
}

fn throughput(stats: &Stats, series: &Series, grouped: usize) -> Markup {
    let summed = |column: &[u64]| -> Vec<u64> {
        column.chunks(grouped).map(|chunk| chunk.iter().sum()).collect()
    };
    let ok = summed(series.ended.get("ok").map_or(&[], Vec::as_slice));
    let failed = summed(&series.failed());
    let came = summed(&series.enqueued);
    let filling = stats.filling.div_ceil(grouped);
    let drawn = stats.starts(grouped).enumerate().map(|(nth, start)| {
        let at = |column: &[u64]| column.get(nth).copied().unwrap_or(0);
        Column {
            start,
            plain: at(&ok),
            failed: at(&failed),
            is_filling: nth + filling >= stats.points.div_ceil(grouped),
        }
    });
    let drawn: Vec<Column> = drawn.collect();
    let (all_ok, all_failed) = (ok.iter().sum::<u64>(), failed.iter().sum::<u64>());
    html! {
        figure {
            figcaption {
                b { "Attempts that ended" } span.meta { "in each " (stats.step(grouped)) }
                span.key.done { (number(all_ok)) " succeeded" } span.key.failed { (number(all_failed)) " failed" }
            }
            (columns(&drawn))
            (table("Attempts that ended", &["Began", "Succeeded", "Failed", "Enqueued"], drawn.iter().enumerate().map(|(nth, column)| {
                vec![column.start.to_string(), column.plain.to_string(), column.failed.to_string(), came.get(nth).copied().unwrap_or(0).to_string()]
            })))
        }
    }
}

fn latency(stats: &Stats, series: &Series, grouped: usize) -> Markup {
    // A point of several has the worst of them: what was slow is not averaged away.
    let worst = |column: &[Option<f64>]| -> Vec<Option<f64>> {
        column
            .chunks(grouped)
            .map(|chunk| chunk.iter().flatten().copied().reduce(f64::max))
            .collect()
    };
    let all =
        [&series.wait_ms.p50, &series.wait_ms.p95, &series.run_ms.p95].map(|times| worst(times));
    let [half, most, run] = &all;
    let drawn = [
        Line { name: "Wait p50", class: "half", values: half },
        Line { name: "Wait p95", class: "most", values: most },
        Line { name: "Run p95", class: "run", values: run },
    ];
    let starts: Vec<Timestamp> = stats.starts(grouped).collect();
    let shown = |value: Option<f64>| value.map_or_else(String::new, |ms| format!("{ms:.0}"));
    html! {
        figure {
            figcaption {
                b { "Wait and run time" } span.meta { "the longest of each " (stats.step(grouped)) }
                @for line in &drawn { span class={ "key " (line.class) } { (line.name) } }
            }
            (lines(&drawn, &starts))
            (table("Wait and run time, in milliseconds", &["Began", "Wait p50", "Wait p95", "Run p95"], starts.iter().enumerate().map(|(nth, start)| {
                let at = |column: &[Option<f64>]| shown(column.get(nth).copied().flatten());
                vec![start.to_string(), at(half), at(most), at(run)]
            })))
        }
    }
}

/// The numbers of a chart for those who do not see it.
fn table(title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        div.hidden {
            table {
                caption { (title) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}
