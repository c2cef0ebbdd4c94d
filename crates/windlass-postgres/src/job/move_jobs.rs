//! Move: jobs that neither run nor have ended are given to another queue.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Moved, State};

use crate::connection::patience::{Gate, patiently, setting};
use crate::connection::transaction::Transaction;
use crate::connection::{Bind, Connection};
use crate::row::get;

const MOVE: &str = include_str!("move_jobs.sql");
const STANDING: &str = include_str!("standing.sql");
/// A job that ran at the first look may be pending at the next, on its old queue.
const LOOKS: usize = 3;

pub(crate) async fn move_jobs(
    (connection, waiting): (&Connection, &Gate),
    jobs: &[JobId],
    queue: &str,
) -> Result<Vec<Moved>, StoreError> {
    let mut answers: HashMap<Uuid, Moved> = HashMap::new();
    for _ in 0..LOOKS {
        let left: Vec<Uuid> =
            jobs.iter().map(|id| id.as_uuid()).filter(|id| !answers.contains_key(id)).collect();
        if left.is_empty() {
            break;
        }
        let binds: [Bind<'_>; 2] = [(&left as _, Type::UUID_ARRAY), (&queue as _, Type::TEXT)];
        let rows = patiently((connection, waiting), MOVE, &binds, "one of the jobs").await?;
        for row in rows {
            answers.insert(get(&row, 0)?, Moved::Now);
        }
        let left: Vec<Uuid> = left.into_iter().filter(|id| !answers.contains_key(id)).collect();
        for (id, answer) in standing(connection, &left, queue).await? {
            answers.insert(id, answer);
        }
    }
    let answer = |id: &JobId| answers.get(&id.as_uuid()).copied().unwrap_or(Moved::Missing);
    Ok(jobs.iter().map(answer).collect())
}

/// The same for jobs that this transaction has locked; those that were moved.
pub(crate) async fn move_in(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
    queue: &str,
) -> Result<Vec<Uuid>, StoreError> {
    let setting = setting();
    let binds: [Bind<'_>; 3] =
        [(&jobs, Type::UUID_ARRAY), (&queue, Type::TEXT), (&setting, Type::TEXT)];
    transaction.run(MOVE, &binds).await?.iter().map(|row| get(row, 0)).collect()
}

/// Answers for jobs that were not moved; none for those that could be by now.
async fn standing(
    connection: &Connection,
    jobs: &[Uuid],
    queue: &str,
) -> Result<Vec<(Uuid, Moved)>, StoreError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut answers = Vec::new();
    for row in connection.query(STANDING, &[(&jobs, Type::UUID_ARRAY)]).await? {
        let (id, name): (Uuid, String) = (get(&row, 0)?, get(&row, 1)?);
        match State::from_code(get(&row, 2)?) {
            Some(state) if name == queue => answers.push((id, Moved::Unneeded(state))),
            Some(state) if state == State::Running || state.is_terminal() => {
                answers.push((id, Moved::Left(state)));
            }
            _ => {}
        }
    }
    Ok(answers)
}
