//! Read: one job, and jobs that match.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Field, Filter, JobRecord, Page};

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
