//! Steps that a remote worker has done: they are kept with the job, and later attempts get them with their claim.

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::Json;
use windlass::job::{Fence, Fenced};
use windlass::step::{Others, behind};
use windlass::store::Now;

use super::registry::Remote;
use crate::api::Api;
use crate::limits::REPORT_STEPS;
use crate::problem::Problem;

/// A step that is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStep)]
pub(super) struct StepBody {
    /// Its name, which no other step of the job has.
    name: String,
    /// What it returned; null unless given.
    #[schema(value_type = Option<serde_json::Value>)]
    output: Option<Box<RawValue>>,
}

/// The names and outputs of what a report says.
pub(super) fn read(steps: Vec<StepBody>) -> Result<Vec<(String, Json)>, Problem> {
    if steps.len() > REPORT_STEPS {
        let detail = format!("at most {REPORT_STEPS}, found {}", steps.len());
        return Err(Problem::body("/steps".to_owned(), detail));
    }
    let read = |(nth, step): (usize, StepBody)| {
        let output = step.output.map_or_else(|| Box::from("null"), Box::<str>::from);
        let at = |error| Problem::body(format!("/steps/{nth}/output"), format!("{error}"));
        Ok((step.name, Json::output(output).map_err(at)?))
    };
    steps.into_iter().enumerate().map(read).collect()
}

/// Records them behind those that are recorded; `None` where all of them are.
pub(super) async fn record(
    api: &Api,
    remote: &Remote,
    fence: &Fence,
    done: Vec<(String, Json)>,
) -> Result<Option<Fenced>, Problem> {
    if done.is_empty() {
        return Ok(None);
    }
    let _one = remote.recording.lock().await;
    let recorded = api.store().recall(fence, Now::Database).await?.steps;
    let steps = behind(recorded, done)
        .map_err(|error| Problem::body("/steps".to_owned(), error.to_string()))?;
    if steps.is_empty() {
        return Ok(None);
    }
    Ok(Some(api.store().record_steps(fence, &steps, Others::Stay, Now::Database).await?))
}
