//! `windlass.toml`: which kinds there are, what runs them, and what a worker serves.
//!
//! The text is read once into the types below; whatever is wrong with it is one line that names
//! the file, the line and the key. Nothing here starts a process or opens a connection.

mod doctor;
mod encryption;
mod events;
mod limit;
mod queues;
mod reader;
mod redact;
mod schedules;
mod server;
mod serves;
mod sources;
mod stats;
mod stores;
mod subscriptions;
mod target;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::queue_rules::QueueRules;
use crate::supervisor::MOST_PROCESSES;
use windlass::event::Keep;
use windlass::health::Thresholds;
use windlass::limits::{KEEP_STATS, MAX_LOSSES, TIMEOUT};
use windlass::name::{DEFAULT_QUEUE, check_kind, check_queue};
use windlass::redact::Redaction;
use windlass::worker::MinimumBuild;
use windlass::{Backoff, Chunks, Limit, RetryPolicy};

use reader::{Reader, Table};
pub(crate) use redact::redaction_here;
pub(crate) use schedules::ScheduleConfig;
pub(crate) use server::ServerConfig;
pub(crate) use serves::Serves;
pub(crate) use sources::SourceConfig;
pub(crate) use stores::StoresConfig;
pub(crate) use subscriptions::SubscriptionConfig;
pub(crate) use target::{Executable, HttpTarget, Target};

/// How long an executable that got SIGTERM may take before SIGKILL. Short, because a timeout is
/// recorded only when the program has gone.
const GRACE: Duration = Duration::from_secs(4);

const TOP_KEYS: [&str; 16] = [
    "handler",
    "limit",
    "worker",
    "schedule",
    "subscription",
    "source",
    "events",
    "queue",
    "doctor",
    "server",
    "redact",
    "store",
    "stores",
    "route",
    "encryption",
    "stats",
];
const HANDLER_KEYS: [&str; 15] = [
    "kind",
    "queue",
    "slots",
    "timeout",
    "expected",
    "grace",
    "max_attempts",
    "max_losses",
    "retry",
    "exec",
    "shell",
    "env",
    "dir",
    "http",
    "chunk",
];
const CHUNK_KEYS: [&str; 2] = ["jobs", "within"];
const RETRY_KEYS: [&str; 3] = ["backoff", "delay", "cap"];

/// What a configuration says.
#[derive(Debug)]
pub(crate) struct Config {
    /// The handlers, in the order of the file.
    pub(crate) handlers: Vec<HandlerConfig>,
    /// The limits that it declares.
    pub(crate) limits: Vec<Limit>,
    /// What the worker serves of them.
    pub(crate) serves: Serves,
    /// How many jobs the worker runs at once, over all kinds.
    pub(crate) slots: Option<usize>,
    /// How many processes a supervisor keeps, where there is to be one.
    pub(crate) processes: Option<usize>,
    /// The program and version that the worker is listed with.
    pub(crate) build: Option<String>,
    /// What it declares to be enqueued again and again.
    pub(crate) schedules: Vec<ScheduleConfig>,
    /// Which events it declares to become which jobs.
    pub(crate) subscriptions: Vec<SubscriptionConfig>,
    /// Which feeds it declares to become events.
    pub(crate) sources: Vec<SourceConfig>,
    /// How long events are kept, where it says so.
    pub(crate) keep: Option<Keep>,
    /// Bounds and aging of queues that it declares.
    pub(crate) rules: QueueRules,
    /// From where on something is an alert.
    pub(crate) alerts: Thresholds,
    /// How long the stats of an hour are kept.
    pub(crate) keep_stats: Duration,
}

/// One `[[handler]]`.
#[derive(Debug)]
pub(crate) struct HandlerConfig {
    /// The kind it runs.
    pub(crate) kind: String,
    /// The queue its jobs are in.
    pub(crate) queue: String,
    /// How many of its jobs run at once.
    pub(crate) slots: usize,
    /// How long one may run; `None` where the file leaves it open.
    pub(crate) timeout: Option<Duration>,
    /// How long one is expected to run.
    pub(crate) expected: Option<Duration>,
    /// How long an executable may take between SIGTERM and SIGKILL.
    pub(crate) grace: Duration,
    /// When a failed job is tried again.
    pub(crate) retry: RetryPolicy,
    /// Worker deaths after which one is dead; 0 sets no limit.
    pub(crate) max_losses: u16,
    /// How many of its jobs one call takes, where it takes more than one.
    pub(crate) chunks: Option<Chunks>,
    /// What runs it.
    pub(crate) target: Target,
}

/// Why a configuration cannot be used: one line for a person, naming the file and, where there
/// is one, the line.
#[derive(Debug)]
pub(crate) struct ConfigError(String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Whether there is a file, also one that cannot be read, as a link that leads nowhere: what it says is not known then, and is not
/// nothing.
pub(crate) fn there(file: &Path) -> bool {
    !matches!(file.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// A part of what a file says.
fn part<T>(
    file: &Path,
    read: impl FnOnce(&Table<'_, '_>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let text = text_of(file)?;
    let reader = Reader::new(file, &text);
    let document = reader.parse()?;
    read(&reader.table(&document, "the file", &TOP_KEYS)?)
}

impl Config {
    /// Reads a file. Relative paths in it start at the file's own folder.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is wrong: a key that is not known, a value of
    /// the wrong kind, an executable that is not there.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        Self::read(file, &text_of(file)?)
    }

    /// What a file says of [doctor]; what only a worker needs is not looked at.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn thresholds(file: &Path) -> Result<Thresholds, ConfigError> {
        part(file, |top| {
            let table = top.table("doctor", "[doctor]", &doctor::KEYS)?;
            let unless_said = Thresholds::default();
            let read = |table| doctor::read(table, &unless_said);
            Ok(table.as_ref().map(read).transpose()?.unwrap_or_default())
        })
    }

    /// What a file says of [server]; nothing else of it is looked at.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn server(file: &Path) -> Result<ServerConfig, ConfigError> {
        part(file, |top| {
            let table = top.table("server", "[server]", &server::KEYS)?;
            Ok(table.as_ref().map(server::read).transpose()?.unwrap_or_default())
        })
    }

    /// What a file says of [redact]; nothing else of it is looked at.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn redaction(file: &Path) -> Result<Redaction, ConfigError> {
        part(file, redact::read)
    }

    /// How long a file has the stats of an hour kept; nothing else of it is looked at.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn keep_stats(file: &Path) -> Result<Duration, ConfigError> {
        part(file, stats_of)
    }

    /// What a file says of stores; nothing else of it is looked at.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn stores(file: &Path) -> Result<Option<StoresConfig>, ConfigError> {
        part(file, stores::read)
    }

    /// Whose args a file wants encrypted, and nothing else of it; `None` where it does not say.
    ///
    /// # Errors
    /// When it cannot be read, or something of that is wrong.
    pub(crate) fn encryption(file: &Path) -> Result<Option<Vec<String>>, ConfigError> {
        part(file, |top| {
            let table = top.table("encryption", "[encryption]", &encryption::KEYS)?;
            table.as_ref().map(encryption::read).transpose()
        })
    }

    fn read(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let reader = Reader::new(file, text);
        let document = reader.parse()?;
        let top = reader.table(&document, "the file", &TOP_KEYS)?;
        // What is wrong in it is told to a worker as well.
        top.table("server", "[server]", &server::KEYS)?.as_ref().map(server::read).transpose()?;
        redact::read(&top)?;
        let mut handlers: Vec<HandlerConfig> = Vec::new();
        for table in top.tables("handler", "[[handler]]", &HANDLER_KEYS)? {
            let handler = handler(&table)?;
            if handlers.iter().any(|other| other.kind == handler.kind) {
                let message = format!("kind `{}` has two handlers", handler.kind);
                return Err(table.error("kind", message));
            }
            handlers.push(handler);
        }
        let sources = top.named("source", "[source.NAME]", &sources::KEYS)?;
        let sources = sources.iter().map(|(name, table)| sources::read(name, table));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        if handlers.is_empty() && sources.is_empty() {
            return Err(reader.error(0, "no [[handler]] in it: there is nothing to run"));
        }
        let limits = top.tables("limit", "[[limit]]", &limit::KEYS)?;
        let limits = limits.iter().map(limit::read).collect::<Result<Vec<_>, _>>()?;
        let worker = top.table("worker", "[worker]", &serves::KEYS)?;
        let slots = worker.as_ref().map(|table| table.count("slots")).transpose()?.flatten();
        let processes = worker.as_ref().map(processes).transpose()?.flatten();
        let build = worker.as_ref().map(build).transpose()?.flatten();
        let serves = worker.as_ref().map(serves::read).transpose()?.unwrap_or_default();
        let schedules = top.named("schedule", "[schedule.NAME]", &schedules::KEYS)?;
        let schedules = schedules.iter().map(|(name, table)| schedules::read(name, table));
        let schedules = schedules.collect::<Result<_, _>>()?;
        let subscriptions =
            top.named("subscription", "[subscription.NAME]", &subscriptions::KEYS)?;
        let subscriptions =
            subscriptions.iter().map(|(name, table)| subscriptions::read(name, table));
        let subscriptions = subscriptions.collect::<Result<_, _>>()?;
        let keep = top.table("events", "[events]", &events::KEYS)?;
        let keep = keep.as_ref().map(events::read).transpose()?.flatten();
        let mut rules = QueueRules::default();
        for (name, table) in top.named("queue", "[queue.NAME]", &queues::KEYS)? {
            rules.bounds.extend(queues::bound(&name, &table)?);
            rules.agings.extend(queues::aging(&name, &table)?);
        }
        let doctor = top.table("doctor", "[doctor]", &doctor::KEYS)?;
        let alerting = Thresholds::alerting();
        let alerts = doctor.as_ref().map(|table| doctor::read(table, &alerting)).transpose()?;
        let alerts = alerts.unwrap_or(alerting);
        Ok(Self {
            handlers,
            limits,
            serves,
            slots,
            processes,
            build,
            schedules,
            subscriptions,
            sources,
            keep,
            rules,
            alerts,
            keep_stats: stats_of(&top)?,
        })
    }
}

fn stats_of(top: &Table<'_, '_>) -> Result<Duration, ConfigError> {
    let table = top.table("stats", "[stats]", &stats::KEYS)?;
    Ok(table.as_ref().map(stats::read).transpose()?.unwrap_or(KEEP_STATS))
}

fn processes(table: &Table<'_, '_>) -> Result<Option<usize>, ConfigError> {
    let number = table.number("processes", 1..=u64::from(MOST_PROCESSES))?;
    // In the range that was just checked.
    Ok(number.and_then(|number| usize::try_from(number).ok()))
}

/// A name and a version: one that minimum builds could say nothing about would be of no use.
fn build(table: &Table<'_, '_>) -> Result<Option<String>, ConfigError> {
    let Some(build) = table.text("build")? else { return Ok(None) };
    match MinimumBuild::new(&build) {
        Ok(_) => Ok(Some(build)),
        Err(_) => {
            let message = "is a program's name and a version, such as build = \"shop 2.14.0\"";
            Err(table.error("build", message))
        }
    }
}

fn text_of(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|reason| {
        let missing = reason.kind() == std::io::ErrorKind::NotFound;
        let hint = if missing { "; name another with --config FILE" } else { "" };
        ConfigError(format!("{} cannot be read: {reason}{hint}", file.display()))
    })
}

fn handler(table: &Table<'_, '_>) -> Result<HandlerConfig, ConfigError> {
    let kind = table.required_text("kind")?;
    check_kind(&kind).map_err(|error| table.error("kind", error))?;
    let queue = table.text("queue")?.unwrap_or_else(|| DEFAULT_QUEUE.to_owned());
    check_queue(&queue).map_err(|error| table.error("queue", error))?;
    let target = target::read(table)?;
    let chunks = chunks(table, &target)?;
    let of_chunk = chunks.as_ref().map_or(1, Chunks::most);
    let slots = table.count("slots")?;
    if let Some(slots) = slots.filter(|slots| *slots < of_chunk) {
        let message =
            format!("{slots} are too few for a chunk of {of_chunk} jobs: each takes a slot");
        return Err(table.error("slots", message));
    }
    Ok(HandlerConfig {
        slots: slots.unwrap_or_else(|| target.default_slots().saturating_mul(of_chunk)),
        timeout: table.positive_duration("timeout")?,
        expected: table.positive_duration("expected")?,
        grace: table.duration("grace")?.unwrap_or(GRACE),
        retry: retry(table)?,
        max_losses: small(table, "max_losses")?.unwrap_or(MAX_LOSSES),
        kind,
        queue,
        chunks,
        target,
    })
}

/// `chunk = { jobs = 100, within = "1s" }`
fn chunks(table: &Table<'_, '_>, target: &Target) -> Result<Option<Chunks>, ConfigError> {
    let Some(rule) = table.table("chunk", "chunk", &CHUNK_KEYS)? else { return Ok(None) };
    if matches!(target, Target::Http(_)) {
        return Err(table.error("chunk", "belongs to exec; this handler has http"));
    }
    let Some(jobs) = rule.count("jobs")? else {
        return Err(table.error("chunk", "needs a number of jobs, such as chunk = { jobs = 100 }"));
    };
    let within = rule.duration("within")?;
    let timeout = table.positive_duration("timeout")?.unwrap_or(TIMEOUT);
    if within.is_some_and(|wait| wait >= timeout) {
        let message = format!("is not shorter than the {timeout:?} that an attempt may take");
        return Err(rule.error("within", message));
    }
    Ok(Some(within.map_or(Chunks::of(jobs), |wait| Chunks::of(jobs).within(wait))))
}

/// A number that is stored in 16 bits.
fn small(table: &Table<'_, '_>, key: &str) -> Result<Option<u16>, ConfigError> {
    let number = table.number(key, 0..=u64::from(u16::MAX))?;
    // In the range that was just checked.
    Ok(number.and_then(|number| u16::try_from(number).ok()))
}

/// `max_attempts`, and `retry = { backoff = "exponential", delay = "5s", cap = "1h" }`.
fn retry(table: &Table<'_, '_>) -> Result<RetryPolicy, ConfigError> {
    let mut policy = RetryPolicy::default();
    if let Some(limit) = small(table, "max_attempts")? {
        // 0 never gives up.
        policy.max_attempts = (limit > 0).then_some(limit);
    }
    let Some(rule) = table.table("retry", "retry", &RETRY_KEYS)? else { return Ok(policy) };
    policy.cap = rule.positive_duration("cap")?.unwrap_or(policy.cap);
    let delay = rule.duration("delay")?;
    let word = rule.text("backoff")?;
    policy.backoff = match (word.as_deref(), delay) {
        (Some("fixed"), Some(delay)) => Backoff::Fixed(delay),
        (Some("exponential") | None, Some(delay)) => Backoff::Exponential(delay),
        (Some("polynomial") | None, None) => Backoff::Polynomial,
        (Some("polynomial"), Some(_)) => {
            return Err(rule.error("delay", "the polynomial backoff has no delay of its own"));
        }
        (Some("fixed" | "exponential"), None) => {
            return Err(rule.error("backoff", "needs a delay, such as delay = \"5s\""));
        }
        (Some(other), _) => {
            let message = format!("`{other}` is not a backoff: exponential, fixed or polynomial");
            return Err(rule.error("backoff", message));
        }
    };
    Ok(policy)
}
