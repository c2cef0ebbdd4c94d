//! Complete: the settlement of jobs that are simply done, which is nearly all of them.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::LeaseId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};

use crate::columns::Columns;
use crate::lane::{Bind, Lane};
use crate::row::get;
use crate::settle::{Holder, Item, Marks};

const COMPLETE: &str = include_str!("sql/complete.sql");

/// Completes jobs; the leases that held.
pub(crate) async fn complete(
    lane: &Lane,
    holder: Holder<'_>,
    items: &[&Item<'_>],
    now: Now,
) -> Result<Vec<LeaseId>, StoreError> {
    let marks = Marks::of(items);
    let columns = Columns::of(items);
    let now = now.map(Timestamp::as_micros);
    let worker = holder.worker.as_uuid();
    let keep = micros(KEEP_FINISHED);
    let mut binds: Vec<Bind<'_>> = vec![(&now, Type::INT8), (&worker, Type::UUID)];
    marks.bind(&mut binds);
    binds.push((&keep, Type::INT8));
    columns.bind(&mut binds);
    binds.push((&holder.label, Type::TEXT));
    binds.push((&holder.history, Type::BOOL));
    let rows = lane.query(COMPLETE, &binds).await?;
    rows.iter().map(|row| get(row, 0).map(LeaseId::from_uuid)).collect()
}
