//! `windlass stats`: what jobs did over time.

use std::time::Duration;

use windlass::Client;
use windlass::stats::{By, Counts, Histogram, Series, StatsQuery, StatsReport};
use windlass::time::parse_duration;
use windlass_http::stats::document;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::trend::trend;
use crate::output::{Output, time};
use crate::store;

/// Columns of a trend on a terminal.
const TREND: usize = 30;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass stats
  windlass stats --since 24h --by kind
  windlass stats --queue 'mail*' --by kind --json")]
pub(crate) struct Args {
    /// How long ago the time begins, such as 15m, 24h or 90d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = some_time)]
    since: Duration,
    /// Of queues that fit this pattern; `*` stands for any run of characters
    #[arg(long, value_name = "PATTERN")]
    queue: Vec<String>,
    /// Of kinds that fit this pattern
    #[arg(long, value_name = "PATTERN")]
    kind: Vec<String>,
    /// A line for each queue, each kind, or one of all
    #[arg(long, value_enum, default_value_t = ByWord::Queue)]
    by: ByWord,
}

/// What a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ByWord {
    Queue,
    Kind,
    None,
}

impl From<ByWord> for By {
    fn from(word: ByWord) -> Self {
        match word {
            ByWord::Queue => Self::Queue,
            ByWord::Kind => Self::Kind,
            ByWord::None => Self::All,
        }
    }
}

fn some_time(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("expected some time".to_owned()) } else { Ok(time) }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let client = Client::new(store::existing(&globals.store).await?);
    let by = By::from(args.by);
    let mut query = StatsQuery::last(args.since).by(by);
    for pattern in &args.queue {
        query = query.queue(pattern);
    }
    for pattern in &args.kind {
        query = query.kind(pattern);
    }
    let report = client.stats(&query).await?;
    let out = &globals.out;
    if out.is_json() {
        out.json(&document(&report, by))?;
        return Ok(Exit::Done);
    }
    if !out.is_plain() && report.series.iter().all(|one| is_empty(&one.total)) {
        let nothing = format!("no job was started in the last {}", time::span(args.since));
        out.line(&nothing)?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &report, args.by))?;
    if !out.is_plain() {
        let step = time::span(report.step.length);
        out.aside(&format!("each bar is {step} or more; the last ones are still filling\n"));
    }
    Ok(Exit::Done)
}

fn is_empty(counts: &Counts) -> bool {
    counts.enqueued == 0 && counts.started == 0 && counts.all_ended() == 0
}

fn table(out: &Output, report: &StatsReport, by: ByWord) -> Table {
    let title = match by {
        ByWord::Queue => "QUEUE",
        ByWord::Kind => "KIND",
        ByWord::None => "JOBS",
    };
    let mut table = Table::new(vec![
        Column::text(title, 8),
        Column::number("ENQUEUED").expendable(3),
        Column::number("STARTED"),
        Column::number("OK").expendable(4),
        Column::number("FAILED"),
        Column::number("DEAD"),
        Column::number("WAIT P50").expendable(2),
        Column::number("P95"),
        Column::number("RUN P50").expendable(1),
        Column::number("P95"),
        Column::whole("STARTED OVER TIME").expendable(5),
    ]);
    for series in &report.series {
        table.push(row(out, series));
    }
    table
}

fn row(out: &Output, series: &Series) -> Vec<Cell> {
    let total = &series.total;
    let number = |jobs: u64| Cell::new(time::number(jobs));
    let bad = |jobs: u64, tone| match jobs {
        0 => Cell::toned(Tone::Dim, out.glyphs().nothing()),
        jobs => Cell::toned(tone, time::number(jobs)),
    };
    let quantile = |times: &Histogram, part| match times.quantile(part) {
        Some(told) => Cell::new(time::span(told)),
        None => Cell::toned(Tone::Dim, out.glyphs().nothing()),
    };
    let name = series.name.as_deref().unwrap_or("all");
    let name = if name == windlass::stats::OTHERS { "others" } else { name };
    vec![
        Cell::toned(Tone::Strong, name),
        number(total.enqueued),
        number(total.started),
        number(total.of(windlass::Outcome::Ok)),
        bad(total.failed(), Tone::Attention),
        bad(total.died, Tone::Bad),
        quantile(&total.wait, 0.5),
        quantile(&total.wait, 0.95),
        quantile(&total.run, 0.5),
        quantile(&total.run, 0.95),
        Cell::toned(Tone::Busy, trend(&bars(series), TREND, out.glyphs())),
    ]
}

/// Starts over the whole time, as so many bars at most.
fn bars(series: &Series) -> Vec<f64> {
    let each = series.points.len().div_ceil(TREND).max(1);
    let bar = |points: &[Counts]| points.iter().map(|point| point.started).sum::<u64>() as f64;
    series.points.chunks(each).map(bar).collect()
}
