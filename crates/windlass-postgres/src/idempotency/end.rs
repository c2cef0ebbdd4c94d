//! End: what was answered to a request is kept, and forgotten after its time.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::idempotency::{KeyedRequest, RequestEnd};
use windlass_core::limits::{KEEP_REQUESTS, SWEEP_JOBS};
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};

const ANSWER: &str = "update windlass.request_key set status = $2::int2, content_type = $3::text, body = $4::bytea \
     where key = $1::bytea and status is null";
const FREE: &str = "delete from windlass.request_key \
     where key = $1::bytea and holder = $2::uuid and status is null";
const LEAVE: &str = "update windlass.request_key set held_until = 0 \
     where key = $1::bytea and holder = $2::uuid and status is null";
const FORGET: &str = "delete from windlass.request_key where key in \
     (select key from windlass.request_key where began_at <= $1::int8 order by began_at limit $2::int8)";

pub(super) async fn end(
    connection: &Connection,
    request: KeyedRequest,
    end: &RequestEnd,
) -> Result<(), StoreError> {
    let key = request.key.as_bytes().as_slice();
    let held: [Bind<'_>; 2] = [(&key, Type::BYTEA), (&request.seed, Type::UUID)];
    match end {
        RequestEnd::Answered(answer) => {
            let status = i16::try_from(answer.status).unwrap_or_default();
            let binds: [Bind<'_>; 4] = [
                (&key, Type::BYTEA),
                (&status, Type::INT2),
                (&answer.content_type, Type::TEXT),
                (&answer.body, Type::BYTEA),
            ];
            connection.query(ANSWER, &binds).await?;
        }
        RequestEnd::Refused => {
            connection.query(FREE, &held).await?;
        }
        _ => {
            connection.query(LEAVE, &held).await?;
        }
    }
    Ok(())
}

/// Forgets requests whose time is over, so many at a time.
pub(crate) async fn forget(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let until = now.saturating_sub(micros(KEEP_REQUESTS));
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    connection.query(FORGET, &[(&until, Type::INT8), (&most, Type::INT8)]).await?;
    Ok(())
}
