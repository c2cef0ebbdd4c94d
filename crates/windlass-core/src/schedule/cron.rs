//! Cron lines: which local times they name, and which moments of a zone those are.
//!
//! The lines and the calendar are croner's, the zones are jiff's. What happens to a local time that a zone skips or
//! has twice is decided here, because the rule is ours to promise:
//!
//! - A line that *names hours* runs once for each local time that it names. One that is skipped runs at the first
//!   moment after the gap, once however many are skipped; one that is doubled runs the first time. A day that a zone
//!   skips whole has no runs.
//! - A line that runs in *every hour* goes by elapsed time: a skipped hour has no runs, a doubled one has them twice.

use croner::parser::{CronParser, Year};
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::ScheduleError;
use crate::limits::RULE_BYTES;
use crate::time::parse_duration;

/// A cron line that was read.
#[derive(Debug, Clone)]
pub(super) struct CronLine {
    cron: croner::Cron,
    runs_every_hour: bool,
}

impl CronLine {
    /// Reads a line of five fields, or of six with seconds in front.
    pub(super) fn parse(line: &str) -> Result<Self, ScheduleError> {
        let refuse = |reason: String| ScheduleError::Cron { line: line.to_owned(), reason };
        if line.len() > RULE_BYTES || !line.is_ascii() {
            return Err(refuse(format!("it has to be ASCII of at most {RULE_BYTES} bytes")));
        }
        let fields = line.split_whitespace().count();
        if !line.trim_start().starts_with('@') && !(5..=6).contains(&fields) {
            return Err(refuse(number_of_fields(line, fields)));
        }
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(line).map_err(|error| {
            refuse(wrong_field(&parser, line).unwrap_or_else(|| error.to_string()))
        })?;
        let runs_every_hour = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
        let line = Self { cron, runs_every_hour };
        match line.find(DateTime::constant(2000, 1, 1, 0, 0, 0, 0), Edge::Included) {
            Some(_) => Ok(line),
            None => Err(ScheduleError::Never { line: line.cron.pattern.to_string() }),
        }
    }

    /// The first moment after this one at which the line runs in a zone.
    pub(super) fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        if self.runs_every_hour {
            self.next_by_elapsed_time(zone, after)
        } else {
            self.next_by_local_time(zone, after)
        }
    }

    /// Each stretch between two changes of the zone's offset is a clock without gaps.
    fn next_by_elapsed_time(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let mut changes = zone.following(after);
        let mut offset = zone.to_offset(after);
        let mut local = self.find(offset.to_datetime(after), Edge::Excluded)?;
        loop {
            let moment = offset.to_timestamp(local).ok()?;
            let Some(change) = changes.next().filter(|change| change.timestamp() <= moment) else {
                return Some(moment);
            };
            offset = change.offset();
            local = self.find(offset.to_datetime(change.timestamp()), Edge::Included)?;
        }
    }

    fn next_by_local_time(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let mut local = zone.to_datetime(after);
        loop {
            local = self.find(local, Edge::Excluded)?;
            // In the second half of a doubled hour the line's times there are over already.
            if let Some(moment) = moment_of(zone, local).filter(|moment| *moment > after) {
                return Some(moment);
            }
        }
    }

    /// The next local time that the line names, on a calendar without zones.
    fn find(&self, from: DateTime, edge: Edge) -> Option<DateTime> {
        self.cron.find_next_occurrence(&from, edge == Edge::Included).ok()
    }
}

const FIELDS: [&str; 6] = [
    "the second is 0 to 59",
    "the minute is 0 to 59",
    "the hour is 0 to 23",
    "the day of the month is 1 to 31, or L",
    "the month is 1 to 12, or JAN to DEC",
    "the weekday is 0 to 7, or SUN to SAT",
];

fn number_of_fields(line: &str, fields: usize) -> String {
    let interval = match parse_duration(line) {
        Ok(_) => format!("; an interval is `every {line}`"),
        Err(_) => String::new(),
    };
    let plural = if fields == 1 { "field" } else { "fields" };
    format!("it has {fields} {plural}, and needs 5, or 6 with seconds in front{interval}")
}

/// The first field that cannot be read when it stands alone, and what it may be.
fn wrong_field(parser: &CronParser, line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let first = FIELDS.len().checked_sub(fields.len())?;
    let is_wrong = |nth: &usize| {
        let mut alone = vec!["*"; fields.len()];
        alone[*nth] = fields[*nth];
        parser.parse(&alone.join(" ")).is_err()
    };
    let nth = (0..fields.len()).find(is_wrong)?;
    Some(format!("`{}` cannot be read: {}", fields[nth], FIELDS[first + nth]))
}

/// Whether a search may find the moment it begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Included,
    Excluded,
}

/// The one moment at which a local time of a line that names hours is due; none on a day that does not exist.
fn moment_of(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { before, after } => {
            // By the clock before the change a skipped time lies behind the change, or on it.
            let behind = before.to_timestamp(local).ok()?;
            let beyond = behind.checked_add(SignedDuration::from_secs(1)).ok()?;
            let change = zone.preceding(beyond).next()?.timestamp();
            let midnight = local.date().to_datetime(Time::midnight());
            let day_after = local.date().tomorrow().ok()?.to_datetime(Time::midnight());
            let has_no_moment =
                before.to_datetime(change) <= midnight && after.to_datetime(change) >= day_after;
            (!has_no_moment).then_some(change)
        }
    }
}
