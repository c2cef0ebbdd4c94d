//! Import: a page's events, what could not be read and what is lacking are written together with how far the source was read.

use rusqlite::{Connection, named_params, params};
use windlass_core::error::StoreError;
use windlass_core::event::Published;
use windlass_core::limits::{QUARANTINE, SOURCE_GAPS};
use windlass_core::source::{ImportPage, Imported, OnGap, Position};
use windlass_core::time::Timestamp;

use crate::event::publish::publish;
use crate::row::{Id, one, run};

const IS_AS_SEEN: &str = "select 1 from windlass_source where name = ?1 and state = 'running' and epoch = ?2 \
       and cursor is ?3 and number is ?4 and generation = ?5";
const IMPORTED: &str = include_str!("imported.sql");
const QUARANTINED: &str = "insert into windlass_quarantine (source, number, generation, reason, body, is_cut, at, digest) \
     select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 \
     where not exists (select 1 from windlass_quarantine where source = ?1 and digest = ?8 and body = ?5)";
const TOO_MANY: &str = "delete from windlass_quarantine where source = ?1 and nth <= \
     (select nth from windlass_quarantine where source = ?1 order by nth desc limit 1 offset ?2)";
const GAP: &str = "insert into windlass_source_gap (source, event, why, from_number, to_number, cursor, answer, at, closed_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const TOO_MANY_GAPS: &str = "delete from windlass_source_gap where source = ?1 and nth <= \
     (select nth from windlass_source_gap where source = ?1 order by nth desc limit 1 offset ?2)";

pub(super) fn import(
    connection: &Connection,
    page: &ImportPage,
    now: Timestamp,
) -> Result<Imported, StoreError> {
    let Position { cursor, generation, .. } = &page.from;
    let from =
        params![page.name, page.epoch.cast_signed(), cursor, signed(page.from.number), generation];
    if one::<i64>(connection, IS_AS_SEEN, from)?.is_none() {
        return Ok(Imported::Stale);
    }
    let published = publish(connection, &page.events, now)?;
    let new = published.iter().filter(|one| matches!(one, Published::New(_))).count() as u64;
    let dropped = put_aside(connection, page, now)?;
    note_gaps(connection, page, now)?;
    let then = page.stop.as_ref().map(|stop| &stop.then);
    let repeated = page.repeated + published.len() as u64 - new;
    let binds = named_params! {
        ":name": page.name,
        ":now": now.as_micros(),
        ":cursor": page.to.cursor,
        ":number": signed(page.to.number),
        ":generation": page.to.generation,
        ":head": signed(page.head),
        ":imported": new.cast_signed(),
        ":repeated": repeated.cast_signed(),
        ":dropped": dropped,
        ":stop": page.stop.as_ref().map(|stop| &stop.reason),
        ":disowned": signed(page.disowned),
        ":then_cursor": then.and_then(|then| then.cursor.as_ref()),
        ":then_number": then.and_then(|then| signed(then.number)),
        ":then_generation": then.map(|then| then.generation),
    };
    run(connection, IMPORTED, binds)?;
    Ok(Imported::Done { new })
}

fn signed(number: Option<u64>) -> Option<i64> {
    number.map(u64::cast_signed)
}

/// Keeps what could not be read; how many of those before are kept no more.
fn put_aside(
    connection: &Connection,
    page: &ImportPage,
    now: Timestamp,
) -> Result<i64, StoreError> {
    for one in &page.quarantined {
        let (number, generation) = (signed(one.number), page.from.generation);
        let row = params![
            page.name,
            number,
            generation,
            one.reason,
            one.body,
            one.is_cut,
            now.as_micros(),
            one.digest,
        ];
        run(connection, QUARANTINED, row)?;
    }
    if page.quarantined.is_empty() {
        return Ok(0);
    }
    Ok(run(connection, TOO_MANY, params![page.name, QUARANTINE as i64])? as i64)
}

fn note_gaps(connection: &Connection, page: &ImportPage, now: Timestamp) -> Result<(), StoreError> {
    let now = now.as_micros();
    for gap in &page.gaps {
        let closed_at = (gap.answer == OnGap::Skip).then_some(now);
        let (from, to, event) = (signed(gap.from), signed(gap.to), Id(gap.event.as_uuid()));
        let (why, answer) = (gap.why.word(), gap.answer.word());
        run(
            connection,
            GAP,
            params![page.name, event, why, from, to, gap.cursor, answer, now, closed_at],
        )?;
    }
    if !page.gaps.is_empty() {
        run(connection, TOO_MANY_GAPS, params![page.name, SOURCE_GAPS as i64])?;
    }
    Ok(())
}
