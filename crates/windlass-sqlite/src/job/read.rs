//! Read: one job, and jobs that match.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Field, Filter, JobRecord, Page, State, Subject};
use windlass_core::limits::FEW_TAGGED;
use windlass_core::time::Timestamp;

use crate::row::{FINISHED_RECORD, Id, PENDING_RECORD, RawRecord, all, one, record};

pub(crate) fn job(connection: &Connection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    for (columns, table, _) in TABLES {
        let sql = format!("select {columns} from {table} where id = ?1");
        if let Some(raw) = all(connection, &sql, [Id::from(id)], record)?.into_iter().next() {
            return raw.read().map(Some);
        }
    }
    Ok(None)
}

/// What a record is made of, where, and the moment that `since` and `until` mean.
const TABLES: [(&str, &str, &str); 2] = [
    (
        PENDING_RECORD,
        "windlass_pending",
        "coalesce((select l.claimed_at from windlass_lease l where l.id = lease), created_at)",
    ),
    (FINISHED_RECORD, "windlass_finished", "finished_at"),
];

/// Jobs that match, newest first: each table gives its newest, the two are merged.
pub(crate) fn jobs(
    connection: &Connection,
    filter: &Filter,
    page: Page,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut found = Vec::new();
    let few = few(connection, filter)?;
    for (columns, table, moment) in TABLES {
        let (mut condition, mut values) = condition(filter, moment);
        for (jobs, binds) in &few {
            condition.push_str(&format!(" and id in ({jobs})"));
            values.extend(binds.iter().cloned());
        }
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

/// These jobs, oldest first; those that are gone are left out.
pub(crate) fn these(connection: &Connection, jobs: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
    let mut found = Vec::with_capacity(jobs.len());
    let ids = vec!["?"; jobs.len()].join(", ");
    for (columns, table, _) in TABLES {
        let sql = format!("select {columns} from {table} where id in ({ids})");
        let binds = params_from_iter(jobs.iter().map(|job| Id::from(*job)));
        let rows = all(connection, &sql, binds, record)?;
        found.extend(rows.into_iter().map(RawRecord::read).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|job| job.id);
    Ok(found)
}

/// Selects of the jobs with tags and subjects, and of those of batches, of which there are so few that they are looked up one by
/// one. Where there are many, jobs that match otherwise are looked at, newest first, until there are enough.
pub(crate) fn few(
    connection: &Connection,
    filter: &Filter,
) -> Result<Vec<(String, Vec<Value>)>, StoreError> {
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
    let mut few = Vec::new();
    for (jobs, values) in tagged.chain(members) {
        let sql = format!("select count(*) from ({jobs} limit {})", FEW_TAGGED + 1);
        let number: Option<i64> = one(connection, &sql, params_from_iter(values.clone()))?;
        if number.is_some_and(|number| number <= FEW_TAGGED as i64) {
            few.push((jobs, values));
        }
    }
    Ok(few)
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

/// The filter as SQL with its binds.
pub(crate) fn condition(filter: &Filter, moment: &str) -> (String, Vec<Value>) {
    let mut sql = "true".to_owned();
    let mut values = Vec::new();
    let now = Timestamp::wall_clock();
    let has = |path: &str, words: &[&str], values: &mut Vec<Value>| {
        let words = any_of(words, values);
        // As the job itself says it: what finds it may be of an earlier job with this id.
        format!("exists (select 1 from json_each(meta, '$.{path}') where value in ({words}))")
    };
    for term in &filter.terms {
        let clauses: Vec<String> = match &term.field {
            Field::State(states) => {
                let waits = states.contains(&State::Waiting).then_some(State::AWAITS);
                let codes = states.iter().map(|state| state.code()).chain(waits);
                codes.map(|code| format!("state = {code}")).collect()
            }
            Field::Queue(patterns) => {
                patterns.iter().map(|p| like("queue", p, &mut values)).collect()
            }
            Field::Kind(patterns) => {
                patterns.iter().map(|p| like("kind", p, &mut values)).collect()
            }
            Field::Tag(tags) => {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                vec![has("tags", &tags, &mut values)]
            }
            Field::Subject(subjects) => {
                let subjects: Vec<&str> = subjects.iter().map(Subject::as_str).collect();
                vec![has("subjects", &subjects, &mut values)]
            }
            Field::Batch(batches) => {
                let batches = any_batch(batches, &mut values);
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
