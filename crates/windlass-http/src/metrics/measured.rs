//! The numbers of a store.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusRecorder;
use windlass::StoreError;
use windlass::event::LogRecord;
use windlass::source::SourceState;
use windlass::standby::Standby;
use windlass::store::Store;
use windlass::subscription::{Progress, SubscriptionRecord};

use crate::api::Api;
use crate::health::{JobCounts, Overview};
use crate::limits::READ_TIME;

/// What is measured, its unit and its meaning.
const GAUGES: [(&str, Option<Unit>, &str); 19] = [
    ("windlass_up", None, "Whether the store answers."),
    ("windlass_jobs", None, "Jobs by queue and state."),
    ("windlass_jobs_exact", None, "Whether windlass_jobs was counted, and not estimated."),
    ("windlass_queue_paused", None, "Whether a queue is paused."),
    ("windlass_queue_workers", None, "Live workers that serve a queue."),
    (
        "windlass_queue_oldest_due_seconds",
        Some(Unit::Seconds),
        "How long the oldest available job of a queue is due.",
    ),
    (
        "windlass_unserved_jobs",
        None,
        "Jobs that are due and that no live worker knows, by queue and kind.",
    ),
    ("windlass_workers", None, "Registered workers by state."),
    ("windlass_worker_slots", None, "Jobs that all live workers can run at once."),
    ("windlass_worker_slots_used", None, "Of these, how many run."),
    ("windlass_limit_running", None, "Jobs that run under a limit."),
    ("windlass_events_last_position", None, "The position of the last event."),
    ("windlass_subscription_behind_events", None, "Events that a subscription has not been fed."),
    ("windlass_subscription_paused", None, "Whether a subscription is paused."),
    ("windlass_source_failures", None, "Failed polls of a source in a row."),
    ("windlass_source_paused", None, "Whether a source is paused or stands still."),
    (READ_AGE, Some(Unit::Seconds), "How old the answers of the standby are at most."),
    (READ_USED, None, "Whether the standby answers reads."),
    ("windlass_store_bytes", Some(Unit::Bytes), "Bytes of all tables and indexes."),
];
/// What is said of a store that does not even know who asks.
pub(super) const AWAY: &str =
    "# HELP windlass_up Whether the store answers.\n# TYPE windlass_up gauge\nwindlass_up 0\n";
const READ_AGE: &str = "windlass_read_age_seconds";
const READ_USED: &str = "windlass_read_standby_used";
const PRUNED: &str = "windlass_jobs_pruned_total";

/// The text of what is measured now. Of a store that cannot be asked there is that alone.
pub(super) async fn of(api: &Api, recorder: PrometheusRecorder) -> String {
    let of_standby = match api.store_to_read().await {
        Some(standby) => look_at_standby(&*standby).await,
        None => None,
    };
    let is_used = of_standby.is_some();
    let look = match of_standby {
        Some(look) => Ok(look),
        None => Look::at(api.store()).await,
    };
    metrics::with_local_recorder(&recorder, || {
        describe();
        if let Some(standby) = api.standby() {
            record_standby(standby, is_used);
        }
        match look {
            Ok(look) => look.record(),
            Err(error) => {
                tracing::warn!(%error, "the store could not be measured");
                gauge!("windlass_up").set(0.0);
            }
        }
    });
    recorder.handle().render()
}

/// What the standby says, where it can.
async fn look_at_standby(standby: &dyn Store) -> Option<Look> {
    tokio::time::timeout(READ_TIME, Look::at(standby)).await.ok()?.ok()
}

fn record_standby(standby: &Standby, is_used: bool) {
    gauge!(READ_USED).set(if is_used { 1.0 } else { 0.0 });
    if let Some(age) = standby.age() {
        gauge!(READ_AGE).set(age.as_secs_f64());
    }
}

fn describe() {
    for (name, unit, meaning) in GAUGES {
        match unit {
            Some(unit) => describe_gauge!(name, unit, meaning),
            None => describe_gauge!(name, meaning),
        }
    }
    describe_counter!(PRUNED, "Jobs that were completed or cancelled and are kept no longer.");
}

struct Look {
    overview: Overview,
    log: LogRecord,
    subscriptions: Vec<SubscriptionRecord>,
}

impl Look {
    async fn at(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self {
            overview: Overview::of(store, JobCounts::Exact).await?,
            log: store.event_log().await?,
            subscriptions: store.subscriptions().await?.all,
        })
    }

    fn record(&self) {
        gauge!("windlass_up").set(1.0);
        self.record_jobs();
        self.record_queues();
        self.record_workers();
        self.record_events();
        if let Some(bytes) = self.overview.facts.bytes {
            gauge!("windlass_store_bytes").set(bytes as f64);
        }
    }

    fn record_jobs(&self) {
        let Overview { counts, unserved, .. } = &self.overview;
        for (queue, states) in &counts.by_queue {
            for (state, jobs) in states {
                let labels = [("queue", queue.clone()), ("state", state.word().to_owned())];
                gauge!("windlass_jobs", &labels).set(*jobs as f64);
            }
        }
        gauge!("windlass_jobs_exact").set(f64::from(counts.exact));
        counter!(PRUNED).absolute(counts.pruned);
        for one in unserved {
            let labels = [("queue", one.queue.clone()), ("kind", one.kind.clone())];
            gauge!("windlass_unserved_jobs", &labels).set(one.jobs as f64);
        }
    }

    fn record_queues(&self) {
        let now = self.overview.facts.now;
        for queue in &self.overview.queues {
            let label = [("queue", queue.name.clone())];
            gauge!("windlass_queue_paused", &label).set(f64::from(queue.paused_at.is_some()));
            gauge!("windlass_queue_workers", &label).set(f64::from(queue.workers));
            let due = queue.oldest_due_at.map_or(0.0, |due| now.since(due).as_secs_f64());
            gauge!("windlass_queue_oldest_due_seconds", &label).set(due);
        }
        for limit in &self.overview.limits {
            if let Some(running) = limit.running_now {
                let label = [("limit", limit.limit.on.to_string())];
                gauge!("windlass_limit_running", &label).set(running as f64);
            }
        }
    }

    fn record_workers(&self) {
        let workers = self.overview.worker_numbers();
        let states = [
            ("alive", workers.alive),
            ("quiet", workers.quiet),
            ("held_back", workers.held_back),
            ("lease_over", workers.lease_over),
        ];
        for (state, number) in states {
            gauge!("windlass_workers", "state" => state).set(number as f64);
        }
        gauge!("windlass_worker_slots").set(workers.slots as f64);
        gauge!("windlass_worker_slots_used").set(workers.running as f64);
    }

    fn record_events(&self) {
        gauge!("windlass_events_last_position").set(self.log.last as f64);
        for one in &self.subscriptions {
            let label = [("subscription", one.name.clone())];
            let position = match one.progress {
                Progress::Live => self.log.routed,
                Progress::CatchingUp { position } => position,
            };
            let behind = self.log.last.saturating_sub(position);
            gauge!("windlass_subscription_behind_events", &label).set(behind as f64);
            gauge!("windlass_subscription_paused", &label).set(f64::from(one.paused_at.is_some()));
        }
        for source in &self.overview.sources {
            let label = [("source", source.name.clone())];
            gauge!("windlass_source_failures", &label).set(f64::from(source.failures));
            let stands = source.state != SourceState::Running;
            gauge!("windlass_source_paused", &label).set(f64::from(stands));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are a contract: the page has each of them.
    #[test]
    fn the_page_names_what_is_measured() {
        let page = include_str!("../../../../docs/metrics.md");
        let names = GAUGES.iter().map(|(name, _, _)| *name).chain([
            PRUNED,
            super::super::REQUESTS,
            super::super::SECONDS,
        ]);
        for name in names {
            assert!(page.contains(&format!("| `{name}` |")), "{name} is not in docs/metrics.md");
        }
    }
}
