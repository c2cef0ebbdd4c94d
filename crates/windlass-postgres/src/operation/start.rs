//! Start: what was counted is what it goes through.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::operation::{NewOperation, OperationRecord};
use windlass_core::store::Now;

use super::list::{ONE, record};
use super::preview::count;
use crate::connection::Bind;
use crate::connection::transaction::{Transaction, Transactions};

const START: &str = "insert into windlass.operation \
     (id, action, detail, filter, expect, matched, pace, note, origin, created_at, next_at) \
     values ($1::uuid, $2::text, $3::text, $4::text, $5::int8, $6::int8, $7::text, $8::text, $9::text, $10::int8, $10::int8) \
     on conflict (id) do nothing";

pub(super) async fn start(
    operations: &Transactions,
    new: &NewOperation,
    now: Now,
) -> Result<OperationRecord, StoreError> {
    let mut session = operations.session().await?;
    let transaction = session.begin().await?;
    let began = match find(&transaction, new).await? {
        Some(before) => Ok(before),
        None => write(&transaction, new, now).await,
    };
    transaction.commit().await?;
    began
}

async fn find(
    transaction: &Transaction<'_>,
    new: &NewOperation,
) -> Result<Option<OperationRecord>, StoreError> {
    let rows = transaction.run(ONE, &[(&new.id.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

async fn write(
    transaction: &Transaction<'_>,
    new: &NewOperation,
    now: Now,
) -> Result<OperationRecord, StoreError> {
    let now = transaction.now(now).await?;
    let filter = new.filter.clone().frozen(now);
    let counted = count(transaction, (&filter, now)).await?;
    let big = |number: Option<u64>| number.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let matched = big(new.matched(&counted)?);
    let (filter, pace) = (filter.to_string(), new.pace.map(|pace| pace.to_string()));
    let binds: [Bind<'_>; 10] = [
        (&new.id.as_uuid(), Type::UUID),
        (&new.action.word(), Type::TEXT),
        (&new.action.detail(), Type::TEXT),
        (&filter, Type::TEXT),
        (&big(new.expect), Type::INT8),
        (&matched, Type::INT8),
        (&pace, Type::TEXT),
        (&new.note, Type::TEXT),
        (&new.origin, Type::TEXT),
        (&now.as_micros(), Type::INT8),
    ];
    transaction.run(START, &binds).await?;
    find(transaction, new).await?.ok_or_else(|| new.id.missing())
}
