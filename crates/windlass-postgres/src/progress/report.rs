//! Report: what running attempts say of themselves, written only while their leases hold.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::job::Fenced;
use windlass_core::progress::Report;
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::{fenced, get};

const REPORT: &str = include_str!("report.sql");

pub(crate) async fn report(
    connection: &Connection,
    reports: &[Report],
    now: Now,
) -> Result<Vec<Fenced>, StoreError> {
    let now = now.micros();
    let (fences, accounts, lines) =
        (Fences::of(reports), Accounts::of(reports), Lines::of(reports));
    let mut binds: Vec<Bind<'_>> = vec![(&now, Type::INT8)];
    fences.bind(&mut binds);
    accounts.bind(&mut binds);
    lines.bind(&mut binds);
    let rows = connection.query(REPORT, &binds).await?;
    rows.iter().map(|row| get(row, 0).map(fenced)).collect()
}

/// Whose words they are, by column.
struct Fences {
    lease: Vec<Uuid>,
    worker: Vec<Uuid>,
    place: Vec<i16>,
    job: Vec<Uuid>,
    written_at: Vec<i64>,
    attempt: Vec<i32>,
}

impl Fences {
    fn of(reports: &[Report]) -> Self {
        let fences = || reports.iter().map(|report| &report.fence);
        Self {
            lease: fences().map(|fence| fence.lease.as_uuid()).collect(),
            worker: fences().map(|fence| fence.worker.as_uuid()).collect(),
            place: fences().map(|fence| fence.job.position).collect(),
            job: fences().map(|fence| fence.job.id.as_uuid()).collect(),
            written_at: fences().map(|fence| fence.job.created_at.as_micros()).collect(),
            attempt: fences().map(|fence| fence.job.attempt.cast_signed()).collect(),
        }
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 6] = [
            (&self.lease, Type::UUID_ARRAY),
            (&self.worker, Type::UUID_ARRAY),
            (&self.place, Type::INT2_ARRAY),
            (&self.job, Type::UUID_ARRAY),
            (&self.written_at, Type::INT8_ARRAY),
            (&self.attempt, Type::INT4_ARRAY),
        ];
        binds.extend(columns);
    }
}

/// Checkpoints, and how far they are, by column.
#[derive(Default)]
struct Accounts<'a> {
    checkpoint: Vec<Option<&'a str>>,
    account: Vec<Option<i64>>,
    percent: Vec<Option<f64>>,
    note: Vec<Option<&'a str>>,
    done: Vec<Option<i64>>,
    total: Vec<Option<i64>>,
}

impl<'a> Accounts<'a> {
    fn of(reports: &'a [Report]) -> Self {
        let mut columns = Self::default();
        for report in reports {
            let (progress, account) =
                report.progress.as_ref().map(|(one, nth)| (one, *nth)).unzip();
            columns.checkpoint.push(report.checkpoint.as_ref().map(|data| data.as_str()));
            columns.account.push(account.map(number));
            columns.percent.push(progress.and_then(|one| one.percent));
            columns.note.push(progress.and_then(|one| one.note.as_deref()));
            columns.done.push(progress.and_then(|one| one.done.map(number)));
            columns.total.push(progress.and_then(|one| one.total.map(number)));
        }
        columns
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 6] = [
            (&self.checkpoint, Type::TEXT_ARRAY),
            (&self.account, Type::INT8_ARRAY),
            (&self.percent, Type::FLOAT8_ARRAY),
            (&self.note, Type::TEXT_ARRAY),
            (&self.done, Type::INT8_ARRAY),
            (&self.total, Type::INT8_ARRAY),
        ];
        binds.extend(columns);
    }
}

/// Log lines by column.
#[derive(Default)]
struct Lines<'a> {
    of_attempt: Vec<i32>,
    nth: Vec<i32>,
    age: Vec<i64>,
    level: Vec<i16>,
    text: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    fn of(reports: &'a [Report]) -> Self {
        let mut columns = Self::default();
        for (of_attempt, report) in (1..).zip(reports) {
            for line in &report.lines {
                columns.of_attempt.push(of_attempt);
                columns.nth.push(line.nth.cast_signed());
                columns.age.push(micros(line.age));
                columns.level.push(line.level as i16);
                columns.text.push(&line.text);
            }
        }
        columns
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 5] = [
            (&self.of_attempt, Type::INT4_ARRAY),
            (&self.nth, Type::INT4_ARRAY),
            (&self.age, Type::INT8_ARRAY),
            (&self.level, Type::INT2_ARRAY),
            (&self.text, Type::TEXT_ARRAY),
        ];
        binds.extend(columns);
    }
}

/// A number as PostgreSQL keeps it.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
