//! Replay: a part of the log once more, for a subscription as it is or as it would be.

use std::num::NonZeroU32;

use super::{Filter, Pace, Start, SubscriptionRecord, Target};
use crate::client::Client;
use crate::error::StoreError;

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
}

impl Replay {
    /// All events behind a position, up to another, as the subscription wants them now.
    #[must_use]
    pub const fn between(after: u64, to: u64) -> Self {
        Self { after, to, filter: None, kind: None, credit: None, pace: None }
    }
}

/// Replays.
impl Client {
    /// Feeds a part of the log once more: new jobs, tagged `replay`, with the events as they are in the log. It is a subscription of
    /// its own, named after the one it is of, that can be paused and removed, and goes once it is through. Its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such subscription, [`StoreError::Conflict`] while a replay of it is under way,
    /// otherwise what kept the store from writing.
    pub async fn replay(&self, name: &str, replay: &Replay) -> Result<String, StoreError> {
        let all = self.subscriptions().await?;
        let of =
            |name: &str| -> Option<&SubscriptionRecord> { all.iter().find(|one| one.name == name) };
        let none = || StoreError::NotFound { what: format!("the subscription {name}") };
        let mut definition = of(name).ok_or_else(none)?.definition.clone();
        let own = format!("{name}/replay");
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
        self.subscribe(&own, &definition, Start::Between(replay.after, replay.to)).await?;
        Ok(own)
    }
}
