//! Publish: new rows of the intake, from arrays, one statement for any number.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::id::EventId;
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::row::get;

const PUBLISH: &str = "select windlass.publish_all(coalesce($1::int8, windlass.now_us()), $2::uuid[], $3::text[], $4::text[], \
     $5::text[], $6::text[], $7::int8[], $8::text[], $9::uuid[], $10::uuid[], $11::text[])";
/// Of events with ids of their sources': it waits for another transaction that publishes one of them.
const PUBLISH_GIVEN: &str = "select p from (select set_config('lock_timeout', $12::text, true) as setting) as patience, \
     lateral windlass.publish_all(coalesce($1::int8, windlass.now_us()), $2::uuid[], $3::text[], $4::text[], \
     $5::text[], $6::text[], $7::int8[], $8::text[], $9::uuid[], $10::uuid[], $11::text[]) as p where patience.setting is not null";

pub(super) async fn publish(
    writes: (&Connection, &Gate),
    events: &[NewEvent],
    now: Now,
) -> Result<Vec<Published>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let now = now.micros();
    let ids: Vec<Uuid> = events.iter().map(|event| event.id.as_uuid()).collect();
    let sources: Vec<&str> = events.iter().map(|event| event.source.as_str()).collect();
    let givens: Vec<Option<&str>> = events.iter().map(|event| event.given.as_deref()).collect();
    let types: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    let subjects: Vec<Option<&str>> = events.iter().map(|event| event.subject.as_deref()).collect();
    let moments: Vec<Option<i64>> =
        events.iter().map(|event| event.time.map(|time| time.as_micros())).collect();
    let datas: Vec<Option<&str>> =
        events.iter().map(|event| event.data.as_ref().map(|data| data.as_str())).collect();
    let roots: Vec<Option<Uuid>> =
        events.iter().map(|event| event.root.map(|id| id.as_uuid())).collect();
    let parents: Vec<Option<Uuid>> =
        events.iter().map(|event| event.parent.map(|id| id.as_uuid())).collect();
    let metas: Vec<Option<String>> = events.iter().map(|event| event.meta.to_stored()).collect();
    let binds: [Bind<'_>; 11] = [
        (&now, Type::INT8),
        (&ids, Type::UUID_ARRAY),
        (&sources, Type::TEXT_ARRAY),
        (&givens, Type::TEXT_ARRAY),
        (&types, Type::TEXT_ARRAY),
        (&subjects, Type::TEXT_ARRAY),
        (&moments, Type::INT8_ARRAY),
        (&datas, Type::TEXT_ARRAY),
        (&roots, Type::UUID_ARRAY),
        (&parents, Type::UUID_ARRAY),
        (&metas, Type::TEXT_ARRAY),
    ];
    let rows = match events.iter().any(|event| event.given.is_some()) {
        true => patiently(writes, PUBLISH_GIVEN, &binds, "an event with this id").await?,
        false => writes.0.query(PUBLISH, &binds).await?,
    };
    let answer = |(event, row): (&NewEvent, _)| {
        let id = EventId::from_uuid(get(row, 0)?);
        Ok(if id == event.id { Published::New(id) } else { Published::Existing(id) })
    };
    events.iter().zip(&rows).map(answer).collect()
}
