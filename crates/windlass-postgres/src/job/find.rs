//! Find: jobs that match, newest first, and how many there are.
//!
//! Where tags, subjects, batches, workers or states leave few jobs these are looked up. Otherwise the jobs are gone through in
//! parts by their ids, each part as large as the time of the one before allows: no statement grows with their number.

use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::filter::{Bound, Found, JobCount, Looked, Moment};
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{Field, Filter, InHandOf, JobRecord, Page, State};
use windlass_core::limits::FEW_TAGGED;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::transaction::Transaction;
use crate::connection::{Bind, Connection};
use crate::row::{get, record};

const FIND: &str = include_str!("find.sql");
const FIND_AMONG: &str = include_str!("find_among.sql");
const PART: &str = include_str!("find_part.sql");
const COUNT: &str = concat!("(select count(*) from (", include_str!("find.sql"), ") as job)");
/// The newest jobs of each batch.
const MEMBERS: &str = "select l.job from unnest($1::uuid[]) as b(id), lateral (select job from windlass.member \
     where batch = b.id and ($2::uuid is null or job < $2::uuid) order by job desc limit $3::int8) as l";
/// The newest jobs of each tag.
const TAGGED: &str = "select l.job from unnest($1::text[]) as t(tag), lateral (select job from windlass.tag \
     where tag = t.tag and ($2::uuid is null or job < $2::uuid) order by job desc limit $3::int8) as l";
const DUE: &str = "select id from windlass.pending where state in (1, 3) limit $1::int8";
const WAITING: &str = "(select id from windlass.pending where state = -1 limit $1::int8) \
     union all (select id from windlass.pending where state = 0 limit $1::int8)";
const IN_HAND: &str = "select worker, id from windlass.running_job where worker = any ($1::uuid[])";
/// How long one statement may take; a part that takes longer is made smaller.
const LIMIT: &str = "set statement_timeout = 2000";
const NO_LIMIT: &str = "reset statement_timeout";

/// Jobs of the first part of a look, and of any.
const FIRST_PART: i64 = 500;
const LARGEST_PART: i64 = 16_384;
/// Records that one statement gives: each has its args.
const RECORDS: usize = 1_000;
/// A part that takes less than this is followed by a larger one, one that takes longer than four times this by a smaller one.
const QUICK: Duration = Duration::from_millis(50);

/// A page of jobs.
pub(crate) async fn find_jobs(
    connection: &Connection,
    filter: &Filter,
    page: Page,
    bound: Bound,
) -> Result<Found<JobRecord, JobId>, StoreError> {
    let mut search = Search::new(connection, filter, bound).await?;
    let mut jobs = Vec::new();
    let before = page.before.map(|id| id.as_uuid());
    let reached = match search.few(before).await? {
        Some(few) => {
            search.looked.rows = few.len() as u64;
            jobs = search.among(&few, before, page.limit + 1).await?;
            None
        }
        None => search.through(before, page.limit + 1, &mut jobs).await?,
    };
    let more = jobs.len() > page.limit;
    jobs.truncate(page.limit);
    let next = if more { jobs.last().map(|job| job.id) } else { reached };
    let complete = more || reached.is_none();
    Ok(Found { items: jobs, scanned: search.looked.rows, next, complete })
}

/// These jobs, newest first; those that are gone are left out.
pub(crate) async fn these(
    connection: &Connection,
    jobs: &[Uuid],
) -> Result<Vec<JobRecord>, StoreError> {
    let all = Filter::default();
    let search = Search::new(connection, &all, Bound::default()).await?;
    search.among(jobs, None, jobs.len()).await
}

/// How many jobs match.
pub(crate) async fn count_jobs(
    connection: &Connection,
    filter: &Filter,
    bound: Bound,
) -> Result<JobCount, StoreError> {
    let mut search = Search::new(connection, filter, bound).await?;
    if let Some(few) = search.few(None).await? {
        let fits = search.among(&few, None, few.len()).await?.len() as u64;
        return Ok(JobCount { fits, scanned: few.len() as u64, complete: true });
    }
    let (mut fits, mut high) = (0, Uuid::max());
    loop {
        let Part { lowest, fits: of_part } = search.part(high, Wanted::Number).await?;
        fits += of_part;
        match lowest {
            None => return Ok(JobCount { fits, scanned: search.looked.rows, complete: true }),
            Some(_) if search.looked.is_over() => {
                return Ok(JobCount { fits, scanned: search.looked.rows, complete: false });
            }
            Some(lowest) => high = lowest,
        }
    }
}

/// A look for the jobs of a filter.
struct Search<'a> {
    connection: &'a Connection,
    filter: &'a Filter,
    looked: Looked,
    in_hand: InHandOf,
    terms: Terms,
    /// Jobs of the next part.
    rows: i64,
}

/// What a filter's terms are to a statement.
pub(crate) struct Terms {
    states: Vec<i16>,
    queues: (Vec<String>, Vec<String>),
    kinds: (Vec<String>, Vec<String>),
    meta: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

/// What a part of a look is to give.
enum Wanted<'a> {
    /// Jobs, into this list, until it has so many.
    Jobs(&'a mut Vec<JobRecord>, usize),
    /// How many there are.
    Number,
}

/// What came of a part of a look.
struct Part {
    /// The oldest job it looked at; none where it came to the end.
    lowest: Option<Uuid>,
    fits: u64,
}

impl<'a> Search<'a> {
    async fn new(
        connection: &'a Connection,
        filter: &'a Filter,
        bound: Bound,
    ) -> Result<Self, StoreError> {
        let terms = Terms::of(filter, moment_of(connection, filter).await?);
        let in_hand = in_hand(connection, filter).await?;
        let looked = Looked::new(bound);
        Ok(Self { connection, filter, looked, in_hand, terms, rows: FIRST_PART })
    }

    /// The jobs with the tags of a filter, or of its batches, workers or states, where there are few.
    async fn few(&self, before: Option<Uuid>) -> Result<Option<Vec<Uuid>>, StoreError> {
        let mut few = Few(None);
        let limit = FEW_TAGGED as i64 + 1;
        for (_, tags) in self.filter.tags().filter(|(negated, _)| !negated) {
            let binds: [Bind<'_>; 3] =
                [(&tags, Type::TEXT_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
            few.keep(&self.connection.query(TAGGED, &binds).await?)?;
        }
        for (_, batches) in self.filter.batches().filter(|(negated, _)| !negated) {
            let ids: Vec<Uuid> = batches.iter().map(|batch| batch.as_uuid()).collect();
            let binds: [Bind<'_>; 3] =
                [(&ids, Type::UUID_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
            few.keep(&self.connection.query(MEMBERS, &binds).await?)?;
        }
        let states = self.filter.states();
        let are = |of: &[State]| states.iter().all(|state| of.contains(state));
        let rare =
            [(are(&[State::Scheduled, State::Retryable]), DUE), (are(&[State::Waiting]), WAITING)];
        for (_, sql) in rare.into_iter().filter(|(are, _)| *are) {
            few.keep(&self.connection.query(sql, &[(&limit, Type::INT8)]).await?)?;
        }
        if let Some(workers) = self.filter.only_of_workers() {
            let jobs = workers.iter().filter_map(|worker| self.in_hand.get(worker)).flatten();
            few.0 = Some(jobs.map(|job| job.as_uuid()).collect());
        }
        Ok(few.0)
    }

    /// Of these jobs those that match.
    async fn among(
        &self,
        jobs: &[Uuid],
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let high = before.unwrap_or(Uuid::max());
        // Terms that are looked at here may leave out any of them.
        let most = if self.filter.is_of_columns() { limit } else { jobs.len() };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut binds = self.terms.binds(&high, &most);
        binds.push((&jobs, Type::UUID_ARRAY));
        let rows = self.connection.query(FIND_AMONG, &binds).await?;
        let mut found = self.matching(&rows)?;
        found.truncate(limit);
        Ok(found)
    }

    /// Goes through the jobs until there are enough; where it ended, if the bound did that.
    async fn through(
        &mut self,
        before: Option<Uuid>,
        enough: usize,
        jobs: &mut Vec<JobRecord>,
    ) -> Result<Option<JobId>, StoreError> {
        let mut high = before.unwrap_or(Uuid::max());
        loop {
            let part = self.part(high, Wanted::Jobs(jobs, enough)).await?;
            let Some(lowest) = part.lowest.filter(|_| jobs.len() < enough) else { return Ok(None) };
            if self.looked.is_over() {
                return Ok(Some(JobId::from_uuid(lowest)));
            }
            high = lowest;
        }
    }

    /// Looks through the next jobs before this one. A part that is broken off for its time is tried again with fewer jobs.
    async fn part(&mut self, high: Uuid, mut wanted: Wanted<'_>) -> Result<Part, StoreError> {
        loop {
            let left = i64::try_from(self.looked.left()).unwrap_or(i64::MAX);
            let rows = self.rows.min(left).max(1);
            let began = Instant::now();
            match self.try_part(high, rows, &mut wanted).await {
                Err(StoreError::Unavailable { .. }) if rows > 1 => self.rows = (rows / 16).max(1),
                Err(error) => return Err(error),
                Ok(part) => {
                    self.rows = match began.elapsed() {
                        took if took < QUICK => (self.rows * 4).min(LARGEST_PART),
                        took if took > 4 * QUICK => (self.rows / 2).max(1),
                        _ => self.rows,
                    };
                    return Ok(part);
                }
            }
        }
    }

    async fn try_part(
        &mut self,
        high: Uuid,
        rows: i64,
        wanted: &mut Wanted<'_>,
    ) -> Result<Part, StoreError> {
        let binds: [Bind<'_>; 3] =
            [(&self.terms.states, Type::INT2_ARRAY), (&high, Type::UUID), (&rows, Type::INT8)];
        let answer = self.ask(PART, &binds).await?;
        let row = answer.first().ok_or_else(|| StoreError::Backend("no part".into()))?;
        let lowest: Option<Uuid> = get(row, 0)?;
        let looked_through = get::<i64>(row, 1)?.unsigned_abs();
        let low = lowest.unwrap_or(Uuid::nil());
        let part = match wanted {
            Wanted::Jobs(jobs, enough) => {
                let (lowest, found) = self.jobs(high, low, lowest, *enough - jobs.len()).await?;
                let fits = found.len() as u64;
                jobs.extend(found);
                Part { lowest, fits }
            }
            Wanted::Number => Part { lowest, fits: self.number(high, low).await? },
        };
        self.looked.rows += looked_through;
        Ok(part)
    }

    async fn jobs(
        &self,
        mut high: Uuid,
        low: Uuid,
        lowest: Option<Uuid>,
        enough: usize,
    ) -> Result<(Option<Uuid>, Vec<JobRecord>), StoreError> {
        let mut found = Vec::new();
        loop {
            let most = match self.filter.is_of_columns() {
                true => RECORDS.min(enough - found.len()),
                false => RECORDS,
            };
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            let mut binds = self.terms.binds(&high, &limit);
            binds.push((&low, Type::UUID));
            let rows = self.ask(FIND, &binds).await?;
            found.extend(self.matching(&rows)?);
            let last = rows.last().filter(|_| rows.len() == most);
            match last {
                Some(last) if found.len() < enough => high = get(last, 0)?,
                _ => break,
            }
        }
        found.truncate(enough);
        Ok((lowest, found))
    }

    async fn number(&self, mut high: Uuid, low: Uuid) -> Result<u64, StoreError> {
        if self.filter.is_of_columns() {
            let mut binds = self.terms.binds(&high, &i64::MAX);
            binds.push((&low, Type::UUID));
            let rows = self.ask(COUNT, &binds).await?;
            return rows.first().map_or(Ok(0), |row| get::<i64>(row, 0).map(i64::unsigned_abs));
        }
        let (mut number, limit) = (0, RECORDS as i64);
        loop {
            let mut binds = self.terms.binds(&high, &limit);
            binds.push((&low, Type::UUID));
            let rows = self.ask(FIND, &binds).await?;
            number += self.matching(&rows)?.len() as u64;
            match rows.last().filter(|_| rows.len() == RECORDS) {
                Some(last) => high = get(last, 0)?,
                None => return Ok(number),
            }
        }
    }

    fn matching(&self, rows: &[Row]) -> Result<Vec<JobRecord>, StoreError> {
        let mut jobs = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        jobs.retain(|job| self.filter.fits(job, &self.in_hand));
        Ok(jobs)
    }

    /// The answer to a question, which the server breaks off where it takes too long. What is set for that is set in the
    /// session: not in one that is shared with others.
    async fn ask(&self, sql: &'static str, binds: &[Bind<'_>]) -> Result<Vec<Row>, StoreError> {
        match self.connection.owns_session() {
            true => {
                let asked = self.connection.query_between((LIMIT, &[]), (sql, binds), NO_LIMIT);
                asked.await.map(|between| between.rows)
            }
            false => self.connection.query(sql, binds).await,
        }
    }
}

/// The shortest list of jobs that was found, if one is short enough.
struct Few(Option<Vec<Uuid>>);

impl Few {
    fn keep(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.len() <= FEW_TAGGED && self.0.as_ref().is_none_or(|few| rows.len() < few.len()) {
            self.0 = Some(rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?);
        }
        Ok(())
    }
}

/// The jobs with the tags of a filter, of its batches or of its workers, where there are few: in a transaction.
pub(crate) async fn few_in(
    transaction: &Transaction<'_>,
    filter: &Filter,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let (mut few, before, limit) = (Few(None), None::<Uuid>, FEW_TAGGED as i64 + 1);
    for (_, tags) in filter.tags().filter(|(negated, _)| !negated) {
        let binds: [Bind<'_>; 3] =
            [(&tags, Type::TEXT_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
        few.keep(&transaction.run(TAGGED, &binds).await?)?;
    }
    for (_, batches) in filter.batches().filter(|(negated, _)| !negated) {
        let ids: Vec<Uuid> = batches.iter().map(|batch| batch.as_uuid()).collect();
        let binds: [Bind<'_>; 3] =
            [(&ids, Type::UUID_ARRAY), (&before, Type::UUID), (&limit, Type::INT8)];
        few.keep(&transaction.run(MEMBERS, &binds).await?)?;
    }
    if let Some(workers) = filter.only_of_workers() {
        let workers: Vec<Uuid> = workers.iter().map(|worker| worker.as_uuid()).collect();
        let in_hand = transaction.run(IN_HAND, &[(&workers, Type::UUID_ARRAY)]).await?;
        few.0 = Some(in_hand.iter().map(|row| get(row, 1)).collect::<Result<_, _>>()?);
    }
    Ok(few.0)
}

/// Of these jobs those that the terms want which no column tells, in the order of their ids: in a transaction.
pub(crate) async fn fitting_in(
    transaction: &Transaction<'_>,
    filter: &Filter,
    jobs: &[Uuid],
) -> Result<Vec<JobRecord>, StoreError> {
    let workers: Vec<Uuid> = filter.workers().map(|worker| worker.as_uuid()).collect();
    let in_hand = match workers.is_empty() {
        true => InHandOf::new(),
        false => by_worker(&transaction.run(IN_HAND, &[(&workers, Type::UUID_ARRAY)]).await?)?,
    };
    let any = Terms::of(&Filter::default(), Timestamp::from_micros(0));
    let (high, most) = (Uuid::max(), i64::MAX);
    let mut binds = any.binds(&high, &most);
    binds.push((&jobs, Type::UUID_ARRAY));
    let rows = transaction.run(FIND_AMONG, &binds).await?;
    let mut found = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    found.retain(|job| filter.fits(job, &in_hand));
    found.reverse();
    Ok(found)
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
            meta: path_of_meta(filter),
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
            (&self.meta, Type::TEXT),
            (&self.since, Type::INT8),
            (&self.until, Type::INT8),
        ];
        binds.extend(own);
    }

    /// The first ten parameters of the statements that find.
    fn binds<'a>(&'a self, high: &'a Uuid, limit: &'a i64) -> Vec<Bind<'a>> {
        vec![
            (&self.states, Type::INT2_ARRAY),
            (&self.queues.0, Type::TEXT_ARRAY),
            (&self.queues.1, Type::TEXT_ARRAY),
            (&self.kinds.0, Type::TEXT_ARRAY),
            (&self.kinds.1, Type::TEXT_ARRAY),
            (high, Type::UUID),
            (limit, Type::INT8),
            (&self.meta, Type::TEXT),
            (&self.since, Type::INT8),
            (&self.until, Type::INT8),
        ]
    }
}

/// The running jobs of the workers that the filter names.
async fn in_hand(connection: &Connection, filter: &Filter) -> Result<InHandOf, StoreError> {
    let workers: Vec<Uuid> = filter.workers().map(|worker| worker.as_uuid()).collect();
    if workers.is_empty() {
        return Ok(InHandOf::new());
    }
    by_worker(&connection.query(IN_HAND, &[(&workers, Type::UUID_ARRAY)]).await?)
}

fn by_worker(rows: &[Row]) -> Result<InHandOf, StoreError> {
    let mut in_hand = InHandOf::new();
    for row in rows {
        let worker = WorkerId::from_uuid(get(row, 0)?);
        in_hand.entry(worker).or_default().insert(JobId::from_uuid(get(row, 1)?));
    }
    Ok(in_hand)
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
