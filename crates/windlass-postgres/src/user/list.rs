//! Users and sessions as they are kept.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::token::TokenDigest;
use windlass_core::user::{PasswordHash, SessionRecord, User, UserRecord};

use crate::connection::Connection;
use crate::row::get;

const USER: &str =
    "select name, password, grants, created_at from windlass.user where name = $1::text";
const USERS: &str = "select name, password, grants, created_at from windlass.user";
const SESSION: &str = "select u.name, u.password, u.grants, s.created_at, s.used_at \
     from windlass.session s join windlass.user u on u.name = s.person and u.revision = s.revision \
     where s.digest = $1::bytea";

pub(super) async fn user(
    connection: &Connection,
    name: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let rows = connection.query(USER, &[(&name, Type::TEXT)]).await?;
    rows.first().map(record).transpose()
}

pub(super) async fn users(connection: &Connection) -> Result<Vec<UserRecord>, StoreError> {
    let rows = connection.query(USERS, &[]).await?;
    let mut users = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    // By letters, however the database's own order is.
    users.sort_by(|a, b| a.user.name.cmp(&b.user.name));
    Ok(users)
}

pub(super) async fn session(
    connection: &Connection,
    digest: TokenDigest,
) -> Result<Option<SessionRecord>, StoreError> {
    let digest = digest.as_bytes().as_slice();
    let rows = connection.query(SESSION, &[(&digest, Type::BYTEA)]).await?;
    let session = |row: &Row| {
        let UserRecord { user, created_at } = record(row)?;
        let used_at = Timestamp::from_micros(get(row, 4)?);
        Ok(SessionRecord { user, created_at, used_at })
    };
    rows.first().map(session).transpose()
}

fn record(row: &Row) -> Result<UserRecord, StoreError> {
    let (name, grants): (String, String) = (get(row, 0)?, get(row, 2)?);
    let corrupt = |value| StoreError::Corrupt {
        table: "windlass.user",
        column: "grants",
        row: name.clone(),
        value,
    };
    let grant = serde_json::from_str(&grants).map_err(|_| corrupt(grants.clone()))?;
    let password = get::<Option<String>>(row, 1)?.map(PasswordHash::new);
    let created_at = Timestamp::from_micros(get(row, 3)?);
    Ok(UserRecord { user: User { name, password, grant }, created_at })
}
