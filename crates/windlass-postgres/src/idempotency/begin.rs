//! Begin: whether a request is to be carried out.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::idempotency::{Answer, Begun, KeyedRequest};
use windlass_core::limits::{KEEP_REQUESTS, REQUEST_HELD};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::get;

/// Takes the key where nobody has it, where who had it has died, and where its time is over.
const TAKE: &str = "insert into windlass.request_key as k (key, asked, seed, holder, began_at, held_until) \
     select $1::bytea, $2::bytea, $3::uuid, $3::uuid, n.us, n.us + $6::int8 \
     from (select coalesce($4::int8, windlass.now_us()) as us) n \
     on conflict (key) do update set \
       asked = excluded.asked, holder = excluded.holder, held_until = excluded.held_until, \
       seed = case when k.began_at > excluded.began_at - $5::int8 then k.seed else excluded.seed end, \
       began_at = case when k.began_at > excluded.began_at - $5::int8 then k.began_at else excluded.began_at end, \
       status = null, content_type = null, body = null \
     where k.began_at <= excluded.began_at - $5::int8 \
        or (k.asked = excluded.asked and k.status is null and k.held_until <= excluded.began_at) \
     returning seed";
const KNOWN: &str =
    "select asked, status, content_type, body from windlass.request_key where key = $1::bytea";

pub(super) async fn begin(
    connection: &Connection,
    request: KeyedRequest,
    now: Now,
) -> Result<Begun, StoreError> {
    let (key, asked) = (request.key.as_bytes().as_slice(), request.asked.as_slice());
    let (now, keep, hold) = (now.micros(), micros(KEEP_REQUESTS), micros(REQUEST_HELD));
    let binds: [Bind<'_>; 6] = [
        (&key, Type::BYTEA),
        (&asked, Type::BYTEA),
        (&request.seed, Type::UUID),
        (&now, Type::INT8),
        (&keep, Type::INT8),
        (&hold, Type::INT8),
    ];
    let taken = connection.query(TAKE, &binds).await?;
    if let Some(row) = taken.first() {
        return Ok(Begun::Go(get::<Uuid>(row, 0)?));
    }
    let known = connection.query(KNOWN, &[(&key, Type::BYTEA)]).await?;
    // One that was refused at this moment is gone: who asks again finds the key free.
    known.first().map_or(Ok(Begun::Running), |row| read(row, &request))
}

fn read(row: &Row, request: &KeyedRequest) -> Result<Begun, StoreError> {
    if get::<Vec<u8>>(row, 0)? != request.asked {
        return Ok(Begun::Other);
    }
    let Some(status) = get::<Option<i16>>(row, 1)? else { return Ok(Begun::Running) };
    Ok(Begun::Answered(Answer {
        status: u16::try_from(status).unwrap_or_default(),
        content_type: get::<Option<String>>(row, 2)?.unwrap_or_default(),
        body: get::<Option<Vec<u8>>>(row, 3)?.unwrap_or_default(),
    }))
}
