//! Sessions started, used and ended.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{SESSION_IDLE, SESSION_TIME, SESSIONS};
use windlass_core::store::Now;
use windlass_core::time::micros;
use windlass_core::token::TokenDigest;
use windlass_core::user::{OwnPassword, Session};

use crate::connection::{Bind, Connection};

const START: &str = "with moment as (select coalesce($1::int8, windlass.now_us()) as now), \
     over as (delete from windlass.session where used_at <= (select now from moment) - $5::int8 \
       or created_at <= (select now from moment) - $6::int8), \
     oldest as (delete from windlass.session where digest in \
       (select digest from windlass.session where person = $3::text order by created_at desc, digest offset $7::int8)) \
     insert into windlass.session (digest, person, revision, created_at, used_at) \
     select $2::bytea, name, revision, now, now from windlass.user, moment \
     where name = $3::text and password = $4::text returning person";
// A change of the user meanwhile is waited for, and the revision is another one then.
const CHANGE_OWN: &str = "with changed as ( \
       update windlass.user u set password = $4::text, revision = u.revision + 1 from windlass.session s \
       where s.digest = $2::bytea and u.name = s.person and u.revision = s.revision and u.password = $3::text \
       returning u.name, u.revision), \
     ended as (delete from windlass.session s using changed c where s.person = c.name) \
     insert into windlass.session (digest, person, revision, created_at, used_at) \
     select $5::bytea, name, revision, now, now \
     from changed, (select coalesce($1::int8, windlass.now_us()) as now) as moment returning person";
const USED: &str = "update windlass.session \
     set used_at = greatest(used_at, coalesce($1::int8, windlass.now_us())) where digest = $2::bytea";
const END: &str = "delete from windlass.session where digest = $1::bytea returning person";
const END_ALL: &str = "with changed as (update windlass.user set revision = revision + 1 where name = $1::text) \
     delete from windlass.session where person = $1::text returning digest";

pub(super) async fn start(
    connection: &Connection,
    session: &Session<'_>,
    now: Now,
) -> Result<bool, StoreError> {
    let (now, idle, time) = (now.micros(), micros(SESSION_IDLE), micros(SESSION_TIME));
    let kept = i64::try_from(SESSIONS - 1).unwrap_or(i64::MAX);
    let (digest, password) = (session.digest.as_bytes().as_slice(), session.password.as_str());
    let binds: [Bind<'_>; 7] = [
        (&now, Type::INT8),
        (&digest, Type::BYTEA),
        (&session.user, Type::TEXT),
        (&password, Type::TEXT),
        (&idle, Type::INT8),
        (&time, Type::INT8),
        (&kept, Type::INT8),
    ];
    Ok(!connection.query(START, &binds).await?.is_empty())
}

pub(super) async fn change_password(
    connection: &Connection,
    change: &OwnPassword<'_>,
    now: Now,
) -> Result<bool, StoreError> {
    let OwnPassword { session, old, new, next } = change;
    let (now, session, next) = (now.micros(), &session.as_bytes()[..], &next.as_bytes()[..]);
    let (old, new) = (old.as_str(), new.as_str());
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&session, Type::BYTEA),
        (&old, Type::TEXT),
        (&new, Type::TEXT),
        (&next, Type::BYTEA),
    ];
    Ok(!connection.query(CHANGE_OWN, &binds).await?.is_empty())
}

pub(super) async fn used(
    connection: &Connection,
    digest: TokenDigest,
    now: Now,
) -> Result<(), StoreError> {
    let (now, digest) = (now.micros(), digest.as_bytes().as_slice());
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&digest, Type::BYTEA)];
    connection.query(USED, &binds).await?;
    Ok(())
}

pub(super) async fn end(connection: &Connection, digest: TokenDigest) -> Result<bool, StoreError> {
    let digest = digest.as_bytes().as_slice();
    Ok(!connection.query(END, &[(&digest, Type::BYTEA)]).await?.is_empty())
}

pub(super) async fn end_all(connection: &Connection, name: &str) -> Result<u64, StoreError> {
    Ok(connection.query(END_ALL, &[(&name, Type::TEXT)]).await?.len() as u64)
}
