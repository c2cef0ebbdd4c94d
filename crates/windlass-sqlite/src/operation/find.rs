//! Finding an operation's jobs, part by part: those that have not ended, then the dead, the cancelled and the completed ones, each
//! in the order of their ids. A part is so many rows of a table, whether they match or not.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Filter, JobRecord, State};
use windlass_core::time::Timestamp;

use crate::job::find::{self, Few, condition};
use crate::job::read;
use crate::row::{Count, Id, all, one};

/// Jobs that are read whole at once, where columns do not tell whether they match.
const RECORDS: usize = 500;

/// How far a walk has come: in which branch, and behind which job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) branch: usize,
    pub(super) after: JobId,
}

impl Walk {
    pub(super) const BEGIN: Self = Self { branch: 0, after: JobId::FIRST };

    /// Whether nothing is left.
    pub(super) const fn is_over(self) -> bool {
        self.branch >= BRANCHES.len()
    }
}

/// A part of the jobs that is walked in the order of its ids.
struct Branch {
    table: &'static str,
    of: &'static [State],
    /// The rows of it alone, by an index.
    own: &'static str,
    moment: &'static str,
    columns: &'static str,
    /// That it was so when the operation began.
    frozen: &'static str,
}

const CLAIMED_AT: &str =
    "coalesce((select l.claimed_at from windlass_lease l where l.id = lease), created_at)";
const ENDED: Branch = Branch {
    table: "windlass_finished",
    of: &[],
    own: "",
    moment: "finished_at",
    columns: "id, queue, kind, state, meta, created_at, finished_at",
    frozen: "max(created_at, finished_at) <= ?",
};
const BRANCHES: [Branch; 4] = [
    Branch {
        table: "windlass_pending",
        of: &[State::Waiting, State::Scheduled, State::Available, State::Retryable, State::Running],
        own: "true",
        moment: CLAIMED_AT,
        columns: "id, queue, kind, state, meta, created_at, lease",
        frozen: "created_at <= ?",
    },
    Branch { of: &[State::Dead], own: "state = 7", ..ENDED },
    Branch { of: &[State::Cancelled], own: "state = 6", ..ENDED },
    // No index has them alone.
    Branch {
        of: &[State::Completed],
        own: "true",
        frozen: "state = 5 and max(created_at, finished_at) <= ?",
        ..ENDED
    },
];

/// Which jobs are looked for.
pub(super) struct Wanted<'a> {
    pub(super) filter: &'a Filter,
    /// When the operation began.
    pub(super) at: Timestamp,
    /// What the operation has changed is not found again.
    pub(super) but_of: Option<Id>,
    /// Rows of one part.
    pub(super) look: usize,
}

impl Wanted<'_> {
    /// Jobs of which one must be, where there are few.
    fn few(&self, connection: &Connection) -> Result<Few, StoreError> {
        find::few(connection, self.filter, &find::in_hand(connection, self.filter)?)
    }

    /// A statement over the next part of a branch, with its binds.
    fn part(
        &self,
        connection: &Connection,
        (branch, after): (&Branch, JobId),
        select: &str,
    ) -> Result<(String, Vec<Value>), StoreError> {
        let few = self.few(connection)?;
        let Branch { table, own, columns, frozen, .. } = branch;
        let mut values = vec![blob(&Id::from(after))];
        let mut from = format!("select {columns} from {table} where {own} and id > ? order by id");
        if few.is_empty() {
            from.push_str(&format!(" limit {}", self.look));
        }
        let (mut matches, binds) = condition(self.filter, branch.moment);
        values.extend(binds);
        for (jobs, binds) in few {
            matches.push_str(&format!(" and id in ({jobs})"));
            values.extend(binds);
        }
        values.push(Value::Integer(self.at.as_micros()));
        let mut sql = format!("select {select} from ({from}) where {matches} and {frozen}");
        if let Some(operation) = &self.but_of {
            sql.push_str(
                " and not exists (select 1 from windlass_operation_job o where o.operation = ? and o.job = id)",
            );
            values.push(blob(operation));
        }
        Ok((sql, values))
    }

    /// The walk after this part.
    fn onward(&self, connection: &Connection, walk: Walk) -> Result<Walk, StoreError> {
        let Branch { table, own, .. } = &BRANCHES[walk.branch];
        let next = Walk { branch: walk.branch + 1, after: JobId::FIRST };
        if !self.few(connection)?.is_empty() {
            return Ok(next);
        }
        let last = self.look.saturating_sub(1);
        let sql = format!(
            "select id from {table} where {own} and id > ?1 order by id limit 1 offset {last}"
        );
        let end: Option<Id> = one(connection, &sql, [Id::from(walk.after)])?;
        Ok(end.map_or(next, |id| Walk { after: id.job(), ..walk }))
    }

    fn is_wanted(&self, branch: &Branch) -> bool {
        self.filter.states().iter().any(|state| branch.of.contains(state))
    }

    /// The next jobs of one part, at most so many, and the walk behind them.
    pub(super) fn next(
        &self,
        connection: &Connection,
        (walk, most): (Walk, usize),
    ) -> Result<(Vec<JobId>, Walk), StoreError> {
        let branch = &BRANCHES[walk.branch];
        if !self.is_wanted(branch) {
            return Ok((Vec::new(), Walk { branch: walk.branch + 1, after: JobId::FIRST }));
        }
        if self.filter.is_of_columns() {
            return self.next_of_columns(connection, (walk, most));
        }
        let (seen, onward) = self.next_of_columns(connection, (walk, most.max(RECORDS)))?;
        let mut found = self.fitting(connection, &seen)?;
        if found.len() > most {
            found.truncate(most);
            let after = found.last().map_or(walk.after, |job| job.id);
            return Ok((ids(&found), Walk { after, ..walk }));
        }
        Ok((ids(&found), onward))
    }

    /// The same for the terms that columns tell.
    fn next_of_columns(
        &self,
        connection: &Connection,
        (walk, most): (Walk, usize),
    ) -> Result<(Vec<JobId>, Walk), StoreError> {
        let branch = &BRANCHES[walk.branch];
        let (mut sql, values) = self.part(connection, (branch, walk.after), "id")?;
        sql.push_str(&format!(" order by id limit {most}"));
        let found = all(connection, &sql, params_from_iter(values), |row| row.get::<_, Id>(0))?;
        let found: Vec<JobId> = found.into_iter().map(Id::job).collect();
        let walk = match found.last() {
            Some(last) if found.len() >= most => Walk { after: *last, ..walk },
            _ => self.onward(connection, walk)?,
        };
        Ok((found, walk))
    }

    /// Of these jobs those that the other terms want too.
    fn fitting(
        &self,
        connection: &Connection,
        jobs: &[JobId],
    ) -> Result<Vec<JobRecord>, StoreError> {
        let in_hand = find::in_hand(connection, self.filter)?;
        let mut found = read::these(connection, jobs)?;
        found.retain(|job| self.filter.fits(job, &in_hand));
        Ok(found)
    }

    /// How many jobs of one part match, by state, and the walk behind them.
    pub(super) fn count(
        &self,
        connection: &Connection,
        walk: Walk,
    ) -> Result<(Vec<(State, u64)>, Walk), StoreError> {
        let branch = &BRANCHES[walk.branch];
        if !self.is_wanted(branch) {
            return Ok((Vec::new(), Walk { branch: walk.branch + 1, after: JobId::FIRST }));
        }
        if !self.filter.is_of_columns() {
            let (seen, onward) = self.next_of_columns(connection, (walk, RECORDS))?;
            let found = self.fitting(connection, &seen)?;
            return Ok((found.iter().map(|job| (job.state, 1)).collect(), onward));
        }
        let (mut sql, values) = self.part(connection, (branch, walk.after), "state, count(*)")?;
        sql.push_str(" group by state");
        let counted = all(connection, &sql, params_from_iter(values), |row| {
            Ok((row.get::<_, i16>(0)?, row.get::<_, Count>(1)?.0))
        })?;
        let counted = counted.into_iter();
        let counted = counted.filter_map(|(code, n)| Some((State::from_code(code)?, n))).collect();
        Ok((counted, self.onward(connection, walk)?))
    }
}

fn ids(jobs: &[JobRecord]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

fn blob(id: &Id) -> Value {
    Value::Blob(id.0.as_bytes().to_vec())
}
