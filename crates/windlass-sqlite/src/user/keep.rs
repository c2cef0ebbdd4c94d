//! Users kept, changed, and taken away. Who is not what they were before signs in again.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::user::{PasswordHash, User, UserChange};

use super::session;
use crate::row::run;

const ADD: &str = "insert into windlass_user (name, password, grants, created_at) \
     select ?1, ?2, ?3, ?4 where not exists (select 1 from windlass_token where name = ?1) on conflict (name) do nothing";
const CHANGE: &str = "update windlass_user set password = coalesce(?2, password), grants = json_patch(grants, ?3), revision = revision + 1 where name = ?1";
const REMOVE: &str = "delete from windlass_user where name = ?1";

pub(super) fn add(
    connection: &Connection,
    user: &User,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&user.grant).unwrap_or_default();
    let password = user.password.as_ref().map(PasswordHash::as_str);
    let binds = params![user.name, password, grants, now.as_micros()];
    Ok(run(connection, ADD, binds)? > 0)
}

pub(super) fn change(
    connection: &Connection,
    name: &str,
    change: &UserChange,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&change.grant).unwrap_or_default();
    let password = change.password.as_ref().map(PasswordHash::as_str);
    session::end_all(connection, name)?;
    Ok(run(connection, CHANGE, params![name, password, grants])? > 0)
}

pub(super) fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    session::end_all(connection, name)?;
    Ok(run(connection, REMOVE, [name])? > 0)
}
