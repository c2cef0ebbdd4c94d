//! `[subscription.NAME]`: which events become which jobs.

use std::num::NonZeroU32;

use windlass::name::{DEFAULT_QUEUE, check_kind, check_queue, check_subscription};
use windlass::subscription::{Filter, LaneKey, LaneKeyError, Subscription, Target};

use super::ConfigError;
use super::reader::Table;
use crate::event_filter::{FilterParts, Part};
use crate::event_start::EventStart;

pub(super) const KEYS: [&str; 10] = [
    "kind",
    "queue",
    "version",
    "max_attempts",
    "types",
    "filter",
    "sql",
    "from",
    "lane",
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
    let definition = Subscription { filter, target, lane: lane(table)?, credit: credit(table)? };
    Ok(SubscriptionConfig { name: name.to_owned(), definition, start: start(table)? })
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

fn target(table: &Table<'_, '_>) -> Result<Target, ConfigError> {
    let kind = table.required_text("kind")?;
    check_kind(&kind).map_err(|error| table.error("kind", error))?;
    let queue = table.text("queue")?.unwrap_or_else(|| DEFAULT_QUEUE.to_owned());
    check_queue(&queue).map_err(|error| table.error("queue", error))?;
    let version = super::small(table, "version")?.unwrap_or(1);
    Ok(Target { kind, queue, version, max_attempts: super::small(table, "max_attempts")? })
}

fn lane(table: &Table<'_, '_>) -> Result<Option<LaneKey>, ConfigError> {
    let Some(text) = table.text("lane")? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: LaneKeyError| table.error("lane", error.what))
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
