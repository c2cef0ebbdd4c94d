//! Open: a batch whose jobs come later.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::batch::Begins;
use windlass_core::error::StoreError;
use windlass_core::id::BatchId;
use windlass_core::store::Now;

use crate::connection::{Bind, Connection};
use crate::row::get;

const OPEN: &str = "insert into windlass.batch (id, name, key, undoes, created_at, sealed) \
     values ($2::uuid, $3::text, $4::text, $5::uuid, coalesce($1::int8, windlass.now_us()), false) \
     on conflict do nothing returning id";
const HOLDER: &str =
    "select id from windlass.batch where id = $1::uuid or key = $2::text order by id <> $1::uuid";

pub(super) async fn open(
    connection: &Connection,
    (batch, begins): (BatchId, &Begins),
    now: Now,
) -> Result<bool, StoreError> {
    let (now, id) = (now.micros(), batch.as_uuid());
    let undoes = begins.undoes.map(|batch| batch.as_uuid());
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&id, Type::UUID),
        (&begins.name, Type::TEXT),
        (&begins.key, Type::TEXT),
        (&undoes, Type::UUID),
    ];
    if !connection.query(OPEN, &binds).await?.is_empty() {
        return Ok(true);
    }
    let found = connection.query(HOLDER, &[(&id, Type::UUID), (&begins.key, Type::TEXT)]).await?;
    let holder = found.first().map(|row| get::<Uuid>(row, 0)).transpose()?;
    match (holder, &begins.key) {
        (Some(holder), Some(key)) if holder != id => {
            Err(StoreError::BatchExists { key: key.clone(), batch: BatchId::from_uuid(holder) })
        }
        _ => Ok(false),
    }
}
