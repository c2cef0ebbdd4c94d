//! `[schedule.NAME]`: what is enqueued again and again.

use serde_json::Value;
use windlass::name::{DEFAULT_QUEUE, check_kind, check_queue, check_schedule};
use windlass::schedule::{Definition, UTC};
use windlass::{Json, Missed, NewJob, Overlap, Schedule};

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 11] = [
    "cron",
    "every",
    "zone",
    "missed",
    "overlap",
    "kind",
    "args",
    "version",
    "queue",
    "priority",
    "max_attempts",
];

/// A schedule that the file declares.
#[derive(Debug, Clone)]
pub(crate) struct ScheduleConfig {
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) definition: Definition,
}

/// One of them.
pub(super) fn read(name: &str, table: &Table<'_, '_>) -> Result<ScheduleConfig, ConfigError> {
    check_schedule(name).map_err(|error| table.error("schedule", error))?;
    let definition = Definition::new(schedule(table)?, job(table)?);
    let definition = definition.map_err(|refusal| table.error("schedule", refusal))?;
    Ok(ScheduleConfig { name: name.to_owned(), definition })
}

fn schedule(table: &Table<'_, '_>) -> Result<Schedule, ConfigError> {
    let schedule = match (table.text("cron")?, table.duration("every")?) {
        (Some(line), None) => Schedule::cron(line).map_err(|error| table.error("cron", error))?,
        (None, Some(every)) => Schedule::every(every),
        (Some(_), Some(_)) => return Err(table.error("every", "stands without `cron`")),
        (None, None) => {
            let message = "needs `cron = \"30 2 * * *\"` or `every = \"15m\"`";
            return Err(table.error("cron", message));
        }
    };
    let zone = table.text("zone")?.unwrap_or_else(|| UTC.to_owned());
    let schedule = schedule.zone(zone).map_err(|error| table.error("zone", error))?;
    let missed = word::<Missed>(table, "missed")?.unwrap_or_default();
    let overlap = word::<Overlap>(table, "overlap")?.unwrap_or_default();
    Ok(schedule.missed(missed).overlap(overlap))
}

fn word<T: std::str::FromStr<Err = windlass::schedule::ScheduleError>>(
    table: &Table<'_, '_>,
    key: &str,
) -> Result<Option<T>, ConfigError> {
    let word = table.text(key)?;
    word.map(|word| word.parse().map_err(|error| table.error(key, error))).transpose()
}

fn job(table: &Table<'_, '_>) -> Result<NewJob, ConfigError> {
    let kind = table.required_text("kind")?;
    check_kind(&kind).map_err(|error| table.error("kind", error))?;
    let queue = table.text("queue")?.unwrap_or_else(|| DEFAULT_QUEUE.to_owned());
    check_queue(&queue).map_err(|error| table.error("queue", error))?;
    let args = table.json("args")?.unwrap_or_else(|| Value::Object(serde_json::Map::default()));
    let args = Json::args(args.to_string()).map_err(|error| table.error("args", error))?;
    Ok(NewJob {
        version: super::small(table, "version")?.unwrap_or(1),
        priority: table.signed("priority")?.unwrap_or_default(),
        max_attempts: super::small(table, "max_attempts")?,
        queue,
        ..NewJob::new(kind, args)
    })
}
