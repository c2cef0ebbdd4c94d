//! Read: one job, and jobs that match.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Field, Filter, JobRecord, Page, State};

use crate::connection::Connection;
use crate::row::record;

const JOB: &str = include_str!("job.sql");
const JOBS: &str = include_str!("jobs.sql");

pub(crate) async fn job(
    connection: &Connection,
    id: JobId,
) -> Result<Option<JobRecord>, StoreError> {
    let rows = connection.query(JOB, &[(&id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

pub(crate) async fn jobs(
    connection: &Connection,
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
    let rows = connection
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
