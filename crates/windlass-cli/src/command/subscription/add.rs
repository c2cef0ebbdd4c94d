//! `windlass subscription add`.

use std::num::NonZeroU32;

use windlass::Client;
use windlass::name::DEFAULT_QUEUE;
use windlass::subscription::{LaneKey, Subscription, SubscriptionRecord, Target};

use super::filter::FilterArgs;
use super::{checked, find, show};
use crate::command::event::sequence;
use crate::command::known::{warn_of_kind, warn_of_queue};
use crate::event_start::EventStart;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name; one that is there is changed, and goes on where it is
    name: String,
    /// The kind of the jobs that come of its events
    #[arg(long)]
    kind: String,
    /// Where its jobs wait
    #[arg(long, default_value = DEFAULT_QUEUE)]
    queue: String,
    /// The version of the data that the handler must know
    #[arg(long = "version", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    args_version: u16,
    /// Failures after which a job is dead; 0 never gives up; the handler's limit unless given
    #[arg(long, value_name = "N")]
    max_attempts: Option<u16>,
    /// Jobs of events that have the same there run one after the other: an attribute such as subject, or a member of the data
    /// such as data.order
    #[arg(long, value_name = "KEY")]
    lane: Option<LaneKey>,
    /// At most so many of its jobs are unfinished; events beyond them wait in the log; 10,000 unless given
    #[arg(long, value_name = "N")]
    credit: Option<NonZeroU32>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Where it begins: now, beginning, a position it begins behind, or a moment, RFC 3339
    #[arg(long, value_name = "START")]
    from: Option<EventStart>,
}

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let filter = args.filter.read(out)?;
    let target = Target {
        kind: args.kind,
        queue: args.queue,
        version: args.args_version,
        max_attempts: args.max_attempts,
    };
    let subscription = Subscription { filter, target, lane: args.lane, credit: args.credit };
    subscription
        .check()
        .map_err(|error| Failure::usage(format!("{error}; nothing was written")))?;
    let store = store::created(&globals.store).await?;
    // What was published by now is not from now on.
    sequence(&*store).await?;
    warn_of_kind(out, &*store, &subscription.target.kind).await?;
    if subscription.target.queue != DEFAULT_QUEUE {
        warn_of_queue(out, &*store, &subscription.target.queue).await?;
    }
    let client = Client::new(store);
    let before = client.subscription(&args.name).await?;
    if args.from.is_some() && before.is_some() {
        out.warn("--from counts where a subscription is made; this one goes on where it is");
    }
    let start = args.from.unwrap_or_default().resolve(&client).await?;
    client.subscribe(&args.name, &subscription, start).await?;
    let record = find(&client, &args.name).await?;
    if out.is_json() {
        show::print(out, &record, &client.event_log().await?)?;
        return Ok(Exit::Done);
    }
    let see = format!("see what it gets: windlass subscription explain {}", args.name);
    out.done(&said(&record, before.as_ref()), &see)?;
    Ok(Exit::Done)
}

fn said(record: &SubscriptionRecord, before: Option<&SubscriptionRecord>) -> String {
    let what = match before {
        None => "is made",
        Some(before) if before.definition == record.definition => "is so already",
        Some(_) => "is changed, and goes on where it is",
    };
    let target = show::target(record);
    let filter = &record.definition.filter;
    format!("subscription {} {what}: {filter} becomes {target}", record.name)
}
