//! Change: what lasts begins and ends, with the events that tell of it.

use serde_json::{Value, json};
use tokio_postgres::types::Type;
use windlass_core::alert::AlertChange;
use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::id::JobId;
use windlass_core::store::Now;

use crate::connection::{Bind, Connection};
use crate::row::get;

const CHANGE: &str =
    "select windlass.alert_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::text::jsonb)";

/// Writes changes; `false` where another has written since that round.
pub(super) async fn change(
    connection: &Connection,
    (changes, seen): (&[AlertChange], u64),
    now: Now,
) -> Result<bool, StoreError> {
    let changes = Value::Array(changes.iter().map(as_json).collect()).to_string();
    let (now, seen) = (now.micros(), i64::try_from(seen).unwrap_or(i64::MAX));
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&seen, Type::INT8), (&changes, Type::TEXT)];
    get(&connection.query_one(CHANGE, &binds).await?, 0)
}

fn as_json(change: &AlertChange) -> Value {
    match change {
        AlertChange::Open { alert, event } => json!({
            "do": "open",
            "key": alert.key,
            "type": alert.alert.name(),
            "subject": alert.subject,
            "since": alert.since.as_micros(),
            "data": alert.data.as_str(),
            "jobs": ids(&alert.jobs),
            "event": event.as_ref().map(event_as_json),
        }),
        AlertChange::Watch { key, jobs } => json!({ "do": "watch", "key": key, "jobs": ids(jobs) }),
        AlertChange::Close { key, event } => {
            json!({ "do": "close", "key": key, "event": event.as_ref().map(event_as_json) })
        }
    }
}

/// Its data stay a text, so that not a byte of them changes.
fn event_as_json(event: &NewEvent) -> Value {
    json!({
        "id": event.id.as_uuid().to_string(),
        "type": event.event_type,
        "subject": event.subject,
        "data": event.data.as_ref().map(|data| data.as_str()),
    })
}

fn ids(jobs: &[JobId]) -> Vec<String> {
    jobs.iter().map(|job| job.as_uuid().to_string()).collect()
}
