//! `windlass subscription add`.

use std::num::NonZeroU32;

use windlass::Client;
use windlass::name::DEFAULT_QUEUE;
use windlass::subscription::{
    EventKey, EventTarget, JobTarget, Subscription, SubscriptionRecord, Target,
};
use windlass_http::subscription::EventStart;

use super::filter::FilterArgs;
use super::mode::ModeArgs;
use super::{checked, find, show};
use crate::command::event::sequence;
use crate::command::known::{warn_of_kind, warn_of_queue};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name; one that is there is changed, and goes on where it is
    name: String,
    /// The kind of the jobs that come of its events
    #[arg(long, required_unless_present_any = ["signal", "event"])]
    kind: Option<String>,
    /// Where its jobs wait; default unless given
    #[arg(long, requires = "kind")]
    queue: Option<String>,
    /// The version of the data that the handler must know; 1 unless given
    #[arg(long = "version", value_name = "N", requires = "kind", value_parser = clap::value_parser!(u16).range(1..))]
    args_version: Option<u16>,
    /// Failures after which a job is dead; 0 never gives up; the handler's limit unless given
    #[arg(long, value_name = "N", requires = "kind")]
    max_attempts: Option<u16>,
    /// Tell its events as signals instead, for jobs that wait: NAME:VALUE, with what each event has there, such as data.order
    #[arg(long, value_name = "KEY", conflicts_with_all = ["kind", "event"])]
    signal: Option<EventKey>,
    /// Publish its events once more instead, as events of this type
    #[arg(long, value_name = "TYPE", conflicts_with = "kind")]
    event: Option<String>,
    /// The source of these; /subscription/NAME unless given
    #[arg(long = "event-source", value_name = "SOURCE", requires = "event")]
    event_source: Option<String>,
    /// Jobs of events that have the same there run one after the other: an attribute such as subject, or a member of the data
    /// such as data.order
    #[arg(long, value_name = "KEY")]
    lane: Option<EventKey>,
    /// At most so many of its jobs are unfinished; events beyond them wait in the log; 10,000 unless given
    #[arg(long, value_name = "N")]
    credit: Option<NonZeroU32>,
    #[command(flatten)]
    mode: ModeArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Where it begins: now, beginning, a position it begins behind, or a moment, RFC 3339
    #[arg(long, value_name = "START")]
    from: Option<EventStart>,
}

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let (target, lane) = (target(&args), args.lane.clone());
    let filter = args.filter.read(out)?;
    let (mode, credit) = (args.mode.read(), args.credit);
    let subscription = Subscription { filter, target, lane, mode, credit, pace: None };
    subscription
        .check()
        .map_err(|error| Failure::usage(format!("{error}; nothing was written")))?;
    let store = store::created_and_told(globals).await?;
    // What was published by now is not from now on.
    sequence(&*store).await?;
    if let Some(job) = subscription.target.job() {
        warn_of_kind(out, &*store, &job.kind).await?;
        if job.queue != DEFAULT_QUEUE {
            warn_of_queue(out, &*store, &job.queue).await?;
        }
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
        show::print(out, &record, &client.event_log().await?, None)?;
        return Ok(Exit::Done);
    }
    let see = format!("see what it gets: windlass subscription explain {}", args.name);
    out.done(&said(&record, before.as_ref()), &see)?;
    Ok(Exit::Done)
}

/// What comes of each event.
fn target(args: &Args) -> Target {
    match (&args.signal, &args.event) {
        (Some(key), _) => Target::Signal(key.clone()),
        (None, Some(event_type)) => Target::Event(EventTarget {
            event_type: event_type.clone(),
            source: args.event_source.clone(),
        }),
        (None, None) => Target::Job(JobTarget {
            kind: args.kind.clone().unwrap_or_default(),
            queue: args.queue.clone().unwrap_or_else(|| DEFAULT_QUEUE.to_owned()),
            version: args.args_version.unwrap_or(1),
            max_attempts: args.max_attempts,
        }),
    }
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
