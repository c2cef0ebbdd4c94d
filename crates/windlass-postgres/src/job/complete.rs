//! Complete: the settlement of jobs that are simply done, which is nearly all of them.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::LeaseId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::job::columns::Columns;
use crate::job::settle::{Item, Marks, SettleContext};
use crate::row::get;

pub(crate) const COMPLETE: &str = concat!(include_str!("fence.sql"), include_str!("complete.sql"));

/// Completes jobs; the leases that held.
pub(crate) async fn complete(
    connection: &Connection,
    context: SettleContext<'_>,
    items: &[&Item<'_>],
    now: Now,
) -> Result<Vec<LeaseId>, StoreError> {
    let marks = Marks::of(items);
    let columns = Columns::of(items);
    let now = now.micros();
    let worker = context.worker.as_uuid();
    let keep = micros(KEEP_FINISHED);
    let mut binds: Vec<Bind<'_>> = vec![(&now, Type::INT8), (&worker, Type::UUID)];
    marks.bind(&mut binds);
    binds.push((&keep, Type::INT8));
    columns.bind(&mut binds);
    binds.push((&context.label, Type::TEXT));
    binds.push((&context.history, Type::BOOL));
    let lined = items.iter().any(|item| item.stood_in_line());
    binds.push((&lined, Type::BOOL));
    let rows = connection.query(COMPLETE, &binds).await?;
    rows.iter().map(|row| get(row, 0).map(LeaseId::from_uuid)).collect()
}
