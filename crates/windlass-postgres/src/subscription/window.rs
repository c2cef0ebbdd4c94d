//! Windows: events that wait for others to become one job with them.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::subscription::{Closing, DueWindows, EventWindow, Gathering};
use windlass_core::time::Timestamp;

use super::routed::RoutedJobs;
use crate::connection::{Bind, Connection};
use crate::row::get;

/// The moment and the first one that is due, also where none is due yet, and then those that are.
const DUE: &str = "with clock as materialized (select coalesce($1::int8, windlass.now_us()) as now), \
     next as materialized (select w.due_at from windlass.event_window w join windlass.subscription s on s.number = w.number \
       where s.paused_at is null and not w.number = any ($2::int8[]::int4[]) order by w.due_at limit 1) \
     select clock.now, (select due_at from next), d.number, d.key, d.opened_at, d.due_at, d.positions \
     from clock left join lateral (select w.number, w.key, w.opened_at, w.due_at, w.positions \
       from windlass.event_window w join windlass.subscription s on s.number = w.number \
       where w.due_at <= clock.now and s.paused_at is null and not w.number = any ($2::int8[]::int4[]) \
       order by w.due_at, w.number, w.key limit $3::int8) as d on true \
     order by d.due_at, d.number, d.key";

const OF: &str = "select 0::int8, 0::int8, number, key, opened_at, due_at, positions from windlass.event_window \
     where number = $1::int8::int4 order by key";

const CLOSE: &str = "select windlass.close_windows_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::int8[]::int4[], $4::text[], \
     $5::text[], $6::text[], $7::int8[], $8::int8[], $9::uuid[], $10::text[], $11::text[], $12::int2[], $13::int2[], $14::uuid[], \
     $15::uuid[], $16::text[], $17::text[], $18::int8, $19::int8)";

pub(super) async fn due(
    connection: &Connection,
    except: &[u32],
    most: usize,
    now: Now,
) -> Result<DueWindows, StoreError> {
    let except: Vec<i64> = except.iter().copied().map(i64::from).collect();
    let (now, most) = (now.micros(), i64::try_from(most).unwrap_or(i64::MAX));
    let binds: [Bind<'_>; 3] =
        [(&now, Type::INT8), (&except, Type::INT8_ARRAY), (&most, Type::INT8)];
    let rows = connection.query(DUE, &binds).await?;
    let moment = |at| rows.first().map_or(Ok(None), |row| get::<Option<i64>>(row, at));
    let now = Timestamp::from_micros(moment(0)?.unwrap_or_default());
    let next_at = moment(1)?.map(Timestamp::from_micros);
    let due = rows.iter().filter_map(|row| window(row).transpose()).collect::<Result<_, _>>()?;
    Ok(DueWindows { now, due, next_at })
}

pub(super) async fn of(
    connection: &Connection,
    number: u32,
) -> Result<Vec<EventWindow>, StoreError> {
    let rows = connection.query(OF, &[(&i64::from(number), Type::INT8)]).await?;
    let mut windows: Vec<EventWindow> =
        rows.iter().filter_map(|row| window(row).transpose()).collect::<Result<_, _>>()?;
    // Not by the server: a plan that is made while the table is empty would go through all windows by when they are due.
    windows.sort_by_key(|window| window.due_at);
    Ok(windows)
}

pub(super) async fn close(
    connection: &Connection,
    closing: &Closing,
    now: Now,
) -> Result<bool, StoreError> {
    let (now, seen) = (now.micros(), i64::try_from(closing.revision).unwrap_or(i64::MAX));
    let closed = &closing.closed;
    let numbers: Vec<i64> = closed.iter().map(|one| i64::from(one.before.number)).collect();
    let keys: Vec<&str> = closed.iter().map(|one| one.before.key.as_str()).collect();
    let befores: Vec<String> = closed.iter().map(|one| text(&one.before.positions)).collect();
    let rest = |of: fn(&EventWindow) -> i64| -> Vec<Option<i64>> {
        closed.iter().map(|one| one.rest.as_ref().map(of)).collect()
    };
    let rests: Vec<Option<String>> =
        closed.iter().map(|one| one.rest.as_ref().map(|rest| text(&rest.positions))).collect();
    let (opened, dues) = (rest(|it| it.opened_at.as_micros()), rest(|it| it.due_at.as_micros()));
    let jobs = RoutedJobs::of(&closing.jobs);
    let args: Vec<&str> = closing.jobs.iter().map(|job| job.args.as_str()).collect();
    let mut binds: Vec<Bind<'_>> = vec![
        (&now, Type::INT8),
        (&seen, Type::INT8),
        (&numbers, Type::INT8_ARRAY),
        (&keys, Type::TEXT_ARRAY),
        (&befores, Type::TEXT_ARRAY),
        (&rests, Type::TEXT_ARRAY),
        (&opened, Type::INT8_ARRAY),
        (&dues, Type::INT8_ARRAY),
    ];
    binds.extend(jobs.binds());
    let last = i64::try_from(closing.last).unwrap_or(i64::MAX);
    let until = closing.until().map(Timestamp::as_micros);
    binds.extend([
        (&args as _, Type::TEXT_ARRAY),
        (&last as _, Type::INT8),
        (&until as _, Type::INT8),
    ]);
    connection.query(CLOSE, &binds).await?.first().map_or(Ok(false), |row| get(row, 0))
}

/// Events for windows, as arrays for a statement.
pub(super) struct Gathered<'a> {
    numbers: Vec<i64>,
    keys: Vec<&'a str>,
    opened: Vec<i64>,
    dues: Vec<i64>,
    lasts: Vec<i64>,
    mosts: Vec<Option<i64>>,
    positions: Vec<String>,
}

impl<'a> Gathered<'a> {
    pub(super) fn of(gathered: &'a [Gathering]) -> Self {
        let most = |more: &Gathering| more.most.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
        Self {
            numbers: gathered.iter().map(|more| i64::from(more.window.number)).collect(),
            keys: gathered.iter().map(|more| more.window.key.as_str()).collect(),
            opened: gathered.iter().map(|more| more.window.opened_at.as_micros()).collect(),
            dues: gathered.iter().map(|more| more.window.due_at.as_micros()).collect(),
            lasts: gathered.iter().map(|more| more.last_at.as_micros()).collect(),
            mosts: gathered.iter().map(most).collect(),
            positions: gathered.iter().map(|more| text(&more.window.positions)).collect(),
        }
    }

    pub(super) fn binds(&self) -> [Bind<'_>; 7] {
        [
            (&self.numbers, Type::INT8_ARRAY),
            (&self.keys, Type::TEXT_ARRAY),
            (&self.opened, Type::INT8_ARRAY),
            (&self.dues, Type::INT8_ARRAY),
            (&self.lasts, Type::INT8_ARRAY),
            (&self.mosts, Type::INT8_ARRAY),
            (&self.positions, Type::TEXT_ARRAY),
        ]
    }
}

/// Positions as PostgreSQL writes an array.
fn text(positions: &[u64]) -> String {
    let numbers: Vec<String> = positions.iter().map(ToString::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

fn window(row: &Row) -> Result<Option<EventWindow>, StoreError> {
    let Some(number) = get::<Option<i32>>(row, 2)? else { return Ok(None) };
    let positions: Vec<i64> = get(row, 6)?;
    Ok(Some(EventWindow {
        number: number.unsigned_abs(),
        key: get(row, 3)?,
        opened_at: Timestamp::from_micros(get(row, 4)?),
        due_at: Timestamp::from_micros(get(row, 5)?),
        positions: positions.into_iter().map(i64::unsigned_abs).collect(),
    }))
}
