//! `windlass job list`.
use windlass::filter::{Bound, Count, Effort, Found};
use windlass::job::{Counts, Filter, Page};
use windlass::store::Store;
use windlass::{Client, JobId, JobRecord, State, Timestamp};

use super::parse_filter;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document, time};
use crate::store;

const EXAMPLES: &str = "\
Examples:
  windlass job list
  windlass job list state:dead kind:img.*
  windlass job list 'queue:mail,media -state:completed' --limit 100
  windlass job list subject:customer=42 state:running,dead since:24h
  windlass job list 'error:\"connection refused\" args.user.id:42' --count
  windlass job list state:dead --json

A filter has terms name:value, all of which must hold: state, queue, kind, tag, subject:TYPE=ID, batch:ID,
args.PATH, error (a part of the last one), worker, and since and until with how long ago or a moment. Commas are
alternatives, * in a queue, kind or worker stands for anything, - in front means not, a value with blanks stands in
double quotes. Where many jobs must be looked through the list may be short: it says how to go on.";

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(crate) struct Args {
    /// Terms such as state:dead, kind:img.* or -queue:bulk
    filter: Vec<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Only jobs older than this one: the last of the page before
    #[arg(long, value_name = "ID")]
    cursor: Option<JobId>,
    /// Say how many jobs match: counted, or estimated where that takes too long
    #[arg(long)]
    count: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let filter = parse_filter(&args.filter)?;
    let client = Client::new(store::existing(&globals.store).await?);
    let page = Page { before: args.cursor, limit: usize::from(args.limit) };
    let found = client.find_jobs(&filter, page, Bound::default()).await?;
    let count = match args.count {
        true => Some(client.count_jobs(&filter, Effort::Exact).await?),
        false => None,
    };
    if out.is_json() {
        let redaction = out.redaction()?;
        let jobs = found.items.iter().map(|job| redaction.job(job.clone())).collect::<Vec<_>>();
        out.json(&jobs.iter().map(document::job).collect::<Vec<_>>())?;
    } else if found.items.is_empty() && !out.is_plain() {
        if found.complete {
            say_none(out, &**client.store(), &filter).await?;
        }
    } else {
        out.table(&table(out, &found.items))?;
    }
    footer(out, &**client.store(), (&filter, &found, count)).await?;
    Ok(Exit::Done)
}

/// The table of some jobs.
pub(in crate::command) fn table(out: &Output, jobs: &[JobRecord]) -> Table {
    let mut columns = vec![
        Column::whole("ID"),
        Column::text("KIND", 10),
        Column::text("QUEUE", 6).expendable(2),
        Column::whole("STATE"),
        Column::number("ATTEMPT").expendable(1),
        Column::whole("WHEN"),
    ];
    let with_errors =
        out.is_plain() || out.is_wide() || jobs.iter().any(|job| error(job).is_some());
    if with_errors {
        columns.push(Column::text("ERROR", 14).expendable(3));
    }
    if out.is_wide() {
        columns.extend([
            Column::number("PRIORITY"),
            Column::whole("WORKER"),
            Column::whole("CREATED"),
            Column::whole("ORIGIN"),
        ]);
    }
    let mut table = Table::new(columns);
    for job in jobs {
        let mut cells = vec![
            Cell::new(job.id.to_string()),
            Cell::new(&job.kind),
            Cell::new(&job.queue),
            out.state(job.state),
            Cell::new(attempt(job)),
            Cell::toned(Tone::Dim, out.moment(when(job))),
        ];
        if with_errors {
            cells.push(Cell::new(error(job).unwrap_or_default()));
        }
        if out.is_wide() {
            cells.extend([
                Cell::new(job.priority.to_string()),
                Cell::new(job.worker.as_deref().unwrap_or_default()),
                Cell::new(out.moment(job.created_at)),
                Cell::new(job.origin.as_deref().unwrap_or_default()),
            ]);
        }
        table.push(cells);
    }
    table
}

fn attempt(job: &JobRecord) -> String {
    match job.max_attempts.map(u32::from) {
        Some(limit) if limit >= job.attempt && limit > 0 => format!("{}/{limit}", job.attempt),
        _ => job.attempt.to_string(),
    }
}

/// The moment that matters in its state.
fn when(job: &JobRecord) -> Timestamp {
    match job.state {
        State::Waiting | State::Scheduled | State::Available | State::Retryable => job.run_at,
        State::Running => job.started_at.unwrap_or(job.run_at),
        State::Completed | State::Cancelled | State::Dead => job.finished_at.unwrap_or(job.run_at),
    }
}

/// What went wrong last, where anything did.
pub(in crate::command) fn error(job: &JobRecord) -> Option<&str> {
    let last = job.history.last().and_then(|attempt| attempt.error.as_deref());
    match job.state {
        State::Completed => None,
        State::Cancelled | State::Waiting => job.reason.as_deref(),
        _ => last.or(job.reason.as_deref()),
    }
}

async fn say_none(out: &Output, store: &dyn Store, filter: &Filter) -> anyhow::Result<()> {
    let total: u64 =
        store.counts().await?.by_queue.values().flat_map(|states| states.values()).sum();
    let text = match total {
        0 => "no jobs yet; make one: windlass enqueue hello name=World".to_owned(),
        _ => format!("no job matches {filter}"),
    };
    Ok(out.line(&text)?)
}

/// How many there are, how far the look went and where it goes on.
async fn footer(
    out: &Output,
    store: &dyn Store,
    (filter, found, count): (&Filter, &Found<JobRecord, JobId>, Option<Count>),
) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    if let Some(count) = count {
        parts.push(format!("{} match", number(count)));
    }
    if let (false, Some(next)) = (found.complete, found.next) {
        let looked = time::number(found.scanned);
        parts.push(format!("looked through {looked} jobs, back to {next}; go on: --cursor {next}"));
    } else if let Some(next) = found.next {
        if count.is_none() && !out.is_plain() && !out.is_json() {
            parts.push(shown(filter, found.items.len(), &store.counts().await?));
        }
        parts.push(format!("next page: --cursor {next}"));
    }
    // What is for programs has the jobs only: the rest is said beside them.
    let must_say = count.is_some() || !found.complete;
    if parts.is_empty() || ((out.is_plain() || out.is_json()) && !must_say) {
        return Ok(());
    }
    let text = parts.join(&format!(" {} ", out.glyphs().dot()));
    match out.is_plain() || out.is_json() {
        true => eprintln!("{text}"),
        false => out.line(&out.paint(Tone::Dim, &text))?,
    }
    Ok(())
}

fn number(count: Count) -> String {
    format!("{}{}", if count.exact { "" } else { "~" }, time::number(count.value))
}

fn shown(filter: &Filter, shown: usize, counts: &Counts) -> String {
    match filter.total(counts) {
        Some(value) => format!("{shown} of {}", number(Count { value, exact: counts.exact })),
        None => format!("the newest {shown}"),
    }
}
