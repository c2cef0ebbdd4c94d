//! `[subscription.NAME]`: which events become which jobs.

use std::num::NonZeroU32;

use windlass::Refusal;
use windlass::limits::WINDOW_EVENTS;
use windlass::name::{
    DEFAULT_QUEUE, check_event_type, check_kind, check_queue, check_subscription,
};
use windlass::schedule::{ScheduleError, Timetable, UTC};
use windlass::subscription::{
    EventKey, EventKeyError, EventTarget, Filter, JobTarget, Mode, Subscription, Target,
};
use windlass_http::subscription::{EventStart, FilterParts, Part};

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 18] = [
    "kind",
    "queue",
    "version",
    "max_attempts",
    "signal",
    "event",
    "source",
    "types",
    "filter",
    "sql",
    "from",
    "lane",
    "batch",
    "within",
    "digest",
    "zone",
    "latest",
    "credit",
];

/// A subscription that the file declares.
#[derive(Debug, Clone)]
pub(crate) struct SubscriptionConfig {
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) definition: Subscription,
    /// Where it begins, when it is made.
    pub(crate) start: EventStart,
}

/// One of them.
pub(super) fn read(name: &str, table: &Table<'_, '_>) -> Result<SubscriptionConfig, ConfigError> {
    check_subscription(name).map_err(|error| table.error("subscription", error))?;
    let (filter, target) = (filter(table)?, target(table)?);
    let (lane, credit) = (key(table, "lane")?, credit(table)?);
    let mode = mode(table)?;
    let definition = Subscription { filter, target, lane, mode, credit, pace: None };
    definition.check().map_err(|refusal| table.error(at(table, &definition, &refusal), refusal))?;
    Ok(SubscriptionConfig { name: name.to_owned(), definition, start: start(table)? })
}

/// The key to blame where each key can be read and what they say together is refused.
fn at(table: &Table<'_, '_>, definition: &Subscription, refusal: &Refusal) -> &'static str {
    match (refusal, &definition.target) {
        (Refusal::Mode { .. }, _) => at_mode(&definition.mode),
        (Refusal::NoJobs { what: "mode" }, _) => {
            ["batch", "digest", "latest"].into_iter().find(|key| table.has(key)).unwrap_or("batch")
        }
        (Refusal::NoJobs { what }, _) => what,
        (Refusal::OwnOutput { .. } | Refusal::OwnType { .. }, _) => "event",
        (_, Target::Event(made)) => match check_event_type(&made.event_type) {
            Ok(()) => "source",
            Err(_) => "event",
        },
        _ => "subscription",
    }
}

fn at_mode(mode: &Mode) -> &'static str {
    match mode {
        Mode::Digest { rule, zone } => match Timetable::parse(rule, zone) {
            Err(ScheduleError::Zone { .. }) => "zone",
            _ => "digest",
        },
        Mode::Latest { .. } => "latest",
        Mode::Each | Mode::Batch { .. } => "within",
    }
}

fn filter(table: &Table<'_, '_>) -> Result<Filter, ConfigError> {
    let types = table.texts("types")?;
    if types.as_ref().is_some_and(Vec::is_empty) {
        let what = "an empty list wants nothing; without it every type is wanted";
        return Err(table.error("types", what));
    }
    let types = types.unwrap_or_default();
    let parts = FilterParts { types, filter: table.json("filter")?, sql: table.text("sql")? };
    parts.read().map_err(|wrong| {
        let key = match wrong.part {
            Part::Types => "types",
            Part::Filter => "filter",
            Part::Sql => "sql",
        };
        table.error(key, wrong.what)
    })
}

/// What comes of each event: a job of a `kind`, a `signal`, or another `event`.
fn target(table: &Table<'_, '_>) -> Result<Target, ConfigError> {
    let (kind, signal, event) = (table.text("kind")?, key(table, "signal")?, table.text("event")?);
    let of_jobs = ["queue", "version", "max_attempts"];
    let foreign: &[&str] = match (&kind, &signal, &event) {
        (Some(_), None, None) => &["source"],
        (None, Some(_), None) => &["source", of_jobs[0], of_jobs[1], of_jobs[2]],
        (None, None, Some(_)) => &of_jobs,
        (None, None, None) => {
            let what = "one of kind, signal and event is required: what comes of each event";
            return Err(table.error("kind", what));
        }
        _ => {
            let what = "one of kind, signal and event alone can be given";
            return Err(table.error(if kind.is_some() { "kind" } else { "event" }, what));
        }
    };
    if let Some(key) = foreign.iter().find(|key| table.has(key)) {
        return Err(table.error(key, "it does not belong to what comes of each event here"));
    }
    let source = table.text("source")?;
    match (kind, signal, event) {
        (_, Some(key), _) => Ok(Target::Signal(key)),
        (_, _, Some(event_type)) => Ok(Target::Event(EventTarget { event_type, source })),
        (kind, ..) => job(table, kind.unwrap_or_default()).map(Target::Job),
    }
}

fn job(table: &Table<'_, '_>, kind: String) -> Result<JobTarget, ConfigError> {
    check_kind(&kind).map_err(|error| table.error("kind", error))?;
    let queue = table.text("queue")?.unwrap_or_else(|| DEFAULT_QUEUE.to_owned());
    check_queue(&queue).map_err(|error| table.error("queue", error))?;
    let version = super::small(table, "version")?.unwrap_or(1);
    Ok(JobTarget { kind, queue, version, max_attempts: super::small(table, "max_attempts")? })
}

fn key(table: &Table<'_, '_>, name: &str) -> Result<Option<EventKey>, ConfigError> {
    let Some(text) = table.text(name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: EventKeyError| table.error(name, error.what))
}

/// `batch = 100` with `within = "5s"`, `digest = "0 8 * * *"` with a `zone`, or `latest = "1s"`.
fn mode(table: &Table<'_, '_>) -> Result<Mode, ConfigError> {
    let most = table.number("batch", 1..=WINDOW_EVENTS as u64)?;
    let most = most.and_then(|most| NonZeroU32::new(u32::try_from(most).ok()?));
    let (within, latest) = (table.duration("within")?, table.duration("latest")?);
    let (digest, zone) = (table.text("digest")?, table.text("zone")?);
    for (key, belongs_to, is_there) in
        [("within", "batch", most.is_some()), ("zone", "digest", digest.is_some())]
    {
        if table.has(key) && !is_there {
            return Err(table.error(key, format!("it belongs to {belongs_to}, which is not given")));
        }
    }
    match (most, digest, latest) {
        (None, None, None) => Ok(Mode::Each),
        (Some(most), None, None) => match within {
            Some(within) => Ok(Mode::batch(most, within)),
            None => {
                Err(table.error("batch", "it needs within: how long its first event waits at most"))
            }
        },
        (None, Some(rule), None) => Ok(Mode::digest(rule, zone.as_deref().unwrap_or(UTC))),
        (None, None, Some(within)) => Ok(Mode::latest(within)),
        (_, digest, _) => {
            let what = "one of batch, digest and latest alone can be given";
            Err(table.error(if digest.is_some() { "digest" } else { "batch" }, what))
        }
    }
}

fn credit(table: &Table<'_, '_>) -> Result<Option<NonZeroU32>, ConfigError> {
    let credit = table.number("credit", 1..=u64::from(u32::MAX))?;
    Ok(credit.and_then(|credit| NonZeroU32::new(u32::try_from(credit).ok()?)))
}

/// `from = "now"`, or a position, which may be a number.
fn start(table: &Table<'_, '_>) -> Result<EventStart, ConfigError> {
    let text = if table.has_text("from") {
        table.text("from")?
    } else {
        table.number("from", 0..=i64::MAX.unsigned_abs())?.map(|position| position.to_string())
    };
    let Some(text) = text else { return Ok(EventStart::default()) };
    text.parse().map_err(|error: String| table.error("from", error))
}
