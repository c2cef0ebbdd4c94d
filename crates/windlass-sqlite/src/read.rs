//! Questions: one job, many jobs, numbers, queues, workers, facts.

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::filter::{Field, Filter};
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{JobRecord, WorkerRecord};
use windlass_core::store::{Facts, Page, QueueRecord, Unserved};
use windlass_core::time::Timestamp;

use crate::count::counts;
use crate::error::store_error;
use crate::migrate;
use crate::row::{FINISHED_RECORD, Id, PENDING_RECORD, RawRecord, WORKER, all, record, worker};
use crate::settle::one;

pub(crate) fn job(connection: &Connection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    for (columns, table) in TABLES {
        let sql = format!("select {columns} from {table} where id = ?1");
        if let Some(raw) = all(connection, &sql, [Id::from(id)], record)?.into_iter().next() {
            return raw.read().map(Some);
        }
    }
    Ok(None)
}

const TABLES: [(&str, &str); 2] =
    [(PENDING_RECORD, "windlass_pending"), (FINISHED_RECORD, "windlass_finished")];

/// Jobs that match, newest first: each table gives its newest, the two are merged.
pub(crate) fn jobs(
    connection: &Connection,
    filter: &Filter,
    page: Page,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut found = Vec::new();
    for (columns, table) in TABLES {
        let (condition, mut values) = condition(filter);
        let mut sql = format!("select {columns} from {table} where {condition}");
        if let Some(before) = page.before {
            sql.push_str(" and id < ?");
            values.push(Value::Blob(before.as_uuid().as_bytes().to_vec()));
        }
        sql.push_str(&format!(" order by id desc limit {}", page.limit));
        let rows = all(connection, &sql, params_from_iter(values), record)?;
        found.extend(rows.into_iter().map(RawRecord::read).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|job| std::cmp::Reverse(job.id));
    found.truncate(page.limit);
    Ok(found)
}

/// The filter as SQL with its binds.
fn condition(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = "true".to_owned();
    let mut values = Vec::new();
    for term in &filter.terms {
        let clauses: Vec<String> = match &term.field {
            Field::State(states) => {
                states.iter().map(|s| format!("state = {}", s.code())).collect()
            }
            Field::Queue(patterns) => {
                patterns.iter().map(|p| like("queue", p, &mut values)).collect()
            }
            Field::Kind(patterns) => {
                patterns.iter().map(|p| like("kind", p, &mut values)).collect()
            }
        };
        let not = if term.negated { "not " } else { "" };
        sql.push_str(&format!(" and {not}({})", clauses.join(" or ")));
    }
    (sql, values)
}

fn like(column: &str, pattern: &str, values: &mut Vec<Value>) -> String {
    if !pattern.contains('*') {
        values.push(Value::Text(pattern.to_owned()));
        return format!("{column} = ?");
    }
    // GLOB gives `?` and `[` a meaning that the filter language does not.
    let literal = pattern.replace('[', "[[]").replace('?', "[?]");
    values.push(Value::Text(literal));
    format!("{column} glob ?")
}

pub(crate) fn leases(connection: &Connection) -> Result<Vec<(Id, Vec<Id>)>, StoreError> {
    all(connection, "select id, jobs from windlass_lease", [], |row| {
        let packed: Vec<u8> = row.get(1)?;
        let jobs = packed.chunks_exact(16).filter_map(|b| uuid::Uuid::from_slice(b).ok()).map(Id);
        Ok((row.get(0)?, jobs.collect()))
    })
}

pub(crate) fn workers(connection: &Connection) -> Result<Vec<WorkerRecord>, StoreError> {
    const RUNNING: &str = "select worker, sum(unsettled) from windlass_lease group by worker";
    let running: HashMap<WorkerId, u64> = all(connection, RUNNING, [], |row| {
        Ok((row.get::<_, Id>(0)?.worker(), row.get::<_, i64>(1)?.unsigned_abs()))
    })?
    .into_iter()
    .collect();
    let sql = format!("select {WORKER} from windlass_worker order by id");
    all(connection, &sql, [], |row| worker(row, &running))
}

pub(crate) fn queues(connection: &Connection) -> Result<Vec<QueueRecord>, StoreError> {
    const PAUSES: &str = "select name, paused_at, note from windlass_queue";
    const OLDEST: &str = "select min(run_at) from windlass_pending where queue = ?1 and state = 2";
    let mut pauses: HashMap<String, (Option<i64>, Option<String>)> =
        all(connection, PAUSES, [], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .into_iter()
            .collect();
    let workers = workers(connection)?;
    let mut names: BTreeSet<String> = counts(connection)?.by_queue.into_keys().collect();
    names.extend(pauses.keys().cloned());
    names.extend(workers.iter().flat_map(|worker| worker.queues.iter().cloned()));
    names
        .into_iter()
        .map(|name| {
            let (paused_at, note) = pauses.remove(&name).unwrap_or_default();
            let oldest: Option<Option<i64>> = one(connection, OLDEST, [&name])?;
            let serving = workers.iter().filter(|worker| worker.queues.contains(&name)).count();
            Ok(QueueRecord {
                paused_at: paused_at.map(Timestamp::from_micros),
                note,
                workers: u32::try_from(serving).unwrap_or(u32::MAX),
                oldest_due_at: oldest.flatten().map(Timestamp::from_micros),
                name,
            })
        })
        .collect()
}

/// Due jobs that no live worker could run, by queue, kind and version.
pub(crate) fn unserved(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<Unserved>, StoreError> {
    const DUE: &str = "select queue, kind, version, count(*), min(run_at) from windlass_pending \
         where state in (0, 2) and run_at <= ?1 group by queue, kind, version order by queue, kind, version";
    let workers = workers(connection)?;
    let groups = all(connection, DUE, [now.as_micros()], |row| {
        Ok(Unserved {
            queue: row.get(0)?,
            kind: row.get(1)?,
            version: row.get(2)?,
            jobs: row.get::<_, i64>(3)?.unsigned_abs(),
            oldest_due_at: Timestamp::from_micros(row.get(4)?),
            queue_served: false,
        })
    })?;
    Ok(groups.into_iter().filter_map(|group| group.unless_served(&workers, now)).collect())
}

pub(crate) fn facts(
    connection: &Connection,
    durability: &'static str,
) -> Result<Facts, StoreError> {
    let pages: i64 = pragma(connection, "page_count")?;
    let page: i64 = pragma(connection, "page_size")?;
    let free: i64 = pragma(connection, "freelist_count")?;
    Ok(Facts {
        server: format!("SQLite {}", rusqlite::version()),
        schema_version: migrate::version(connection)?,
        known_version: migrate::KNOWN,
        bytes: u64::try_from((pages - free) * page).ok(),
        now: Timestamp::wall_clock(),
        log_bytes: None,
        durability: format!("synchronous={durability}"),
        durable: durability == "FULL",
        oldest_snapshot: None,
    })
}

/// Several statements of one question see the same state of the database.
pub(crate) fn in_one_snapshot<T>(
    question: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> impl FnOnce(&Connection) -> Result<T, StoreError> {
    move |connection| {
        connection.execute_batch("begin").map_err(store_error)?;
        let answer = question(connection);
        connection.execute_batch("rollback").map_err(store_error)?;
        answer
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, name, |row| row.get(0)).map_err(store_error)
}

#[cfg(test)]
mod tests {
    use windlass_core::name::matches;

    use super::*;

    #[test]
    fn globs_mean_what_the_filter_language_says() {
        let mut values = Vec::new();
        assert_eq!(like("kind", "a[b]?*", &mut values), "kind glob ?");
        assert_eq!(values, [Value::Text("a[[]b][?]*".to_owned())]);
        assert!(matches("a[b]?*", "a[b]?x"));
    }
}
