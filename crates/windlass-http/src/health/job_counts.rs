//! How far jobs are counted for what tells how things are.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use windlass::StoreError;
use windlass::job::Counts;
use windlass::store::Store;

/// How far jobs are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountAsked {
    /// How far waiting jobs are counted: unless it is `exact`, up to 10,000 of each queue and state, so that the answer takes the
    /// same time however many wait; `or_more` names the states of which there may be more.
    #[serde(default)]
    #[param(inline)]
    pub(crate) count: JobCounts,
}

/// How far waiting jobs are counted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobCounts {
    /// Up to 10,000 of each queue and state.
    #[default]
    Capped,
    /// One by one, as far as there is time.
    Exact,
}

impl JobCounts {
    pub(crate) async fn counts(self, store: &dyn Store) -> Result<Counts, StoreError> {
        match self {
            Self::Capped => store.capped_counts().await,
            Self::Exact => store.counts().await,
        }
    }
}
