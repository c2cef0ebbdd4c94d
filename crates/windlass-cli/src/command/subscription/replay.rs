//! `windlass subscription replay`.

use std::num::NonZeroU32;

use windlass::subscription::{Pace, Replay, Start};
use windlass::{Client, StoreError};
use windlass_http::subscription::{EventStart, replayed};

use super::filter::FilterArgs;
use super::{checked, events, find};
use crate::command::event::sequence;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::time::count;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The subscription whose events are fed once more
    name: String,
    /// From where on: beginning, a position it begins behind, or a moment, RFC 3339
    #[arg(long, value_name = "START")]
    from: EventStart,
    /// Up to here: now, a position, or what came before a moment
    #[arg(long, value_name = "END", default_value = "now")]
    to: EventStart,
    /// For jobs of this kind instead, such as one that only writes down what it would do
    #[arg(long)]
    kind: Option<String>,
    /// At most so many of its jobs are unfinished; the subscription's own credit unless given
    #[arg(long, value_name = "N")]
    credit: Option<NonZeroU32>,
    /// At most so many jobs in a time, such as 100/s, 30/m or 500/h
    #[arg(long, value_name = "PACE")]
    pace: Option<Pace>,
    /// Begin only where exactly so many events would be fed
    #[arg(long, value_name = "N")]
    expect: Option<u64>,
    /// Say how many events it would feed, and the last of them, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let filter = args.filter.is_given().then(|| args.filter.read(out)).transpose()?;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let client = Client::new(store);
    find(&client, &args.name).await?;
    let (after, to) = (place(args.from, &client).await?, place(args.to, &client).await?);
    if after >= to {
        let what = format!("behind position {after} and up to {to} there is nothing to replay");
        return Err(Failure::usage(what).into());
    }
    let (kind, credit, pace, expect) = (args.kind, args.credit, args.pace, args.expect);
    let replay = Replay { filter, kind, credit, pace, ..Replay::between(after, to) };
    let found = client.preview_replay(&args.name, &replay).await?;
    let mut begun = None;
    if !args.dry_run {
        found.unless_other(expect)?;
        begun = Some(client.replay(&args.name, &replay).await?);
    }
    if out.is_json() {
        out.json(&replayed(begun.as_deref(), (after, to), &found))?;
        return Ok(Exit::Done);
    }
    let what = count(found.events, "event");
    match begun {
        None => {
            out.line(&format!("would feed {what} behind position {after}, up to {to}"))?;
            let samples = found.samples.iter().map(|event| (event, event.id.to_string()));
            out.print(&events(out, "ID", &samples.collect::<Vec<_>>()).render(out))?;
        }
        Some(name) => {
            let said = format!(
                "{name} feeds {what} behind position {after}, up to {to}, and is over then"
            );
            out.done(&said, &format!("see how far it is: windlass subscription show {name}"))?;
        }
    }
    Ok(Exit::Done)
}

async fn place(start: EventStart, client: &Client) -> Result<u64, StoreError> {
    let last = client.event_log().await?.last;
    Ok(match start.resolve(client).await? {
        Start::Now => last,
        Start::After(position) | Start::Between(position, _) => position.min(last),
    })
}
