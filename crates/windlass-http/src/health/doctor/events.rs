//! Events: whether they are fed, and whether a subscription stands still.

use windlass::event::LogRecord;
use windlass::limits::REQUESTS;
use windlass::store::Store;
use windlass::subscription::{SubscriptionRecord, SubscriptionRequest};
use windlass::{StoreError, Timestamp};

use super::line::{Is, Line, line};
use super::{Check, Findings};
use crate::words::time::{count, span};

/// What the checks look at.
#[derive(Debug)]
pub(super) struct Events {
    log: LogRecord,
    /// When the first event got its position that those who are live were not fed; none where there is none.
    unfed_since: Option<Timestamp>,
    subscriptions: Vec<SubscriptionRecord>,
    requests: Vec<SubscriptionRequest>,
}

impl Events {
    pub(super) async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let (log, subscriptions) = (store.event_log().await?, store.subscriptions().await?.all);
        let first = match log.routed < log.last {
            true => store.events(log.routed, 1).await?.pop(),
            false => None,
        };
        let unfed_since = first.and_then(|event| event.recorded_at);
        let requests = store.subscription_requests(REQUESTS).await?;
        Ok(Self { log, unfed_since, subscriptions, requests })
    }
}

pub(super) fn all(found: &Findings) -> Vec<Check> {
    [unfed(found), paused(found), refused(found)].into_iter().flatten().collect()
}

fn unfed(found: &Findings) -> Option<Check> {
    let Events { log, unfed_since, subscriptions, .. } = &found.events;
    let age = found.facts.now.since((*unfed_since)?);
    if subscriptions.is_empty() || age < found.thresholds.latency {
        return None;
    }
    let events = count(log.last - log.routed, "event");
    let detail = format!("not fed to subscriptions yet: {events}, the first for {}", span(age));
    let fix = "a worker that leads feeds them: start one, and look at what the running ones log";
    Some(Check::problem("events", detail).fix(fix))
}

fn paused(found: &Findings) -> Option<Check> {
    let log = &found.events.log;
    let told = |one: &SubscriptionRecord| {
        let since = found.facts.now.since(one.paused_at?);
        let behind = one.behind(log);
        let (since, behind) = (span(since), (behind > 0).then(|| count(behind, "event"))?);
        let told = line().name(Is::Subscription, &one.name);
        Some(told.words(format!(": paused for {since}, {behind} behind")))
    };
    let told: Vec<Line> = found.events.subscriptions.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| {
        Check::warning("subscriptions", "subscriptions are paused while events come")
            .listing(told)
            .advise(line().like("windlass subscription resume NAME"))
    })
}

fn refused(found: &Findings) -> Option<Check> {
    let told = |request: &SubscriptionRequest| {
        let error = request.error.as_ref()?;
        Some(line().name(Is::Subscription, &request.name).words(format!(": {error}")))
    };
    let told: Vec<Line> = found.events.requests.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| {
        Check::warning("subscriptions", "what SQL asked for was refused")
            .listing(told)
            .advise("ask for it once more, as it should be")
    })
}
