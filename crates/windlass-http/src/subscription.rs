//! Subscriptions over HTTP.

mod act;
mod backtest;
mod definition;
mod document;
mod explain;
mod filter;
mod list;
mod put;
mod replay;
mod start;

use std::str::FromStr;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::StoreError;
use windlass::name::{NameError, check_subscription};
use windlass::subscription::SubscriptionRecord;

pub use backtest::{BacktestBody, backtested};
pub use document::{Alone, Standing, SubscriptionBody, document, standing};
pub use explain::{SubscriptionExplanationBody, explanation};
pub use filter::{FilterParts, Part, Wrong};
pub use put::{SubscriptionRemovedBody, removed};
pub use replay::{ReplayBody, replayed};
pub use start::EventStart;

use crate::api::Api;
use crate::problem::Problem;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show, put::put, put::remove))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(explain::explain))
        .routes(routes!(replay::replay))
        .routes(routes!(replay::undo))
        .routes(routes!(backtest::backtest))
}

/// The name of a subscription, in a path.
#[derive(Debug)]
struct Name(String);

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_subscription(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// The one with this name.
async fn find(api: &Api, name: &str) -> Result<SubscriptionRecord, Problem> {
    api.client().subscription(name).await?.ok_or_else(|| none(name))
}

fn none(name: &str) -> Problem {
    StoreError::NotFound { what: format!("the subscription {name}") }.into()
}
