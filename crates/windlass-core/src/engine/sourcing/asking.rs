//! What a page means, where it was asked for; and feeds that end before what was read.

use tokio::time::Instant;

use crate::limits::{SOURCE_BEHIND, SOURCE_PAGE, SOURCE_RECORDS};
use crate::source::{
    Asked, Behind, Ends, Held, Judged, Page, Position, SourceOptions, UpstreamError, judge,
};

/// Looks in a row that find the feed before what was read, at least, until it counts as reset.
const LOOKS: u32 = 3;

/// A source as its feed is asked.
pub(super) struct Asking {
    pub(super) name: String,
    pub(super) options: SourceOptions,
    pub(super) held: Held,
    pub(super) ends: Ends,
}

impl Asking {
    /// What the page means. One of a size that takes a while is judged on a thread where it is in nobody's way.
    pub(super) async fn judge(self, page: Page) -> Result<Result<Judged, Behind>, UpstreamError> {
        let records = page.records.len();
        if records > SOURCE_RECORDS {
            let what = format!(
                "the page has {records} records, above the limit of {SOURCE_RECORDS}: ask for fewer at a time"
            );
            return Err(UpstreamError::new(what));
        }
        if records <= SOURCE_PAGE {
            return Ok(self.judged(page));
        }
        match tokio::task::spawn_blocking(move || self.judged(page)).await {
            Ok(judged) => Ok(judged),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The program's runtime ends.
            Err(_) => std::future::pending().await,
        }
    }

    fn judged(&self, page: Page) -> Result<Judged, Behind> {
        let Held { epoch, ref position, disowned, .. } = self.held;
        let (name, options, ends) = (&self.name, &self.options, self.ends);
        judge(Asked { name, epoch, options, position, disowned, ends }, page)
    }
}

/// Since when the feed ends before what was read, in each look.
#[derive(Debug, Default)]
pub(super) struct Late(Option<Seen>);

#[derive(Debug)]
struct Seen {
    epoch: u64,
    position: Position,
    since: Instant,
    looks: u32,
}

impl Late {
    /// It does. Under another holder, or where another position was asked behind, it begins to.
    pub(super) fn seen(&mut self, held: &Held) {
        let looks = self.of(held).map_or(0, |seen| seen.looks);
        let since = self.of(held).map_or_else(Instant::now, |seen| seen.since);
        let (epoch, position) = (held.epoch, held.position.clone());
        self.0 = Some(Seen { epoch, position, since, looks: looks.saturating_add(1) });
    }

    /// What the feed is taken for where it does so once more.
    pub(super) fn taken_for(&self, held: &Held, options: &SourceOptions) -> Ends {
        let long = options.every.saturating_mul(2).min(SOURCE_BEHIND);
        let is_long = |seen: &Seen| seen.looks + 1 >= LOOKS && seen.since.elapsed() >= long;
        if self.of(held).is_some_and(is_long) { Ends::Reset } else { Ends::Late }
    }

    fn of(&self, held: &Held) -> Option<&Seen> {
        self.0.as_ref().filter(|seen| seen.epoch == held.epoch && seen.position == held.position)
    }
}
