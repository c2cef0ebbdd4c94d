//! `[doctor]`: from where on something is a problem, and which kinds are left out.

use windlass::health::Thresholds;
use windlass::name::check_kind;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 7] = [
    "latency",
    "failures",
    "running_longer_than",
    "died_within",
    "lane_longer_than",
    "unserved_longer_than",
    "mute",
];

pub(super) fn read(
    table: &Table<'_, '_>,
    unless_said: &Thresholds,
) -> Result<Thresholds, ConfigError> {
    let failures = table.number("failures", 1..=u64::from(u32::MAX))?;
    let mute = table.texts("mute")?.unwrap_or_default();
    if let Some(error) = mute.iter().find_map(|kind| check_kind(kind).err()) {
        return Err(table.error("mute", error));
    }
    Ok(Thresholds {
        latency: table.positive_duration("latency")?.unwrap_or(unless_said.latency),
        // In the range that was just checked.
        failures: failures
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(unless_said.failures),
        running: table.positive_duration("running_longer_than")?.unwrap_or(unless_said.running),
        died_within: table.positive_duration("died_within")?.unwrap_or(unless_said.died_within),
        lane: table
            .number("lane_longer_than", 1..=u64::from(u32::MAX))?
            .unwrap_or(unless_said.lane),
        unserved: table.positive_duration("unserved_longer_than")?.unwrap_or(unless_said.unserved),
        mute,
    })
}
