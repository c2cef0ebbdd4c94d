//! `windlass schedule add`.

use windlass::name::DEFAULT_QUEUE;
use windlass::schedule::Definition;
use windlass::{Client, Missed, NewJob, Overlap, Schedule};

use super::{checked, show};
use crate::command::enqueue::{origin, payload};
use crate::command::known::{warn_of_kind, warn_of_queue};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name; one that is there is changed
    name: String,
    /// A cron line of 5 or 6 fields, or an interval such as 'every 15m'
    rule: String,
    /// The kind of its jobs
    kind: String,
    /// Their args: JSON, @FILE, - for stdin, or key=value…; {} where nothing is given
    args: Vec<String>,
    /// The zone whose clocks it goes by, such as Europe/Berlin
    #[arg(long, default_value = windlass::schedule::UTC)]
    zone: String,
    /// What happens to runs that were missed: none, one or all of them
    #[arg(long, value_name = "POLICY", default_value = "one")]
    missed: String,
    /// While the last job has not ended: skip, queue one, or allow
    #[arg(long, value_name = "POLICY", default_value = "skip")]
    overlap: String,
    /// Where its jobs wait
    #[arg(long, default_value = DEFAULT_QUEUE)]
    queue: String,
    /// Smaller runs first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    priority: i16,
    /// The version of the args that the handler must know
    #[arg(long = "version", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    args_version: u16,
    /// Failures after which a job is dead; 0 never gives up; the handler's limit unless given
    #[arg(long, value_name = "N")]
    max_attempts: Option<u16>,
}

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let definition = definition(&args)?;
    let store = store::created_and_told(globals).await?;
    warn_of_kind(out, &*store, &args.kind).await?;
    if args.queue != DEFAULT_QUEUE {
        warn_of_queue(out, &*store, &args.queue).await?;
    }
    let client = Client::new(store).with_origin(origin("windlass schedule"));
    client.put_schedule_definition(&args.name, &definition).await?;
    let record = client.schedule(&args.name).await?;
    let record = record.ok_or_else(|| super::no_schedule(&args.name))?;
    if out.is_json() {
        show::print(out, &record)?;
        return Ok(Exit::Done);
    }
    let see = format!("see when: windlass schedule preview {}", args.name);
    let next = record.next_at().map(|due| format!("; next {}", out.moment_in_full(due)));
    let next = next.unwrap_or_default();
    let what = format!("{} enqueues {} by {} in {}", args.name, args.kind, args.rule, args.zone);
    out.done(&format!("schedule {what}{next}"), &see)?;
    Ok(Exit::Done)
}

fn definition(args: &Args) -> anyhow::Result<Definition> {
    let refuse = |error: String| Failure::usage(format!("{error}; nothing was written"));
    let missed: Missed =
        args.missed.parse().map_err(|error| refuse(format!("--missed: {error}")))?;
    let overlap: Overlap =
        args.overlap.parse().map_err(|error| refuse(format!("--overlap: {error}")))?;
    let schedule = Schedule::rule(&args.rule)
        .and_then(|schedule| schedule.zone(&args.zone))
        .map_err(|error| refuse(error.to_string()))?;
    let job = NewJob {
        version: args.args_version,
        queue: args.queue.clone(),
        priority: args.priority,
        max_attempts: args.max_attempts,
        ..NewJob::new(args.kind.as_str(), payload::read(&args.args)?)
    };
    let made = Definition::new(schedule.missed(missed).overlap(overlap), job);
    Ok(made.map_err(|refusal| refuse(refusal.to_string()))?)
}
