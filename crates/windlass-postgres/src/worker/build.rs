//! Minimum builds: set, removed, listed, and as a heartbeat brings them.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::{Refusal, StoreError};
use windlass_core::limits::MINIMUM_BUILDS;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;
use windlass_core::worker::{MinimumBuild, RequiredBuild};

use crate::connection::Bind;
use crate::connection::runs::Runs;
use crate::row::get;

const REQUIRE: &str = "select windlass.write_minimum_build($2::text, $3::text, $4::text, coalesce($1::int8, windlass.now_us()))";
const ALLOW: &str = "select windlass.allow_builds($1::text)";
const REQUIRED: &str =
    "select program, version, note, set_at from windlass.minimum_build order by program";

pub(crate) async fn require(
    place: &impl Runs,
    minimum: &MinimumBuild,
    now: Now,
) -> Result<(), StoreError> {
    let (now, version) = (now.micros(), minimum.version.as_str());
    let binds: [Bind<'_>; 4] = [
        (&now, Type::INT8),
        (&minimum.program, Type::TEXT),
        (&version, Type::TEXT),
        (&minimum.note, Type::TEXT),
    ];
    if first(&place.rows(REQUIRE, &binds).await?)? {
        return Ok(());
    }
    Err(Refusal::Builds { limit: MINIMUM_BUILDS }.into())
}

pub(crate) async fn allow(place: &impl Runs, program: &str) -> Result<bool, StoreError> {
    first(&place.rows(ALLOW, &[(&program, Type::TEXT)]).await?)
}

/// What a function of the schema answers.
fn first(rows: &[Row]) -> Result<bool, StoreError> {
    rows.first().map_or(Ok(false), |row| get(row, 0))
}

pub(crate) async fn required(place: &impl Runs) -> Result<Vec<RequiredBuild>, StoreError> {
    let rows = place.rows(REQUIRED, &[]).await?;
    let read = |row: &Row| {
        let minimum = MinimumBuild::stored(get(row, 0)?, get(row, 1)?, get(row, 2)?);
        let set_at = Timestamp::from_micros(get(row, 3)?);
        Ok(minimum.map(|minimum| RequiredBuild { minimum, set_at }))
    };
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// Programs, versions and notes of a row, from this column on; nulls where there is no minimum.
pub(crate) fn minimums(row: &Row, at: usize) -> Result<Vec<MinimumBuild>, StoreError> {
    let Some(programs) = get::<Option<Vec<String>>>(row, at)? else { return Ok(Vec::new()) };
    let versions: Vec<&str> = get(row, at + 1)?;
    let notes: Vec<Option<String>> = get(row, at + 2)?;
    let found = programs.into_iter().zip(versions).zip(notes);
    let stored = |((program, version), note)| MinimumBuild::stored(program, version, note);
    // The table takes no version that cannot be read.
    Ok(found.filter_map(stored).collect())
}
