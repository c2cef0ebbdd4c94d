//! Moving: nobody uses a store whose rows go elsewhere, nor one into which they come.

use tokio_postgres::Row as Found;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::archive::{Fence, Onto, Reached};
use windlass_core::error::StoreError;
use windlass_core::schema::{self, Moving};

use crate::archive::write::{lock_all, remove_all};
use crate::archive::{Session, look};
use crate::connection::Connection;
use crate::error::store_error;
use crate::row::get;

const MOVING: &str =
    "select goes, other, ended_at is not null, place, rows, fence from windlass.moving";
const BEGIN: &str = "insert into windlass.moving (one, goes, other, begun_at, fence) \
     values (true, $1::bool, $2::text, windlass.now_us(), $3::uuid)";
const ENDED: &str = "update windlass.moving set ended_at = windlass.now_us() where goes";
/// Who has the store open writes nothing more.
const KEEP: &str = "create trigger moving before insert or update on windlass.pending for each statement execute function windlass.refuse_moving(); \
     create trigger moving before insert on windlass.finished for each statement execute function windlass.refuse_moving(); \
     create trigger moving before insert on windlass.intake for each statement execute function windlass.refuse_moving()";
pub(super) const LET_WRITE: &str = "drop trigger if exists moving on windlass.pending; drop trigger if exists moving on windlass.finished; \
     drop trigger if exists moving on windlass.intake";

struct Row {
    moving: Moving,
    place: Reached,
}

fn row(found: &Found) -> Result<Row, StoreError> {
    let (goes, other, has_ended) = (get::<bool>(found, 0)?, get(found, 1)?, get(found, 2)?);
    let moving = match (goes, has_ended) {
        (true, true) => Moving::Gone(other),
        (true, false) => Moving::Goes(other),
        (false, _) => Moving::Comes(other),
    };
    let table = usize::try_from(get::<i32>(found, 3)?).unwrap_or(0);
    let rows = get::<i64>(found, 4)?.unsigned_abs();
    Ok(Row { moving, place: Reached { table, rows, fence: Fence::of(get::<Uuid>(found, 5)?) } })
}

async fn row_of(session: &Session) -> Result<Option<Row>, StoreError> {
    let rows = session.client.query(&session.text(MOVING), &[]).await.map_err(store_error)?;
    rows.first().map(row).transpose()
}

/// Refuses to open it.
pub(crate) async fn refuse(connection: &Connection) -> Result<(), StoreError> {
    match connection.query(MOVING, &[]).await?.first() {
        None => Ok(()),
        Some(found) => schema::refuse_moving(&row(found)?.moving),
    }
}

async fn begin(session: &Session, goes: bool, other: &str) -> Result<(), StoreError> {
    let fence = Fence::by_chance().as_uuid();
    let binds: [crate::connection::Bind<'_>; 3] =
        [(&goes, Type::BOOL), (&other, Type::TEXT), (&fence, Type::UUID)];
    let begun = session.client.query_typed(&session.text(BEGIN), &binds).await;
    begun.map(drop).map_err(store_error)
}

pub(super) async fn leave(session: Session, to: &str) -> Result<bool, StoreError> {
    lock_all(&session).await?;
    match row_of(&session).await? {
        Some(Row { moving: Moving::Goes(other) | Moving::Gone(other), .. }) if other == to => {
            return Ok(false);
        }
        Some(row) => schema::refuse_moving(&row.moving)?,
        None => look::look(&session).await?.check(Onto::Everything)?,
    }
    begin(&session, true, to).await?;
    session.batch(&format!("{KEEP}; commit")).await?;
    Ok(true)
}

pub(super) async fn has_left(session: Session) -> Result<(), StoreError> {
    session.batch(&format!("{ENDED}; commit")).await
}

/// Gives the session back, between two transactions.
pub(super) async fn arrive(session: Session, from: &str) -> Result<(Reached, Session), StoreError> {
    lock_all(&session).await?;
    match row_of(&session).await? {
        Some(Row { moving: Moving::Comes(other), place }) if other == from => {
            session.batch("commit").await?;
            return Ok((place, session));
        }
        Some(row) => schema::refuse_moving(&row.moving)?,
        None => look::look(&session).await?.check(Onto::Empty)?,
    }
    remove_all(&session).await?;
    begin(&session, false, from).await?;
    let none = || StoreError::Backend("a move has no row".into());
    let place = row_of(&session).await?.ok_or_else(none)?.place;
    session.batch("commit").await?;
    Ok((place, session))
}

pub(super) async fn stay(session: Session) -> Result<bool, StoreError> {
    lock_all(&session).await?;
    match row_of(&session).await? {
        None => return Ok(false),
        Some(Row { moving: Moving::Comes(_), .. }) => remove_all(&session).await?,
        Some(_) => session.batch(LET_WRITE).await?,
    }
    session.batch("delete from windlass.moving").await?;
    session.batch("commit").await?;
    Ok(true)
}
