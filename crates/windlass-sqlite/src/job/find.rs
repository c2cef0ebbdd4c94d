//! Find: jobs that match, newest first, and how many there are.
//!
//! Each table, or each of its states that has an index, gives its jobs in the order of their ids; the newest of them all is
//! looked at next, until there are enough, or the bound is reached.

use std::cmp::Reverse;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Rows, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::filter::{Bound, Found, JobCount, Looked};
use windlass_core::id::{BatchId, JobId, LeaseId};
use windlass_core::job::{Field, Filter, InHandOf, JobRecord, Page, State, Subject};
use windlass_core::limits::FEW_TAGGED;
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::lease::all_leases;
use crate::row::{FINISHED_RECORD, Id, PENDING_RECORD, all, one, record};

/// What a record is made of, where, and the moment that `since` and `until` mean.
struct Table {
    columns: &'static str,
    name: &'static str,
    moment: &'static str,
}

const PENDING: Table = Table {
    columns: PENDING_RECORD,
    name: "windlass_pending",
    moment: "coalesce((select l.claimed_at from windlass_lease l where l.id = lease), created_at)",
};
const FINISHED: Table =
    Table { columns: FINISHED_RECORD, name: "windlass_finished", moment: "finished_at" };
/// Jobs of states that few jobs have, by their indexes.
const FEW_STATES: [(&[State], &str); 2] = [
    (
        &[State::Scheduled, State::Retryable],
        "select id from windlass_pending indexed by windlass_due where state in (1, 3)",
    ),
    (
        &[State::Waiting],
        "select id from windlass_pending indexed by windlass_waiting where state = -1 \
         union all select id from windlass_pending indexed by windlass_parked where state = 0",
    ),
];

/// Selects of ids, each with its binds, one of which a job must be among.
pub(crate) type Few = Vec<(String, Vec<Value>)>;

/// A statement that gives jobs in the order of their ids, newest first, and says of each whether it matches.
struct Source {
    sql: String,
    values: Vec<Value>,
}

/// A page of jobs.
pub(crate) fn find_jobs(
    connection: &Connection,
    filter: &Filter,
    page: Page,
    bound: Bound,
) -> Result<Found<JobRecord, JobId>, StoreError> {
    let mut jobs = Vec::new();
    let walked = walk(connection, (filter, page.before), bound, |job| {
        jobs.push(job);
        jobs.len() <= page.limit
    })?;
    let more = jobs.len() > page.limit;
    jobs.truncate(page.limit);
    let next = if more { jobs.last().map(|job| job.id) } else { walked.reached };
    Ok(Found {
        items: jobs,
        scanned: walked.rows,
        next,
        complete: more || walked.reached.is_none(),
    })
}

/// How many jobs match.
pub(crate) fn count_jobs(
    connection: &Connection,
    filter: &Filter,
    bound: Bound,
) -> Result<JobCount, StoreError> {
    let mut fits = 0;
    let walked = walk(connection, (filter, None), bound, |_| {
        fits += 1;
        true
    })?;
    Ok(JobCount { fits, scanned: walked.rows, complete: walked.reached.is_none() })
}

/// How far a walk has come.
struct Walked {
    rows: u64,
    /// The last job it looked at, where the bound ended it.
    reached: Option<JobId>,
}

/// Looks at jobs, newest first, and gives those that match to the caller, until he has enough.
fn walk(
    connection: &Connection,
    (filter, before): (&Filter, Option<JobId>),
    bound: Bound,
    mut wants_more: impl FnMut(JobRecord) -> bool,
) -> Result<Walked, StoreError> {
    let mut looked = Looked::new(bound);
    let in_hand = in_hand(connection, filter)?;
    let sources = sources(connection, (filter, &in_hand), before)?;
    let mut statements = Vec::new();
    for source in &sources {
        statements.push(connection.prepare_cached(&source.sql).map_err(store_error)?);
    }
    let mut heads = Vec::new();
    for (statement, source) in statements.iter_mut().zip(sources) {
        let rows = statement.query(params_from_iter(source.values)).map_err(store_error)?;
        heads.extend(Head::of(rows)?);
    }
    let mut reached = None;
    while let Some(nth) = (0..heads.len()).max_by_key(|nth| heads[*nth].id) {
        if looked.is_over() && reached.is_some() {
            return Ok(Walked { rows: looked.rows, reached });
        }
        looked.rows += 1;
        reached = Some(heads[nth].id);
        if let Some(job) = heads[nth].matching(filter, &in_hand)?
            && !wants_more(job)
        {
            break;
        }
        if !heads[nth].step()? {
            heads.swap_remove(nth);
        }
    }
    Ok(Walked { rows: looked.rows, reached: None })
}

/// The newest job of a source that was not looked at yet.
struct Head<'a> {
    rows: Rows<'a>,
    id: JobId,
}

/// The column behind those of a record: whether the job matches.
const MATCHES: usize = 24;

impl<'a> Head<'a> {
    fn of(rows: Rows<'a>) -> Result<Option<Self>, StoreError> {
        let mut head = Self { rows, id: JobId::from_uuid(uuid::Uuid::nil()) };
        Ok(head.step()?.then_some(head))
    }

    /// Goes on; whether there is one.
    fn step(&mut self) -> Result<bool, StoreError> {
        let Some(row) = self.rows.next().map_err(store_error)? else { return Ok(false) };
        self.id = row.get::<_, Id>(0).map_err(store_error)?.job();
        Ok(true)
    }

    fn matching(
        &self,
        filter: &Filter,
        in_hand: &InHandOf,
    ) -> Result<Option<JobRecord>, StoreError> {
        let row = |row: &Row<'_>| row.get::<_, bool>(MATCHES)?.then(|| record(row)).transpose();
        let Some(current) = self.rows.get() else { return Ok(None) };
        let Some(raw) = row(current).map_err(store_error)? else { return Ok(None) };
        let job = raw.read()?;
        Ok(filter.fits(&job, in_hand).then_some(job))
    }
}

/// The running jobs of the workers that the filter names.
pub(crate) fn in_hand(connection: &Connection, filter: &Filter) -> Result<InHandOf, StoreError> {
    const JOBS: &str = "select id, jobs from windlass_lease where worker = ?1";
    let mut in_hand = InHandOf::new();
    for worker in filter.workers() {
        let leases = all(connection, JOBS, [Id::from(worker)], |row| {
            Ok((row.get::<_, Id>(0)?.lease(), row.get::<_, Vec<u8>>(1)?))
        })?;
        let running = in_hand.entry(worker).or_default();
        for (lease, packed) in leases {
            let ids = packed.chunks_exact(16).filter_map(|id| uuid::Uuid::from_slice(id).ok());
            for job in ids.map(JobId::from_uuid) {
                if runs(connection, job, lease)? {
                    running.insert(job);
                }
            }
        }
    }
    Ok(in_hand)
}

/// Whether a job runs under this lease, which names also those that have ended meanwhile.
fn runs(connection: &Connection, job: JobId, lease: LeaseId) -> Result<bool, StoreError> {
    const STATE: &str = "select state from windlass_pending where id = ?1 and lease = ?2";
    let state = one(connection, STATE, rusqlite::params![Id::from(job), Id::from(lease)])?;
    Ok(state == Some(State::Running.code()))
}

/// What is to be looked through: only what has states that match, and only few jobs where they can be looked up.
fn sources(
    connection: &Connection,
    (filter, in_hand): (&Filter, &InHandOf),
    before: Option<JobId>,
) -> Result<Vec<Source>, StoreError> {
    let few = few(connection, filter, in_hand)?;
    let (ended, open): (Vec<State>, Vec<State>) =
        filter.states().into_iter().partition(|state| state.is_terminal());
    let mut sources = Vec::new();
    if !open.is_empty() {
        sources.push(source(&PENDING, "true", filter, (&few, before)));
    }
    if ended.contains(&State::Completed) {
        sources.push(source(&FINISHED, "true", filter, (&few, before)));
    } else {
        // One of each state: together they would have to be sorted. The index is of both.
        let only =
            ended.iter().map(|state| format!("state in (6, 7) and state = {}", state.code()));
        sources.extend(only.map(|only| source(&FINISHED, &only, filter, (&few, before))));
    }
    Ok(sources)
}

fn source(
    table: &Table,
    only: &str,
    filter: &Filter,
    (few, before): (&Few, Option<JobId>),
) -> Source {
    let (condition, mut values) = condition(filter, table.moment);
    let Table { columns, name, .. } = table;
    let mut sql = format!("select {columns}, ({condition}) from {name} where {only}");
    for (jobs, binds) in few {
        sql.push_str(&format!(" and id in ({jobs})"));
        values.extend(binds.iter().cloned());
    }
    if let Some(before) = before {
        sql.push_str(" and id < ?");
        values.push(Value::Blob(before.as_uuid().as_bytes().to_vec()));
    }
    sql.push_str(" order by id desc");
    Source { sql, values }
}

/// Selects of the jobs with tags and subjects, of those of batches, of workers and of states, of which there are so few that
/// they are looked up one by one.
pub(crate) fn few(
    connection: &Connection,
    filter: &Filter,
    in_hand: &InHandOf,
) -> Result<Few, StoreError> {
    let tagged = filter.tags().filter(|(negated, _)| !negated).map(|(_, tags)| {
        let mut values = Vec::new();
        let tags = any_of(&tags, &mut values);
        (format!("select job from windlass_tag where tag in ({tags})"), values)
    });
    let members = filter.batches().filter(|(negated, _)| !negated).map(|(_, batches)| {
        let mut values = Vec::new();
        let batches = any_batch(batches, &mut values);
        (format!("select job from windlass_member where batch in ({batches})"), values)
    });
    let states = filter.states();
    let rare = FEW_STATES.iter().filter(|(of, _)| states.iter().all(|state| of.contains(state)));
    let rare = rare.map(|(_, jobs)| ((*jobs).to_owned(), Vec::new()));
    let mut few = Vec::new();
    for (jobs, values) in tagged.chain(members).chain(rare) {
        let sql = format!("select count(*) from ({jobs} limit {})", FEW_TAGGED + 1);
        let number: Option<i64> = one(connection, &sql, params_from_iter(values.clone()))?;
        if number.is_some_and(|number| number <= FEW_TAGGED as i64) {
            few.push((jobs, values));
        }
    }
    few.extend(filter.only_of_workers().map(|workers| {
        these(workers.iter().filter_map(|worker| in_hand.get(worker)).flatten().copied())
    }));
    if states == [State::Running] {
        let leases = all_leases(connection)?;
        few.push(these(leases.into_iter().flat_map(|(_, jobs)| jobs).map(Id::job)));
    }
    Ok(few)
}

/// A select of these jobs.
fn these(jobs: impl Iterator<Item = JobId>) -> (String, Vec<Value>) {
    let digits: Vec<String> = jobs.map(|job| job.as_uuid().simple().to_string()).collect();
    let list = serde_json::Value::from(digits).to_string();
    ("select unhex(value) from json_each(?)".to_owned(), vec![Value::Text(list)])
}

/// Places for values, with the values.
fn any_of(words: &[&str], values: &mut Vec<Value>) -> String {
    values.extend(words.iter().map(|word| Value::Text((*word).to_owned())));
    vec!["?"; words.len()].join(", ")
}

fn any_batch(batches: &[BatchId], values: &mut Vec<Value>) -> String {
    let ids: Vec<String> = batches.iter().map(|id| id.as_uuid().simple().to_string()).collect();
    any_of(&ids.iter().map(String::as_str).collect::<Vec<_>>(), values)
}

/// The terms that columns tell, as SQL with its binds: those that cost least come first.
pub(crate) fn condition(filter: &Filter, moment: &str) -> (String, Vec<Value>) {
    let mut sql = "true".to_owned();
    let mut values = Vec::new();
    let now = Timestamp::wall_clock();
    let mut terms: Vec<_> = filter.terms.iter().collect();
    terms.sort_by_key(|term| {
        Reverse(matches!(term.field, Field::State(_) | Field::Queue(_) | Field::Kind(_)))
    });
    for term in terms {
        let clauses = clauses(&term.field, (moment, now), &mut values);
        if clauses.is_empty() {
            continue;
        }
        let not = if term.negated { "not " } else { "" };
        sql.push_str(&format!(" and {not}({})", clauses.join(" or ")));
    }
    (sql, values)
}

fn clauses(
    field: &Field,
    (moment, now): (&str, Timestamp),
    values: &mut Vec<Value>,
) -> Vec<String> {
    let has = |path: &str, words: &[&str], values: &mut Vec<Value>| {
        let words = any_of(words, values);
        // As the job itself says it: what finds it may be of an earlier job with this id.
        format!("exists (select 1 from json_each(meta, '$.{path}') where value in ({words}))")
    };
    match field {
        Field::State(states) => {
            let waits = states.contains(&State::Waiting).then_some(State::AWAITS);
            let codes = states.iter().map(|state| state.code()).chain(waits);
            codes.map(|code| format!("state = {code}")).collect()
        }
        Field::Queue(patterns) => patterns.iter().map(|p| like("queue", p, values)).collect(),
        Field::Kind(patterns) => patterns.iter().map(|p| like("kind", p, values)).collect(),
        Field::Tag(tags) => {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            vec![has("tags", &tags, values)]
        }
        Field::Subject(subjects) => {
            let subjects: Vec<&str> = subjects.iter().map(Subject::as_str).collect();
            vec![has("subjects", &subjects, values)]
        }
        Field::Batch(batches) => {
            let batches = any_batch(batches, values);
            vec![format!("coalesce(meta ->> '$.member.of' in ({batches}), false)")]
        }
        Field::Since(since) => {
            values.push(Value::Integer(since.at(now).as_micros()));
            vec![format!("{moment} >= ?")]
        }
        Field::Until(until) => {
            values.push(Value::Integer(until.at(now).as_micros()));
            vec![format!("{moment} < ?")]
        }
        Field::Args(..) | Field::Error(_) | Field::Fingerprint(_) | Field::Worker(_) => Vec::new(),
    }
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
