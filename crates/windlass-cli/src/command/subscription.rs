//! `windlass subscription`: list, show, add, pause, resume, remove, explain, replay, undo, backtest.

mod add;
mod backtest;
mod change;
mod explain;
mod filter;
mod list;
mod mode;
mod replay;
mod show;
mod undo;

use windlass::Client;
use windlass::name::check_subscription;
use windlass::subscription::{EventSummary, SubscriptionRecord};
use windlass_http::subscription::{Standing, document};

use super::known::did_you_mean;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, escape};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass subscription list
  windlass subscription add receipts --kind mail.receipt --type order.paid --sql 'data.total >= 1000'
  windlass subscription add audit --kind audit.store --from beginning
  windlass subscription backtest --type 'order.*' --since 7d
  windlass subscription explain receipts
  windlass subscription replay receipts --from 2026-11-20T00:00:00Z --dry-run
  windlass subscription pause receipts")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with subscriptions.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All subscriptions, what each wants, and how far it is behind
    List,
    /// One subscription with all that is known of it
    Show {
        /// The subscription
        name: String,
    },
    /// Make a subscription, or change it: it goes on where it is
    Add(Box<add::Args>),
    /// Have a subscription stand still until it is resumed; its events stay in the log
    Pause {
        /// The subscription
        name: String,
    },
    /// Let a paused subscription go on where it stood still
    Resume {
        /// The subscription
        name: String,
    },
    /// Remove a subscription; its jobs stay
    Remove {
        /// The subscription
        name: String,
    },
    /// Which of the last events it gets, and which it nearly gets
    Explain(explain::Args),
    /// Feed a part of the log once more
    Replay(Box<replay::Args>),
    /// Undo a replay: it goes, and its jobs that have not begun are cancelled
    Undo(undo::Args),
    /// How often a filter would have fired, without making anything
    Backtest(Box<backtest::Args>),
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list::run(globals).await,
        Verb::Show { name } => show::run(&name, globals).await,
        Verb::Add(args) => add::run(*args, globals).await,
        Verb::Pause { name } => change::pause(&name, globals).await,
        Verb::Resume { name } => change::resume(&name, globals).await,
        Verb::Remove { name } => change::remove(&name, globals).await,
        Verb::Explain(args) => explain::run(&args, globals).await,
        Verb::Replay(args) => replay::run(*args, globals).await,
        Verb::Undo(args) => undo::run(&args, globals).await,
        Verb::Backtest(args) => backtest::run(*args, globals).await,
    }
}

fn checked(name: &str) -> anyhow::Result<()> {
    Ok(check_subscription(name).map_err(|error| Failure::usage(error.to_string()))?)
}

/// The one with this name.
async fn find(client: &Client, name: &str) -> anyhow::Result<SubscriptionRecord> {
    match client.subscription(name).await? {
        Some(record) => Ok(record),
        None => Err(no_subscription(client, name).await?),
    }
}

async fn no_subscription(client: &Client, name: &str) -> anyhow::Result<anyhow::Error> {
    let all = client.subscriptions().await?;
    let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let near = did_you_mean(name, &known);
    let what = format!("no subscription is called {name}{near}; see `windlass subscription list`");
    Ok(Failure::new(Exit::NotFound, what).into())
}

/// How a subscription stands, in a word, and whether somebody should look at it.
fn standing(record: &SubscriptionRecord) -> (&'static str, bool) {
    let standing = windlass_http::subscription::standing(record);
    (standing.word(), standing == Standing::Paused)
}

/// The same for a person.
fn standing_in_words(record: &SubscriptionRecord) -> String {
    standing(record).0.replace('_', " ")
}

/// Events, with a note to each where there is one to tell.
fn events(out: &Output, named: &'static str, events: &[(&EventSummary, String)]) -> Table {
    let mut table = Table::new(vec![
        Column::number("POSITION"),
        Column::text("TYPE", 10),
        Column::text("SUBJECT", 8).expendable(2),
        Column::whole("TIME").expendable(1),
        Column::text(named, 20),
    ]);
    for (event, note) in events {
        table.push(vec![
            Cell::new(event.position.unwrap_or_default().to_string()),
            Cell::new(&event.event_type),
            Cell::new(escape::in_one_line(event.subject.as_deref().unwrap_or_default())),
            Cell::toned(Tone::Dim, out.moment(event.time)),
            Cell::new(note),
        ]);
    }
    table
}
