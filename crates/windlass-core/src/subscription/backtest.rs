//! What a filter would have done: it is held against the log before it is used.

use std::collections::BTreeMap;

use super::route::Seen;
use super::walk::walk;
use super::{EventSummary, Filter};
use crate::client::Client;
use crate::error::StoreError;
use crate::limits::{BACKTEST_EVENTS, BACKTEST_SAMPLES};
use crate::redact::covers;
use crate::time::Timestamp;

/// Which part of the log a filter is held against: its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// What came at this moment or later, by the store's clock.
    Since(Timestamp),
    /// So many events.
    Last(u64),
}

/// What a filter would have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backtest {
    /// It was held against events behind this position.
    pub after: u64,
    /// Up to this one.
    pub to: u64,
    /// Events of the span that were not looked at: it has more than the limit, and the newest were taken.
    pub left_out: u64,
    /// Events that were looked at.
    pub events: u64,
    /// Events of a wanted type that it was not held against: it looks at fields which their types mark.
    pub hidden: u64,
    /// How many it wants.
    pub fired: u64,
    /// Those by type.
    pub types: BTreeMap<String, u64>,
    /// The last of them, in their order.
    pub samples: Vec<EventSummary>,
}

/// Trying filters.
impl Client {
    /// Which events of the end of the log a filter wants, at most the last 100,000 of the span. Nothing is written. Events of a
    /// type that marks a field which the filter looks at are counted apart.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn backtest(&self, filter: &Filter, span: Span) -> Result<Backtest, StoreError> {
        let to = self.store().event_log().await?.last;
        let begin = match span {
            Span::Since(moment) => self.position_before(moment).await?.min(to),
            Span::Last(events) => to.saturating_sub(events),
        };
        let after = begin.max(to.saturating_sub(BACKTEST_EVENTS));
        let mut backtest = Backtest {
            after,
            to,
            left_out: after - begin,
            events: 0,
            hidden: 0,
            fired: 0,
            types: BTreeMap::new(),
            samples: Vec::new(),
        };
        let looks_at = filter.data_paths();
        walk(&**self.store(), (after, to), |event| {
            backtest.events += 1;
            let wants_type = filter.wants_type(&event.event_type);
            if wants_type && looks_at.iter().any(|path| covers(&event.meta.redact, path)) {
                backtest.hidden += 1;
                return;
            }
            let is_wanted = wants_type && {
                let seen = Seen::of(event);
                filter.matches(&seen.view(event))
            };
            if is_wanted {
                backtest.fire(event.into());
            }
        })
        .await?;
        Ok(backtest)
    }
}

impl Backtest {
    fn fire(&mut self, event: EventSummary) {
        self.fired += 1;
        *self.types.entry(event.event_type.clone()).or_default() += 1;
        if self.samples.len() == BACKTEST_SAMPLES {
            self.samples.remove(0);
        }
        self.samples.push(event);
    }
}
