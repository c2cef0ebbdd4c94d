//! Cancel: a waiting job ends at once, a running one is asked to.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{Cancelled, State};
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::patience::{Gate, patiently, setting};
use crate::connection::transaction::Transaction;
use crate::connection::{Bind, Connection};
use crate::row::get;

const CANCEL: &str = include_str!("cancel.sql");
const STATES: &str = "select id, state from windlass.finished where id = any ($1::uuid[])";
/// A job may move between the look at the waiting ones and the look at the running ones.
const LOOKS: usize = 3;

/// The answers, in the order of the ids, and the workers that were asked to stop one of the jobs.
pub(crate) async fn cancel(
    (connection, waiting): (&Connection, &Gate),
    jobs: &[JobId],
    reason: &str,
    now: Now,
) -> Result<(Vec<Cancelled>, Vec<WorkerId>), StoreError> {
    let mut asked: Vec<WorkerId> = Vec::new();
    let mut answers: HashMap<Uuid, Cancelled> = HashMap::new();
    for _ in 0..LOOKS {
        let left: Vec<Uuid> =
            jobs.iter().map(|id| id.as_uuid()).filter(|id| !answers.contains_key(id)).collect();
        if left.is_empty() {
            break;
        }
        let binds: [Bind<'_>; 4] = [
            (&now.micros() as _, Type::INT8),
            (&left as _, Type::UUID_ARRAY),
            (&reason as _, Type::TEXT),
            (&micros(KEEP_FINISHED) as _, Type::INT8),
        ];
        let rows = patiently((connection, waiting), CANCEL, &binds, "one of the jobs").await?;
        for row in rows {
            let worker = get::<Option<Uuid>>(&row, 1)?.map(WorkerId::from_uuid);
            let answer = if worker.is_some() { Cancelled::Requested } else { Cancelled::Now };
            answers.insert(get(&row, 0)?, answer);
            asked.extend(worker);
        }
        for (id, state) in finished(connection, &left).await? {
            answers.entry(id).or_insert(Cancelled::Ended(state));
        }
    }
    let answer = |id: &JobId| answers.get(&id.as_uuid()).copied().unwrap_or(Cancelled::Missing);
    Ok((jobs.iter().map(answer).collect(), asked))
}

/// The same in a transaction: those that will never start, and those that run, with the workers that were asked to stop them.
pub(crate) async fn cancel_in(
    transaction: &Transaction<'_>,
    (jobs, reason): (&[Uuid], &str),
    now: i64,
) -> Result<(Vec<Uuid>, Vec<(Uuid, WorkerId)>), StoreError> {
    let setting = setting();
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&jobs, Type::UUID_ARRAY),
        (&reason, Type::TEXT),
        (&micros(KEEP_FINISHED), Type::INT8),
        (&setting, Type::TEXT),
    ];
    let (mut cancelled, mut asked) = (Vec::new(), Vec::new());
    for row in transaction.run(CANCEL, &binds).await? {
        let id = get(&row, 0)?;
        match get::<Option<Uuid>>(&row, 1)? {
            Some(worker) => asked.push((id, WorkerId::from_uuid(worker))),
            None => cancelled.push(id),
        }
    }
    Ok((cancelled, asked))
}

/// The states of jobs that have ended.
pub(crate) async fn finished(
    connection: &Connection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, State>, StoreError> {
    let ids = ids.to_vec();
    let rows = connection.query(STATES, &[(&ids, Type::UUID_ARRAY)]).await?;
    let mut states = HashMap::new();
    for row in rows {
        if let Some(state) = State::from_code(get(&row, 1)?) {
            states.insert(get(&row, 0)?, state);
        }
    }
    Ok(states)
}
