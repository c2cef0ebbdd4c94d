//! Which batch is meant: its id, or its key.

use std::str::FromStr;

use windlass::BatchId;
use windlass::batch::{BatchFilter, BatchRecord};
use windlass::limits::KEY_BYTES;

use crate::api::Api;
use crate::check;
use crate::problem::{Code, Problem};

/// A batch or a workflow as a path names it.
#[derive(Debug)]
pub(crate) enum BatchName {
    Id(BatchId),
    Key(String),
}

impl FromStr for BatchName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        check::text(text, KEY_BYTES)?;
        Ok(Self::Key(text.to_owned()))
    }
}

impl BatchName {
    /// The batch.
    pub(crate) async fn find(&self, api: &Api) -> Result<BatchRecord, Problem> {
        let found = match self {
            Self::Id(id) => api.client().batch(*id).await?,
            Self::Key(key) => {
                let filter = BatchFilter { key: Some(key.clone()), ..BatchFilter::default() };
                api.client().batches(&filter, 1).await?.pop()
            }
        };
        found.ok_or_else(|| {
            let what = match self {
                Self::Id(id) => id.to_string(),
                Self::Key(key) => format!("with the key {key:?}"),
            };
            Problem::new(Code::NotFound, format!("there is no batch or workflow {what}"))
        })
    }
}
