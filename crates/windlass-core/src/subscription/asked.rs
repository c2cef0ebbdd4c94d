//! Who gets an event, and what a subscription gets: two questions with one rule behind them.

use super::explain::near_miss;
use super::route::{Seen, depth_below, signal};
use super::together::{self, Together, Wanted};
use super::walk::walk;
use super::{EventSummary, EventView, Explanation, Progress, SubscriptionRecord, Target, job_of};
use crate::client::Client;
use crate::error::StoreError;
use crate::event::{EventRecord, IntoEvent, LogRecord};
use crate::filter::Path;
use crate::id::{EventId, JobId};
use crate::job::State;
use crate::limits::{EXPLAINED_EVENTS, TREE_DEPTH};
use crate::time::Timestamp;

/// What a subscription makes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Its filter does not want it.
    Unwanted,
    /// Its filter wants it, but it begins behind it.
    Before,
    /// It wants it, and has not come so far.
    Waiting,
    /// It wants it, and stands still before it.
    Paused,
    /// It wants it, and has got it: this job, unless its filter was another one then.
    Fed(JobId),
    /// It wants it, and it waits for others until then, to become a job with them.
    Gathered(Timestamp),
    /// It wants it, and was fed it together with others: the job that they became is gone.
    Ended,
    /// It wants it, and it was told as a signal.
    Told,
    /// It wants it, and it was published once more.
    Published,
    /// It wants it, but is too deep in its tree to be published once more, which is likely a loop.
    TooDeep,
}

impl Answer {
    /// Whether the subscription wants the event.
    #[must_use]
    pub const fn wants(self) -> bool {
        !matches!(self, Self::Unwanted | Self::Before | Self::TooDeep)
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unwanted => "unwanted",
            Self::Before => "before",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Fed(_) => "fed",
            Self::Gathered(_) => "gathered",
            Self::Ended => "ended",
            Self::Told => "told",
            Self::Published => "published",
            Self::TooDeep => "too_deep",
        }
    }

    /// The job that has come of it.
    #[must_use]
    pub const fn job(self) -> Option<JobId> {
        match self {
            Self::Fed(job) => Some(job),
            _ => None,
        }
    }
}

/// What one subscription makes of the event that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The name of the subscription.
    pub subscription: String,
    /// What it makes of the event.
    pub answer: Answer,
    /// The clause that decided, and why.
    pub explanation: Explanation,
    /// The places in data that its filter looks at.
    pub looks_at: Vec<Path>,
    /// The key of the signal, or the type of the event, that comes of it; none where that is a job, or nothing.
    pub made: Option<String>,
    /// The state of the job that has come of it; none where there is none, or none any more.
    pub state: Option<State>,
    /// How it came into a job that stands for more than it, or will; none where it is alone.
    pub together: Option<Together>,
}

/// Who gets an event, and why the others do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventExplanation {
    /// The event.
    pub event: EventRecord,
    /// Every subscription, in the order in which they were made.
    pub decisions: Vec<Decision>,
}

/// An event, and what the subscription that was asked about makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The event.
    pub event: EventSummary,
    /// What the subscription makes of it.
    pub answer: Answer,
    /// The clause that decided, and why.
    pub explanation: Explanation,
    /// Fields of the event that its type marks, so that they are not shown.
    pub marks: Vec<String>,
}

/// What a subscription gets.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriptionExplanation {
    /// The subscription.
    pub subscription: SubscriptionRecord,
    /// How far the log reaches.
    pub log: LogRecord,
    /// The end of the log that was looked at: events behind this position.
    pub after: u64,
    /// Events in it.
    pub events: u64,
    /// Those that it wants, in their order.
    pub matches: Vec<Looked>,
    /// Those of a wanted type that it does not want because of one clause alone, in their order.
    pub near: Vec<Looked>,
}

impl SubscriptionRecord {
    /// The last position that it was fed, in a log that reaches so far.
    #[must_use]
    pub const fn position(&self, log: &LogRecord) -> u64 {
        match self.progress {
            Progress::Live => log.routed,
            Progress::CatchingUp { position } => position,
        }
    }

    /// Positions of the log that it was not fed yet, whether it wants what is there or not.
    #[must_use]
    pub const fn behind(&self, log: &LogRecord) -> u64 {
        log.last.saturating_sub(self.position(log))
    }

    /// What it makes of an event, and the clause that decided.
    fn decide(
        &self,
        event: &EventRecord,
        view: &EventView<'_>,
        log: &LogRecord,
    ) -> (Answer, Explanation) {
        let explanation = self.definition.filter.explain(view);
        if !explanation.matches {
            return (Answer::Unwanted, explanation);
        }
        // One that has no position yet gets the next one, or a later one.
        let position = event.position.unwrap_or(log.last + 1);
        if position <= self.after {
            return (Answer::Before, self.begins_behind(position));
        }
        let is_event = matches!(self.definition.target, Target::Event(_));
        let answer = if is_event && depth_below(event) > TREE_DEPTH {
            Answer::TooDeep
        } else if position <= self.position(log) {
            self.fed(event, position)
        } else if self.paused_at.is_some() {
            Answer::Paused
        } else {
            Answer::Waiting
        };
        (answer, explanation)
    }

    fn fed(&self, event: &EventRecord, position: u64) -> Answer {
        match (&self.definition.target, event.recorded_at) {
            (Target::Job(_), Some(at)) => Answer::Fed(job_of(at, position, self.number)),
            (Target::Job(_), None) => Answer::Waiting,
            (Target::Signal(_), _) => Answer::Told,
            (Target::Event(_), _) => Answer::Published,
        }
    }

    /// What comes of an event other than a job.
    fn made(&self, event: &EventRecord, view: &EventView<'_>) -> Option<String> {
        match &self.definition.target {
            Target::Job(_) => None,
            Target::Signal(key) => signal(key, self, event, view).map(|signal| signal.key),
            Target::Event(made) => Some(made.event_type.clone()),
        }
    }

    fn begins_behind(&self, position: u64) -> Explanation {
        let words =
            format!("it wants events behind position {}, and this one has {position}", self.after);
        Explanation { matches: false, clause: "after".to_owned(), words }
    }
}

impl Looked {
    fn of(event: &EventRecord, answer: Answer, explanation: Explanation) -> Self {
        let marks = event.meta.redact.clone();
        Self { event: event.into(), answer, explanation, marks }
    }
}

/// Asking who gets what.
impl Client {
    /// Who gets an event: every subscription with the clause that decided, and the job that has come of it. `None` where there is
    /// no such event.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn explain_event(&self, id: EventId) -> Result<Option<EventExplanation>, StoreError> {
        match self.store().event(id).await? {
            Some(event) => self.decided(event).await.map(Some),
            None => Ok(None),
        }
    }

    /// Who would get an event if it were published now, and why the others would not. It is checked as it would be, and nothing is
    /// written.
    ///
    /// # Errors
    /// As [`Client::publish`].
    pub async fn explain_unpublished(
        &self,
        event: impl IntoEvent,
    ) -> Result<EventExplanation, StoreError> {
        let event = self.pipeline().prepare_event(event)?;
        let now = self.store().facts().await?.now;
        self.decided(EventRecord::of(event, now)).await
    }

    /// What each subscription makes of an event.
    async fn decided(&self, event: EventRecord) -> Result<EventExplanation, StoreError> {
        let subscriptions = self.subscriptions().await?;
        // Read behind them: what is live has come at least so far.
        let log = self.store().event_log().await?;
        let seen = Seen::of(&event);
        let view = seen.view(&event);
        let mut decisions = Vec::with_capacity(subscriptions.len());
        for one in subscriptions {
            let (mut answer, explanation) = one.decide(&event, &view, &log);
            let made = one.made(&event, &view).filter(|_| answer.wants());
            let mut together = None;
            if answer.job().is_some() && !one.definition.mode.is_each() {
                let windows = self.store().windows(one.number).await?;
                let found = together::answer(&**self.store(), &one, &event, &windows).await?;
                (answer, together) = found.unwrap_or((answer, None));
            }
            let job = match answer.job() {
                Some(job) => self.store().job(job).await?,
                None => None,
            };
            let state = job.map(|job| job.state);
            let looks_at = one.definition.filter.data_paths();
            let subscription = one.name;
            let decision =
                Decision { subscription, answer, explanation, looks_at, made, state, together };
            decisions.push(decision);
        }
        Ok(EventExplanation { event, decisions })
    }

    /// What a subscription gets: which of the last 1,000 events of the log it wants, and which it nearly wants. `None` where
    /// there is no such subscription.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn explain_subscription(
        &self,
        name: &str,
    ) -> Result<Option<SubscriptionExplanation>, StoreError> {
        let Some(subscription) = self.subscription(name).await? else { return Ok(None) };
        let log = self.store().event_log().await?;
        let after = log.last.saturating_sub(EXPLAINED_EVENTS);
        let mut fed = Vec::new();
        let (mut events, mut matches, mut near) = (0, Vec::new(), Vec::new());
        walk(&**self.store(), (after, log.last), |event| {
            events += 1;
            let seen = Seen::of(event);
            let view = seen.view(event);
            let (answer, explanation) = subscription.decide(event, &view, &log);
            if answer.wants() {
                fed.extend(
                    answer
                        .job()
                        .and_then(|_| Wanted::of(&subscription, event))
                        .map(|it| (matches.len(), it)),
                );
                matches.push(Looked::of(event, answer, explanation));
            } else if let Some(explanation) = near_miss(&subscription.definition.filter, &view) {
                near.push(Looked::of(event, answer, explanation));
            }
        })
        .await?;
        if !subscription.definition.mode.is_each() {
            let (places, fed): (Vec<usize>, Vec<Wanted>) = fed.into_iter().unzip();
            let windows = self.store().windows(subscription.number).await?;
            let answers = together::answers(&**self.store(), &subscription, &fed, &windows).await?;
            for (nth, answer) in places.into_iter().zip(answers) {
                matches[nth].answer = answer;
            }
        }
        Ok(Some(SubscriptionExplanation { subscription, log, after, events, matches, near }))
    }
}
