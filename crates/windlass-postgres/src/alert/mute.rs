//! Mute: what is not told.

use tokio_postgres::types::Type;
use windlass_core::alert::{Mute, MuteName};
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};

const MUTE: &str = "select windlass.mute_alerts_at(coalesce($1::int8, windlass.now_us()), $2::text, $3::int8, $4::text)";
const UNMUTE: &str =
    "delete from windlass.alert_mute where name = $1::text and not declared returning name";
const DECLARED: &str = "select from windlass.alert_mute where declared \
     having array_agg(name) @> $1::text[] and array_agg(name) <@ $1::text[] or count(*) = 0 and cardinality($1::text[]) = 0";
const DECLARE: &str =
    "select windlass.declare_mutes_at(coalesce($1::int8, windlass.now_us()), $2::text[])";

pub(super) async fn mute(connection: &Connection, mute: &Mute, now: Now) -> Result<(), StoreError> {
    let (now, until) = (now.micros(), mute.until.map(Timestamp::as_micros));
    let name = mute.name.as_str();
    let binds: [Bind<'_>; 4] =
        [(&now, Type::INT8), (&name, Type::TEXT), (&until, Type::INT8), (&mute.note, Type::TEXT)];
    connection.query(MUTE, &binds).await.map(drop)
}

pub(super) async fn unmute(connection: &Connection, name: &MuteName) -> Result<bool, StoreError> {
    let gone = connection.query(UNMUTE, &[(&name.as_str(), Type::TEXT)]).await?;
    Ok(!gone.is_empty())
}

/// Writes nothing where it is so already.
pub(super) async fn declare(
    connection: &Connection,
    kinds: &[String],
    now: Now,
) -> Result<(), StoreError> {
    let names: Vec<String> = kinds.iter().map(|kind| MuteName::of_kind(kind).to_string()).collect();
    if !connection.query(DECLARED, &[(&names, Type::TEXT_ARRAY)]).await?.is_empty() {
        return Ok(());
    }
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&names, Type::TEXT_ARRAY)];
    connection.query(DECLARE, &binds).await.map(drop)
}
