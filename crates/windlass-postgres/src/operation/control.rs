//! Pause, resume, stop and undo.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::limits::OPERATION_UNDO;
use windlass_core::operation::{Control, Controlled, OperationRecord};
use windlass_core::store::Now;
use windlass_core::time::micros;

use super::list;
use crate::connection::{Bind, Connection};

/// One that goes on has its turn now; one that is over can be undone for some time. A round under way is waited for.
const CHANGE: &str = "update windlass.operation \
     set state = $2::text, next_at = $4::int8, \
         ended_at = case when $2::text = 'stopped' then $4::int8 when $2::text = 'undoing' then null else ended_at end, \
         undo_until = case when $2::text = 'stopped' then $4::int8 + $5::int8 when $2::text = 'undoing' then null else undo_until end \
     where id = $1::uuid and state = $3::text returning id";
/// Its state may change between the look and the change, by the end of a round.
const LOOKS: usize = 3;

pub(super) async fn control(
    connection: &Connection,
    (id, control): (OperationId, Control),
    now: Now,
) -> Result<Controlled, StoreError> {
    let now = connection.now(now).await?;
    for _ in 0..LOOKS {
        let Some(record) = list::operation(connection, id).await? else {
            return Ok(Controlled::Missing);
        };
        let Some(state) = control.after(&record, now) else {
            return Ok(Controlled::Unfit(record));
        };
        if state == record.state || change(connection, &record, (state.word(), now.as_micros())).await? {
            let changed = list::operation(connection, id).await?;
            return Ok(Controlled::Done(changed.unwrap_or(record)));
        }
    }
    let reason = format!("operation {id} changes all the time");
    Err(StoreError::Unavailable { reason })
}

async fn change(
    connection: &Connection,
    record: &OperationRecord,
    (state, now): (&str, i64),
) -> Result<bool, StoreError> {
    let until = micros(OPERATION_UNDO);
    let binds: [Bind<'_>; 5] = [
        (&record.id.as_uuid(), Type::UUID),
        (&state, Type::TEXT),
        (&record.state.word(), Type::TEXT),
        (&now, Type::INT8),
        (&until, Type::INT8),
    ];
    Ok(!connection.query(CHANGE, &binds).await?.is_empty())
}
