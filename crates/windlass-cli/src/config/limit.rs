//! `[[limit]]`: limits over all processes, unless a person has set others.

use std::time::Duration;

use windlass::{Limit, LimitOn};

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 9] =
    ["on", "running", "reserve", "rate", "per", "burst", "break_after", "within", "open_for"];
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn read(table: &Table<'_, '_>) -> Result<Limit, ConfigError> {
    let on: LimitOn =
        table.required_text("on")?.parse().map_err(|error| table.error("on", error))?;
    let number = |key| -> Result<Option<u32>, ConfigError> {
        let number = table.number(key, 1..=u64::from(i32::MAX.cast_unsigned()))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    };
    let mut limit = Limit { running: number("running")?, ..Limit::on(on) };
    limit.reserved = table.counts("reserve")?;
    if let Some(rate) = number("rate")? {
        let per = table.positive_duration("per")?.unwrap_or(SECOND);
        limit = limit.rate(rate, per).burst(number("burst")?.unwrap_or(rate));
    }
    if let Some(failures) = number("break_after")? {
        let within = table.positive_duration("within")?.unwrap_or(MINUTE);
        let open_for = table.positive_duration("open_for")?.unwrap_or(MINUTE);
        limit = limit.break_after(failures, within, open_for);
    }
    limit.check().map_err(|error| table.error("on", error))?;
    Ok(limit)
}
