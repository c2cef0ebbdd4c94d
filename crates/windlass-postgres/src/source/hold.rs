//! Hold: one reads a source at a time.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::source::{Held, Hold, Holding, Said};
use windlass_core::store::Now;
use windlass_core::time::micros;

use super::list::{number, position, state};
use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::row::get;

const DECLARE: &str = "insert into windlass.source (name, about, changed_at) values ($2::text, $3::text, coalesce($1::int8, windlass.now_us())) \
     on conflict (name) do update set about = excluded.about where windlass.source.about <> excluded.about";
const HOLD: &str = include_str!("hold.sql");
const LET_GO: &str = "update windlass.source set holder = null, held_until = 0, next_at = null where name = $1::text and epoch = $2::int8";

pub(super) async fn declare(
    connection: &Connection,
    (name, about): (&str, &str),
    now: Now,
) -> Result<(), StoreError> {
    let now = now.micros();
    let binds: [Bind<'_>; 3] = [(&now, Type::INT8), (&name, Type::TEXT), (&about, Type::TEXT)];
    connection.query(DECLARE, &binds).await.map(drop)
}

pub(super) async fn hold(
    writes: (&Connection, &Gate),
    hold: &Hold,
    now: Now,
) -> Result<Holding, StoreError> {
    let (now, lasts) = (now.micros(), micros(hold.lasts));
    let (next, error, failures) = match &hold.said {
        Said::Nothing => (None, None, 0),
        Said::Went(next) => (Some(micros(*next)), None, 0),
        Said::Failed { error, failures, again } => {
            (Some(micros(*again)), Some(error.as_str()), i64::from(*failures))
        }
    };
    let binds: [Bind<'_>; 7] = [
        (&now, Type::INT8),
        (&hold.name, Type::TEXT),
        (&hold.holder, Type::TEXT),
        (&lasts, Type::INT8),
        (&next, Type::INT8),
        (&error, Type::TEXT),
        (&failures, Type::INT8),
    ];
    let rows = patiently(writes, HOLD, &binds, "this source").await?;
    let Some(row) = rows.first() else { return Ok(Holding::Missing) };
    if !get::<bool>(row, 0)? {
        return Ok(Holding::Missing);
    }
    let Some(epoch) = get::<Option<i64>>(row, 1)? else { return Ok(Holding::Other) };
    let (epoch, state, disowned) = (epoch.unsigned_abs(), state(get(row, 2)?)?, number(row, 6)?);
    Ok(Holding::Held(Held { epoch, state, position: position(row, 3)?, disowned }))
}

pub(super) async fn let_go(
    connection: &Connection,
    name: &str,
    epoch: u64,
) -> Result<(), StoreError> {
    let epoch = epoch.cast_signed();
    connection.query(LET_GO, &[(&name, Type::TEXT), (&epoch, Type::INT8)]).await.map(drop)
}
