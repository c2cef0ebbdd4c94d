//! Import: a page's events, what could not be read and what is lacking are written together with how far the source was read.

use serde_json::json;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{QUARANTINE, SOURCE_GAPS};
use windlass_core::source::{ImportPage, Imported};
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::event::publish::Columns;
use crate::row::get;

/// It waits for another transaction that publishes one of its events, or has the source.
const IMPORT: &str = "select windlass.import_page(coalesce($1::int8, windlass.now_us()), $2::text::json, $3::int8::integer, $4::int8::integer, \
     $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int8[], $11::text[], $12::uuid[], $13::uuid[], $14::text[]) \
     from (select set_config('lock_timeout', $15::text, true) as setting) as patience where patience.setting is not null";

pub(super) async fn import(
    writes: (&Connection, &Gate),
    page: &ImportPage,
    now: Now,
) -> Result<Imported, StoreError> {
    page.events.iter().try_for_each(windlass_core::event::NewEvent::check)?;
    let (now, text, columns) =
        (now.micros(), text(page), Columns::of(page.events.iter().map(Some)));
    let (quarantine, gaps) = (QUARANTINE as i64, SOURCE_GAPS as i64);
    let mut binds: Vec<Bind<'_>> = vec![
        (&now, Type::INT8),
        (&text, Type::TEXT),
        (&quarantine, Type::INT8),
        (&gaps, Type::INT8),
    ];
    binds.extend(columns.binds());
    let rows =
        patiently(writes, IMPORT, &binds, "this source, or an event with one of its ids").await?;
    let came = rows.first().map_or(Ok(None), |row| get::<Option<i64>>(row, 0))?;
    Ok(came.map_or(Imported::Stale, |came| Imported::Done { new: came.unsigned_abs() }))
}

/// Bodies stay texts, so that not a byte of them changes.
fn text(page: &ImportPage) -> String {
    let stop = page.stop.as_ref();
    let then = stop.map(|stop| &stop.then);
    let quarantined = page.quarantined.iter().map(|one| {
        json!({ "number": one.number, "reason": one.reason, "body": one.body, "is_cut": one.is_cut, "digest": one.digest })
    });
    let gaps = page.gaps.iter().map(|gap| {
        json!({
            "event": gap.event.as_uuid().to_string(),
            "why": gap.why.word(),
            "from": gap.from,
            "to": gap.to,
            "cursor": gap.cursor,
            "answer": gap.answer.word(),
        })
    });
    json!({
        "name": page.name,
        "epoch": page.epoch,
        "cursor": page.from.cursor,
        "number": page.from.number,
        "generation": page.from.generation,
        "to_cursor": page.to.cursor,
        "to_number": page.to.number,
        "to_generation": page.to.generation,
        "head": page.head,
        "disowned": page.disowned,
        "repeated": page.repeated,
        "stop": stop.map(|stop| &stop.reason),
        "then_cursor": then.map(|then| &then.cursor),
        "then_number": then.map(|then| then.number),
        "then_generation": then.map(|then| then.generation),
        "quarantined": quarantined.collect::<Vec<_>>(),
        "gaps": gaps.collect::<Vec<_>>(),
    })
    .to_string()
}
