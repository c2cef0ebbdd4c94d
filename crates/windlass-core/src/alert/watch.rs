//! Watch: the leader's look for what begins and what is over.

use std::collections::BTreeSet;

use super::decide::{Decision, decide};
use super::found::Found;
use super::{AlertChange, AlertRecord, AlertType, is_own};
use crate::error::StoreError;
use crate::health::{Overview, Thresholds, problems, unserved};
use crate::id::JobId;
use crate::job::{JobRecord, State};
use crate::limits::ALERT_CHANGES;
use crate::store::{Now, Store};
use crate::time::Timestamp;

/// Looks for alerts. One process does it for all; where two do, one of them writes nothing.
#[derive(Debug)]
pub struct Watch {
    thresholds: Thresholds,
    /// The revision of the subscriptions, and what they want of what lasts.
    wanted: Option<(u64, BTreeSet<AlertType>)>,
    has_declared: bool,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alerted {
    /// Alerts that were told.
    pub fired: u64,
    /// Ends of alerts that were told.
    pub resolved: u64,
}

impl Watch {
    /// Goes by these thresholds.
    #[must_use]
    pub const fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, wanted: None, has_declared: false }
    }

    /// One bounded look: what has become a problem is told, where a subscription wants it and nobody has muted it, and what is none
    /// any more is told to be over.
    ///
    /// # Errors
    /// What kept the store from reading or writing. Nothing was told then, or all of it.
    pub async fn round(&mut self, store: &dyn Store, now: Now) -> Result<Alerted, StoreError> {
        if !self.has_declared {
            store.declare_mutes(&self.thresholds.mute, now).await?;
            self.has_declared = true;
        }
        let wanted = self.wanted(store).await?;
        // Before it looks: what another has written since then is not in what it sees.
        let stored = store.alerts().await?;
        let (found, keeps, at) = if wanted.is_empty() {
            (Vec::new(), BTreeSet::new(), now.given().unwrap_or_else(Timestamp::wall_clock))
        } else {
            self.look(store, &wanted, now).await?
        };
        let decision = decide(&stored, found, (&keeps, &wanted), at);
        let changes = self.changes(store, decision).await?;
        if changes.is_empty() || !store.alert(&changes, stored.round, now).await? {
            return Ok(Alerted::default());
        }
        let mut alerted = Alerted::default();
        for change in &changes {
            match change {
                AlertChange::Open { event: Some(_), .. } => alerted.fired += 1,
                AlertChange::Close { event: Some(_), .. } => alerted.resolved += 1,
                _ => {}
            }
        }
        Ok(alerted)
    }

    /// What subscriptions want of what lasts.
    async fn wanted(&mut self, store: &dyn Store) -> Result<BTreeSet<AlertType>, StoreError> {
        let revision = store.event_log().await?.revision;
        if let Some((_, wanted)) = self.wanted.as_ref().filter(|(seen, _)| *seen == revision) {
            return Ok(wanted.clone());
        }
        let subscriptions = store.subscriptions().await?;
        let is_wanted = |alert: &AlertType| {
            let mut all = subscriptions.all.iter();
            alert.lasts() && all.any(|one| alert.is_wanted(&one.definition.filter))
        };
        let wanted: BTreeSet<AlertType> = AlertType::ALL.into_iter().filter(is_wanted).collect();
        self.wanted = Some((subscriptions.revision, wanted.clone()));
        Ok(wanted)
    }

    /// What is a problem of what is wanted, and the keys of what is about to be one or was.
    async fn look(
        &self,
        store: &dyn Store,
        wanted: &BTreeSet<AlertType>,
        now: Now,
    ) -> Result<(Vec<Found>, BTreeSet<String>, Timestamp), StoreError> {
        let overview = Overview::of(store, &self.thresholds, now).await?;
        let at = overview.observed.at;
        let by = |thresholds: &Thresholds| -> Vec<Found> {
            let all = problems(&overview, thresholds).into_iter();
            let all = all.chain(unserved(&overview, thresholds));
            let found = all.filter_map(|problem| Found::of(&problem, thresholds, at));
            found.filter(|found| wanted.contains(&found.alert.alert)).collect()
        };
        let keeps = by(&self.thresholds.relaxed()).into_iter().map(|found| found.alert.key);
        Ok((by(&self.thresholds), keeps.collect(), at))
    }

    /// What is written, once those that are in doubt were asked; as much as one look does.
    async fn changes(
        &self,
        store: &dyn Store,
        decision: Decision,
    ) -> Result<Vec<AlertChange>, StoreError> {
        let Decision { mut changes, begins, ends } = decision;
        for (record, change) in ends {
            if changes.len() < ALERT_CHANGES && !self.still_stands(store, &record).await? {
                changes.push(change);
            }
        }
        for (found, change) in begins {
            if changes.len() < ALERT_CHANGES && !comes_of_alerts(store, &found.causes).await? {
                changes.push(change);
            }
        }
        changes.truncate(ALERT_CHANGES);
        Ok(changes)
    }

    /// Whether one of its jobs is in the state that it told of: one that fails again and again is not seen while it runs.
    async fn still_stands(
        &self,
        store: &dyn Store,
        record: &AlertRecord,
    ) -> Result<bool, StoreError> {
        for job in &record.jobs {
            let Some(job) = store.job(*job).await? else { continue };
            let stands = match record.alert {
                AlertType::JobOverdue => {
                    job.state == State::Running && job.started_at == Some(record.since)
                }
                _ => !job.state.is_terminal() && job.failures >= self.thresholds.failures,
            };
            if stands {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether all of these jobs come of an event of Windlass's own: what they do is told to nobody, or it would never end.
async fn comes_of_alerts(store: &dyn Store, jobs: &[JobId]) -> Result<bool, StoreError> {
    for job in jobs {
        let of_alert = |job: &JobRecord| job.root.is_some_and(is_own);
        if !store.job(*job).await?.is_some_and(|job| of_alert(&job)) {
            return Ok(false);
        }
    }
    Ok(!jobs.is_empty())
}
