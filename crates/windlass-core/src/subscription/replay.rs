//! Replay: a part of the log once more, for a subscription as it is or as it would be.

use std::num::NonZeroU32;

use super::route::Seen;
use super::walk::walk;
use super::{EventSummary, Filter, Pace, Start, Subscription, SubscriptionRecord, Target};
use crate::client::Client;
use crate::error::StoreError;
use crate::job::{self, Field, State, Term};
use crate::limits::BACKTEST_SAMPLES;
use crate::operation::{Action, NewOperation, OperationRecord};

/// What is fed once more, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Events behind this position.
    pub after: u64,
    /// Up to this one.
    pub to: u64,
    /// Only those that this filter wants too; the subscription's own filter where it is not said.
    pub filter: Option<Filter>,
    /// For jobs of this kind instead, such as one that only writes down what it would do.
    pub kind: Option<String>,
    /// At most so many of its jobs are unfinished; the subscription's own credit where it is not said.
    pub credit: Option<NonZeroU32>,
    /// At most so many jobs in a time, for a target that others need too.
    pub pace: Option<Pace>,
    /// It begins only where exactly so many events would be fed.
    pub expect: Option<u64>,
}

/// What a replay would feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayPreview {
    /// How many events.
    pub events: u64,
    /// The last of them, in their order.
    pub samples: Vec<EventSummary>,
}

impl Replay {
    /// All events behind a position, up to another, as the subscription wants them now.
    #[must_use]
    pub const fn between(after: u64, to: u64) -> Self {
        Self { after, to, filter: None, kind: None, credit: None, pace: None, expect: None }
    }

    /// Begins only where exactly so many events would be fed.
    #[must_use]
    pub const fn expect(mut self, events: u64) -> Self {
        self.expect = Some(events);
        self
    }
}

impl ReplayPreview {
    /// Nothing, where so many events are what was expected.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another number was.
    pub fn unless_other(&self, expected: Option<u64>) -> Result<(), StoreError> {
        let found = self.events;
        match expected.filter(|expected| *expected != found) {
            None => Ok(()),
            Some(expected) => {
                let what =
                    format!("expected {expected} events, found {found}; nothing was written");
                Err(StoreError::Conflict { what })
            }
        }
    }
}

/// Replays.
impl Client {
    /// Feeds a part of the log once more: new jobs, tagged `replay`, with the events as they are in the log. It is a subscription of
    /// its own, named after the one it is of, that can be paused and removed, and goes once it is through. Its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such subscription, [`StoreError::Conflict`] while a replay of it is under way and
    /// where it expects another number of events, otherwise what kept the store from writing.
    pub async fn replay(&self, name: &str, replay: &Replay) -> Result<String, StoreError> {
        let all = self.subscriptions().await?;
        let of =
            |name: &str| -> Option<&SubscriptionRecord> { all.iter().find(|one| one.name == name) };
        let none = || StoreError::NotFound { what: format!("the subscription {name}") };
        let mut definition = of(name).ok_or_else(none)?.definition.clone();
        let own = own_name(name);
        if of(&own).is_some() {
            let what = format!("a replay of {name} is under way: {own} goes once it is through");
            return Err(StoreError::Conflict { what });
        }
        if let Some(filter) = &replay.filter {
            definition.filter = filter.clone();
        }
        match (&mut definition.target, &replay.kind) {
            (Target::Job(target), Some(kind)) => target.kind.clone_from(kind),
            (Target::Job(_), None) => {}
            (target, Some(kind)) => *target = Target::kind(kind),
            (_, None) => {
                let what = format!(
                    "{name} makes no jobs, and what it tells is told once: say for jobs of which kind its events are to be replayed"
                );
                return Err(StoreError::Conflict { what });
            }
        }
        definition.credit = replay.credit.or(definition.credit);
        definition.pace = replay.pace.or(definition.pace);
        if replay.expect.is_some() {
            self.fed_by(&definition, replay).await?.unless_other(replay.expect)?;
        }
        self.subscribe(&own, &definition, Start::Between(replay.after, replay.to)).await?;
        Ok(own)
    }

    /// What a replay would feed: how many events, and the last of them. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such subscription, otherwise when the store cannot be asked.
    pub async fn preview_replay(
        &self,
        name: &str,
        replay: &Replay,
    ) -> Result<ReplayPreview, StoreError> {
        let none = || StoreError::NotFound { what: format!("the subscription {name}") };
        let record = self.subscription(name).await?.ok_or_else(none)?;
        self.fed_by(&record.definition, replay).await
    }

    async fn fed_by(
        &self,
        definition: &Subscription,
        replay: &Replay,
    ) -> Result<ReplayPreview, StoreError> {
        let filter = replay.filter.as_ref().unwrap_or(&definition.filter);
        let mut found = ReplayPreview::default();
        walk(&**self.store(), (replay.after, replay.to), |event| {
            let seen = Seen::of(event);
            if !filter.matches(&seen.view(event)) {
                return;
            }
            found.events += 1;
            if found.samples.len() == BACKTEST_SAMPLES {
                found.samples.remove(0);
            }
            found.samples.push(event.into());
        })
        .await?;
        Ok(found)
    }

    /// Takes a replay back: it goes, if it is under way, and an operation begins that cancels those jobs of the subscription's
    /// replays that have not begun. That operation can be watched, paused, and undone as any.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is neither such a subscription nor a replay of it, otherwise what kept the store from
    /// writing. The replay may be gone then, and its jobs be there: call it again.
    pub async fn undo_replay(&self, name: &str) -> Result<OperationRecord, StoreError> {
        let own = own_name(name);
        let replay = self.subscription(&own).await?.filter(|record| record.until.is_some());
        match replay {
            Some(_) => drop(self.unsubscribe(&own).await?),
            None if self.subscription(name).await?.is_none() => {
                return Err(StoreError::NotFound { what: format!("the subscription {name}") });
            }
            None => {}
        }
        self.start_operation(&undoing(name)).await
    }
}

/// The name of the subscription that a replay is.
fn own_name(of: &str) -> String {
    format!("{of}/replay")
}

/// The tag of the jobs of one subscription's replays: as long as the name of such a replay, so that it can be used where that can.
pub(super) fn own_tag(replay: &str) -> String {
    format!("replay:{}", replay.strip_suffix("/replay").unwrap_or(replay))
}

/// The operation that cancels what the replays of a subscription have written and nobody has begun.
#[must_use]
pub fn undoing(name: &str) -> NewOperation {
    let term = |field| Term { negated: false, field };
    let waiting = vec![State::Waiting, State::Scheduled, State::Available];
    let tags = vec![own_tag(&own_name(name))];
    let terms = vec![term(Field::State(waiting)), term(Field::Tag(tags))];
    let reason = format!("the replay of {name} was undone");
    NewOperation::new(Action::Cancel { reason }, job::Filter { terms })
}
