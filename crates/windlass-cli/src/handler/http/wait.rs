//! `Retry-After`: seconds, or a moment.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use windlass::Timestamp;
use windlass::limits::RETRY_CAP;

/// How long the target wants to be left alone, at most as long as any other retry may wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    let delay = match wanted.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            // Both moments by the target's own clock where it tells it.
            let now = text(DATE).and_then(moment).unwrap_or_else(Timestamp::wall_clock);
            moment(wanted)?.since(now)
        }
    };
    Some(delay.min(RETRY_CAP))
}

/// Reads the one form of date that HTTP still allows to be sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn moment(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn waits(wanted: &'static str, date: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(wanted));
        headers.insert(DATE, HeaderValue::from_static(date));
        retry_after(&headers)
    }

    #[test]
    fn both_forms_are_understood() {
        const NOW: &str = "Sun, 06 Nov 1994 08:49:30 GMT";
        assert_eq!(waits("7", NOW), Some(Duration::from_secs(7)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT", NOW), Some(Duration::from_secs(7)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:00 GMT", NOW), Some(Duration::ZERO));
        assert_eq!(waits("99999999999", NOW), Some(RETRY_CAP));
        assert_eq!(waits("soon", NOW), None);
        assert_eq!(waits("-7", NOW), None);
    }
}
