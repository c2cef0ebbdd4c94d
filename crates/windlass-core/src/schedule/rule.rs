//! When a schedule is due: a cron line or an interval, read from the text that is stored.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::ScheduleError;
use super::cron::CronLine;
use crate::limits::{LONGEST_INTERVAL, NAME_CHARS, SHORTEST_INTERVAL};
use crate::time::{Timestamp, parse_duration, written};

/// The zone of a schedule that names none.
pub const UTC: &str = "UTC";

/// When a schedule is due: its rule and its zone, read.
#[derive(Debug, Clone)]
pub struct Timetable {
    rule: Rule,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
enum Rule {
    Cron(Box<CronLine>),
    Every(Duration),
}

impl Timetable {
    /// Reads a rule, which is a cron line of 5 or 6 fields or `every` and a duration, and the name of a zone.
    ///
    /// # Errors
    /// Says which of them cannot be used, and why.
    pub fn parse(rule: &str, zone: &str) -> Result<Self, ScheduleError> {
        Ok(Self { rule: Rule::parse(rule)?, zone: parse_zone(zone)? })
    }

    /// The first due time after a moment. An interval is counted from `from`; a cron line asks the calendar.
    #[must_use]
    pub fn next(&self, from: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Every(every) => {
                let every = crate::time::micros(*every);
                let passed = after.as_micros().saturating_sub(from.as_micros()).max(0) / every;
                let due = passed.checked_add(1)?.checked_mul(every)?;
                from.as_micros().checked_add(due).map(Timestamp::from_micros)
            }
            Rule::Cron(line) => {
                let after = jiff::Timestamp::from_microsecond(after.as_micros()).ok()?;
                let due = line.next(&self.zone, after)?;
                Some(Timestamp::from_micros(due.as_microsecond()))
            }
        }
    }

    /// The next due times after a moment, at most so many.
    #[must_use]
    pub fn preview(&self, from: Timestamp, after: Timestamp, most: usize) -> Vec<Timestamp> {
        let next = |due: &Timestamp| self.next(from, *due);
        std::iter::successors(self.next(from, after), next).take(most).collect()
    }

    /// A moment as the clocks of the zone show it, with their offset: `2026-03-29T03:00:00+02:00[Europe/Berlin]`.
    #[must_use]
    pub fn local(&self, moment: Timestamp) -> String {
        jiff::Timestamp::from_microsecond(moment.as_micros())
            .map_or_else(|_| moment.to_string(), |at| at.to_zoned(self.zone.clone()).to_string())
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let Some(duration) = text.strip_prefix("every ") else {
            return CronLine::parse(text).map(|line| Self::Cron(Box::new(line)));
        };
        let every = parse_duration(duration)
            .map_err(|error| ScheduleError::Interval { reason: error.to_string() })?;
        check_interval(every).map(|()| Self::Every(every))
    }
}

pub(super) fn parse_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    let refuse = || ScheduleError::Zone { zone: name.chars().take(NAME_CHARS).collect() };
    if name.contains('\0') {
        return Err(refuse());
    }
    TimeZone::get(name).map_err(|_| refuse())
}

pub(super) fn check_interval(every: Duration) -> Result<(), ScheduleError> {
    if (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&every) {
        return Ok(());
    }
    let reason = format!("{every:?} is not between one second and a hundred years");
    Err(ScheduleError::Interval { reason })
}

/// The rule's text for an interval: `every 1h30m`.
pub(super) fn every(interval: Duration) -> String {
    format!("every {}", written(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(rule: &str, zone: &str, after: &str, most: usize) -> Vec<String> {
        let timetable = Timetable::parse(rule, zone).expect("it is read");
        let after: Timestamp = after.parse().expect("a moment");
        timetable.preview(after, after, most).into_iter().map(|due| timetable.local(due)).collect()
    }

    fn times(rule: &str, zone: &str, after: &str, most: usize) -> Vec<String> {
        due(rule, zone, after, most).iter().map(|due| due[5..22].replace('T', " ")).collect()
    }

    #[test]
    fn a_line_that_cannot_be_read_says_which_field_it_is() {
        for (line, told) in [
            ("61 2 * * *", "`61` cannot be read: the minute is 0 to 59"),
            ("0 2 * 13 *", "`13` cannot be read: the month is 1 to 12, or JAN to DEC"),
            ("61 0 2 * * *", "`61` cannot be read: the second is 0 to 59"),
            ("0 2 * *", "it has 4 fields, and needs 5, or 6 with seconds in front"),
            ("15m", "in front; an interval is `every 15m`"),
        ] {
            let error = Timetable::parse(line, UTC).expect_err(line).to_string();
            assert!(error.ends_with(told), "{line}: {error}");
        }
    }

    /// T49: 02:30 each day is one run per local day, over both changes of the clocks and years of them.
    #[test]
    fn half_past_two_runs_once_each_local_day() {
        for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"] {
            let runs = due("30 2 * * *", zone, "2026-01-01T12:00:00Z", 3 * 365);
            let mut days: Vec<&str> = runs.iter().map(|run| &run[..10]).collect();
            days.dedup();
            assert_eq!(days.len(), runs.len(), "{zone}");
            let first: jiff::civil::Date = days[0].parse().expect("a day");
            for (nth, day) in days.iter().enumerate() {
                let expected =
                    first.checked_add(jiff::Span::new().days(nth as i64)).expect("a day");
                assert_eq!(*day, expected.to_string(), "{zone}");
            }
        }
    }

    /// T49: a skipped local time runs at the first moment after the gap, a doubled one the first time.
    #[test]
    fn a_skipped_time_runs_after_the_gap_and_a_doubled_one_once() {
        let spring = times("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 2);
        assert_eq!(spring, ["03-08 03:00:00-04", "03-09 02:30:00-04"]);
        let autumn = times("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2);
        assert_eq!(autumn, ["11-01 01:30:00-04", "11-02 01:30:00-05"]);
    }

    /// T49: of several skipped times of one day one run is left, and none of a doubled hour comes again.
    #[test]
    fn a_line_that_names_hours_runs_once_for_a_gap() {
        let spring = times("*/30 2,3 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", 3);
        assert_eq!(spring, ["03-29 03:00:00+02", "03-29 03:30:00+02", "03-30 02:00:00+02"]);
        let autumn = times("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3);
        assert_eq!(autumn, ["10-25 02:00:00+02", "10-25 02:30:00+02", "10-26 02:00:00+01"]);
        let lists = times("30 2,14 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3);
        assert_eq!(lists, ["10-25 02:30:00+02", "10-25 14:30:00+01", "10-26 02:30:00+01"]);
    }

    /// T49: a line for every hour goes by elapsed time: half an hour apart over both changes.
    #[test]
    fn a_line_for_every_hour_goes_by_elapsed_time() {
        let spring = times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3);
        assert_eq!(spring, ["03-29 01:30:00+01", "03-29 03:00:00+02", "03-29 03:30:00+02"]);
        let autumn = times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 4);
        let halves = ["02:30:00+02", "02:00:00+01", "02:30:00+01", "03:00:00+01"];
        assert_eq!(autumn, halves.map(|half| format!("10-25 {half}")));
    }

    /// T49: from inside a doubled hour the same times follow as from before it.
    #[test]
    fn from_every_moment_the_next_due_time_is_the_same() {
        for (rule, zone, from) in [
            ("*/7 * * * *", "Europe/Berlin", "2026-10-24T22:00:00Z"),
            ("*/7 1-3 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z"),
            ("*/7 1-3 * * *", "Europe/Berlin", "2026-03-28T22:00:00Z"),
            ("*/9 * * * *", "Australia/Lord_Howe", "2026-04-04T13:00:00Z"),
            ("*/9 2 * * *", "Australia/Lord_Howe", "2026-10-03T13:00:00Z"),
            ("30 23 * * *", "America/Nuuk", "2026-03-28T22:00:00Z"),
        ] {
            let timetable = Timetable::parse(rule, zone).expect("it is read");
            let from: Timestamp = from.parse().expect("a moment");
            let due = timetable.preview(from, from, 200);
            assert!(due.is_sorted_by(|one, next| one < next), "{rule}: {due:?}");
            let mut expected = due.iter().copied().peekable();
            for minute in 0..6 * 60 {
                let after = from.after(Duration::from_secs(60 * minute));
                while expected.next_if(|due| *due <= after).is_some() {}
                assert_eq!(timetable.next(from, after).as_ref(), expected.peek(), "{rule} {after}");
            }
        }
    }

    /// T49: a day that a zone skips has no runs; a gap that ends at midnight keeps its run.
    #[test]
    fn a_day_that_does_not_exist_has_no_runs() {
        let apia = times("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 2);
        assert_eq!(apia, ["12-29 12:00:00-10", "12-31 12:00:00+14"]);
        let nuuk = times("30 23 * * 6", "America/Nuuk", "2026-03-27T12:00:00Z", 2);
        assert_eq!(nuuk, ["03-29 00:00:00-01", "04-04 23:30:00-01"]);
    }

    #[test]
    fn seconds_last_days_and_weekdays_are_known() {
        let seconds = times("*/20 * * * * *", "UTC", "2026-11-26T04:00:05Z", 2);
        assert_eq!(seconds, ["11-26 04:00:20+00", "11-26 04:00:40+00"]);
        assert_eq!(times("0 6 L 2 *", "UTC", "2027-03-01T00:00:00Z", 1), ["02-29 06:00:00+00"]);
        assert_eq!(times("0 6 * * MON#2", "UTC", "2026-11-01T00:00:00Z", 1), ["11-09 06:00:00+00"]);
        assert_eq!(times("@daily", "UTC", "2026-11-26T04:00:05Z", 1), ["11-27 00:00:00+00"]);
    }

    /// An interval keeps its phase whatever the moment it is asked at.
    #[test]
    fn an_interval_is_counted_from_its_beginning() {
        let timetable = Timetable::parse("every 15m", UTC).expect("it is read");
        let from: Timestamp = "2026-11-26T04:07:00Z".parse().expect("a moment");
        for (after, next) in
            [("04:07:00", "04:22:00"), ("04:21:59", "04:22:00"), ("04:22:00", "04:37:00")]
        {
            let after = format!("2026-11-26T{after}Z").parse().expect("a moment");
            let due = timetable.next(from, after).map(|due| due.to_string());
            assert_eq!(due, Some(format!("2026-11-26T{next}.000Z")));
        }
        assert_eq!(every(Duration::from_secs(5_400)), "every 1h30m");
        assert_eq!(every(Duration::ZERO), "every 0s");
    }

    /// T49: what does not parse, and what never comes, is refused with the reason.
    #[test]
    fn what_cannot_be_a_rule_is_refused() {
        for (rule, zone, told) in [
            ("0 0 30 2 *", UTC, "no date fits"),
            ("0 0 31 4,6,9,11 *", UTC, "no date fits"),
            ("61 * * * *", UTC, "`61 * * * *`"),
            ("* * *", UTC, "it has 3"),
            ("0 0 1 1 * 2030 *", UTC, "it has 7"),
            ("", UTC, "it has 0"),
            ("täglich", UTC, "ASCII"),
            ("every 0s", UTC, "between one second"),
            ("every 1ms", UTC, "between one second"),
            ("every day", UTC, "is not a duration"),
            ("* * * * *", "Europe/Atlantis", "Europe/Atlantis"),
            ("* * * * *", "", "zone"),
        ] {
            let error = Timetable::parse(rule, zone).expect_err(rule).to_string();
            assert!(error.contains(told), "{rule}: {error}");
        }
    }

    /// No text makes the reader panic, or search for long.
    #[test]
    fn whatever_is_given_for_a_rule_is_answered() {
        const PARTS: &[u8] = b"0123456789*/,-#LW?+@ MONJAN every smhd";
        for seed in 0..3_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let length = random.usize(0..24);
            let text: Vec<u8> = (0..length).map(|_| PARTS[random.usize(0..PARTS.len())]).collect();
            let text = String::from_utf8(text).expect("ASCII");
            if let Ok(timetable) = Timetable::parse(&text, "Europe/Berlin") {
                let now = Timestamp::from_micros(1_800_000_000_000_000);
                let _ = timetable.next(now, now);
            }
        }
    }
}
