//! `[subscription.NAME]`: which events become which jobs.

use windlass::name::{DEFAULT_QUEUE, check_kind, check_queue, check_subscription};
use windlass::subscription::{Filter, Subscription, Target};

use super::ConfigError;
use super::reader::Table;
use crate::event_filter::{FilterParts, Part};
use crate::event_start::EventStart;

pub(super) const KEYS: [&str; 8] =
    ["kind", "queue", "version", "max_attempts", "types", "filter", "sql", "from"];

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
    let definition = Subscription { filter: filter(table)?, target: target(table)? };
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
