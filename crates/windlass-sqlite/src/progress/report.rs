//! Report: what running attempts say of themselves, written only while their leases hold.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::Fenced;
use windlass_core::progress::Report;
use windlass_core::time::{Timestamp, micros};

use crate::row::{Id, one, run};

const HELD: &str = "select created_at from windlass_pending where id = ?1 and lease = ?2";
const CHECKPOINT: &str = "insert into windlass_progress (job, checkpoint, checkpoint_at, created_at) \
     select id, ?3, ?4, created_at from windlass_pending where id = ?1 and lease = ?2 \
     on conflict (job) do update set checkpoint = excluded.checkpoint, checkpoint_at = excluded.checkpoint_at";
/// An account of an older one of the attempt's, or of an earlier attempt, does not come after a newer one.
const PROGRESS: &str = "insert into windlass_progress (job, attempt, account, percent, note, done, total, at, created_at) \
     select id, attempt, ?3, ?4, ?5, ?6, ?7, ?8, created_at from windlass_pending where id = ?1 and lease = ?2 \
     on conflict (job) do update set attempt = excluded.attempt, account = excluded.account, percent = excluded.percent, \
       note = excluded.note, done = excluded.done, total = excluded.total, at = excluded.at \
     where coalesce((excluded.attempt, excluded.account) > (windlass_progress.attempt, windlass_progress.account), true)";
const LINE: &str = "insert into windlass_log_line (job, attempt, nth, at, level, text) \
     select id, attempt, ?3, ?4, ?5, ?6 from windlass_pending where id = ?1 and lease = ?2 \
     on conflict (job, attempt, nth) do update set at = excluded.at, level = excluded.level, text = excluded.text";
/// What is there of a job that had the id before.
const FORGET: &str = "delete from windlass_progress where job = ?1 and created_at <> ?2";

pub(crate) fn report(
    connection: &Connection,
    reports: &[Report],
    now: Timestamp,
) -> Result<Vec<Fenced>, StoreError> {
    reports.iter().map(|report| one_report(connection, report, now)).collect()
}

fn one_report(
    connection: &Connection,
    report: &Report,
    now: Timestamp,
) -> Result<Fenced, StoreError> {
    let (job, lease) = (Id::from(report.fence.job.id), Id::from(report.fence.lease));
    let Some(written_at) = one::<i64>(connection, HELD, params![job, lease])? else {
        return Ok(Fenced::Lost);
    };
    run(connection, FORGET, params![job, written_at])?;
    if let Some(checkpoint) = &report.checkpoint {
        run(connection, CHECKPOINT, params![job, lease, checkpoint.as_str(), now.as_micros()])?;
    }
    if let Some((progress, account)) = &report.progress {
        let binds = params![
            job,
            lease,
            number(*account),
            progress.percent,
            progress.note,
            progress.done.map(number),
            progress.total.map(number),
            now.as_micros()
        ];
        run(connection, PROGRESS, binds)?;
    }
    for line in &report.lines {
        let at = now.as_micros().saturating_sub(micros(line.age));
        run(connection, LINE, params![job, lease, line.nth, at, line.level as i16, line.text])?;
    }
    Ok(Fenced::Done)
}

/// A number as SQLite keeps it.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
