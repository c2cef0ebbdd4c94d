//! Stats: what jobs did over time.

use super::Client;
use crate::error::StoreError;
use crate::reply::Now;
use crate::stats::{StatsQuery, StatsReport};

/// What jobs did.
impl Client {
    /// How many jobs came, started and ended, and how long they waited and ran, in steps of time: the 400 points at most that fit
    /// the time that is asked for. It reads what was summed up, so it costs the same whatever the number of jobs; what workers
    /// count they write each ten seconds, so the last points are still filling.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use windlass_core::client::Client;
    /// # use windlass_core::stats::{By, StatsQuery};
    /// # async fn show(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let query = StatsQuery::last(Duration::from_secs(3_600)).queue("mail*").by(By::Kind);
    /// for series in client.stats(&query).await?.series {
    ///     println!("{:?}: {} started, p95 {:?}", series.name, series.total.started, series.total.run.quantile(0.95));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn stats(&self, query: &StatsQuery) -> Result<StatsReport, StoreError> {
        self.stats_seen(query, &|_, _| true).await
    }

    /// The same for somebody who may not see everything: what is not seen is not counted. Asked with a queue and a kind, and with a
    /// queue alone where all its kinds are meant.
    ///
    /// # Errors
    /// As [`Client::stats`].
    pub async fn stats_seen(
        &self,
        query: &StatsQuery,
        may_see: &(dyn Fn(&str, Option<&str>) -> bool + Sync),
    ) -> Result<StatsReport, StoreError> {
        let rows = self.store.stats_rows(&query.ask(), Now::Database).await?;
        Ok(StatsReport::of(query, rows, may_see))
    }
}
