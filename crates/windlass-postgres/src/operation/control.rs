//! Pause, resume, stop and undo.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::OperationId;
use windlass_core::limits::OPERATION_UNDO;
use windlass_core::operation::{Control, Controlled, OperationRecord};
use windlass_core::store::Now;
use windlass_core::time::micros;

use super::list::{ONE, record};
use crate::connection::Bind;
use crate::connection::transaction::{Transaction, Transactions};

/// A round under way is waited for: it may end the operation.
const HOLD: &str = "select id from windlass.operation where id = $1::uuid for update";
/// One that goes on has its turn now; one that is over can be undone for some time.
const CHANGE: &str = "update windlass.operation \
     set state = $2::text, next_at = $3::int8, \
         ended_at = case when $2::text = 'stopped' then $3::int8 when $2::text = 'undoing' then null else ended_at end, \
         undo_until = case when $2::text = 'stopped' then $3::int8 + $4::int8 when $2::text = 'undoing' then null else undo_until end \
     where id = $1::uuid and state <> $2::text";

pub(super) async fn control(
    operations: &Transactions,
    (id, control): (OperationId, Control),
    now: Now,
) -> Result<Controlled, StoreError> {
    let mut session = operations.session().await?;
    let transaction = session.begin().await?;
    let now = transaction.now(now).await?;
    transaction.run(HOLD, &[(&id.as_uuid(), Type::UUID)]).await?;
    let controlled = match read(&transaction, id).await? {
        None => Controlled::Missing,
        Some(record) => match control.after(&record, now) {
            None => Controlled::Unfit(record),
            Some(state) => {
                change(&transaction, id, (state.word(), now.as_micros())).await?;
                Controlled::Done(read(&transaction, id).await?.unwrap_or(record))
            }
        },
    };
    transaction.commit().await?;
    Ok(controlled)
}

async fn read(
    transaction: &Transaction<'_>,
    id: OperationId,
) -> Result<Option<OperationRecord>, StoreError> {
    let rows = transaction.run(ONE, &[(&id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

async fn change(
    transaction: &Transaction<'_>,
    id: OperationId,
    (state, now): (&str, i64),
) -> Result<(), StoreError> {
    let until = micros(OPERATION_UNDO);
    let binds: [Bind<'_>; 4] = [
        (&id.as_uuid(), Type::UUID),
        (&state, Type::TEXT),
        (&now, Type::INT8),
        (&until, Type::INT8),
    ];
    transaction.run(CHANGE, &binds).await.map(drop)
}
