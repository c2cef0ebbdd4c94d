//! Operations begin.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::OperationId;
use windlass::operation::{Action, NewOperation};

use super::document::{OperationBody, PreviewBody, document, preview};
use crate::access::{MayIn, Operate};
use crate::answer::{Document, accepted, ok};
use crate::api::Api;
use crate::ending::note;
use crate::extract::Body;
use crate::filter;
use crate::job::within;
use crate::limits::LARGEST_COUNT;
use crate::problem::{Code, Problem};
use crate::schema;

/// An operation that is to begin, or to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOperation)]
pub(super) struct NewOperationBody {
    /// `op_` and 26 letters and digits: a second call with it begins no second operation. A new one unless given.
    #[schema(value_type = Option<schema::OperationId>)]
    id: Option<OperationId>,
    #[schema(value_type = schema::OperationWord)]
    action: ActionWord,
    /// Which jobs, such as `state:dead kind:img.* since:24h`. One that names no state means those that the action is for: dead ones
    /// are retried, those that have not ended cancelled, those that neither run nor have ended moved, those that have ended deleted.
    #[schema(min_length = 1, max_length = 4096)]
    filter: String,
    /// Of a move: the queue that they are given to.
    #[schema(max_length = 128)]
    queue: Option<String>,
    /// Of a cancel: why, kept with the jobs. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    reason: Option<String>,
    /// It begins only where exactly so many jobs match; otherwise 409.
    #[schema(maximum = 9_223_372_036_854_775_807_u64)]
    expect: Option<u64>,
    /// At most so many jobs in a time: `100/s`, `30/m` or `500/h`.
    #[schema(max_length = 32)]
    pace: Option<String>,
    /// Why; it is shown with the operation. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    note: Option<String>,
    /// Count the jobs and show some; begin nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is done to each job.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionWord {
    /// They are available again, with their failures at zero.
    Retry,
    /// They never start; those that run are told to stop.
    Cancel,
    /// They are given to another queue.
    Move,
    /// Those that have ended are removed.
    Delete,
}

impl NewOperationBody {
    /// The operation, within what its caller is limited to.
    fn operation(self, api: &Api, may: &MayIn<Operate>) -> Result<NewOperation, Problem> {
        let filter = filter::of_jobs(api, Some(&self.filter))?;
        if filter.terms.is_empty() {
            let detail = "the filter is empty: say which jobs, such as state:dead";
            return Err(Problem::body("/filter".to_owned(), detail));
        }
        let action = action(may, self.action, (self.queue, note("/reason", self.reason)?))?;
        let mut new = NewOperation::new(action, filter);
        new.filter = within(new.filter, may.caller.grant());
        if !may.caller.grant().covers_filter(&new.filter) {
            let name = may.caller.name();
            let detail = format!("{name} is not for the tags of this filter; nothing was written");
            return Err(Problem::new(Code::Forbidden, detail));
        }
        new.id = self.id.unwrap_or(new.id);
        new.expect = self.expect;
        if self.expect.is_some_and(|jobs| jobs > LARGEST_COUNT) {
            return Err(Problem::body("/expect".to_owned(), format!("at most {LARGEST_COUNT}")));
        }
        let pace = self.pace.map(|pace| pace.parse()).transpose();
        new.pace = pace.map_err(|error: windlass::subscription::ParsePaceError| {
            Problem::body("/pace".to_owned(), error.to_string())
        })?;
        new.note = note("/note", self.note)?;
        new.origin = Some(may.caller.name().to_owned());
        Ok(new)
    }
}

fn action(
    may: &MayIn<Operate>,
    word: ActionWord,
    (queue, reason): (Option<String>, Option<String>),
) -> Result<Action, Problem> {
    if queue.is_some() && !matches!(word, ActionWord::Move) {
        return Err(Problem::body("/queue".to_owned(), "stands with the action `move` alone"));
    }
    if reason.is_some() && !matches!(word, ActionWord::Cancel) {
        return Err(Problem::body("/reason".to_owned(), "stands with the action `cancel` alone"));
    }
    let by = || format!("cancelled by {}", may.caller.name());
    Ok(match word {
        ActionWord::Retry => Action::Retry,
        ActionWord::Delete => Action::Delete,
        ActionWord::Cancel => Action::Cancel { reason: reason.unwrap_or_else(by) },
        ActionWord::Move => {
            let needed = || {
                Problem::body("/queue".to_owned(), "a move needs the queue that they are given to")
            };
            let queue = queue.ok_or_else(needed)?;
            if !may.caller.grant().covers_queue(&queue) {
                let detail =
                    format!("{} is not for queue {queue}; nothing was written", may.caller.name());
                return Err(Problem::new(Code::Forbidden, detail));
            }
            Action::Move { queue }
        }
    })
}

/// Begin an operation
///
/// One change of all jobs that match now, in rounds: `GET` its id to see how far it is. Who is limited to some queues, kinds
/// or tags changes jobs of these alone. With `dry_run` nothing begins, and the answer, with status 200, is how many jobs match and a few of them.
#[utoipa::path(
    post,
    path = "/operations",
    tag = "operations",
    request_body = NewOperationBody,
    responses(
        (status = 202, description = "It has begun.", body = Document<OperationBody>),
        (status = 200, description = "What it would find.", body = Document<PreviewBody>)
    )
)]
pub(super) async fn start(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Body(body): Body<NewOperationBody>,
) -> Result<Response, Problem> {
    let is_dry = body.dry_run;
    let new = body.operation(&api, &may)?;
    if is_dry {
        return previewed(&api, &new).await;
    }
    let begun = api.client().start_operation(&new).await?;
    // One with this id may have been there, of another caller.
    if !may.caller.grant().covers_filter(&begun.filter) {
        return Err(Problem::conflict(format!("there is an operation {}", begun.id)));
    }
    Ok(accepted(&document(&begun)))
}

/// What an operation would find.
pub(crate) async fn previewed(api: &Api, new: &NewOperation) -> Result<Response, Problem> {
    let mut found = api.client().preview_operation(new).await?;
    let samples = std::mem::take(&mut found.samples).into_iter();
    let samples: Vec<_> = samples.map(|job| api.redaction().job(job)).collect();
    Ok(ok(&preview(new, &found, &samples)))
}
