//! Read: one job, and these jobs.

use rusqlite::{Connection, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::JobRecord;

use crate::row::{FINISHED_RECORD, Id, PENDING_RECORD, RawRecord, all, record};

pub(crate) fn job(connection: &Connection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    for (columns, table) in TABLES {
        let sql = format!("select {columns} from {table} where id = ?1");
        if let Some(raw) = all(connection, &sql, [Id::from(id)], record)?.into_iter().next() {
            return raw.read().map(Some);
        }
    }
    Ok(None)
}

/// What a record is made of, and where.
const TABLES: [(&str, &str); 2] =
    [(PENDING_RECORD, "windlass_pending"), (FINISHED_RECORD, "windlass_finished")];

/// These jobs, oldest first; those that are gone are left out.
pub(crate) fn these(connection: &Connection, jobs: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
    let mut found = Vec::with_capacity(jobs.len());
    let ids = vec!["?"; jobs.len()].join(", ");
    for (columns, table) in TABLES {
        let sql = format!("select {columns} from {table} where id in ({ids})");
        let binds = params_from_iter(jobs.iter().map(|job| Id::from(*job)));
        let rows = all(connection, &sql, binds, record)?;
        found.extend(rows.into_iter().map(RawRecord::read).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|job| job.id);
    Ok(found)
}
