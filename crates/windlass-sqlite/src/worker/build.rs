//! Minimum builds: set, removed, listed, and as a heartbeat brings them.

use rusqlite::{Connection, params};
use windlass_core::error::{Refusal, StoreError};
use windlass_core::limits::MINIMUM_BUILDS;
use windlass_core::time::Timestamp;
use windlass_core::worker::{MinimumBuild, RequiredBuild};

use crate::row::{all, one, run};

const OTHERS: &str = "select count(*) from windlass_minimum_build where program <> ?1";
const REQUIRE: &str =
    "insert into windlass_required_build (build, note, set_at) values (?1, ?2, ?3)";
const IS_REQUIRED: &str = "select 1 from windlass_minimum_build where program = ?1";
const ALLOW: &str = "delete from windlass_required_build where program = ?1";
const REQUIRED: &str =
    "select program, version, note, set_at from windlass_minimum_build order by program";

pub(crate) fn require(
    connection: &Connection,
    minimum: &MinimumBuild,
    now: Timestamp,
) -> Result<(), StoreError> {
    let others: Option<i64> = one(connection, OTHERS, [&minimum.program])?;
    if others.is_some_and(|others| others.unsigned_abs() >= MINIMUM_BUILDS as u64) {
        return Err(Refusal::Builds { limit: MINIMUM_BUILDS }.into());
    }
    let build = minimum.to_string();
    run(connection, REQUIRE, params![build, minimum.note, now.as_micros()]).map(drop)
}

pub(crate) fn allow(connection: &Connection, program: &str) -> Result<bool, StoreError> {
    let found: Option<i64> = one(connection, IS_REQUIRED, [program])?;
    run(connection, ALLOW, [program])?;
    Ok(found.is_some())
}

pub(crate) fn required(connection: &Connection) -> Result<Vec<RequiredBuild>, StoreError> {
    let found = all(connection, REQUIRED, [], |row| {
        let minimum = MinimumBuild::stored(row.get(0)?, &row.get::<_, String>(1)?, row.get(2)?);
        let set_at = Timestamp::from_micros(row.get(3)?);
        Ok(minimum.map(|minimum| RequiredBuild { minimum, set_at }))
    })?;
    // The table takes no version that cannot be read.
    Ok(found.into_iter().flatten().collect())
}

/// The minimum builds alone.
pub(crate) fn minimums(connection: &Connection) -> Result<Vec<MinimumBuild>, StoreError> {
    Ok(required(connection)?.into_iter().map(|required| required.minimum).collect())
}
