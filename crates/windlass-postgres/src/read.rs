//! Questions: one job, many jobs, numbers, queues, workers, facts.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use tokio_postgres::SimpleQueryRow;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::filter::{Field, Filter};
use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, WorkerRecord};
use windlass_core::limits::COUNT_DEADLINE;
use windlass_core::state::State;
use windlass_core::store::{Counts, Facts, Now, Page, QueueRecord, Unserved};
use windlass_core::time::Timestamp;

use crate::lane::Lane;
use crate::migrate;
use crate::row::{get, record, worker};

/// The state under which pruned jobs are counted.
const PRUNED: i16 = 8;

const JOB: &str = include_str!("sql/job.sql");
const JOBS: &str = include_str!("sql/jobs.sql");
const COUNTS: &str = include_str!("sql/counts.sql");
const ESTIMATE: &str =
    "select greatest(reltuples, 0)::int8 from pg_class where oid = 'windlass.pending'::regclass";
const WORKERS: &str = "select w.id, w.label, w.host, w.pid, w.build, w.queues, w.handlers, w.slots, w.started_at, \
     w.seen_at, w.expires_at, w.quiet, \
     coalesce((select sum(unsettled) from windlass.lease l where l.worker = w.id), 0)::int8 \
     from windlass.worker w order by w.id";
const CLOCK: &str = "select coalesce($1::int8, windlass.now_us())";
const PAUSES: &str = "select name, paused_at, note from windlass.queue";
const OLDEST: &str = "select q, (select min(run_at) from (select run_at from windlass.pending where queue = q and state = 2 \
     order by priority, run_at limit 1000) as front) from unnest($1::text[]) as q";
const UNSERVED: &str = include_str!("sql/unserved.sql");
const FACTS: &str = include_str!("sql/facts.sql");

pub(crate) async fn job(lane: &Lane, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    let rows = lane.query(JOB, &[(&id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

pub(crate) async fn jobs(
    lane: &Lane,
    filter: &Filter,
    page: Page,
) -> Result<Vec<JobRecord>, StoreError> {
    let states: Vec<i16> = filter.states().into_iter().map(State::code).collect();
    let (queues, not_queues) = patterns(filter, |field| match field {
        Field::Queue(patterns) => Some(patterns),
        _ => None,
    });
    let (kinds, not_kinds) = patterns(filter, |field| match field {
        Field::Kind(patterns) => Some(patterns),
        _ => None,
    });
    let before: Option<Uuid> = page.before.map(|id| id.as_uuid());
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let rows = lane
        .query(
            JOBS,
            &[
                (&states, Type::INT2_ARRAY),
                (&queues, Type::TEXT_ARRAY),
                (&not_queues, Type::TEXT_ARRAY),
                (&kinds, Type::TEXT_ARRAY),
                (&not_kinds, Type::TEXT_ARRAY),
                (&before, Type::UUID),
                (&limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(record).collect()
}

/// What a field must match and must not, each term as one regular expression; terms are ANDed.
fn patterns(
    filter: &Filter,
    pick: impl Fn(&Field) -> Option<&Vec<String>>,
) -> (Vec<String>, Vec<String>) {
    let (mut must, mut must_not) = (Vec::new(), Vec::new());
    for term in &filter.terms {
        let Some(values) = pick(&term.field) else { continue };
        let any: Vec<String> = values.iter().map(|value| regex_of(value)).collect();
        let one = format!("^({})$", any.join("|"));
        if term.negated { must_not.push(one) } else { must.push(one) }
    }
    (must, must_not)
}

/// A pattern with `*` as a regular expression.
fn regex_of(pattern: &str) -> String {
    let mut regex = String::new();
    for c in pattern.chars() {
        match c {
            '*' => regex.push_str(".*"),
            c if c.is_alphanumeric() => regex.push(c),
            c => regex.extend(['\\', c]),
        }
    }
    regex
}

/// Exact numbers, or the planner's idea of the waiting ones where counting takes too long.
pub(crate) async fn counts(lane: &Lane) -> Result<Counts, StoreError> {
    match lane.query_within(COUNTS, COUNT_DEADLINE).await? {
        Some(rows) => read_counts(&rows),
        None => estimate(lane).await,
    }
}

fn read_counts(rows: &[SimpleQueryRow]) -> Result<Counts, StoreError> {
    let mut counts = Counts { exact: true, ..Counts::default() };
    for row in rows {
        let (queue, code): (String, i16) = (parsed(row, 0)?, parsed(row, 1)?);
        let jobs = parsed::<i64>(row, 2)?.max(0).unsigned_abs();
        match State::from_code(code) {
            _ if jobs == 0 => {}
            Some(state) => {
                *counts.by_queue.entry(queue).or_default().entry(state).or_default() += jobs
            }
            None if code == PRUNED => counts.pruned += jobs,
            None => {}
        }
    }
    Ok(counts)
}

/// A value of an answer that came as text.
fn parsed<T: FromStr>(row: &SimpleQueryRow, at: usize) -> Result<T, StoreError> {
    let value = row.get(at).unwrap_or_default();
    value.parse().map_err(|_| StoreError::Corrupt {
        table: "an answer",
        column: "a number",
        row: at.to_string(),
        value: value.to_owned(),
    })
}

async fn estimate(lane: &Lane) -> Result<Counts, StoreError> {
    let row = lane.query_one(ESTIMATE, &[]).await?;
    let jobs = get::<i64>(&row, 0)?.unsigned_abs();
    let by_state = std::iter::once((State::Available, jobs)).collect();
    let by_queue = std::iter::once(("*".to_owned(), by_state)).collect();
    Ok(Counts { by_queue, pruned: 0, exact: false })
}

pub(crate) async fn workers(lane: &Lane) -> Result<Vec<WorkerRecord>, StoreError> {
    lane.query(WORKERS, &[]).await?.iter().map(worker).collect()
}

pub(crate) async fn queues(lane: &Lane) -> Result<Vec<QueueRecord>, StoreError> {
    let mut pauses: HashMap<String, (Option<i64>, Option<String>)> = HashMap::new();
    for row in lane.query(PAUSES, &[]).await? {
        pauses.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
    }
    let workers = workers(lane).await?;
    let mut names: BTreeSet<String> = counts(lane).await?.by_queue.into_keys().collect();
    names.remove("*");
    names.extend(pauses.keys().cloned());
    names.extend(workers.iter().flat_map(|worker| worker.queues.iter().cloned()));
    let names: Vec<String> = names.into_iter().collect();
    let mut oldest: HashMap<String, Option<i64>> = HashMap::new();
    for row in lane.query(OLDEST, &[(&names, Type::TEXT_ARRAY)]).await? {
        oldest.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let record = |name: String| {
        let (paused_at, note) = pauses.remove(&name).unwrap_or_default();
        let serving = workers.iter().filter(|worker| worker.queues.contains(&name)).count();
        QueueRecord {
            paused_at: paused_at.map(Timestamp::from_micros),
            note,
            workers: u32::try_from(serving).unwrap_or(u32::MAX),
            oldest_due_at: oldest.get(&name).copied().flatten().map(Timestamp::from_micros),
            name,
        }
    };
    Ok(names.into_iter().map(record).collect())
}

/// Due jobs that no live worker could run, by queue, kind and version.
pub(crate) async fn unserved(lane: &Lane, now: Now) -> Result<Vec<Unserved>, StoreError> {
    let row = lane.query_one(CLOCK, &[(&now.map(Timestamp::as_micros), Type::INT8)]).await?;
    let now: i64 = get(&row, 0)?;
    let workers = workers(lane).await?;
    let mut groups = Vec::new();
    for row in lane.query(UNSERVED, &[(&now, Type::INT8)]).await? {
        let group = Unserved {
            queue: get(&row, 0)?,
            kind: get(&row, 1)?,
            version: get::<i16>(&row, 2)?.cast_unsigned(),
            jobs: get::<i64>(&row, 3)?.unsigned_abs(),
            oldest_due_at: Timestamp::from_micros(get(&row, 4)?),
            queue_served: false,
        };
        groups.extend(group.unless_served(&workers, Timestamp::from_micros(now)));
    }
    Ok(groups)
}

pub(crate) async fn facts(lane: &Lane) -> Result<Facts, StoreError> {
    let row = lane.query_one(FACTS, &[]).await?;
    let snapshot_age: Option<i64> = get(&row, 4)?;
    let whose: Option<String> = get(&row, 5)?;
    let durability: String = get(&row, 3)?;
    Ok(Facts {
        server: format!("PostgreSQL {}", get::<&str>(&row, 0)?),
        schema_version: migrate::version(lane).await?,
        known_version: migrate::KNOWN,
        bytes: get::<Option<i64>>(&row, 1)?.map(i64::unsigned_abs),
        now: Timestamp::from_micros(get(&row, 2)?),
        log_bytes: get::<Option<i64>>(&row, 6)?.map(i64::unsigned_abs),
        durable: durability == "fsync=on, synchronous_commit=on",
        durability,
        oldest_snapshot: snapshot_age.map(|us| {
            (std::time::Duration::from_micros(us.unsigned_abs()), whose.unwrap_or_default())
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_regular_expressions() {
        assert_eq!(regex_of("img.*"), "img\\..*");
        let filter: Filter = "kind:a,b* -kind:c".parse().expect("a filter");
        let kinds = patterns(&filter, |field| match field {
            Field::Kind(patterns) => Some(patterns),
            _ => None,
        });
        assert_eq!(kinds, (vec!["^(a|b.*)$".to_owned()], vec!["^(c)$".to_owned()]));
    }
}
