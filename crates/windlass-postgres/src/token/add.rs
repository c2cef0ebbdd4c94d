//! Tokens kept, and taken away.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;
use windlass_core::token::Token;

use crate::connection::{Bind, Connection};

const ADD: &str = "insert into windlass.token (name, digest, hint, grants, created_at, expires_at) \
     select $2::text, $3::bytea, $4::text, $5::text, coalesce($1::int8, windlass.now_us()), $6::int8 \
     where not exists (select 1 from windlass.user where name = $2::text) \
     on conflict (name) do nothing returning name";
const TAKEN: &str = "select name from windlass.user where name = $1::text";
const REMOVE: &str = "delete from windlass.token where name = $1::text returning name";

pub(super) async fn add(
    connection: &Connection,
    token: &Token,
    now: Now,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&token.grant).unwrap_or_default();
    let (now, expires_at) = (now.micros(), token.expires_at.map(Timestamp::as_micros));
    let digest = token.digest.as_bytes().as_slice();
    let binds: [Bind<'_>; 6] = [
        (&now, Type::INT8),
        (&token.name, Type::TEXT),
        (&digest, Type::BYTEA),
        (&token.hint, Type::TEXT),
        (&grants, Type::TEXT),
        (&expires_at, Type::INT8),
    ];
    let is_added = !connection.query(ADD, &binds).await?.is_empty();
    // Somebody may have had the name by a call at the same moment: then neither has it.
    if is_added && !connection.query(TAKEN, &[(&token.name, Type::TEXT)]).await?.is_empty() {
        remove(connection, &token.name).await?;
        return Ok(false);
    }
    Ok(is_added)
}

pub(super) async fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(!connection.query(REMOVE, &[(&name, Type::TEXT)]).await?.is_empty())
}
