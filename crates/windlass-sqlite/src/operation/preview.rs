//! What an operation would find.

use std::time::Instant;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::limits::OPERATION_COUNT;
use windlass_core::operation::{NewOperation, Preview};
use windlass_core::time::Timestamp;

use super::find::{Walk, Wanted};
use crate::job::read;

/// Rows counted between two looks at the time.
const LOOK: usize = 50_000;

pub(super) fn preview(
    connection: &Connection,
    new: &NewOperation,
    (samples, now): (usize, Timestamp),
) -> Result<Preview, StoreError> {
    let filter = new.filter.clone().frozen(now);
    let wanted = Wanted { filter: &filter, at: now, but_of: None, look: LOOK };
    let mut preview = count(connection, &wanted)?;
    let mut walk = Walk::BEGIN;
    let mut found = Vec::new();
    while preview.jobs > 0 && found.len() < samples && !walk.is_over() {
        let (ids, onward) = wanted.next(connection, (walk, samples - found.len()))?;
        found.extend(ids);
        walk = onward;
    }
    preview.samples = read::these(connection, &found)?;
    Ok(preview)
}

fn count(connection: &Connection, wanted: &Wanted<'_>) -> Result<Preview, StoreError> {
    let began = Instant::now();
    let mut preview = Preview { exact: true, ..Preview::default() };
    let mut walk = Walk::BEGIN;
    while !walk.is_over() {
        if began.elapsed() > OPERATION_COUNT {
            preview.exact = false;
            break;
        }
        let (counted, onward) = wanted.count(connection, walk)?;
        for (state, jobs) in counted {
            preview.jobs += jobs;
            *preview.states.entry(state).or_default() += jobs;
        }
        walk = onward;
    }
    Ok(preview)
}
