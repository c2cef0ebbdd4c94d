//! How often a filter would have fired.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::subscription::{Backtest, Filter, Span};
use windlass::time::micros;

use super::definition::read_filter;
use super::{FilterParts, find};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::event::{EventSummaryBody, sequence, summary};
use crate::extract::Body;
use crate::filter::check_wanted;
use crate::problem::Problem;
use crate::schema;

/// Events that are looked at unless said otherwise.
const LAST: u64 = 10_000;

/// What a filter would have done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backtest)]
pub struct BacktestBody<'a> {
    /// The filter as a person reads it.
    wants: String,
    /// Events behind this position were looked at.
    after: u64,
    /// Up to this one.
    to: u64,
    /// Events of the span that were not looked at: it has more than the limit, and the newest were taken.
    left_out: u64,
    /// Events that were looked at.
    events: u64,
    /// Events that it was not held against, since it looks at fields which their types mark as not to be shown. Absent where there
    /// are none.
    #[serde(skip_serializing_if = "is_none")]
    hidden: u64,
    /// How many it wants.
    fired: u64,
    /// Those by type.
    types: &'a BTreeMap<String, u64>,
    /// The last of them.
    samples: Vec<EventSummaryBody<'a>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(number: &u64) -> bool {
    *number == 0
}

/// What a filter would have done, as `backtest.v1`.
#[must_use]
pub fn backtested<'a>(filter: &Filter, backtest: &'a Backtest) -> Document<BacktestBody<'a>> {
    Document::new(
        "backtest.v1",
        BacktestBody {
            wants: filter.to_string(),
            after: backtest.after,
            to: backtest.to,
            left_out: backtest.left_out,
            events: backtest.events,
            hidden: backtest.hidden,
            fired: backtest.fired,
            types: &backtest.types,
            samples: backtest.samples.iter().map(summary).collect(),
        },
    )
}

/// Which filter is tried, and on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBacktest {
    /// A subscription whose filter is tried.
    #[schema(max_length = 128)]
    subscription: Option<String>,
    /// Types, or patterns such as `order.*`. `types`, `filter` and `sql` hold together, and stand without `subscription`.
    #[serde(default)]
    #[schema(max_items = 100)]
    types: Vec<String>,
    /// A filter.
    #[schema(value_type = Option<schema::Filter>)]
    filter: Option<Value>,
    /// An SQL expression of CloudEvents.
    #[schema(max_length = 4096)]
    sql: Option<String>,
    /// Events of so many milliseconds until now.
    since_ms: Option<u64>,
    /// So many of the last events; 10,000 where neither is given. Of more than 100,000 the newest are taken.
    #[schema(minimum = 1)]
    last: Option<u64>,
}

/// Try a filter
///
/// How often it would have fired on what is in the log. Nothing is made.
#[utoipa::path(
    post,
    path = "/subscriptions/backtest",
    tag = "subscriptions",
    request_body = NewBacktest,
    responses((status = 200, description = "What it would have done.", body = Document<BacktestBody>))
)]
pub(super) async fn backtest(
    _may: May<Read>,
    State(api): State<Api>,
    Body(asked): Body<NewBacktest>,
) -> Result<Response, Problem> {
    let NewBacktest { subscription, types, filter, sql, since_ms, last } = asked;
    let parts = FilterParts { types, filter, sql };
    if subscription.is_some() && parts.is_given() {
        let detail = "stands without `types`, `filter` and `sql`";
        return Err(Problem::body("/subscription".to_owned(), detail));
    }
    let span = match (since_ms, last) {
        (Some(_), Some(_)) => {
            return Err(Problem::body("/last".to_owned(), "stands without `since_ms`"));
        }
        (_, Some(0)) => return Err(Problem::body("/last".to_owned(), "expected 1 or more")),
        (Some(since), None) => Span::Since(before(&api, Duration::from_millis(since)).await?),
        (None, last) => Span::Last(last.unwrap_or(LAST)),
    };
    let filter = match &subscription {
        Some(name) => find(&api, name).await?.definition.filter,
        None => read_filter(parts)?,
    };
    check_wanted(&api, &filter)?;
    sequence(&api).await?;
    let backtest = api.client().backtest(&filter, span).await?;
    Ok(ok(&backtested(&filter, &backtest)))
}

/// By the store's clock, which gave the events their times.
async fn before(api: &Api, time: Duration) -> Result<Timestamp, Problem> {
    let now = api.store().facts().await?.now;
    Ok(Timestamp::from_micros(now.as_micros().saturating_sub(micros(time))))
}
