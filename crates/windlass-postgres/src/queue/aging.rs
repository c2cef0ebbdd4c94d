//! Which queues' jobs age.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::queue::Aging;
use windlass_core::time::micros;

use crate::connection::runs::Runs;
use crate::row::get;

const AGE: &str = "insert into windlass.queue_age as a (queue, every_us) values ($1::text, $2::int8) \
     on conflict (queue) do update set every_us = excluded.every_us";
const STOP: &str = "delete from windlass.queue_age where queue = $1::text returning 1";
const AGINGS: &str = "select queue, every_us from windlass.queue_age order by queue";

pub(crate) async fn age(place: &impl Runs, aging: &Aging) -> Result<(), StoreError> {
    let binds = [(&aging.queue as _, Type::TEXT), (&micros(aging.every) as _, Type::INT8)];
    place.rows(AGE, &binds).await.map(drop)
}

pub(crate) async fn stop(place: &impl Runs, queue: &str) -> Result<bool, StoreError> {
    Ok(!place.rows(STOP, &[(&queue, Type::TEXT)]).await?.is_empty())
}

pub(crate) async fn agings(place: &impl Runs) -> Result<Vec<Aging>, StoreError> {
    let rows = place.rows(AGINGS, &[]).await?;
    rows.iter().map(|row| Ok(Aging::stored(get(row, 0)?, get(row, 1)?))).collect()
}
