//! The verbs of health.

pub(crate) mod jobs;
pub(crate) mod lanes;
pub(crate) mod leader;
pub(crate) mod stuck;

use windlass_core::health::{HealthStore, Lanes, Observed, Thresholds};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl HealthStore for PostgresStore {
    fn observe<'a>(&'a self, thresholds: &'a Thresholds, now: Now) -> Reply<'a, Observed> {
        Box::pin(async move {
            let at = self.claims.now(now).await?;
            let mut ready = jobs::ready(&self.claims, thresholds, at).await?;
            ready.extend(jobs::in_line(&self.claims, thresholds, at).await?);
            Ok(Observed {
                at,
                ready,
                failing: jobs::failing(&self.claims, thresholds).await?,
                parked: jobs::parked(&self.claims, thresholds).await?,
                running: jobs::running(&self.claims, thresholds, at).await?,
                dead: jobs::dead(&self.claims, thresholds, at).await?,
                lanes: lanes::lanes(&self.claims).await?,
                stuck: stuck::stuck(&self.claims, thresholds).await?,
                leader: leader::leader(&self.claims).await?,
            })
        })
    }

    fn lanes(&self) -> Reply<'_, Lanes> {
        Box::pin(lanes::lanes(&self.claims))
    }
}
