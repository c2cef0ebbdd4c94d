//! Requests: changes of subscriptions that are asked for by SQL, which can check no filter. Who feeds makes them.

use serde::Serialize;

use super::Subscription;
use super::put::check_put;
use crate::error::StoreError;
use crate::limits::ANSWERED_REQUESTS;
use crate::store::{Now, Store};
use crate::time::Timestamp;

/// A change of a subscription that somebody has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionRequest {
    /// Its number, in the order in which they were asked for.
    #[serde(skip)]
    pub nth: u64,
    /// The subscription's name.
    pub name: String,
    /// What is asked for.
    pub change: RequestedChange,
    /// When it was asked for.
    pub at: Timestamp,
    /// Why it was refused; none while nobody who feeds has looked at it.
    pub error: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedChange {
    /// It is to be made, or changed.
    Put {
        /// What it is to be, as JSON: as a [`Subscription`] is stored.
        definition: String,
        /// It begins behind this position: the end of the log when it was asked for, where it was not said.
        after: u64,
    },
    /// It is to stand still.
    Pause,
    /// It is to go on.
    Resume,
    /// It is to be removed.
    Remove,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum RequestAnswer {
    /// The subscription is put so, where it was asked to begin.
    Put(Box<Subscription>),
    /// It stands still, goes on or is removed, as it is asked for.
    Done,
    /// Nothing, for this reason.
    Refused(String),
}

/// Answers what was asked for, in its order, a part of it; whether anything was answered, which somebody may have in his hands.
pub(super) async fn answer(store: &dyn Store, now: Now) -> Result<bool, StoreError> {
    let mut is_answered = false;
    for request in store.subscription_requests(ANSWERED_REQUESTS).await? {
        if request.error.is_none() {
            let answer = answer_of(store, &request).await?;
            is_answered |= store.answer_request(request.nth, &answer, now).await?;
        }
    }
    Ok(is_answered)
}

async fn answer_of(
    store: &dyn Store,
    request: &SubscriptionRequest,
) -> Result<RequestAnswer, StoreError> {
    let RequestedChange::Put { definition, .. } = &request.change else {
        return Ok(RequestAnswer::Done);
    };
    let definition: Subscription = match serde_json::from_str(definition) {
        Ok(definition) => definition,
        Err(error) => return Ok(RequestAnswer::Refused(error.to_string())),
    };
    match check_put(store, &request.name, &definition).await {
        Ok(()) => Ok(RequestAnswer::Put(Box::new(definition))),
        Err(refused @ (StoreError::Refused(_) | StoreError::Conflict { .. })) => {
            Ok(RequestAnswer::Refused(refused.to_string()))
        }
        Err(error) => Err(error),
    }
}
