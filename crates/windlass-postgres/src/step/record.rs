//! Record: steps of a running attempt, written only while its lease holds.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::{Fence, Fenced};
use windlass_core::step::{NewStep, Others, Until};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::row::{fenced, get};

const RECORD: &str = include_str!("record.sql");

pub(crate) async fn record(
    connection: &Connection,
    fence: &Fence,
    (steps, others): (&[NewStep], Others),
    now: Now,
) -> Result<Fenced, StoreError> {
    let (now, job) = (now.micros(), &fence.job);
    let (lease, worker, id) = (fence.lease.as_uuid(), fence.worker.as_uuid(), job.id.as_uuid());
    let written_at = job.created_at.as_micros();
    let columns = Columns::of(steps);
    let last = match others {
        Others::Stay => None,
        Others::EndAt(last) => Some(last.cast_signed()),
    };
    let binds: [Bind<'_>; 13] = [
        (&now, Type::INT8),
        (&lease, Type::UUID),
        (&worker, Type::UUID),
        (&job.position, Type::INT2),
        (&id, Type::UUID),
        (&written_at, Type::INT8),
        (&columns.nth, Type::INT4_ARRAY),
        (&columns.name, Type::TEXT_ARRAY),
        (&columns.form, Type::INT2_ARRAY),
        (&columns.output, Type::TEXT_ARRAY),
        (&columns.until, Type::INT8_ARRAY),
        (&columns.lasts, Type::INT8_ARRAY),
        (&last, Type::INT4),
    ];
    let row = connection.query_one(RECORD, &binds).await?;
    Ok(fenced(get(&row, 0)?))
}

/// Steps by column.
struct Columns<'a> {
    nth: Vec<i32>,
    name: Vec<&'a str>,
    form: Vec<i16>,
    output: Vec<Option<&'a str>>,
    until: Vec<Option<i64>>,
    lasts: Vec<Option<i64>>,
}

impl<'a> Columns<'a> {
    fn of(steps: &'a [NewStep]) -> Self {
        let until = |step: &NewStep| match step.until {
            Some(Until::At(moment)) => Some(moment.as_micros()),
            _ => None,
        };
        let lasts = |step: &NewStep| match step.until {
            Some(Until::After(time)) => Some(micros(time)),
            _ => None,
        };
        let output = |step: &'a NewStep| step.output.as_ref().map(|output| output.as_str());
        Self {
            nth: steps.iter().map(|step| step.nth.cast_signed()).collect(),
            name: steps.iter().map(|step| step.name.as_str()).collect(),
            form: steps.iter().map(|step| step.form as i16).collect(),
            output: steps.iter().map(output).collect(),
            until: steps.iter().map(until).collect(),
            lasts: steps.iter().map(lasts).collect(),
        }
    }
}
