//! `windlass move`: all that one store holds, into another one.

mod walk;

use std::time::Instant;

use serde::Serialize;
use windlass::archive::{Archive, Origin, Reached, WriteArchive};
use windlass_http::Document;

use crate::archive::store_of;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::time;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass move sqlite:app.db postgres://me@db.internal/app
  windlass move --undo sqlite:app.db

The first store is out of use from now on, and the other one must be empty. No worker may live. After a kill the same command goes on where
it was; after an error both stores are as they were. With --undo a store that was left can be used again, and one that was being filled is empty.")]
pub(crate) struct Args {
    /// What is moved: sqlite:PATH or postgres://user@host/database
    from: String,
    /// Where to
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    to: Option<String>,
    /// Use a store again from which all was moved, or empty one that was being filled
    #[arg(long)]
    undo: bool,
}

/// `move.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    from: &'a str,
    to: &'a str,
    rows: u64,
    /// Of these, rows that were there already when a move that was killed went on.
    before: u64,
    seconds: f64,
    /// Jobs that ran, and are taken back as lost.
    running: u64,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let Some(to) = args.to else { return undo(&args.from, globals).await };
    check(&args.from, &to)?;
    let (source, target) = (opened(&args.from).await?, opened(&to).await?);
    let (from, to) = (windlass::without_password(&args.from), windlass::without_password(&to));
    let begun = Instant::now();
    let leaves = source.leave(&to).await.map_err(|error| store::explained(&args.from, error))?;
    let again = if leaves { Again::First } else { Again::GoesOn };
    let (place, mut writing) = match target.arrive(&from).await {
        Ok(arrived) => arrived,
        Err(error) => {
            let undone = taken_back(again, &[&*source]).await;
            return Err(failed(&store::explained(&to, error), undone));
        }
    };
    let moved = match moved(&*source, &*target, (place, &mut *writing)).await {
        Ok(moved) => moved,
        Err(error) => {
            drop(writing);
            let undone = taken_back(again, &[&*source, &*target]).await;
            return Err(failed(&error, undone));
        }
    };
    if let Err(error) = left(&*source, writing).await {
        // Whether it is written is not known, so nothing is undone.
        return Err(failed(&error, "all rows are there: say the same command again"));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let out = &globals.out;
    if out.is_json() {
        let walk::Moved { rows, before, running } = moved;
        let body = Body { from: &from, to: &to, rows, before, seconds, running };
        out.json(&Document::new("move.v1", body))?;
        return Ok(Exit::Done);
    }
    let rate = time::number((moved.rows.saturating_sub(moved.before) as f64 / seconds) as u64);
    let rows = time::count(moved.rows, "row");
    let line = format!(
        "{rows} are at {to} now, compared with {from} by table: {seconds:.1} s, {rate} rows a second"
    );
    let next = format!(
        "next: name {to} to every program (WINDLASS_STORE, --store), then start the workers; {from} refuses to be opened"
    );
    out.done(&line, &next)?;
    Ok(Exit::Done)
}

async fn moved(
    source: &dyn Archive,
    target: &dyn Archive,
    (place, writing): (Reached, &mut dyn WriteArchive),
) -> anyhow::Result<walk::Moved> {
    let moved = walk::copy(source, place, writing).await?;
    walk::compare(source, target).await?;
    Ok(moved)
}

/// In this order: a kill in between leaves a store that is filled, and is compared again.
async fn left(source: &dyn Archive, writing: Box<dyn WriteArchive>) -> anyhow::Result<()> {
    source.has_left().await?;
    Ok(writing.end(Origin::Other).await?)
}

/// Whether this command is the first that moves these stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    First,
    GoesOn,
}

/// Nobody has to wait for a person where the stores can be had: what this command has begun is undone.
async fn taken_back(again: Again, stores: &[&dyn Archive]) -> &'static str {
    if again == Again::GoesOn {
        return "both are left as they are: say the same command again, or `windlass move --undo` for each";
    }
    for store in stores {
        if store.stay().await.is_err() {
            return "say `windlass move --undo` for each of them once it can be reached";
        }
    }
    "both stores are as they were"
}

fn failed(error: &anyhow::Error, how: &str) -> anyhow::Error {
    Failure::new(Exit::of(error), format!("{error}; {how}")).into()
}

fn check(from: &str, to: &str) -> anyhow::Result<()> {
    if from == to {
        return Err(Failure::usage("both are the same store").into());
    }
    if store_of(from) == "postgres" && store_of(to) == "sqlite" {
        let what =
            "a PostgreSQL store cannot be moved into SQLite: it may have events without a position";
        return Err(Failure::usage(what).into());
    }
    store::check_there(from)
}

async fn opened(url: &str) -> anyhow::Result<Box<dyn Archive>> {
    windlass::open_archive(url).await.map_err(|error| store::explained(url, error))
}

/// `move_undone.v1`.
#[derive(Debug, Serialize)]
struct Undone<'a> {
    store: &'a str,
}

async fn undo(url: &str, globals: &Globals) -> anyhow::Result<Exit> {
    store::check_there(url)?;
    let place = windlass::without_password(url);
    let undone = opened(url).await?.stay().await;
    if !undone.map_err(|error| store::explained(url, error))? {
        let what = format!("nothing was moved from {place}, nor is it being filled");
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if globals.out.is_json() {
        globals.out.json(&Document::new("move_undone.v1", Undone { store: &place }))?;
    } else {
        let see = "where all was moved already, the other store has it too: do not use both";
        globals.out.done(&format!("{place} can be opened again"), see)?;
    }
    Ok(Exit::Done)
}
