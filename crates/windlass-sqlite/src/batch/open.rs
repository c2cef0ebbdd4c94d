//! Open: a batch whose jobs come later.

use rusqlite::{Connection, params};
use windlass_core::batch::Begins;
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;
use windlass_core::time::Timestamp;

use crate::row::{Digits, one, run};

const OPEN: &str = "insert into windlass_batch (id, name, key, undoes, created_at, sealed) values (?1, ?2, ?3, ?4, ?5, 0) \
     on conflict do nothing";
const HOLDER: &str = "select id from windlass_batch where key = ?1";

pub(super) fn open(
    connection: &Connection,
    (batch, begins): (BatchId, &Begins),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let undoes = begins.undoes.map(Digits::from);
    let binds = params![Digits::from(batch), begins.name, begins.key, undoes, now.as_micros()];
    if run(connection, OPEN, binds)? > 0 {
        return Ok(true);
    }
    let holder: Option<Digits> = match &begins.key {
        Some(key) => one(connection, HOLDER, [key])?,
        None => None,
    };
    match (holder.map(Digits::batch), &begins.key) {
        (Some(holder), Some(key)) if holder != batch => {
            Err(StoreError::BatchExists { key: key.clone(), batch: holder })
        }
        _ => Ok(false),
    }
}
