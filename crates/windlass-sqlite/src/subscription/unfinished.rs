//! Unfinished: how many jobs of subscriptions have not ended.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;

use crate::row::one;

const UNFINISHED: &str = "select count(*) from (select 1 from windlass_pending \
     where substr(id, 7, 1) between x'80' and x'8f' and substr(id, 13, 4) = ?1 limit ?2)";

pub(super) fn unfinished(
    connection: &Connection,
    counted: &[(u32, u32)],
) -> Result<Vec<u64>, StoreError> {
    let count = |(number, most): &(u32, u32)| {
        let binds = params![number.to_be_bytes(), most];
        Ok(one::<i64>(connection, UNFINISHED, binds)?.unwrap_or_default().unsigned_abs())
    };
    counted.iter().map(count).collect()
}
