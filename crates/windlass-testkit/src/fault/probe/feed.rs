//! The feed that a probe reads: numbers up to an end, some at a time.

use std::time::Duration;

use windlass_core::event::NewEvent;
use windlass_core::json::Json;
use windlass_core::source::{Page, Position, Read, SourceOptions, Upstream, UpstreamError};

/// Records of one page.
const PAGE: u64 = 100;
/// How long a page takes.
const TAKES: Duration = Duration::from_millis(5);

/// A feed of so many records. Each says which process has read it.
pub(super) struct CountedFeed(pub(super) u64);

/// Times are scaled down like all others.
pub(super) fn options() -> SourceOptions {
    SourceOptions::default().every(Duration::from_millis(50)).hold(Duration::from_millis(900))
}

impl Upstream for CountedFeed {
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        tokio::time::sleep(TAKES).await;
        let first = after.number.unwrap_or(0) + 1;
        let last = self.0.min(first + PAGE - 1);
        let read = |number| {
            let data = Json::args(format!(r#"{{"process":{}}}"#, std::process::id()))?;
            Ok(Read::numbered(number, NewEvent::new("counted", data)))
        };
        let records = (first..=last).map(read).collect::<Result<Vec<_>, UpstreamError>>()?;
        let page = Page::new(records).oldest(1).head(self.0);
        Ok(if last < self.0 { page.and_more() } else { page })
    }
}
