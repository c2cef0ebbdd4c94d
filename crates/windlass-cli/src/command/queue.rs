//! `windlass queue`: list, pause, resume.

use std::time::Duration;

use windlass::job::Counts;
use windlass::name::check_queue;
use windlass::queue::{Aging, Pause, PauseEnd, QueueBound, QueueRecord, Scope, WhenFull};
use windlass::store::Now;
use windlass::store::Store;
use windlass::time::parse_duration;
use windlass::{State, Timestamp};

use super::known::warn_of_queue;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document, time};
use crate::queue_rules::QueueRules;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass queue list
  windlass queue pause media --for 2h --note 'disk upgrade, ana'
  windlass queue resume media
  windlass queue bound import --jobs 10000 --when-full wait
  windlass queue unbound import
  windlass queue age mail --every 5m
  windlass queue age mail --none")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with queues.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Queues that have jobs, workers or a pause
    List,
    /// Give no more jobs of a queue to workers; what runs goes on
    Pause {
        /// The queue
        name: String,
        #[command(flatten)]
        how: PauseArgs,
    },
    /// Let no more jobs in while so many are available
    Bound {
        /// The queue
        name: String,
        /// How many of its jobs may be available
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
        jobs: u64,
        /// What happens to an enqueue then
        #[arg(long, value_name = "ANSWER", value_enum, default_value = "error")]
        when_full: WhenFullWord,
    },
    /// Take a queue's bound away
    Unbound {
        /// The queue
        name: String,
    },
    /// Let jobs that have waited for long go before more urgent ones
    Age {
        /// The queue
        name: String,
        /// Each so much of waiting makes a job's priority smaller by one: from 1s to 30d
        #[arg(long, value_name = "DURATION", value_parser = parse_duration, required_unless_present = "none")]
        every: Option<Duration>,
        /// No more
        #[arg(long, conflicts_with = "every")]
        none: bool,
    },
    /// Let a paused queue go on
    Resume {
        /// The queue
        name: String,
    },
}

/// What happens to an enqueue to a full queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum WhenFullWord {
    /// It is refused
    Error,
    /// It waits for room
    Wait,
}

/// How something is paused.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// Why, and by whom; shown wherever the pause is
    #[arg(long)]
    note: Option<String>,
    /// It goes on by itself after this long, such as 30m or 2h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, conflicts_with = "until")]
    lasting: Option<Duration>,
    /// It goes on by itself at this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl PauseArgs {
    /// This pause, as it was asked for.
    pub(crate) fn apply(self, pause: Pause) -> Pause {
        let pause = match (self.lasting, self.until) {
            (Some(time), _) => pause.lasting(time),
            (_, Some(moment)) => pause.until(moment),
            _ => pause,
        };
        match self.note {
            Some(note) => pause.note(note),
            None => pause,
        }
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list(globals).await,
        Verb::Pause { name, how } => pause(how.apply(Pause::queue(name)), globals).await,
        Verb::Bound { name, jobs, when_full } => {
            let bound = QueueBound::new(name, jobs);
            let bound = match when_full {
                WhenFullWord::Error => bound,
                WhenFullWord::Wait => bound.waiting(),
            };
            set_bound(bound, globals).await
        }
        Verb::Unbound { name } => unbound(&name, globals).await,
        Verb::Age { name, every: Some(every), .. } => age(Aging::new(name, every), globals).await,
        Verb::Age { name, .. } => stop_aging(&name, globals).await,
        Verb::Resume { name } => resume(&name, globals).await,
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let (queues, counts) = (store.queues(Now::Database).await?, store.counts().await?);
    let rules = QueueRules::of(&*store).await?;
    if out.is_json() {
        let documents: Vec<_> =
            queues.iter().map(|queue| document::queue(queue, &counts, &rules)).collect();
        out.json(&documents)?;
    } else if queues.is_empty() && !out.is_plain() {
        out.line("no queue has a job, a worker or a pause; make a job: windlass enqueue hello name=World")?;
    } else {
        out.table(&table(out, &queues, (&counts, &rules)))?;
    }
    Ok(Exit::Done)
}

/// The table of some queues.
pub(super) fn table(
    out: &Output,
    queues: &[QueueRecord],
    (counts, rules): (&Counts, &QueueRules),
) -> Table {
    const STATES: [State; 5] =
        [State::Available, State::Running, State::Scheduled, State::Retryable, State::Dead];
    let paused = out.is_plain() || queues.iter().any(|queue| queue.paused_at.is_some());
    let mut columns = vec![
        Column::whole("QUEUE"),
        Column::number("AVAILABLE"),
        Column::number("RUNNING"),
        Column::number("SCHEDULED").expendable(2),
        Column::number("RETRYABLE").expendable(1),
        Column::number("DEAD"),
        Column::number("WORKERS"),
        Column::whole("OLDEST").expendable(3),
    ];
    if paused {
        columns.push(Column::text("PAUSED", 12));
    }
    // A column for what none of them has would only make the table wider.
    let is_shown =
        |has: &dyn Fn(&str) -> bool| out.is_plain() || queues.iter().any(|queue| has(&queue.name));
    let bounded = is_shown(&|name| rules.bound(name).is_some());
    let aging = is_shown(&|name| rules.aging(name).is_some());
    if bounded {
        columns.push(Column::whole("BOUND"));
    }
    if aging {
        columns.push(Column::whole("AGING"));
    }
    let mut table = Table::new(columns);
    for queue in queues {
        let number = |state| {
            counts
                .by_queue
                .get(&queue.name)
                .and_then(|states| states.get(&state))
                .copied()
                .unwrap_or(0)
        };
        let mut cells = vec![Cell::new(&queue.name)];
        cells.extend(STATES.map(|state| state_number(out, state, number(state))));
        let idle = queue.workers == 0 && queue.oldest_due_at.is_some();
        let tone = if idle { Tone::Attention } else { Tone::Plain };
        cells.push(Cell::toned(tone, queue.workers.to_string()));
        let oldest = queue.oldest_due_at.map(|moment| out.moment(moment));
        cells.push(Cell::toned(Tone::Dim, oldest.unwrap_or_else(|| nothing(out))));
        if paused {
            cells.push(Cell::toned(Tone::Attention, pause_text(out, queue)));
        }
        if bounded {
            let available = number(State::Available);
            cells.push(bound_cell(out, rules.bound(&queue.name), available));
        }
        if aging {
            let every = rules.aging(&queue.name).map(|aging| time::span(aging.every));
            cells.push(Cell::new(
                every.map_or_else(|| nothing(out), |every| format!("every {every}")),
            ));
        }
        table.push(cells);
    }
    table
}

/// How many jobs a queue may have, and what happens then, in another tone where it is full.
fn bound_cell(out: &Output, bound: Option<&QueueBound>, available: u64) -> Cell {
    let Some(bound) = bound else { return Cell::toned(Tone::Dim, nothing(out)) };
    let jobs = if out.is_plain() { bound.jobs.to_string() } else { time::number(bound.jobs) };
    let then = match bound.when_full {
        WhenFull::Error => "error",
        WhenFull::Wait => "wait",
    };
    let tone = if available >= bound.jobs { Tone::Attention } else { Tone::Plain };
    Cell::toned(tone, format!("{jobs} {then}"))
}

fn state_number(out: &Output, state: State, number: u64) -> Cell {
    if out.is_plain() {
        return Cell::new(number.to_string());
    }
    let tone = match (state, number) {
        (_, 0) => Tone::Dim,
        (State::Dead, _) => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::toned(tone, time::number(number))
}

fn nothing(out: &Output) -> String {
    if out.is_plain() { String::new() } else { out.glyphs().nothing().to_owned() }
}

/// Since when and why a queue is paused, empty where it is not.
pub(super) fn pause_text(out: &Output, queue: &QueueRecord) -> String {
    let Some(paused_at) = queue.paused_at else { return String::new() };
    since_until_why(out, paused_at, queue.paused_until, queue.note.as_deref())
}

/// Since when, until when and why something is paused.
pub(crate) fn since_until_why(
    out: &Output,
    since: Timestamp,
    until: Option<Timestamp>,
    note: Option<&str>,
) -> String {
    let until = until.map_or_else(String::new, |at| format!(", until {}", out.moment(at)));
    let note = note.map_or_else(String::new, |note| format!(": {note}"));
    format!("{}{until}{note}", out.moment(since))
}

async fn pause(pause: Pause, globals: &Globals) -> anyhow::Result<Exit> {
    pause.check().map_err(|error| Failure::usage(error.to_string()))?;
    let Scope::Queue(name) = &pause.scope else { return Ok(Exit::Usage) };
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    warn_of_queue(out, &*store, name).await?;
    store.pause(&pause, Now::Database).await?;
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    let undo = format!("to undo it: windlass queue resume {name}");
    out.done(&format!("queue {name} is paused{}; what runs goes on", end(out, &pause)), &undo)?;
    Ok(Exit::Done)
}

/// When a pause ends by itself, as a phrase to append.
pub(crate) fn end(out: &Output, pause: &Pause) -> String {
    match pause.end {
        PauseEnd::Resume => String::new(),
        PauseEnd::After(time) => format!(" for {}", time::span(time)),
        PauseEnd::At(moment) => format!(" until {}", out.moment_in_full(moment)),
    }
}

async fn resume(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    check_queue(name).map_err(|error| Failure::usage(error.to_string()))?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let was_paused = store.resume(&Scope::Queue(name.to_owned()), Now::Database).await?;
    if !was_paused {
        warn_of_queue(out, &*store, name).await?;
    }
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    if was_paused {
        out.done(&format!("queue {name} goes on"), "see it: windlass queue list")?;
    } else {
        out.line(&format!("queue {name} was not paused; nothing was changed"))?;
    }
    Ok(Exit::Done)
}

async fn set_bound(bound: QueueBound, globals: &Globals) -> anyhow::Result<Exit> {
    check_queue(&bound.queue).map_err(|error| Failure::usage(error.to_string()))?;
    let (out, name) = (&globals.out, &bound.queue);
    let store = store::existing(&globals.store).await?;
    warn_of_queue(out, &*store, name).await?;
    store.bound(&bound).await?;
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    let then = match bound.when_full {
        WhenFull::Error => "are refused",
        WhenFull::Wait => "wait",
    };
    let jobs = time::count(bound.jobs, "available job");
    let what = format!("queue {name} is bounded to {jobs}; while it is full, enqueues {then}");
    out.done(&what, &format!("to undo it: windlass queue unbound {name}"))?;
    Ok(Exit::Done)
}

async fn unbound(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    check_queue(name).map_err(|error| Failure::usage(error.to_string()))?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let was_bound = store.unbound(name).await?;
    if !was_bound {
        warn_of_queue(out, &*store, name).await?;
    }
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    let what =
        if was_bound { "has no bound any more" } else { "had no bound; nothing was changed" };
    out.line(&format!("queue {name} {what}"))?;
    Ok(Exit::Done)
}

async fn age(aging: Aging, globals: &Globals) -> anyhow::Result<Exit> {
    aging.check().map_err(|error| Failure::usage(error.to_string()))?;
    let (out, name) = (&globals.out, &aging.queue);
    let store = store::existing(&globals.store).await?;
    warn_of_queue(out, &*store, name).await?;
    store.age(&aging).await?;
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    let every = time::span(aging.every);
    let what = format!("jobs of queue {name} go up by one priority every {every} that they wait");
    out.done(&what, &format!("to undo it: windlass queue age {name} --none"))?;
    Ok(Exit::Done)
}

async fn stop_aging(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    check_queue(name).map_err(|error| Failure::usage(error.to_string()))?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let did = store.stop_aging(name).await?;
    if out.is_json() {
        return show(name, &*store, out).await;
    }
    let what = if did { "do not age any more" } else { "did not age; nothing was changed" };
    out.line(&format!("jobs of queue {name} {what}"))?;
    Ok(Exit::Done)
}

async fn show(name: &str, store: &dyn Store, out: &Output) -> anyhow::Result<Exit> {
    let unknown = QueueRecord {
        name: name.to_owned(),
        paused_at: None,
        paused_until: None,
        note: None,
        workers: 0,
        oldest_due_at: None,
    };
    let queue = store.queues(Now::Database).await?.into_iter().find(|queue| queue.name == name);
    let rules = QueueRules::of(store).await?;
    let (queue, counts) = (queue.unwrap_or(unknown), store.counts().await?);
    out.json(&document::queue(&queue, &counts, &rules))?;
    Ok(Exit::Done)
}
