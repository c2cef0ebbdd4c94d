//! Which queues' jobs age.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::queue::Aging;
use windlass_core::time::micros;

use crate::row::{all, run};

pub(crate) fn age(connection: &Connection, aging: &Aging) -> Result<(), StoreError> {
    const AGE: &str = "insert into windlass_queue_age (queue, every) values (?1, ?2) \
         on conflict (queue) do update set every = excluded.every";
    run(connection, AGE, params![aging.queue, micros(aging.every)]).map(drop)
}

pub(crate) fn stop(connection: &Connection, queue: &str) -> Result<bool, StoreError> {
    const STOP: &str = "delete from windlass_queue_age where queue = ?1";
    Ok(run(connection, STOP, [queue])? == 1)
}

pub(crate) fn agings(connection: &Connection) -> Result<Vec<Aging>, StoreError> {
    const AGINGS: &str = "select queue, every from windlass_queue_age order by queue";
    all(connection, AGINGS, [], |row| Ok(Aging::stored(row.get(0)?, row.get(1)?)))
}
