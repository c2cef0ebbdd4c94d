//! Publish: new rows of the intake, from arrays, one statement for any number.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::id::{EventId, JobId};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection, in_schema};
use crate::job::statement::{Statement, Value};
use crate::row::get;

const PUBLISH: &str = "select windlass.publish_all(coalesce($1::int8, windlass.now_us()), $2::uuid[], $3::text[], $4::text[], \
     $5::text[], $6::text[], $7::int8[], $8::text[], $9::uuid[], $10::uuid[], $11::text[])";
/// Of events with ids of their sources': it waits for another transaction that publishes one of them.
const PUBLISH_GIVEN: &str = "select p from (select set_config('lock_timeout', $12::text, true) as setting) as patience, \
     lateral windlass.publish_all(coalesce($1::int8, windlass.now_us()), $2::uuid[], $3::text[], $4::text[], \
     $5::text[], $6::text[], $7::int8[], $8::text[], $9::uuid[], $10::uuid[], $11::text[]) as p where patience.setting is not null";

/// For callers' own connections: a row of one `text` for each event, the id that is there now.
const PUBLISH_IN: &str = "select p::text from windlass.publish_all(coalesce($11::int8, windlass.now_us()), $1::text[]::uuid[], $2::text[], $3::text[], \
     $4::text[], $5::text[], $6::int8[], $7::text[], $8::text[]::uuid[], $9::text[]::uuid[], $10::text[]) as p";

/// For callers' own connections that keep it prepared: one event without an id of its source's. Nobody is seen asleep before the
/// intake is locked: a statement takes its locks before its snapshot.
const PUBLISH_PREPARED: &str = "with news as ( \
         insert into windlass.intake (id, source, type, subject, at, data, root, parent, meta) \
         values ($1::text::uuid, $2::text, $3::text, $4::text, coalesce($5::int8, windlass.now_us()), $6::text, $7::text::uuid, \
           $8::text::uuid, $9::text) returning id) \
     select id::text, (select pg_notify(l.sleeper, 'events') from windlass.log l where l.sleeper is not null) from news";

/// Publishes one event without an id of its source's, for callers that keep the statement prepared: planned each time, it costs more
/// than it does. It answers as [`statement`] does.
#[must_use]
pub fn prepared(event: &NewEvent, schema: &str) -> Statement {
    let text = |text: Option<&str>| Value::Text(text.map(str::to_owned));
    let uuid = |id: Option<JobId>| Value::Text(id.map(|id| id.as_uuid().to_string()));
    let binds = vec![
        Value::Text(Some(event.id.as_uuid().to_string())),
        text(Some(&event.source)),
        text(Some(&event.event_type)),
        text(event.subject.as_deref()),
        Value::Big(event.time.map(Timestamp::as_micros)),
        text(event.data.as_ref().map(|data| data.as_str())),
        uuid(event.root),
        uuid(event.parent),
        Value::Text(event.meta.to_stored()),
    ];
    Statement { sql: in_schema(PUBLISH_PREPARED, schema), binds }
}

/// Publishes events inside the transaction the connection is in. It answers a row of one `text` for each, for [`answers`].
#[must_use]
pub fn statement(events: &[NewEvent], schema: &str) -> Statement {
    statement_at(events, schema, Now::Database)
}

/// The same at a moment.
pub(crate) fn statement_at(events: &[NewEvent], schema: &str, now: Now) -> Statement {
    let texts =
        |of: &dyn Fn(&NewEvent) -> Option<String>| Value::Texts(events.iter().map(of).collect());
    let uuid = |id: JobId| id.as_uuid().to_string();
    let binds = vec![
        texts(&|event| Some(event.id.as_uuid().to_string())),
        texts(&|event| Some(event.source.clone())),
        texts(&|event| event.given.clone()),
        texts(&|event| Some(event.event_type.clone())),
        texts(&|event| event.subject.clone()),
        Value::Bigs(events.iter().map(|event| event.time.map(Timestamp::as_micros)).collect()),
        texts(&|event| event.data.as_ref().map(|data| data.as_str().to_owned())),
        texts(&|event| event.root.map(uuid)),
        texts(&|event| event.parent.map(uuid)),
        texts(&|event| event.meta.to_stored()),
        Value::Big(now.micros()),
    ];
    Statement { sql: in_schema(PUBLISH_IN, schema), binds }
}

/// What the rows of [`statement`] mean.
///
/// # Errors
/// Where they make no sense.
pub fn answers<'a>(
    events: &[NewEvent],
    rows: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Published>, StoreError> {
    let strange =
        || StoreError::Backend("an answer to published events that makes no sense".into());
    let answer = |(event, row): (&NewEvent, &str)| {
        let id = EventId::from_uuid(row.parse().map_err(|_| strange())?);
        Ok(Published::of(event, id))
    };
    let answers = events.iter().zip(rows).map(answer).collect::<Result<Vec<_>, StoreError>>()?;
    if answers.len() == events.len() { Ok(answers) } else { Err(strange()) }
}

pub(super) async fn publish(
    writes: (&Connection, &Gate),
    events: &[NewEvent],
    now: Now,
) -> Result<Vec<Published>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let (now, columns) = (now.micros(), Columns::of(events.iter().map(Some)));
    let mut binds: Vec<Bind<'_>> = vec![(&now, Type::INT8)];
    binds.extend(columns.binds());
    let rows = match events.iter().any(|event| event.given.is_some()) {
        true => patiently(writes, PUBLISH_GIVEN, &binds, "an event with this id").await?,
        false => writes.0.query(PUBLISH, &binds).await?,
    };
    let answer =
        |(event, row): (&NewEvent, _)| Ok(Published::of(event, EventId::from_uuid(get(row, 0)?)));
    events.iter().zip(&rows).map(answer).collect()
}

/// Events as the arrays that the functions of the schema take; nulls where there is none.
pub(crate) struct Columns<'a> {
    ids: Vec<Option<Uuid>>,
    sources: Vec<Option<&'a str>>,
    givens: Vec<Option<&'a str>>,
    types: Vec<Option<&'a str>>,
    subjects: Vec<Option<&'a str>>,
    moments: Vec<Option<i64>>,
    datas: Vec<Option<&'a str>>,
    roots: Vec<Option<Uuid>>,
    parents: Vec<Option<Uuid>>,
    metas: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(events: impl Iterator<Item = Option<&'a NewEvent>>) -> Self {
        let events: Vec<Option<&'a NewEvent>> = events.collect();
        fn column<'a, T>(
            events: &[Option<&'a NewEvent>],
            of: impl Fn(&'a NewEvent) -> Option<T>,
        ) -> Vec<Option<T>> {
            events.iter().map(|event| event.and_then(&of)).collect()
        }
        Self {
            ids: column(&events, |event| Some(event.id.as_uuid())),
            sources: column(&events, |event| Some(event.source.as_str())),
            givens: column(&events, |event| event.given.as_deref()),
            types: column(&events, |event| Some(event.event_type.as_str())),
            subjects: column(&events, |event| event.subject.as_deref()),
            moments: column(&events, |event| event.time.map(Timestamp::as_micros)),
            datas: column(&events, |event| event.data.as_ref().map(|data| data.as_str())),
            roots: column(&events, |event| event.root.map(|id| id.as_uuid())),
            parents: column(&events, |event| event.parent.map(|id| id.as_uuid())),
            metas: column(&events, |event| event.meta.to_stored()),
        }
    }

    /// In the order of the functions' parameters.
    pub(crate) fn binds(&self) -> [Bind<'_>; 10] {
        [
            (&self.ids, Type::UUID_ARRAY),
            (&self.sources, Type::TEXT_ARRAY),
            (&self.givens, Type::TEXT_ARRAY),
            (&self.types, Type::TEXT_ARRAY),
            (&self.subjects, Type::TEXT_ARRAY),
            (&self.moments, Type::INT8_ARRAY),
            (&self.datas, Type::TEXT_ARRAY),
            (&self.roots, Type::UUID_ARRAY),
            (&self.parents, Type::UUID_ARRAY),
            (&self.metas, Type::TEXT_ARRAY),
        ]
    }
}
