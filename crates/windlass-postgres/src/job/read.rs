//! Read: one job, and jobs that match.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Field, Filter, JobRecord, Moment, Page, State};
use windlass_core::limits::FEW_TAGGED;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::{get, record};

const JOB: &str = include_str!("job.sql");
const JOBS: &str = include_str!("jobs.sql");
const JOBS_AMONG: &str = include_str!("jobs_among.sql");
/// The newest jobs of each batch.
const MEMBERS: &str = "select l.job from unnest($1::uuid[]) as b(id), lateral (select job from windlass.member \
     where batch = b.id and ($2::uuid is null or job < $2::uuid) order by job desc limit $3::int8) as l";
/// The newest jobs of each tag.
const TAGGED: &str = "select l.job from unnest($1::text[]) as t(tag), lateral (select job from windlass.tag \
     where tag = t.tag and ($2::uuid is null or job < $2::uuid) order by job desc limit $3::int8) as l";

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
    let among = few(connection, filter, page.before.map(|id| id.as_uuid())).await?;
    matching(connection, filter, page, among.as_deref()).await
}

/// These jobs, newest first; those that are gone are left out.
pub(super) async fn these(
    connection: &Connection,
    jobs: &[Uuid],
) -> Result<Vec<JobRecord>, StoreError> {
    let page = Page { before: None, limit: jobs.len() };
    matching(connection, &Filter::default(), page, Some(jobs)).await
}

async fn matching(
    connection: &Connection,
    filter: &Filter,
    page: Page,
    among: Option<&[Uuid]>,
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
    let tags = path_of_meta(filter);
    let (since, until) = moments(connection, filter).await?;
    let mut binds: Vec<Bind<'_>> = vec![
        (&states, Type::INT2_ARRAY),
        (&queues, Type::TEXT_ARRAY),
        (&not_queues, Type::TEXT_ARRAY),
        (&kinds, Type::TEXT_ARRAY),
        (&not_kinds, Type::TEXT_ARRAY),
        (&before, Type::UUID),
        (&limit, Type::INT8),
        (&tags, Type::TEXT),
        (&since, Type::INT8),
        (&until, Type::INT8),
    ];
    let rows = match &among {
        None => connection.query(JOBS, &binds).await?,
        Some(jobs) => {
            binds.push((jobs, Type::UUID_ARRAY));
            connection.query(JOBS_AMONG, &binds).await?
        }
    };
    rows.iter().map(record).collect()
}

/// The jobs with the tags of a filter, or of its batches, where there are few; where there are many of each, jobs that match
/// otherwise are looked at, newest first, until there are enough.
async fn few(
    connection: &Connection,
    filter: &Filter,
    before: Option<Uuid>,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let mut few: Option<Vec<Uuid>> = None;
    let limit = FEW_TAGGED as i64 + 1;
    let mut keep = |rows: &[Row]| {
        if rows.len() <= FEW_TAGGED && few.as_ref().is_none_or(|few| rows.len() < few.len()) {
            few = Some(rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?);
        }
        Ok::<_, StoreError>(())
    };
    for (_, tags) in filter.tags().filter(|(negated, _)| !negated) {
        let binds: [Bind<'_>; 3] =
            [(&tags, Type::TEXT_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
        keep(&connection.query(TAGGED, &binds).await?)?;
    }
    for (_, batches) in filter.batches().filter(|(negated, _)| !negated) {
        let ids: Vec<Uuid> = batches.iter().map(|batch| batch.as_uuid()).collect();
        let binds: [Bind<'_>; 3] =
            [(&ids, Type::UUID_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
        keep(&connection.query(MEMBERS, &binds).await?)?;
    }
    Ok(few)
}

/// The tags, subjects and batches of a filter as a JSON path that a job's meta fits: what the job itself says. Which jobs are looked
/// at is another matter.
fn path_of_meta(filter: &Filter) -> Option<String> {
    let terms = filter.terms.iter().filter_map(|term| {
        let (list, words): (_, Vec<String>) = match &term.field {
            Field::Tag(tags) => ("tags[*]", tags.clone()),
            Field::Subject(subjects) => {
                ("subjects[*]", subjects.iter().map(|one| one.as_str().to_owned()).collect())
            }
            Field::Batch(batches) => {
                ("member.of", batches.iter().map(|id| id.as_uuid().simple().to_string()).collect())
            }
            _ => return None,
        };
        let is_one = |word: &String| format!("@ == {}", serde_json::Value::from(word.as_str()));
        let any = words.iter().map(is_one).collect::<Vec<_>>().join(" || ");
        let not = if term.negated { "!" } else { "" };
        Some(format!("{not}exists($.{list} ? ({any}))"))
    });
    let terms: Vec<String> = terms.collect();
    (!terms.is_empty()).then(|| terms.join(" && "))
}

/// The moments between which a filter wants the last step of a job, in microseconds.
async fn moments(
    connection: &Connection,
    filter: &Filter,
) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let is_relative = |field: &Field| {
        matches!(field, Field::Since(Moment::Ago(_)) | Field::Until(Moment::Ago(_)))
    };
    let now = if filter.terms.iter().any(|term| is_relative(&term.field)) {
        connection.now(Now::Database).await?
    } else {
        Timestamp::from_micros(0)
    };
    let micros = |moment: Option<Timestamp>| moment.map(Timestamp::as_micros);
    Ok((micros(filter.since(now)), micros(filter.until(now))))
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
    fn tags_become_a_path() {
        let path = |text: &str| path_of_meta(&text.parse().expect("a filter"));
        let expected = r#"exists($.subjects[*] ? (@ == "a=1" || @ == "b=\"c")) && !exists($.tags[*] ? (@ == "x"))"#;
        assert_eq!(path(r#"subject:a=1,b="c -tag:x kind:k"#).as_deref(), Some(expected));
        assert_eq!(path("kind:k"), None);
    }

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
