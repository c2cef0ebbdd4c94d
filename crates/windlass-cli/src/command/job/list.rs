//! `windlass job list`.
use windlass::job::{Counts, Field, Filter, Page};
use windlass::name::matches;
use windlass::store::Store;
use windlass::{JobId, JobRecord, State, Timestamp};

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
  windlass job list state:dead --json

A filter has terms name:value, all of which must hold: state, queue, kind, tag, subject:TYPE=ID, batch:ID, and
since and until with how long ago or a moment. Commas are alternatives, * in a queue or kind stands
for anything, - in front means not.";

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
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let filter = parse_filter(&args.filter)?;
    let store = store::existing(&globals.store).await?;
    let limit = usize::from(args.limit);
    // One more than asked for tells whether there is another page.
    let page = Page { before: args.cursor, limit: limit + 1 };
    let mut jobs = store.jobs(&filter, page).await?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    if out.is_json() {
        out.json(&jobs.iter().map(document::job).collect::<Vec<_>>())?;
    } else if jobs.is_empty() && !out.is_plain() {
        say_none(out, &*store, &filter).await?;
    } else {
        out.table(&table(out, &jobs))?;
        if let Some(last) = jobs.last().filter(|_| more) {
            footer(out, &*store, (&filter, jobs.len(), last.id)).await?;
        }
    }
    Ok(Exit::Done)
}

/// The table of some jobs.
pub(super) fn table(out: &Output, jobs: &[JobRecord]) -> Table {
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
fn error(job: &JobRecord) -> Option<&str> {
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

async fn footer(
    out: &Output,
    store: &dyn Store,
    (filter, shown, last): (&Filter, usize, JobId),
) -> anyhow::Result<()> {
    if out.is_plain() {
        return Ok(());
    }
    let counts = store.counts().await?;
    let of = match total(filter, &counts) {
        Some(total) => {
            format!("{shown} of {}{}", if counts.exact { "" } else { "~" }, time::number(total))
        }
        None => format!("the newest {shown}"),
    };
    let dot = out.glyphs().dot();
    let text = format!("{of} {dot} next page: --cursor {last}");
    Ok(out.line(&out.paint(Tone::Dim, &text))?)
}

/// How many jobs match, where the numbers by queue and state tell it.
fn total(filter: &Filter, counts: &Counts) -> Option<u64> {
    let fits = |queue: &str, state: State| {
        filter
            .terms
            .iter()
            .map(|term| {
                let fits = match &term.field {
                    Field::State(states) => states.contains(&state),
                    Field::Queue(patterns) => {
                        patterns.iter().any(|pattern| matches(pattern, queue))
                    }
                    _ => return None,
                };
                Some(fits != term.negated)
            })
            .collect::<Option<Vec<bool>>>()
            .map(|all| all.into_iter().all(|fits| fits))
    };
    let mut total = 0;
    for (queue, states) in &counts.by_queue {
        for (state, number) in states {
            if fits(queue, *state)? {
                total += number;
            }
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_told_where_the_numbers_tell_it() {
        let mut counts = Counts { exact: true, ..Counts::default() };
        counts.by_queue.entry("mail".to_owned()).or_default().insert(State::Dead, 3);
        counts.by_queue.entry("mail".to_owned()).or_default().insert(State::Completed, 4);
        counts.by_queue.entry("media".to_owned()).or_default().insert(State::Dead, 5);
        let total = |text: &str| total(&text.parse().expect("a filter"), &counts);
        assert_eq!(total(""), Some(12));
        assert_eq!(total("state:dead -queue:mail"), Some(5));
        assert_eq!(total("queue:m*l"), Some(7));
        assert_eq!(total("kind:x"), None);
        assert_eq!(total("tag:x"), None);
    }
}
