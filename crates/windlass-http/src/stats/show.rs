//! What jobs did over time.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use windlass::limits::NAME_CHARS;
use windlass::stats::{By, StatsQuery};
use windlass::time::parse_duration;

use super::document::{StatsBody, document};
use crate::access::{MayIn, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::check;
use crate::extract::Asked;
use crate::problem::{Code, Problem};

/// How long ago the time begins unless it is said otherwise.
const SINCE: Duration = Duration::from_secs(60 * 60);

/// Which stats.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How long ago the time begins, such as `15m`, `24h` or `90d`; an hour unless given. It decides how much time a point is of.
    since: Option<String>,
    /// Of queues that fit this pattern, in which `*` stands for any run of characters.
    #[param(max_length = 128)]
    queue: Option<String>,
    /// Of kinds that fit this pattern.
    #[param(max_length = 128)]
    kind: Option<String>,
    /// A series for each queue, for each kind, or one of all, which is what is given otherwise.
    #[serde(default)]
    #[param(inline)]
    by: ByWord,
}

/// What a series is of.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StatsBy)]
enum ByWord {
    Queue,
    Kind,
    #[default]
    None,
}

impl From<ByWord> for By {
    fn from(word: ByWord) -> Self {
        match word {
            ByWord::Queue => Self::Queue,
            ByWord::Kind => Self::Kind,
            ByWord::None => Self::All,
        }
    }
}

/// Show stats
///
/// How many came, started, ended and died, and how long they waited and ran, in at most 400 points. It is read from what was summed
/// up, so it costs the same whatever the number of jobs. Who is limited to queues or kinds gets those of them; who is limited
/// to tags none, since nothing is summed up by tag.
#[utoipa::path(
    get,
    path = "/stats",
    tag = "stats",
    params(Wanted),
    responses((status = 200, description = "What jobs did.", body = Document<StatsBody>))
)]
pub(super) async fn show(
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let grant = may.caller.grant();
    if grant.is_limited_to_tags() {
        let detail = format!(
            "{} is limited to tags, and stats are summed up by queue and kind alone",
            may.caller.name()
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let by = By::from(wanted.by);
    let may_see = |queue: &str, kind: Option<&str>| match kind {
        Some(kind) => grant.covers_place(queue, kind),
        None => grant.kinds.is_empty() && grant.covers_queue(queue),
    };
    let report = api.client().stats_seen(&wanted.query(by)?, &may_see).await?;
    Ok(ok(&document(&report, by)))
}

impl Wanted {
    fn query(&self, by: By) -> Result<StatsQuery, Problem> {
        let read = |text: &String| {
            let back = parse_duration(text).map_err(|error| error.to_string())?;
            if back.is_zero() { Err("expected some time".to_owned()) } else { Ok(back) }
        };
        let back = self.since.as_ref().map(read).transpose();
        let back = back.map_err(|what| Problem::parameter("since", what))?.unwrap_or(SINCE);
        let mut query = StatsQuery::last(back).by(by);
        if let Some(pattern) = pattern("queue", self.queue.as_ref())? {
            query = query.queue(pattern);
        }
        if let Some(pattern) = pattern("kind", self.kind.as_ref())? {
            query = query.kind(pattern);
        }
        Ok(query)
    }
}

fn pattern<'a>(name: &str, said: Option<&'a String>) -> Result<Option<&'a str>, Problem> {
    let said = said.map(String::as_str);
    check::parameter(name, said, NAME_CHARS * 4)?;
    Ok(said)
}
