//! Users kept, changed, and taken away. Who is not what they were before signs in again.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::user::{PasswordHash, User, UserChange};

use crate::connection::{Bind, Connection};

const ADD: &str = "insert into windlass.user (name, password, grants, created_at) \
     select $2::text, $3::text, $4::text, coalesce($1::int8, windlass.now_us()) \
     where not exists (select 1 from windlass.token where name = $2::text) \
     on conflict (name) do nothing returning name";
// A session that is started meanwhile is of the revision before, and holds no more.
const CHANGE: &str = "with ended as (delete from windlass.session where person = $1::text) \
     update windlass.user set password = coalesce($2::text, password), grants = (grants::jsonb || $3::text::jsonb)::text, \
       revision = revision + 1 \
     where name = $1::text returning name";
const TAKEN: &str = "select name from windlass.token where name = $1::text";
const REMOVE: &str = "delete from windlass.user where name = $1::text returning name";

pub(super) async fn add(
    connection: &Connection,
    user: &User,
    now: Now,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&user.grant).unwrap_or_default();
    let (now, password) = (now.micros(), user.password.as_ref().map(PasswordHash::as_str));
    let binds: [Bind<'_>; 4] = [
        (&now, Type::INT8),
        (&user.name, Type::TEXT),
        (&password, Type::TEXT),
        (&grants, Type::TEXT),
    ];
    let is_added = !connection.query(ADD, &binds).await?.is_empty();
    // A token may have the name by a call at the same moment: then neither has it.
    if is_added && !connection.query(TAKEN, &[(&user.name, Type::TEXT)]).await?.is_empty() {
        remove(connection, &user.name).await?;
        return Ok(false);
    }
    Ok(is_added)
}

pub(super) async fn change(
    connection: &Connection,
    name: &str,
    change: &UserChange,
) -> Result<bool, StoreError> {
    let grants = serde_json::to_string(&change.grant).unwrap_or_default();
    let password = change.password.as_ref().map(PasswordHash::as_str);
    let binds: [Bind<'_>; 3] =
        [(&name, Type::TEXT), (&password, Type::TEXT), (&grants, Type::TEXT)];
    Ok(!connection.query(CHANGE, &binds).await?.is_empty())
}

pub(super) async fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(!connection.query(REMOVE, &[(&name, Type::TEXT)]).await?.is_empty())
}
