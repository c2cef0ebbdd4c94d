//! Times, sizes and numbers for people.

use std::time::Duration;

use windlass::Timestamp;

/// A moment as seen from another: `3m ago`, `in 5m`, `now`.
#[must_use]
pub fn relative(moment: Timestamp, now: Timestamp) -> String {
    let (ago, ahead) = (now.since(moment), moment.since(now));
    if ahead.as_millis() >= 1_000 {
        format!("in {}", age(rounded(ahead)))
    } else if ago.as_millis() >= 1_000 {
        format!("{} ago", age(ago))
    } else {
        "now".to_owned()
    }
}

/// What is ahead is rounded, so that a job due in 5 hours does not say 4 a moment later.
fn rounded(ahead: Duration) -> Duration {
    let half = match ahead.as_secs() {
        0..60 => Duration::from_millis(500),
        60..3_600 => Duration::from_secs(30),
        3_600..172_800 => Duration::from_secs(1_800),
        _ => Duration::from_secs(43_200),
    };
    ahead + half
}

/// How long ago something was, in its largest unit: `12s`, `3m`, `5h`, `2d`.
#[must_use]
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long something took, in at most two units: `212ms`, `1.2s`, `4m 12s`, `3h 5m`, `2d 4h`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let two = |large: u64, unit: &str, small: u64, sub: &str| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit} {small}{sub}"),
    };
    match seconds {
        0 if duration.as_millis() == 0 => format!("{:.1}ms", duration.as_secs_f64() * 1_000.0),
        0 => format!("{}ms", duration.as_millis()),
        1..10 if duration.subsec_millis() >= 100 => {
            format!("{seconds}.{}s", duration.subsec_millis() / 100)
        }
        1..60 => format!("{seconds}s"),
        60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// How long something has lasted, in at most two units and without parts of a second.
#[must_use]
pub fn lasted(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => age(duration),
        seconds => span(Duration::from_secs(seconds)),
    }
}

/// A number with thin gaps between thousands: `1 204`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    spaced
}

/// A number with its noun: `1 job`, `2 jobs`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", self::number(number))
}

/// Bytes in a unit that fits: `41 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) if bytes < 10 * size => {
            format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size)
        }
        Some((unit, size)) => format!("{} {unit}", bytes / size),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_from_now() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let at = |seconds: i64| Timestamp::from_micros(now.as_micros() + seconds * 1_000_000);
        assert_eq!(relative(at(0), now), "now");
        assert_eq!(relative(at(-59), now), "59s ago");
        assert_eq!(relative(at(-180), now), "3m ago");
        assert_eq!(relative(at(7_300), now), "in 2h");
        assert_eq!(relative(at(17_990), now), "in 5h");
        assert_eq!(relative(at(-200_000), now), "2d ago");
    }

    #[test]
    fn spans_have_at_most_two_units() {
        for (millis, text) in [
            (212, "212ms"),
            (1_240, "1.2s"),
            (4_000, "4s"),
            (31_000, "31s"),
            (252_000, "4m 12s"),
            (3_600_000, "1h"),
            (187_200_000, "2d 4h"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
        assert_eq!(span(Duration::from_micros(340)), "0.3ms");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(1_284_007), "1 284 007");
        assert_eq!(number(12), "12");
        assert_eq!(count(1, "job"), "1 job");
        assert_eq!(count(2_000, "job"), "2 000 jobs");
        assert_eq!(bytes(41_300_000), "41 MB");
        assert_eq!(bytes(4_130_000), "4.1 MB");
        assert_eq!(bytes(12), "12 B");
    }
}
