//! Migrations: numbered, embedded, applied in one transaction under a transaction lock, so that
//! many processes may start at once and a pooler may stand between.

use windlass_core::error::{StoreError, Unusable};
use windlass_core::schema;

use crate::connection::{Connection, in_schema};

/// Every migration, in order; its version is its place, from 1.
pub(crate) const MIGRATIONS: &[&str] = &[concat!(
    include_str!("../../migrations/0001_tables.sql"),
    include_str!("../../migrations/0001_queues.sql"),
    include_str!("../../migrations/0001_jobs.sql"),
    include_str!("../../migrations/0001_schedules.sql"),
    include_str!("../../migrations/0001_limits.sql"),
    include_str!("../../migrations/0001_lines.sql"),
    include_str!("../../migrations/0001_aging.sql"),
    include_str!("../../migrations/0001_batches.sql"),
    include_str!("../../migrations/0001_conditions.sql"),
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

/// The oldest server that has all this needs.
const OLDEST_SERVER: i32 = 130_000;

const SERVER: &str = "select current_setting('server_version_num')::int4, pg_is_in_recovery(), \
     current_setting('server_version'), current_setting('transaction_isolation')";
const HAS_TABLE: &str = "select to_regclass('windlass.schema_version') is not null";
const VERSION: &str = "select version from windlass.schema_version";

fn refuse<T>(reason: String) -> Result<T, StoreError> {
    Err(StoreError::Unusable { reason, kind: Unusable::Server })
}

/// Refuses a server that is not a standby: what is read there would stand still, or be somebody else's.
pub(crate) async fn check_standby(connection: &Connection) -> Result<(), StoreError> {
    let row = connection.query_one(SERVER, &[]).await?;
    if row.get(1) {
        return Ok(());
    }
    refuse(
        "this server is not a standby: reads are for a streaming replica of the store's server, or leave its URL out"
            .to_owned(),
    )
}

/// Refuses a server that is too old or only a replica, and transactions whose snapshots hide what others write.
pub(crate) async fn check_server(connection: &Connection) -> Result<(), StoreError> {
    let row = connection.query_one(SERVER, &[]).await?;
    let (number, replica, version): (i32, bool, String) = (row.get(0), row.get(1), row.get(2));
    let isolation: String = row.get(3);
    if number < OLDEST_SERVER {
        return refuse(format!("PostgreSQL {version} is too old: 13 or newer is needed"));
    }
    if replica {
        return refuse(
            "this server is a read replica: connect to the primary, a replica cannot keep jobs"
                .to_owned(),
        );
    }
    // Sessions of our own are set to it. Behind a pooler they are not, and then no job would learn what it waits for.
    if isolation != "read committed" {
        return refuse(format!(
            "transactions begin as {isolation} here, and a pooler keeps it so: say alter role … set default_transaction_isolation = 'read committed'"
        ));
    }
    Ok(())
}

/// Brings the schema to the newest version; returns how many migrations that took.
pub(crate) async fn migrate(connection: &Connection, schema: &str) -> Result<u32, StoreError> {
    let from = version(connection).await?;
    schema::refuse_newer(from, KNOWN)?;
    if from == KNOWN {
        return Ok(0);
    }
    // Others may do the same at the same time: each step asks for the version again under the lock.
    for (step, sql) in MIGRATIONS.iter().enumerate() {
        connection.batch(&guarded(schema, step + 1, &in_schema(sql, schema))).await?;
    }
    Ok(KNOWN - from)
}

/// One migration as one text: nothing happens where its version is reached already.
fn guarded(schema: &str, version: usize, sql: &str) -> String {
    let tag = "$windlass_migration$";
    format!(
        "do {tag} begin \
           perform pg_advisory_xact_lock(hashtext('windlass migration'), hashtext('{schema}')); \
           if to_regnamespace('{schema}') is null then create schema {schema}; end if; \
           if to_regclass('{schema}.schema_version') is null then \
             create table {schema}.schema_version (one boolean primary key default true check (one), version integer not null); \
             insert into {schema}.schema_version (version) values (0); \
           end if; \
           if (select version from {schema}.schema_version) >= {version} then return; end if; \
           execute $windlass_sql$ {sql} $windlass_sql$; \
           update {schema}.schema_version set version = {version}; \
         end {tag}"
    )
}

/// Refuses a schema that is missing, older or newer.
pub(crate) async fn check(connection: &Connection) -> Result<(), StoreError> {
    schema::check(version(connection).await?, KNOWN)
}

/// Refuses a schema that a standby cannot get from its primary: a newer one. An older one is there until the standby has replayed
/// what migrates it, and counts as away.
pub(crate) async fn check_replayed(connection: &Connection) -> Result<(), StoreError> {
    let found = version(connection).await?;
    schema::refuse_newer(found, KNOWN)?;
    if found < KNOWN {
        let reason = format!(
            "its schema is at version {found} and this program needs {KNOWN}: it has not replayed that yet, or it is another database"
        );
        return Err(StoreError::Unavailable { reason });
    }
    Ok(())
}

/// The schema's version; 0 where there is none.
pub(crate) async fn version(connection: &Connection) -> Result<u32, StoreError> {
    if !connection.query_one(HAS_TABLE, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let number: i32 = connection.query_one(VERSION, &[]).await?.get(0);
    Ok(number.unsigned_abs())
}
