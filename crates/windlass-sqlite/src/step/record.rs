//! Record: steps of a running attempt, written only while its lease holds.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::Fenced;
use windlass_core::step::{NewStep, Others, Until};
use windlass_core::time::Timestamp;

use crate::row::{Id, one, run};

/// Nobody else writes between this and what is written on the strength of it: both are one step of the writer.
const HELD: &str = "select 1 from windlass_pending where id = ?1 and lease = ?2";
const RECORD: &str = "insert into windlass_step (job, nth, name, form, output, until, at, created_at) \
     select id, ?3, ?4, ?5, ?6, ?7, ?8, created_at from windlass_pending where id = ?1 and lease = ?2 \
     on conflict (job, nth) do update set name = excluded.name, form = excluded.form, output = excluded.output, \
       until = excluded.until, at = excluded.at, created_at = excluded.created_at";
const END_AT: &str = "delete from windlass_step where job = ?1 and nth > ?3 \
     and exists (select 1 from windlass_pending where id = ?1 and lease = ?2)";

pub(crate) fn record(
    connection: &Connection,
    (job, lease): (JobId, LeaseId),
    (steps, others): (&[NewStep], Others),
    now: Timestamp,
) -> Result<Fenced, StoreError> {
    let (job, lease) = (Id::from(job), Id::from(lease));
    if one::<i64>(connection, HELD, params![job, lease])?.is_none() {
        return Ok(Fenced::Lost);
    }
    if let Others::EndAt(last) = others {
        run(connection, END_AT, params![job, lease, last])?;
    }
    for step in steps {
        let until = step.until.map(|until| match until {
            Until::After(time) => now.after(time).as_micros(),
            Until::At(moment) => moment.as_micros(),
        });
        let output = step.output.as_ref().map(|output| output.as_str());
        let binds = params![
            job,
            lease,
            step.nth,
            step.name,
            step.form as i16,
            output,
            until,
            now.as_micros()
        ];
        run(connection, RECORD, binds)?;
    }
    Ok(Fenced::Done)
}
