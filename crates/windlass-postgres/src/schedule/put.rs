//! Put: what a schedule is from now on, if it still is as it was seen.

use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::schedule::{Declaration, SchedulePut, Timing};
use windlass_core::store::Now;

use crate::connection::Bind;
use crate::connection::runs::RunsPatiently;
use crate::row::get;

const PUT: &str = "select coalesce(array_agg(place), '{}') \
     from (select set_config('lock_timeout', $3::text, true) as setting) as patience, \
          lateral windlass.write_schedules($2::text::jsonb, coalesce($1::int8, windlass.now_us())) as place \
     where patience.setting is not null";

pub(crate) async fn put(
    place: &impl RunsPatiently,
    puts: &[SchedulePut],
    now: Now,
) -> Result<Vec<bool>, StoreError> {
    let text = Value::Array(puts.iter().map(object).collect()).to_string();
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&text, Type::TEXT)];
    let rows = place.rows_in_time(PUT, &binds, "a schedule").await?;
    rows.first().map_or_else(|| Ok(vec![false; puts.len()]), |row| written(row, puts.len()))
}

/// Which of so many were written, from their places in the first column.
pub(super) fn written(row: &Row, number: usize) -> Result<Vec<bool>, StoreError> {
    let mut written = vec![false; number];
    for place in get::<Vec<i32>>(row, 0)? {
        let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        if let Some(one) = at.and_then(|at| written.get_mut(at)) {
            *one = true;
        }
    }
    Ok(written)
}

fn object(put: &SchedulePut) -> Value {
    let (definition, declared, replaced) =
        (&put.definition, put.declared.as_ref(), put.replaced.as_ref());
    // A declaration that was just made has no moment yet.
    let moment = |one: &Declaration| Some(one.at.as_micros()).filter(|at| *at != 0);
    json!({
        "name": put.name,
        "seen": put.seen,
        "rule": definition.rule,
        "zone": definition.zone,
        "on_missed": definition.missed.word(),
        "on_overlap": definition.overlap.word(),
        "kind": definition.kind,
        "version": definition.version,
        "queue": definition.queue,
        "priority": definition.priority,
        "max_attempts": definition.max_attempts,
        "args": definition.args.as_str(),
        "meta": definition.meta.to_stored(),
        "owner": put.owner.word(),
        "changed_by": put.changed_by,
        "declared": declared.map(|one| &one.text),
        "declared_owner": declared.map(|one| one.owner.word()),
        "declared_by": declared.map(|one| &one.by),
        "declared_at": declared.and_then(moment),
        "replaced": replaced.map(|one| &one.text),
        "replaced_owner": replaced.map(|one| one.owner.word()),
        "replaced_by": replaced.map(|one| &one.by),
        "replaced_at": replaced.and_then(moment),
        "is_contested": put.is_contested,
        "from_now": put.timing == Timing::FromNow,
    })
}
