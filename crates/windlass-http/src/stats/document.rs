//! What jobs did over time as JSON: `stats.v1`. Numbers stand in columns, one for each point, as charts take them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::stats::{By, Counts, DepthSeries, Histogram, Series, StatsReport};
use windlass::{Outcome, Timestamp};

use crate::answer::Document;
use crate::schema;

/// What jobs did over time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
pub struct StatsBody<'a> {
    /// When the first point begins.
    #[schema(value_type = schema::Moment)]
    since: Timestamp,
    /// The database's clock; it is in the last point.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// How much time each point is of.
    step_ms: u64,
    /// How many points each column has.
    points: usize,
    /// How many of the last points may still grow: workers write what they count each ten seconds.
    filling: usize,
    /// What a series is of: `queue`, `kind`, or `none` where there is one of all.
    by: &'static str,
    /// What jobs did; those with the most starts first. There is none of a queue or a kind without jobs in this time.
    series: Vec<SeriesBody<'a>>,
    /// How long queues were. None where kinds are chosen, or the caller is limited to some: a depth is of all kinds of its queue.
    depths: Vec<DepthBody<'a>>,
}

/// What jobs of a queue, of a kind, or all of them did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsSeries)]
struct SeriesBody<'a> {
    /// The queue or the kind; `*` of all those that have no series of their own, null of all.
    name: Option<&'a str>,
    /// All points together.
    total: CountsBody,
    /// Jobs that were written, of those that were started since.
    enqueued: Vec<u64>,
    /// Attempts that were started.
    started: Vec<u64>,
    /// Attempts that ended, by outcome: `ok`, `error`, `timeout` and so on. Outcomes that no attempt had are left out.
    #[schema(value_type = BTreeMap<String, Vec<u64>>)]
    ended: BTreeMap<&'static str, Vec<u64>>,
    /// Jobs that died.
    died: Vec<u64>,
    /// How long attempts had been due when they were started.
    wait_ms: TimesBody,
    /// How long handlers ran.
    run_ms: TimesBody,
}

/// All points of a series together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsTotal)]
struct CountsBody {
    /// Jobs that were written, of those that were started since.
    enqueued: u64,
    /// Attempts that were started.
    started: u64,
    /// Attempts that ended, by outcome. Outcomes that no attempt had are left out.
    #[schema(value_type = BTreeMap<String, u64>)]
    ended: BTreeMap<&'static str, u64>,
    /// Jobs that died.
    died: u64,
    /// How long attempts had been due when they were started.
    wait_ms: TimeBody,
    /// How long handlers ran.
    run_ms: TimeBody,
}

/// Quantiles of times, one of each for a point; null where none was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsTimes)]
struct TimesBody {
    p50: Vec<Option<f64>>,
    p95: Vec<Option<f64>>,
    p99: Vec<Option<f64>>,
}

/// Quantiles of times; null where none was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsTime)]
struct TimeBody {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

/// How long a queue was: of each point the longest that was seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatsDepth)]
struct DepthBody<'a> {
    /// The queue.
    queue: &'a str,
    /// Jobs that were available, up to 10,000.
    available: Vec<u64>,
    /// Jobs that ran.
    running: Vec<u64>,
    /// How long the oldest available job had been due.
    oldest_ms: Vec<u64>,
}

/// What jobs did over time, as `stats.v1`.
#[must_use]
pub fn document(report: &StatsReport, by: By) -> Document<StatsBody<'_>> {
    Document::new(
        "stats.v1",
        StatsBody {
            since: report.since,
            at: report.at,
            step_ms: millis(report.step.length),
            points: report.points,
            filling: report.filling,
            by: match by {
                By::Queue => "queue",
                By::Kind => "kind",
                By::All => "none",
            },
            series: report.series.iter().map(SeriesBody::of).collect(),
            depths: report.depths.iter().map(DepthBody::of).collect(),
        },
    )
}

impl<'a> SeriesBody<'a> {
    fn of(series: &'a Series) -> Self {
        let column = |of: fn(&Counts) -> u64| series.points.iter().map(of).collect();
        let of_outcome = |outcome: Outcome| {
            let column = series.points.iter().map(|point| point.of(outcome)).collect();
            (outcome.word(), column)
        };
        let seen = Outcome::ALL.into_iter().filter(|outcome| series.total.of(*outcome) > 0);
        Self {
            name: series.name.as_deref(),
            total: CountsBody::of(&series.total),
            enqueued: column(|point| point.enqueued),
            started: column(|point| point.started),
            ended: seen.map(of_outcome).collect(),
            died: column(|point| point.died),
            wait_ms: TimesBody::of(series.points.iter().map(|point| &point.wait)),
            run_ms: TimesBody::of(series.points.iter().map(|point| &point.run)),
        }
    }
}

impl CountsBody {
    fn of(counts: &Counts) -> Self {
        let ended = Outcome::ALL.into_iter().map(|outcome| (outcome.word(), counts.of(outcome)));
        Self {
            enqueued: counts.enqueued,
            started: counts.started,
            ended: ended.filter(|(_, jobs)| *jobs > 0).collect(),
            died: counts.died,
            wait_ms: TimeBody::of(&counts.wait),
            run_ms: TimeBody::of(&counts.run),
        }
    }
}

impl TimesBody {
    fn of<'a>(times: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut columns = Self { p50: Vec::new(), p95: Vec::new(), p99: Vec::new() };
        for TimeBody { p50, p95, p99 } in times.map(TimeBody::of) {
            columns.p50.push(p50);
            columns.p95.push(p95);
            columns.p99.push(p99);
        }
        columns
    }
}

impl TimeBody {
    fn of(times: &Histogram) -> Self {
        let told = |part| times.quantile(part).map(|time| time.as_secs_f64() * 1_000.0);
        // A microsecond is the finest that is known.
        let told = |part| told(part).map(|time| (time * 1_000.0).round() / 1_000.0);
        Self { p50: told(0.5), p95: told(0.95), p99: told(0.99) }
    }
}

impl<'a> DepthBody<'a> {
    fn of(series: &'a DepthSeries) -> Self {
        Self {
            queue: &series.queue,
            available: series.points.iter().map(|point| point.available).collect(),
            running: series.points.iter().map(|point| point.running).collect(),
            oldest_ms: series.points.iter().map(|point| millis(point.oldest)).collect(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
