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

use crate::connection::transaction::Transaction;
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
pub(crate) async fn these(
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
    let now = moment_of(connection, filter).await?;
    let terms = Terms::of(filter, now);
    let before: Option<Uuid> = page.before.map(|id| id.as_uuid());
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut binds = Vec::new();
    terms.bind(&mut binds);
    let moments = binds.split_off(5);
    binds.extend([(&before as _, Type::UUID), (&limit as _, Type::INT8)]);
    binds.extend(moments);
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
    let mut few = Few::default();
    for (_, tags) in filter.tags().filter(|(negated, _)| !negated) {
        let binds: [Bind<'_>; 3] =
            [(&tags, Type::TEXT_ARRAY), (&before, Type::UUID), (&FEW, Type::INT8)];
        few.keep(&connection.query(TAGGED, &binds).await?)?;
    }
    for ids in of_batches(filter) {
        let binds: [Bind<'_>; 3] =
            [(&ids, Type::UUID_ARRAY), (&before, Type::UUID), (&FEW, Type::INT8)];
        few.keep(&connection.query(MEMBERS, &binds).await?)?;
    }
    Ok(few.0)
}

/// The same in a transaction, from the newest on.
pub(crate) async fn few_in(
    transaction: &Transaction<'_>,
    filter: &Filter,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let (mut few, before) = (Few::default(), None::<Uuid>);
    for (_, tags) in filter.tags().filter(|(negated, _)| !negated) {
        let binds: [Bind<'_>; 3] =
            [(&tags, Type::TEXT_ARRAY), (&before, Type::UUID), (&FEW, Type::INT8)];
        few.keep(&transaction.run(TAGGED, &binds).await?)?;
    }
    for ids in of_batches(filter) {
        let binds: [Bind<'_>; 3] =
            [(&ids, Type::UUID_ARRAY), (&before, Type::UUID), (&FEW, Type::INT8)];
        few.keep(&transaction.run(MEMBERS, &binds).await?)?;
    }
    Ok(few.0)
}

fn of_batches(filter: &Filter) -> impl Iterator<Item = Vec<Uuid>> {
    let batches = filter.batches().filter(|(negated, _)| !negated);
    batches.map(|(_, batches)| batches.iter().map(|batch| batch.as_uuid()).collect())
}

/// One more than few: then they are many.
const FEW: i64 = FEW_TAGGED as i64 + 1;

/// The fewest jobs that one of the terms leaves, where they are few.
#[derive(Default)]
struct Few(Option<Vec<Uuid>>);

impl Few {
    fn keep(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.len() <= FEW_TAGGED && self.0.as_ref().is_none_or(|few| rows.len() < few.len()) {
            self.0 = Some(rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?);
        }
        Ok(())
    }
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

/// The moment that times ago are counted from, where a filter has some.
async fn moment_of(connection: &Connection, filter: &Filter) -> Result<Timestamp, StoreError> {
    let is_relative = |field: &Field| {
        matches!(field, Field::Since(Moment::Ago(_)) | Field::Until(Moment::Ago(_)))
    };
    match filter.terms.iter().any(|term| is_relative(&term.field)) {
        true => connection.now(Now::Database).await,
        false => Ok(Timestamp::from_micros(0)),
    }
}

/// What a filter says of a job, as binds of a statement.
pub(crate) struct Terms {
    states: Vec<i16>,
    queues: (Vec<String>, Vec<String>),
    kinds: (Vec<String>, Vec<String>),
    path: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Terms {
    /// The terms for a question that is asked at a moment.
    pub(crate) fn of(filter: &Filter, now: Timestamp) -> Self {
        let micros = |moment: Option<Timestamp>| moment.map(Timestamp::as_micros);
        Self {
            states: filter.states().into_iter().map(State::code).collect(),
            queues: patterns(filter, |field| match field {
                Field::Queue(patterns) => Some(patterns),
                _ => None,
            }),
            kinds: patterns(filter, |field| match field {
                Field::Kind(patterns) => Some(patterns),
                _ => None,
            }),
            path: path_of_meta(filter),
            since: micros(filter.since(now)),
            until: micros(filter.until(now)),
        }
    }

    /// Eight binds: states, patterns of the queue that must fit and must not, the same of the kind, a path of the meta, since
    /// and until.
    pub(crate) fn bind<'a>(&'a self, binds: &mut Vec<Bind<'a>>) {
        let own: [Bind<'a>; 8] = [
            (&self.states, Type::INT2_ARRAY),
            (&self.queues.0, Type::TEXT_ARRAY),
            (&self.queues.1, Type::TEXT_ARRAY),
            (&self.kinds.0, Type::TEXT_ARRAY),
            (&self.kinds.1, Type::TEXT_ARRAY),
            (&self.path, Type::TEXT),
            (&self.since, Type::INT8),
            (&self.until, Type::INT8),
        ];
        binds.extend(own);
    }
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
