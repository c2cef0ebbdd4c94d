//! Migrations: numbered, embedded, applied in one write transaction, so that many processes may
//! start at once.

use rusqlite::{Connection, OptionalExtension};
use windlass_core::error::StoreError;
use windlass_core::schema;

use crate::connection::writer::in_transaction;
use crate::error::store_error;

/// Every migration, in order; its version is its place, from 1.
const MIGRATIONS: &[&str] = &[concat!(
    include_str!("../../migrations/0001_jobs.sql"),
    include_str!("../../migrations/0001_schedules.sql"),
    include_str!("../../migrations/0001_lines.sql"),
    include_str!("../../migrations/0001_conditions.sql"),
    include_str!("../../migrations/0001_batches.sql"),
    include_str!("../../migrations/0001_inside.sql"),
    include_str!("../../migrations/0001_events.sql"),
    include_str!("../../migrations/0001_requests.sql"),
    include_str!("../../migrations/0001_alerts.sql"),
    include_str!("../../migrations/0001_sources.sql"),
    include_str!("../../migrations/0001_tokens.sql"),
    include_str!("../../migrations/0001_users.sql"),
    include_str!("../../migrations/0001_idempotency.sql"),
    include_str!("../../migrations/0001_audit.sql"),
    include_str!("../../migrations/0001_views.sql"),
    include_str!("../../migrations/0001_moves.sql"),
    include_str!("../../migrations/0001_operations.sql"),
    include_str!("../../migrations/0001_stats.sql"),
)];

/// The newest version this program knows.
pub(crate) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Brings the schema to the newest version; returns how many migrations that took.
///
/// # Errors
/// When the schema is newer than this program.
pub(crate) fn migrate(connection: &Connection) -> Result<u32, StoreError> {
    if version(connection)? == KNOWN {
        return Ok(0);
    }
    in_transaction(connection, |connection| {
        // Another process may have been faster since the look above.
        let from = version(connection)?;
        schema::refuse_newer(from, KNOWN)?;
        for sql in &MIGRATIONS[from as usize..] {
            connection.execute_batch(sql).map_err(store_error)?;
        }
        connection
            .execute_batch(
                "create table if not exists windlass_schema (one integer primary key check (one = 1), version integer not null) strict",
            )
            .and_then(|()| {
                connection.execute(
                    "insert into windlass_schema values (1, ?1) on conflict do update set version = ?1",
                    [KNOWN],
                )
            })
            .map_err(store_error)?;
        Ok(KNOWN - from)
    })
}

/// Refuses a schema that is missing or newer, before anything is written.
pub(crate) fn check(connection: &Connection) -> Result<(), StoreError> {
    schema::check(version(connection)?, KNOWN)
}

/// The schema's version; 0 where there is none.
pub(crate) fn version(connection: &Connection) -> Result<u32, StoreError> {
    let exists: Option<i64> = connection
        .query_row("select 1 from sqlite_master where name = 'windlass_schema'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(store_error)?;
    if exists.is_none() {
        return Ok(0);
    }
    connection
        .query_row("select version from windlass_schema", [], |row| row.get(0))
        .map_err(store_error)
}
