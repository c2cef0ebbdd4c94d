//! Sessions started, used and ended.

use std::time::Duration;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::{SESSION_IDLE, SESSION_TIME, SESSIONS};
use windlass_core::time::{Timestamp, micros};
use windlass_core::token::TokenDigest;
use windlass_core::user::{OwnPassword, Session};

use crate::row::{one, run};

const START: &str = "insert into windlass_session (digest, person, revision, created_at, used_at) \
     select ?1, name, revision, ?4, ?4 from windlass_user where name = ?2 and password = ?3";
const FORGET_OVER: &str = "delete from windlass_session where used_at <= ?1 or created_at <= ?2";
const FORGET_OLDEST: &str = "delete from windlass_session where digest in \
     (select digest from windlass_session where person = ?1 order by created_at desc, digest limit -1 offset ?2)";
const CHANGE_OWN: &str = "update windlass_user set password = ?3, revision = revision + 1 \
     where password = ?2 and (name, revision) in (select person, revision from windlass_session where digest = ?1) returning name";
const USED: &str = "update windlass_session set used_at = max(used_at, ?2) where digest = ?1";
const END: &str = "delete from windlass_session where digest = ?1";
const END_ALL: &str = "delete from windlass_session where person = ?1";

pub(super) fn start(
    connection: &Connection,
    session: &Session<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let over = |time: Duration| now.as_micros() - micros(time);
    run(connection, FORGET_OVER, [over(SESSION_IDLE), over(SESSION_TIME)])?;
    let others = i64::try_from(SESSIONS - 1).unwrap_or(i64::MAX);
    run(connection, FORGET_OLDEST, params![session.user, others])?;
    let digest = session.digest.as_bytes().as_slice();
    let binds = params![digest, session.user, session.password.as_str(), now.as_micros()];
    Ok(run(connection, START, binds)? > 0)
}

pub(super) fn change_password(
    connection: &Connection,
    change: &OwnPassword<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let OwnPassword { session, old, new, next } = *change;
    let binds = params![session.as_bytes().as_slice(), old.as_str(), new.as_str()];
    let Some(user) = one::<String>(connection, CHANGE_OWN, binds)? else { return Ok(false) };
    run(connection, END_ALL, [&user])?;
    start(connection, &Session { digest: next, user: &user, password: new }, now)
}

pub(super) fn used(
    connection: &Connection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<(), StoreError> {
    run(connection, USED, params![digest.as_bytes().as_slice(), now.as_micros()])?;
    Ok(())
}

pub(super) fn end(connection: &Connection, digest: TokenDigest) -> Result<bool, StoreError> {
    Ok(run(connection, END, [digest.as_bytes().as_slice()])? > 0)
}

pub(super) fn end_all(connection: &Connection, name: &str) -> Result<u64, StoreError> {
    Ok(run(connection, END_ALL, [name])? as u64)
}
