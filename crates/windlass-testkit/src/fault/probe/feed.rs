//! The feed that a probe reads: numbers up to an end, some at a time.

use std::time::Duration;

use windlass_core::event::NewEvent;
use windlass_core::json::Json;
use windlass_core::source::{Page, Position, Read, SourceOptions, Upstream, UpstreamError};
use windlass_core::time::Timestamp;

/// Records of one page.
const PAGE: u64 = 100;
/// How long a page takes.
const TAKES: Duration = Duration::from_millis(5);

/// Records that one that grows gets in a second.
const A_SECOND: i64 = 10;

/// A feed of so many records. Each says which process has read it.
pub(super) struct CountedFeed {
    pub(super) records: u64,
    /// Since when it grows.
    pub(super) since: Option<i64>,
}

impl CountedFeed {
    fn head(&self) -> u64 {
        let grown = |since: i64| {
            let micros = Timestamp::wall_clock().as_micros() - since;
            u64::try_from(micros * A_SECOND / 1_000_000).unwrap_or_default()
        };
        self.since.map_or(self.records, |since| grown(since).min(self.records))
    }
}

/// Times are scaled down like all others.
pub(super) fn options() -> SourceOptions {
    SourceOptions::default().every(Duration::from_millis(50)).hold(Duration::from_millis(900))
}

impl Upstream for CountedFeed {
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        tokio::time::sleep(TAKES).await;
        let first = after.number.unwrap_or(0) + 1;
        let head = self.head();
        let last = head.min(first + PAGE - 1);
        let read = |number| {
            let data = Json::args(format!(r#"{{"process":{}}}"#, std::process::id()))?;
            Ok(Read::numbered(number, NewEvent::new("counted", data)))
        };
        let records = (first..=last).map(read).collect::<Result<Vec<_>, UpstreamError>>()?;
        let page = Page::new(records).oldest(1).head(head);
        Ok(if last < head { page.and_more() } else { page })
    }
}
