//! `windlass enqueue`: one job, and perhaps its end.

mod discarded;
mod line;
pub(super) mod parent;
pub(super) mod payload;
mod waits;

use std::sync::Arc;
use std::time::Duration;
use windlass::job::{Due, Expires, HandlerKey, Identity};
use windlass::store::{DiscardStore, Store};
use windlass::time::parse_duration;
use windlass::{Client, Enqueued, JobId, JobRecord, NewJob, State, Subject, Timestamp, Unique};

use super::known::did_you_mean;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys;
use crate::output::color::Tone;
use crate::output::escape::{in_lines, in_one_line};
use crate::output::{Output, document, time};
use crate::store;
use crate::stores;

const EXAMPLES: &str = "\
Examples:
  windlass enqueue mail.welcome user_id=42 name=Ana
  windlass enqueue img.thumb '{\"asset\":991}' --queue media --delay 5m
  windlass enqueue report.nightly @args.json --run-at 2026-11-21T02:00:00Z
  windlass enqueue crm.sync --wait --timeout 30s
  windlass enqueue otp.send phone=+4930123 --expires 2m
  windlass enqueue invoice.send id=7 --tag billing --subject customer=42 --subject order=a7
  windlass enqueue search.index id=42 --unique 42 --unique-until started --delay 5s --on-conflict replace
  windlass enqueue server.terminate server=42 --lane 'server 42' --supersedes server.provision
  windlass enqueue img.thumb @args.json --fair tenant-7
  windlass enqueue report.send id=7 --after job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass enqueue build.notify id=42 --on-signal status:42 --on-signal wrap-up:42 --deadline 60s
  windlass enqueue crm.push id=9 --limit-key account-3 --limit-running 4";

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(crate) struct Args {
    /// What is to be done; a handler of this name runs it
    kind: String,
    /// JSON, @FILE, - for stdin, or key=value…; {} where nothing is given
    args: Vec<String>,
    /// Where it waits
    #[arg(long, default_value = windlass::name::DEFAULT_QUEUE)]
    queue: String,
    /// Smaller runs first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    priority: i16,
    /// Due this long from now, such as 30s, 5m or 2h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "run_at")]
    delay: Option<Duration>,
    /// Due at this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    run_at: Option<Timestamp>,
    /// If it has not started this long after it is due, it is cancelled and never runs
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "expires_at")]
    expires: Option<Duration>,
    /// If it has not started by this moment, RFC 3339, it is cancelled and never runs
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
    /// Where its queue is full and enqueues wait for room: no longer than this; exit 12
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30s")]
    room_within: Duration,
    /// The version of the args that the handler must know
    #[arg(long = "version", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    args_version: u16,
    /// Failures after which it is dead; 0 never gives up; the handler's limit unless given
    #[arg(long, value_name = "N")]
    max_attempts: Option<u16>,
    /// Worker deaths after which it is dead; 0 sets no limit; the handler's limit unless given
    #[arg(long, value_name = "N")]
    max_losses: Option<u16>,
    /// A word that it is found by; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// What it is about, and is found by, such as customer=42; may be given several times
    #[arg(long = "subject", value_name = "TYPE=ID")]
    subjects: Vec<Subject>,
    /// A field of its args that is not shown, such as card.number; may be given several times
    #[arg(long = "redact", value_name = "PATH")]
    redact: Vec<String>,
    /// The only job of its kind with this key, until it has finished
    #[arg(long, value_name = "KEY")]
    unique: Option<String>,
    /// Until when it holds the key
    #[arg(
        long,
        value_name = "WHEN",
        requires = "unique",
        conflicts_with = "unique_for",
        value_enum
    )]
    unique_until: Option<UntilWord>,
    /// Holds the key for this long, whatever happens to it
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "unique")]
    unique_for: Option<Duration>,
    /// What happens where another job holds the key: it is kept as it is, gets these args, due time
    /// and priority, or the command fails with exit 4
    #[arg(long, value_name = "ANSWER", requires = "unique", value_enum, default_value = "keep")]
    on_conflict: OnConflictWord,
    #[command(flatten)]
    line: line::Line,
    #[command(flatten)]
    waits: waits::WaitsFor,
    /// The id it is to have: with it the same command can be repeated without a second job
    #[arg(long)]
    id: Option<JobId>,
    /// Wait for its end: exit 8 where it is dead or cancelled
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this: exit 7
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "wait")]
    timeout: Option<Duration>,
}

/// Until when a job holds its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum UntilWord {
    /// It is claimed for the first time
    Started,
    /// It has ended
    Finished,
}

/// What happens where another job holds the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnConflictWord {
    /// That one is kept as it is
    Keep,
    /// That one gets these args, due time and priority
    Replace,
    /// The command fails
    Reject,
}

/// What makes the job the only one of its kind.
fn unique(args: &Args) -> Option<Unique> {
    let unique = Unique::by(args.unique.clone()?);
    let unique = match (args.unique_for, args.unique_until) {
        (Some(period), _) => unique.within(period),
        (None, Some(UntilWord::Started)) => unique.until_started(),
        (None, _) => unique.until_finished(),
    };
    Some(match args.on_conflict {
        OnConflictWord::Keep => unique.keep(),
        OnConflictWord::Replace => unique.replace(),
        OnConflictWord::Reject => unique.reject(),
    })
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let job = new_job(&args)?;
    let globals = &stores::of_job(globals, &job)?;
    let out = &globals.out;
    let parent = parent::of_program()?;
    if args.wait && globals.store.contains("history=off") {
        let what = "a store with history=off keeps no completed jobs, so there is nothing to wait for; leave --wait out";
        return Err(Failure::usage(what).into());
    }
    if args.wait && globals.store == DiscardStore::URL {
        let what =
            "the store discard: keeps nothing, so there is nothing to wait for; leave --wait out";
        return Err(Failure::usage(what).into());
    }
    let keys = keys::of_here()?;
    // Checked before the store is touched, so that a refused job does not even create it.
    job.check().map_err(|refusal| Failure::usage(format!("{refusal}; nothing was written")))?;
    let store = store::created_and_told(globals).await?;
    let client = Client::new(Arc::clone(&store)).with_origin(origin("windlass enqueue"));
    let client = keys::encrypting(client, keys);
    let client = parent::of(client.waiting_for_room(args.room_within), parent);
    let due = job.due;
    let enqueued = client.enqueue(job.clone()).await?;
    if client.discarded().is_some() {
        return discarded::tell(&job, out);
    }
    if args.wait {
        // In a script stdout is the output of the job and nothing else.
        if out.is_plain() {
            out.aside(&format!("{}\n", enqueued.id()));
        } else {
            announce(out, &job, enqueued)?;
        }
        if matches!(due, Due::Now) {
            warn_unserved(out, &*store, &job).await?;
        }
        return wait(&client, enqueued.id(), args.timeout, out).await;
    }
    if out.is_json() {
        let id = enqueued.id();
        let record = client.job(id).await?.ok_or_else(|| windlass::StoreError::no_job(id))?;
        out.json(&document::job(&out.redaction()?.job(record)))?;
        return Ok(Exit::Done);
    }
    announce(out, &job, enqueued)?;
    if !out.is_plain() {
        if matches!(due, Due::Now) && matches!(enqueued, Enqueued::New(_)) {
            warn_unserved(out, &*store, &job).await?;
        }
        let store = globals.store_option();
        let see = format!("  see it: windlass job show {}{store}", enqueued.id());
        out.line(&out.paint(Tone::Dim, &see))?;
    }
    Ok(Exit::Done)
}

fn new_job(args: &Args) -> anyhow::Result<NewJob> {
    let mut job = NewJob::new(args.kind.as_str(), payload::read(&args.args)?);
    job.queue.clone_from(&args.queue);
    job.version = args.args_version;
    job.priority = args.priority;
    job.max_attempts = args.max_attempts;
    job.meta.max_losses = args.max_losses;
    job.meta.unique = unique(args);
    job.meta.tags.clone_from(&args.tags);
    job.meta.subjects.clone_from(&args.subjects);
    job.meta.redact.clone_from(&args.redact);
    args.line.place(&mut job);
    args.waits.declare(&mut job);
    job.due = match (args.delay, args.run_at) {
        (Some(delay), _) => Due::In(delay),
        (_, Some(moment)) => Due::At(moment),
        _ => Due::Now,
    };
    if let Some(id) = args.id {
        job.id = id;
        job.identity = Identity::Given;
    }
    let expires = args.expires.map(Expires::In).or(args.expires_at.map(Expires::At));
    Ok(match expires {
        Some(expires) => job.expiring(expires),
        None => job,
    })
}

/// Who uses a tool of ours, for people.
pub(super) fn origin(tool: &str) -> String {
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    match (user, host.as_deref().map(str::trim).filter(|host| !host.is_empty())) {
        (Some(user), Some(host)) => format!("{user} on {host}, {tool}"),
        (Some(user), None) => format!("{user}, {tool}"),
        (None, Some(host)) => format!("{tool} on {host}"),
        (None, None) => tool.to_owned(),
    }
}

/// One line: the id first, so that a script can take it.
fn announce(out: &Output, job: &NewJob, enqueued: Enqueued) -> std::io::Result<()> {
    let id = enqueued.id().to_string();
    if out.is_json() {
        return Ok(());
    }
    if out.is_plain() {
        return out.line(&[id.as_str(), &job.kind, &job.queue, word(enqueued)].join("\t"));
    }
    let id = out.paint(Tone::Strong, &id);
    let instead = match enqueued {
        Enqueued::New(_) => None,
        Enqueued::Kept(_) => Some("holds the key; nothing was written"),
        Enqueued::Replaced(_) => {
            Some("holds the key, and has these args, due time and priority now")
        }
        _ => Some("was there already; nothing was written"),
    };
    if let Some(instead) = instead {
        return out.line(&format!("{id}  {instead}"));
    }
    let due = match job.due {
        Due::Now => String::new(),
        Due::In(delay) => format!(", due in {}", time::span(delay)),
        Due::At(moment) => format!(", due {}", out.moment_in_full(moment)),
    };
    out.line(&format!("{id}  {} on queue {}{due}", job.kind, job.queue))
}

/// What happened to it, as a word.
const fn word(enqueued: Enqueued) -> &'static str {
    match enqueued {
        Enqueued::New(_) => "new",
        Enqueued::Kept(_) => "kept",
        Enqueued::Replaced(_) => "replaced",
        _ => "existing",
    }
}

/// Warns when no worker can run the job.
async fn warn_unserved(out: &Output, store: &dyn Store, job: &NewJob) -> anyhow::Result<()> {
    let workers = store.workers().await?;
    let key = HandlerKey::new(&job.kind, job.version);
    let mut serving = workers.iter().filter(|worker| worker.queues.contains(&job.queue)).peekable();
    if serving.peek().is_none() {
        let known: Vec<&str> =
            workers.iter().flat_map(|worker| &worker.queues).map(String::as_str).collect();
        let hint = did_you_mean(&job.queue, &known);
        out.warn(&format!("no worker serves queue {} now; the job waits for one{hint}", job.queue));
    } else if !serving.any(|worker| worker.handlers.contains(&key)) {
        let known: Vec<&str> =
            workers.iter().flat_map(|worker| &worker.handlers).map(HandlerKey::as_str).collect();
        let hint = did_you_mean(key.as_str(), &known);
        let what = format!("no worker of queue {} knows {} now", job.queue, key.as_str());
        out.warn(&format!("{what}; the job waits for one{hint}"));
    }
    Ok(())
}

/// Waits for the end and shows it.
async fn wait(
    client: &Client,
    id: JobId,
    timeout: Option<Duration>,
    out: &Output,
) -> anyhow::Result<Exit> {
    let ended = match timeout {
        None => client.ended(id).await?,
        Some(limit) => match tokio::time::timeout(limit, client.ended(id)).await {
            Ok(ended) => ended?,
            Err(_) => return timed_out(client, id, limit, out).await,
        },
    };
    let ended = out.redaction()?.job(ended);
    if out.is_json() {
        out.json(&document::job(&ended))?;
    } else {
        show_end(out, &ended)?;
    }
    Ok(if ended.state == State::Completed { Exit::Done } else { Exit::JobFailed })
}

async fn timed_out(
    client: &Client,
    id: JobId,
    limit: Duration,
    out: &Output,
) -> anyhow::Result<Exit> {
    let record = client.job(id).await?;
    if let Some(record) = record.as_ref().filter(|_| out.is_json()) {
        out.json(&document::job(&out.redaction()?.job(record.clone())))?;
    }
    let state = record.map_or("gone", |record| record.state.word());
    let limit = time::span(limit);
    let what = format!(
        "{id} is {state} after {limit} and was not cancelled; see `windlass job show {id}`"
    );
    Err(Failure::new(Exit::TimedOut, what).into())
}

fn show_end(out: &Output, job: &JobRecord) -> std::io::Result<()> {
    let took = match (job.started_at, job.finished_at) {
        (Some(started), Some(finished)) => format!(" in {}", time::span(finished.since(started))),
        _ => String::new(),
    };
    let worker = job.worker.as_deref().map_or_else(String::new, |w| format!(" on worker {w}"));
    if !out.is_plain() {
        let how = match job.state {
            State::Completed => format!("{took}{worker} (attempt {})", job.attempt),
            _ => job
                .reason
                .as_deref()
                .map_or_else(String::new, |reason| format!(": {}", in_one_line(reason))),
        };
        out.line(&format!("  {}{how}", out.state(job.state).paint(out)))?;
        let error = job.history.last().and_then(|attempt| attempt.error.as_deref());
        // The reason often ends with the error's only line.
        let is_told =
            |error: &str| job.reason.as_deref().is_some_and(|reason| reason.contains(error));
        if let Some(error) = error.filter(|error| job.state == State::Dead && !is_told(error)) {
            for line in in_lines(error) {
                out.line(&format!("    {line}"))?;
            }
        }
    }
    if out.is_plain() && job.state != State::Completed {
        let why =
            job.reason.as_deref().map_or_else(String::new, |r| format!(": {}", in_one_line(r)));
        out.aside(&format!("{}{why}\n", job.state.word()));
    }
    match &job.output {
        Some(output) => out.line(output.as_str()),
        None => Ok(()),
    }
}
