//! `windlass kind`: list, pause, resume.

use windlass::name::check_kind;
use windlass::queue::{Pause, Scope};
use windlass::store::{Now, Store};
use windlass_http::kind::known;

use crate::command::known::warn_of_kind;
use crate::command::queue::{PauseArgs, end, since_until_why};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::document;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass kind list
  windlass kind pause mail.welcome --for 2h --note 'the provider is down, ana'
  windlass kind resume mail.welcome")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with kinds.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Kinds that live workers know, that are paused, or whose jobs no worker serves
    List,
    /// Give no more jobs of a kind to workers, in no queue; what runs goes on
    Pause {
        /// The kind
        kind: String,
        #[command(flatten)]
        how: PauseArgs,
    },
    /// Let a paused kind go on
    Resume {
        /// The kind
        kind: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list(globals).await,
        Verb::Pause { kind, how } => pause(how.apply(Pause::kind(kind)), globals).await,
        Verb::Resume { kind } => resume(&kind, globals).await,
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let kinds = known(&*store::existing(&globals.store).await?).await?;
    if out.is_json() {
        let documents: Vec<_> =
            kinds.iter().map(|(kind, known)| document::kind(kind, known)).collect();
        out.json(&documents)?;
        return Ok(Exit::Done);
    }
    if kinds.is_empty() && !out.is_plain() {
        out.line(
            "no live worker knows a kind, and none is paused or has jobs; start one: windlass work",
        )?;
        return Ok(Exit::Done);
    }
    let columns = vec![
        Column::whole("KIND"),
        Column::number("WORKERS"),
        Column::number("UNSERVED"),
        Column::text("PAUSED", 12),
    ];
    let mut table = Table::new(columns);
    for (kind, known) in &kinds {
        let why = known.paused.as_ref().map_or_else(String::new, |paused| {
            let note = paused.note.as_deref();
            since_until_why(out, paused.paused_at, paused.paused_until, note)
        });
        let why = Cell::toned(Tone::Attention, why);
        let or_more = if known.unserved.or_more { "+" } else { "" };
        let unserved = format!("{}{or_more}", known.unserved.jobs);
        let unserved = match known.unserved.jobs {
            0 => Cell::new(unserved),
            _ => Cell::toned(Tone::Attention, unserved),
        };
        table.push(vec![Cell::new(kind), Cell::new(known.workers.to_string()), unserved, why]);
    }
    out.table(&table)?;
    Ok(Exit::Done)
}

async fn pause(pause: Pause, globals: &Globals) -> anyhow::Result<Exit> {
    pause.check().map_err(|error| Failure::usage(error.to_string()))?;
    let Scope::Kind(kind) = &pause.scope else { return Ok(Exit::Usage) };
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    warn_of_kind(out, &*store, kind).await?;
    store.pause(&pause, Now::Database).await?;
    if out.is_json() {
        return show(kind, globals, &*store).await;
    }
    let undo = format!("to undo it: windlass kind resume {kind}");
    out.done(&format!("kind {kind} is paused{}; what runs goes on", end(out, &pause)), &undo)?;
    Ok(Exit::Done)
}

async fn resume(kind: &str, globals: &Globals) -> anyhow::Result<Exit> {
    check_kind(kind).map_err(|error| Failure::usage(error.to_string()))?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let was_paused = store.resume(&Scope::Kind(kind.to_owned()), Now::Database).await?;
    if out.is_json() {
        return show(kind, globals, &*store).await;
    }
    if was_paused {
        out.done(&format!("kind {kind} goes on"), "see it: windlass kind list")?;
    } else {
        out.line(&format!("kind {kind} was not paused; nothing was changed"))?;
    }
    Ok(Exit::Done)
}

async fn show(kind: &str, globals: &Globals, store: &dyn Store) -> anyhow::Result<Exit> {
    let known = known(store).await?.remove(kind).unwrap_or_default();
    globals.out.json(&document::kind(kind, &known))?;
    Ok(Exit::Done)
}
