//! The verbs of health.

pub(crate) mod jobs;
pub(crate) mod lanes;
pub(crate) mod leader;
pub(crate) mod stuck;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::health::{HealthStore, Lanes, Observed, Thresholds};
use windlass_core::store::{Now, Reply};
use windlass_core::time::Timestamp;

use crate::connection::reader::in_one_snapshot;
use crate::store::{SqliteStore, at};

impl HealthStore for SqliteStore {
    fn observe<'a>(&'a self, thresholds: &'a Thresholds, now: Now) -> Reply<'a, Observed> {
        let thresholds = thresholds.clone();
        Box::pin(self.readers.read(in_one_snapshot(move |c| observe(c, &thresholds, at(now)))))
    }

    fn lanes(&self) -> Reply<'_, Lanes> {
        Box::pin(self.readers.read(in_one_snapshot(lanes::lanes)))
    }
}

pub(crate) fn observe(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Observed, StoreError> {
    let mut ready = jobs::ready(connection, thresholds, at)?;
    ready.extend(jobs::in_line(connection, thresholds, at)?);
    Ok(Observed {
        at,
        ready,
        failing: jobs::failing(connection, thresholds)?,
        parked: jobs::parked(connection, thresholds)?,
        running: jobs::running(connection, thresholds, at)?,
        dead: jobs::dead(connection, thresholds, at)?,
        lanes: lanes::lanes(connection)?,
        stuck: stuck::stuck(connection, thresholds)?,
        leader: leader::leader(connection)?,
    })
}
