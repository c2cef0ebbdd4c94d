//! Register: a worker becomes known and its lease begins.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::time::micros;
use windlass_core::worker::{LivesWith, MinimumBuild, Registration};

use crate::connection::Connection;
use crate::worker::build;

const REGISTER: &str = include_str!("register.sql");

pub(crate) async fn register(
    connection: &Connection,
    worker: &Registration,
    guard: Option<i64>,
    now: Now,
) -> Result<Vec<MinimumBuild>, StoreError> {
    let handlers: Vec<&str> = worker.handlers.iter().map(|key| key.as_str()).collect();
    let kinds: Vec<&str> = worker.kind_limits.keys().map(String::as_str).collect();
    let limits = worker.kind_limits.values();
    let (attempts, losses): (Vec<Option<i32>>, Vec<Option<i32>>) = limits
        .map(|limits| (limits.max_attempts.map(i32::from), limits.max_losses.map(i32::from)))
        .unzip();
    let (expecting, expected): (Vec<&str>, Vec<i64>) =
        worker.expected.iter().map(|(kind, time)| (kind.as_str(), micros(*time).max(1))).unzip();
    let now = now.micros();
    let (id, pid, slots) =
        (worker.worker.as_uuid(), worker.pid.cast_signed(), worker.slots.cast_signed());
    let row = connection
        .query_one(
            REGISTER,
            &[
                (&now, Type::INT8),
                (&id, Type::UUID),
                (&guard, Type::INT8),
                (&worker.label, Type::TEXT),
                (&worker.host, Type::TEXT),
                (&pid, Type::INT4),
                (&worker.build, Type::TEXT),
                (&worker.queues, Type::TEXT_ARRAY),
                (&handlers, Type::TEXT_ARRAY),
                (&slots, Type::INT4),
                (&micros(worker.lease), Type::INT8),
                (&kinds, Type::TEXT_ARRAY),
                (&attempts, Type::INT4_ARRAY),
                (&losses, Type::INT4_ARRAY),
                (&expecting, Type::TEXT_ARRAY),
                (&expected, Type::INT8_ARRAY),
                (&(worker.lives_with == LivesWith::Lease), Type::BOOL),
                (&worker.kind_slots_text(), Type::TEXT),
            ],
        )
        .await?;
    build::minimums(&row, 0)
}
