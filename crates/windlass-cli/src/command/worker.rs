//! `windlass worker`: list, quiet, resume, stop, and minimum builds.

mod build;

use windlass::store::Now;
use windlass::store::Store;
use windlass::worker::{Quiet, WorkerRecord};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass worker list
  windlass worker quiet web-1:4711:3ZCE
  windlass worker resume web-1:4711:3ZCE
  windlass worker stop web-1:4711:3ZCE
  windlass worker require 'shop 2.14.0' --note 'needs the new columns'
  windlass worker required
  windlass worker allow shop")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with workers.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Registered workers, oldest first
    List,
    /// Ask a worker to take no new work; what it runs goes on
    Quiet {
        /// The worker's name as `worker list` shows it, or its id
        worker: String,
    },
    /// Let a quiet worker take work again
    Resume {
        /// The worker's name as `worker list` shows it, or its id
        worker: String,
    },
    /// Ask a worker to stop: what runs may end within its grace, the rest is handed back, and it leaves
    Stop {
        /// The worker's name as `worker list` shows it, or its id
        worker: String,
    },
    /// Have workers of a program take no new work while their build is older; what they run goes on
    Require {
        /// The oldest build that takes new work: the program's name and a version
        #[arg(value_name = "BUILD")]
        build: String,
        /// Why, and by whom; shown wherever it holds a worker back
        #[arg(long)]
        note: Option<String>,
    },
    /// The oldest builds that take new work, and how many workers they hold back
    Required,
    /// Let workers of a program take new work whatever their build
    Allow {
        /// The program's name, such as `shop`
        program: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list(globals).await,
        Verb::Quiet { worker } => quiet(&worker, Quiet::On, globals).await,
        Verb::Resume { worker } => quiet(&worker, Quiet::Off, globals).await,
        Verb::Stop { worker } => stop(&worker, globals).await,
        Verb::Require { build, note } => build::require(&build, note, globals).await,
        Verb::Required => build::list(globals).await,
        Verb::Allow { program } => build::allow(&program, globals).await,
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let workers = store.workers().await?;
    if out.is_json() {
        out.json(&workers.iter().map(document::worker).collect::<Vec<_>>())?;
    } else if workers.is_empty() && !out.is_plain() {
        out.line("no worker is registered; start one: windlass work")?;
    } else {
        out.table(&table(out, &workers))?;
    }
    Ok(Exit::Done)
}

/// Whether a worker's lease is over: it died, or cannot reach the store.
pub(super) fn is_over(worker: &WorkerRecord, now: windlass::Timestamp) -> bool {
    worker.expires_at < now
}

fn table(out: &Output, workers: &[WorkerRecord]) -> Table {
    let everything = out.is_wide() || out.is_plain();
    let mut columns = vec![
        Column::whole("WORKER"),
        Column::text("STATE", 10),
        Column::number("BUSY"),
        Column::whole("SEEN"),
        Column::whole("CLAIMED").expendable(3),
        Column::whole("STARTED").expendable(2),
        Column::text("QUEUES", 8),
        Column::text("BUILD", 6).expendable(1),
    ];
    if everything {
        columns.extend([Column::whole("ID"), Column::whole("HANDLERS")]);
    }
    let mut table = Table::new(columns);
    for worker in workers {
        let mut cells = vec![
            Cell::new(&worker.label),
            state(out, worker),
            Cell::new(format!("{}/{}", worker.running, worker.slots)),
            Cell::toned(Tone::Dim, out.moment(worker.seen_at)),
            claimed(out, worker),
            Cell::toned(Tone::Dim, out.moment(worker.started_at)),
            Cell::new(worker.queues.join(",")),
            Cell::new(&worker.build),
        ];
        if everything {
            let handlers: Vec<&str> = worker.handlers.iter().map(|key| key.as_str()).collect();
            cells.extend([Cell::new(worker.id.to_string()), Cell::new(handlers.join(","))]);
        }
        table.push(cells);
    }
    table
}

/// When a claim has last brought it jobs.
fn claimed(out: &Output, worker: &WorkerRecord) -> Cell {
    match worker.claimed_at {
        Some(at) => Cell::toned(Tone::Dim, out.moment(at)),
        None => Cell::toned(Tone::Dim, out.glyphs().nothing()),
    }
}

/// Whether it lives and takes work.
pub(super) fn state(out: &Output, worker: &WorkerRecord) -> Cell {
    let (glyph, tone, word) = if is_over(worker, out.now()) {
        (out.glyphs().bad(), Tone::Bad, "lease over".to_owned())
    } else if worker.stopping {
        ("!", Tone::Attention, "stopping".to_owned())
    } else if let Some(minimum) = &worker.held_back {
        ("!", Tone::Attention, format!("below {minimum}"))
    } else if worker.quiet {
        ("!", Tone::Attention, "quiet".to_owned())
    } else {
        (out.glyphs().good(), Tone::Good, "alive".to_owned())
    };
    if out.is_plain() { Cell::new(word) } else { Cell::toned(tone, format!("{glyph} {word}")) }
}

async fn quiet(name: &str, wish: Quiet, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let worker = find(&*store, name).await?;
    if !store.quiet(worker.id, wish, Now::Database).await? {
        return Err(unknown(name).into());
    }
    let label = &worker.label;
    if out.is_json() {
        let now = WorkerRecord { quiet: wish == Quiet::On, ..worker };
        out.json(&document::worker(&now))?;
        return Ok(Exit::Done);
    }
    match wish {
        Quiet::On => out.done(
            &format!(
                "worker {label} takes no new work from its next heartbeat on; what it runs goes on"
            ),
            &format!("to undo it: windlass worker resume {label}"),
        )?,
        Quiet::Off => out.done(
            &format!("worker {label} takes work again from its next heartbeat on"),
            "see it: windlass worker list",
        )?,
    }
    Ok(Exit::Done)
}

async fn stop(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let worker = find(&*store, name).await?;
    if !store.stop_worker(worker.id, Now::Database).await? {
        return Err(unknown(name).into());
    }
    if out.is_json() {
        out.json(&document::worker(&WorkerRecord { stopping: true, ..worker }))?;
        return Ok(Exit::Done);
    }
    let label = &worker.label;
    out.done(
        &format!(
            "worker {label} stops from its next heartbeat on: it takes no new work, ends what it runs and leaves"
        ),
        "see when it is off the list: windlass worker list",
    )?;
    Ok(Exit::Done)
}

/// The worker with this id or name.
async fn find(store: &dyn Store, name: &str) -> anyhow::Result<WorkerRecord> {
    let id = name.parse().ok();
    let fits = |worker: &WorkerRecord| worker.label == name || Some(worker.id) == id;
    let found = store.workers().await?.into_iter().find(fits);
    Ok(found.ok_or_else(|| unknown(name))?)
}

fn unknown(name: &str) -> Failure {
    Failure::new(Exit::NotFound, format!("no worker is called {name}; see `windlass worker list`"))
}
