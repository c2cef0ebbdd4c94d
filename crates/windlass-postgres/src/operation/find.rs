//! Finding an operation's jobs, part by part: those that wait, then the running, the dead, the cancelled and the completed ones, each
//! in the order of their ids. A part is so many rows of a table, whether they match or not.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::job::{Filter, State};
use windlass_core::time::Timestamp;

use crate::connection::Bind;
use crate::connection::transaction::Transaction;
use crate::job::find::{Terms, few_in, fitting_in};
use crate::row::get;

/// Jobs that are read whole at once, where columns do not tell whether they match.
const RECORDS: usize = 500;

/// How far a walk has come: in which branch, and behind which job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) branch: usize,
    pub(super) after: Uuid,
}

impl Walk {
    pub(super) const BEGIN: Self = Self { branch: 0, after: Uuid::nil() };

    /// Whether nothing is left.
    pub(super) const fn is_over(self) -> bool {
        self.branch >= BRANCHES.len()
    }
}

/// The rows of one part that match.
///   $1 int2[] states · $2 text[] patterns that the queue fits, all of them · $3 text[] and fits none of these
///   $4 text[] the same for the kind · $5 text[] · $6 text a JSON path that its meta fits · $7 int8 since · $8 int8 until
///   $9 uuid behind this job · $10 int8 when the operation began · $11 uuid what it has changed is not found again
///   $12 int8 rows of the part · $13 int8 at most so many, where it is limited · $14 uuid[] among these
macro_rules! part {
    ($select:literal, $from:literal, $moment:literal, $and:literal, $frozen:literal, $rest:literal) => {
        concat!(
            "select ", $select, " from (select id, queue, kind, state, meta, created_at, ", $moment, " as moment from ", $from,
            " id > $9::uuid", $and, " order by id limit $12::int8) as j \
             where greatest(state, 0::int2) = any ($1::int2[]) \
               and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[])) \
               and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[])) \
               and ($6::text is null or coalesce(meta, '{}')::jsonb @@ $6::text::jsonpath) \
               and coalesce(moment >= $7::int8, true) and coalesce(moment < $8::int8, true) \
               and created_at <= $10::int8", $frozen,
            " and ($11::uuid is null or not exists ( \
                 select from windlass.operation_job o where o.operation = $11::uuid and o.job = j.id)) ",
            $rest
        )
    };
}

/// A part of the jobs that is walked in the order of its ids.
struct Branch {
    of: &'static [State],
    /// The statements: jobs, numbers by state, and both of some jobs alone.
    next: &'static str,
    count: &'static str,
    next_among: &'static str,
    count_among: &'static str,
    /// The last row of a part; nothing where a part is all there is.
    end: Option<&'static str>,
}

macro_rules! branch {
    ($of:expr, $end:expr, ($from:literal, $moment:literal, $frozen:literal)) => {
        Branch {
            of: $of,
            next: part!("id", $from, $moment, "", $frozen, "order by id limit $13::int8"),
            count: part!(
                "greatest(state, 0::int2), count(*)",
                $from,
                $moment,
                "",
                $frozen,
                "group by 1 limit $13::int8"
            ),
            next_among: part!(
                "id",
                $from,
                $moment,
                " and id = any ($14::uuid[])",
                $frozen,
                "order by id limit $13::int8"
            ),
            count_among: part!(
                "greatest(state, 0::int2), count(*)",
                $from,
                $moment,
                " and id = any ($14::uuid[])",
                $frozen,
                "group by 1 limit $13::int8"
            ),
            end: $end,
        }
    };
}

const END_PENDING: &str =
    "select id from windlass.pending where id > $1::uuid order by id offset $2::int8 limit 1";
const END_DEAD: &str = "select id from windlass.finished where state = 7 and id > $1::uuid order by id offset $2::int8 limit 1";
const END_CANCELLED: &str = "select id from windlass.finished where state = 6 and id > $1::uuid order by id offset $2::int8 limit 1";
const END_COMPLETED: &str =
    "select id from windlass.finished where id > $1::uuid order by id offset $2::int8 limit 1";

const BRANCHES: [Branch; 5] = [
    branch!(
        &[State::Waiting, State::Scheduled, State::Available, State::Retryable],
        Some(END_PENDING),
        ("windlass.pending where", "created_at", "")
    ),
    branch!(
        &[State::Running],
        None,
        (
            "(select id, queue, kind, 4::int2 as state, meta, created_at, claimed_at from windlass.running_job) as r where",
            "claimed_at",
            ""
        )
    ),
    branch!(
        &[State::Dead],
        Some(END_DEAD),
        ("windlass.finished where state = 7 and", "finished_at", " and moment <= $10::int8")
    ),
    branch!(
        &[State::Cancelled],
        Some(END_CANCELLED),
        ("windlass.finished where state = 6 and", "finished_at", " and moment <= $10::int8")
    ),
    // No index has them alone.
    branch!(
        &[State::Completed],
        Some(END_COMPLETED),
        ("windlass.finished where", "finished_at", " and state = 5 and moment <= $10::int8")
    ),
];

/// Which jobs are looked for.
pub(super) struct Wanted {
    filter: Filter,
    terms: Terms,
    states: Vec<State>,
    /// When the operation began.
    at: i64,
    /// What the operation has changed is not found again.
    but_of: Option<Uuid>,
    /// Rows of one part.
    look: i64,
    /// Those with the filter's tags or of its batches, where they are few.
    among: Option<Vec<Uuid>>,
}

impl Wanted {
    pub(super) async fn new(
        transaction: &Transaction<'_>,
        filter: &Filter,
        (at, but_of, look): (Timestamp, Option<Uuid>, usize),
    ) -> Result<Self, StoreError> {
        let terms = Terms::of(filter, at);
        let among = few_in(transaction, filter).await?;
        let look = if among.is_some() { i64::MAX } else { i64::try_from(look).unwrap_or(i64::MAX) };
        let states = filter.states();
        let (filter, at) = (filter.clone(), at.as_micros());
        Ok(Self { filter, terms, states, at, but_of, look, among })
    }

    fn is_wanted(&self, branch: &Branch) -> bool {
        self.states.iter().any(|state| branch.of.contains(state))
    }

    async fn ask(
        &self,
        transaction: &Transaction<'_>,
        (plain, of_few): (&'static str, &'static str),
        (after, most): (Uuid, i64),
    ) -> Result<Vec<Row>, StoreError> {
        let mut binds = Vec::new();
        self.terms.bind(&mut binds);
        let rest: [Bind<'_>; 5] = [
            (&after, Type::UUID),
            (&self.at, Type::INT8),
            (&self.but_of, Type::UUID),
            (&self.look, Type::INT8),
            (&most, Type::INT8),
        ];
        binds.extend(rest);
        let Some(among) = &self.among else { return transaction.run(plain, &binds).await };
        binds.push((among, Type::UUID_ARRAY));
        transaction.run(of_few, &binds).await
    }

    /// The walk after this part.
    async fn onward(&self, transaction: &Transaction<'_>, walk: Walk) -> Result<Walk, StoreError> {
        let next = Walk { branch: walk.branch + 1, after: Uuid::nil() };
        let end = BRANCHES[walk.branch].end.filter(|_| self.among.is_none());
        let Some(end) = end else { return Ok(next) };
        let last = self.look - 1;
        let binds: [Bind<'_>; 2] = [(&walk.after, Type::UUID), (&last, Type::INT8)];
        let rows = transaction.run(end, &binds).await?;
        let Some(row) = rows.first() else { return Ok(next) };
        Ok(Walk { after: get(row, 0)?, ..walk })
    }

    /// The next jobs of one part, at most so many, and the walk behind them.
    pub(super) async fn next(
        &self,
        transaction: &Transaction<'_>,
        (walk, most): (Walk, usize),
    ) -> Result<(Vec<Uuid>, Walk), StoreError> {
        if !self.is_wanted(&BRANCHES[walk.branch]) {
            return Ok((Vec::new(), Walk { branch: walk.branch + 1, after: Uuid::nil() }));
        }
        if self.filter.is_of_columns() {
            return self.next_of_columns(transaction, (walk, most)).await;
        }
        let seen = self.next_of_columns(transaction, (walk, most.max(RECORDS)));
        let (seen, onward) = seen.await?;
        let found = fitting_in(transaction, &self.filter, &seen).await?;
        let mut ids: Vec<Uuid> = found.iter().map(|job| job.id.as_uuid()).collect();
        if ids.len() > most {
            ids.truncate(most);
            let after = ids.last().copied().unwrap_or(walk.after);
            return Ok((ids, Walk { after, ..walk }));
        }
        Ok((ids, onward))
    }

    /// The same for the terms that columns tell.
    async fn next_of_columns(
        &self,
        transaction: &Transaction<'_>,
        (walk, most): (Walk, usize),
    ) -> Result<(Vec<Uuid>, Walk), StoreError> {
        let branch = &BRANCHES[walk.branch];
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let texts = (branch.next, branch.next_among);
        let rows = self.ask(transaction, texts, (walk.after, limit)).await?;
        let found: Vec<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        let walk = match found.last() {
            Some(last) if found.len() >= most => Walk { after: *last, ..walk },
            _ => self.onward(transaction, walk).await?,
        };
        Ok((found, walk))
    }

    /// How many jobs of one part match, by state, and the walk behind them.
    pub(super) async fn count(
        &self,
        transaction: &Transaction<'_>,
        walk: Walk,
    ) -> Result<(Vec<(State, u64)>, Walk), StoreError> {
        let branch = &BRANCHES[walk.branch];
        if !self.is_wanted(branch) {
            return Ok((Vec::new(), Walk { branch: walk.branch + 1, after: Uuid::nil() }));
        }
        if !self.filter.is_of_columns() {
            let (seen, onward) = self.next_of_columns(transaction, (walk, RECORDS)).await?;
            let found = fitting_in(transaction, &self.filter, &seen).await?;
            return Ok((found.iter().map(|job| (job.state, 1)).collect(), onward));
        }
        let texts = (branch.count, branch.count_among);
        let rows = self.ask(transaction, texts, (walk.after, i64::MAX)).await?;
        let mut counted = Vec::new();
        for row in rows {
            if let Some(state) = State::from_code(get(&row, 0)?) {
                counted.push((state, get::<i64>(&row, 1)?.unsigned_abs()));
            }
        }
        Ok((counted, self.onward(transaction, walk).await?))
    }
}
