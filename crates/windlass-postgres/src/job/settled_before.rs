//! Looks at what was settled before: for answers that got lost, and for jobs that a handler
//! finished in a transaction of its own. Never on the way of a plain settlement.

use std::collections::HashSet;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::job::{Settled, Settlement, Verdict};

use crate::connection::Connection;
use crate::job::settle::SettleContext;
use crate::row::get;

/// A handler's transaction leaves cancel requests alone: a second cancel would have to wait for it.
const FINISHED: &str = "with ended as ( \
       select f.id from unnest($1::uuid[], $2::int4[]) as t(id, attempt) \
       join windlass.finished f on f.id = t.id and f.attempt = t.attempt), \
     forgotten as (delete from windlass.cancel_request where job in (select id from ended)) \
     select id from ended";
/// Whether the attempt was settled by this worker, and whether its lease is there at all. An attempt that
/// somebody else took back says "lost", and not when it began. Its mark in the lease tells nothing once the worker is removed: who takes
/// back what it held marks it too, one job at a time where several at once were refused.
const BEFORE: &str = "select exists (select from windlass.finished where id = $1::uuid and attempt = $2::int4 and worker = $3::text \
                      and not coalesce(history::jsonb -> -1 ->> 'outcome' = 'lost' \
                                       and history::jsonb -> -1 ->> 'started_at' is null \
                                       and (history::jsonb -> -1 ->> 'attempt')::int4 = $2::int4, false)) \
     or exists (select from (select history from windlass.pending where id = $1::uuid \
                             union all select history from windlass.finished where id = $1::uuid) as p, \
                  jsonb_array_elements(p.history::jsonb) as e \
                where (e->>'attempt')::int4 = $2::int4 and e->>'worker' = $3::text \
                and (e->>'outcome' <> 'lost' or e->>'started_at' is not null)) \
     or exists (select from windlass.lease l join windlass.worker w on w.id = l.worker \
                where l.id = $4::uuid and l.worker = $5::uuid and get_bit(l.settled, $6::int4 - 1) = 1), \
     exists (select from windlass.lease l where l.id = $4::uuid and l.worker = $5::uuid)";

/// Which of the settlements that ask for it are of jobs that are finished by this very attempt.
pub(crate) async fn confirm(
    connection: &Connection,
    settlements: &[Settlement],
) -> Result<Vec<bool>, StoreError> {
    let asks = |one: &&Settlement| matches!(one.verdict, Verdict::Confirm { .. });
    let asking: Vec<&Settlement> = settlements.iter().filter(asks).collect();
    if asking.is_empty() {
        return Ok(vec![false; settlements.len()]);
    }
    let ids: Vec<Uuid> = asking.iter().map(|one| one.job.id.as_uuid()).collect();
    let attempts: Vec<i32> = asking.iter().map(|one| one.job.attempt.cast_signed()).collect();
    let rows = connection
        .query(FINISHED, &[(&ids, Type::UUID_ARRAY), (&attempts, Type::INT4_ARRAY)])
        .await?;
    let finished: HashSet<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(settlements.iter().map(|one| finished.contains(&one.job.id.as_uuid())).collect())
}

/// Why a settlement was refused: this worker wrote it before, or the lease is gone.
pub(crate) async fn look(
    connection: &Connection,
    context: SettleContext<'_>,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let job = &settlement.job;
    let (id, attempt) = (job.id.as_uuid(), job.attempt.cast_signed());
    let (lease, worker) = (settlement.lease.as_uuid(), context.worker.as_uuid());
    let position = i32::from(job.position);
    let row = connection
        .query_one(
            BEFORE,
            &[
                (&id, Type::UUID),
                (&attempt, Type::INT4),
                (&context.label, Type::TEXT),
                (&lease, Type::UUID),
                (&worker, Type::UUID),
                (&position, Type::INT4),
            ],
        )
        .await?;
    Ok(match (get(&row, 0)?, get(&row, 1)?) {
        (true, _) => Settled::Already,
        // It is there and was not free: a transaction that finishes one of its jobs holds it.
        (false, true) => Settled::Busy,
        (false, false) => Settled::Lost,
    })
}
