//! Why a job is where it is, as structure and in words: `explanation.v1`.

#[cfg(test)]
mod every;
mod line;
mod near;
mod next;
mod words;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::job::{Explanation, Gate, Next, Passage, Standing, Step};
use windlass::{Client, JobId, State as JobState, StoreError, Timestamp};

use self::words::Sight;
use super::{bounds, show};
use crate::access::{MayIn, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;
use crate::schema;
use crate::words::time::relative;

pub use next::{commands, without_remark};
pub use words::Words;

pub(crate) use words::Moment;

/// Why a job is where it is, as it was at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationBody<'a> {
    /// The job.
    #[schema(value_type = schema::JobId)]
    job: JobId,
    /// Its kind.
    kind: &'a str,
    /// The version of its args.
    version: u16,
    /// Its queue.
    queue: &'a str,
    #[schema(value_type = schema::State)]
    state: JobState,
    /// The moment of this, by the database's clock.
    #[schema(value_type = schema::Moment)]
    now: Timestamp,
    /// Since when it is there: when it was due, was claimed or ended.
    #[schema(value_type = schema::Moment)]
    since: Timestamp,
    /// Where it stands, since when, and what happens next, in words. Moments in words are as seen from `now`.
    says: String,
    /// Every gate on its way, those that are open among them.
    gates: Vec<PassageBody<'a>>,
    /// Jobs of its lane or line that are claimed before it; of its queue, where it stands in none.
    ahead: Option<u64>,
    #[schema(value_type = schema::explanation::Next)]
    next: &'a Next,
    /// What a person can do about it: commands of the command line, which may have a remark in brackets behind them.
    commands: Vec<String>,
    /// What may have been meant by a name that no worker knows. Empty for callers who are limited to some jobs.
    notes: Vec<String>,
}

/// A gate, whether it is open, and what is the matter with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passage)]
struct PassageBody<'a> {
    #[schema(value_type = schema::explanation::Standing)]
    standing: Standing,
    #[serde(flatten)]
    #[schema(value_type = schema::explanation::Gate)]
    gate: &'a Gate,
    /// The same in words.
    says: String,
}

/// Why a job is where it is, as `explanation.v1`, with these notes.
#[must_use]
pub fn explanation(explained: &Explanation, notes: Vec<String>) -> Document<ExplanationBody<'_>> {
    document(explained, notes, Sight::All)
}

fn document(
    explained: &Explanation,
    notes: Vec<String>,
    sight: Sight,
) -> Document<ExplanationBody<'_>> {
    let moment = |at| relative(at, explained.now);
    let words = Words::of(explained, &moment).seen_by(sight);
    let body = ExplanationBody {
        job: explained.job,
        kind: &explained.kind,
        version: explained.version,
        queue: &explained.queue,
        state: explained.state,
        now: explained.now,
        since: explained.since,
        says: format!("{}, {}; next: {}", explained.state, words.age(), words.next()),
        gates: explained.gates.iter().map(|passage| gate(&words, passage)).collect(),
        ahead: explained.ahead,
        next: &explained.next,
        commands: commands(explained),
        notes,
    };
    Document::new("explanation.v1", body)
}

fn gate<'a>(words: &Words<'_>, passage: &'a Passage) -> PassageBody<'a> {
    PassageBody { standing: passage.standing, gate: &passage.gate, says: words.gate(passage) }
}

/// What may have been meant by a name of this job that no live worker knows.
///
/// # Errors
/// When the store cannot be asked.
pub async fn notes(client: &Client, explained: &Explanation) -> Result<Vec<String>, StoreError> {
    if explained.next.step != Step::Worker {
        return Ok(Vec::new());
    }
    Ok(near::notes(explained, &client.workers().await?))
}

/// Explain a job
///
/// Every gate between it and a worker, who holds it shut, and what happens next and when, each in words too. Who is limited to
/// some jobs is not told which other ones are before it.
#[utoipa::path(
    get,
    path = "/jobs/{id}/explain",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "Why it is where it is.", body = Document<ExplanationBody>))
)]
pub(super) async fn explain(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    show::of(&may, &api, id).await?;
    let mut explained = api.client().explain(id).await?.ok_or_else(|| StoreError::no_job(id))?;
    if may.caller.grant().is_limited() {
        bounds::withhold(&may, api.client(), &mut explained).await?;
        return Ok(ok(&document(&explained, Vec::new(), Sight::Some)));
    }
    let notes = notes(api.client(), &explained).await?;
    Ok(ok(&explanation(&explained, notes)))
}
