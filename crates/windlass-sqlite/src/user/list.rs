//! Users and sessions as they are kept.

use rusqlite::{Connection, Row};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::token::TokenDigest;
use windlass_core::user::{PasswordHash, SessionRecord, User, UserRecord};

use crate::row::{all, text};

const USER: &str = "select name, password, grants, created_at from windlass_user where name = ?1";
const USERS: &str = "select name, password, grants, created_at from windlass_user order by name";
const SESSION: &str = "select u.name, u.password, u.grants, s.created_at, s.used_at \
     from windlass_session s join windlass_user u on u.name = s.person and u.revision = s.revision where s.digest = ?1";

pub(super) fn user(connection: &Connection, name: &str) -> Result<Option<UserRecord>, StoreError> {
    let found = all(connection, USER, [name], record)?;
    found.into_iter().next().transpose()
}

pub(super) fn users(connection: &Connection) -> Result<Vec<UserRecord>, StoreError> {
    all(connection, USERS, [], record)?.into_iter().collect()
}

pub(super) fn session(
    connection: &Connection,
    digest: TokenDigest,
) -> Result<Option<SessionRecord>, StoreError> {
    let session = |row: &Row<'_>| {
        let used_at = Timestamp::from_micros(row.get(4)?);
        let of = |UserRecord { user, created_at }| SessionRecord { user, created_at, used_at };
        record(row).map(|record| record.map(of))
    };
    let found = all(connection, SESSION, [digest.as_bytes().as_slice()], session)?;
    found.into_iter().next().transpose()
}

/// A user from a row, or what of it cannot be read.
fn record(row: &Row<'_>) -> rusqlite::Result<Result<UserRecord, StoreError>> {
    let (name, grants) = (text(row, 0)?, text(row, 2)?);
    let Ok(grant) = serde_json::from_str(&grants) else {
        let (table, column) = ("windlass_user", "grants");
        return Ok(Err(StoreError::Corrupt { table, column, row: name, value: grants }));
    };
    let password = row.get::<_, Option<String>>(1)?.map(PasswordHash::new);
    let user = User { name, password, grant };
    Ok(Ok(UserRecord { user, created_at: Timestamp::from_micros(row.get(3)?) }))
}
