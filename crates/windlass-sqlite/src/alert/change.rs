//! Change: what lasts begins and ends, with the events that tell of it.

use rusqlite::{Connection, params};
use windlass_core::alert::{AlertChange, NewAlert};
use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::id::JobId;
use windlass_core::time::Timestamp;

use crate::event::publish::publish;
use crate::row::{Id, run};

const PASS: &str = "update windlass_alert_round set round = round + 1 where round = ?1";
const OPEN: &str = "insert into windlass_alert (key, type, subject, since, opened_at, fired_at, event, data, jobs) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
     on conflict (key) do update \
     set fired_at = excluded.fired_at, event = excluded.event, data = excluded.data, jobs = excluded.jobs \
     where event is null";
const WATCH: &str = "update windlass_alert set jobs = ?2 where key = ?1";
const CLOSE: &str = "delete from windlass_alert where key = ?1";

/// Writes changes; `false` where another has written since that round.
pub(super) fn change(
    connection: &Connection,
    (changes, seen): (&[AlertChange], u64),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let seen = i64::try_from(seen).unwrap_or(i64::MAX);
    if run(connection, PASS, [seen])? == 0 {
        return Ok(false);
    }
    for change in changes {
        let (changed, event) = match change {
            AlertChange::Open { alert, event } => {
                (open(connection, (alert, event.as_ref()), now)?, event.as_ref())
            }
            AlertChange::Watch { key, jobs } => {
                (run(connection, WATCH, params![key, texts(jobs)?])?, None)
            }
            AlertChange::Close { key, event } => (run(connection, CLOSE, [key])?, event.as_ref()),
        };
        if let Some(event) = event.filter(|_| changed > 0) {
            publish(connection, std::slice::from_ref(event), now)?;
        }
    }
    Ok(true)
}

fn open(
    connection: &Connection,
    (alert, event): (&NewAlert, Option<&NewEvent>),
    now: Timestamp,
) -> Result<usize, StoreError> {
    let binds = params![
        alert.key,
        alert.alert.name(),
        alert.subject,
        alert.since.as_micros(),
        now.as_micros(),
        event.map(|_| now.as_micros()),
        event.map(|event| Id(event.id.as_uuid())),
        alert.data.as_str(),
        texts(&alert.jobs)?,
    ];
    run(connection, OPEN, binds)
}

fn texts(jobs: &[JobId]) -> Result<String, StoreError> {
    serde_json::to_string(jobs).map_err(|error| StoreError::Backend(Box::new(error)))
}
