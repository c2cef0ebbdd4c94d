//! Tokens kept, and taken away.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::token::Token;

use crate::row::run;

const ADD: &str = "insert into windlass_token (name, digest, hint, grants, created_at, expires_at) \
     select ?1, ?2, ?3, ?4, ?5, ?6 where not exists (select 1 from windlass_user where name = ?1) on conflict (name) do nothing";
const REMOVE: &str = "delete from windlass_token where name = ?1";

pub(super) fn add(
    connection: &Connection,
    token: &Token,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&token.grant).unwrap_or_default();
    let expires_at = token.expires_at.map(Timestamp::as_micros);
    let digest = token.digest.as_bytes().as_slice();
    let binds = params![token.name, digest, token.hint, grants, now.as_micros(), expires_at];
    Ok(run(connection, ADD, binds)? > 0)
}

pub(super) fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(run(connection, REMOVE, [name])? > 0)
}
