//! List: all subscriptions.

use rusqlite::{Connection, Row};
use windlass_core::error::StoreError;
use windlass_core::subscription::{GapRecord, Progress, SubscriptionRecord, Subscriptions};
use windlass_core::time::Timestamp;

use crate::row::{all, one};

const REVISION: &str = "select revision from windlass_log";
const SUBSCRIPTIONS: &str = "select number, name, definition, after, position, paused_at, created_at, since, until \
     from windlass_subscription order by number";

const GAPS: &str =
    "select number, from_position, to_position, reason, at from windlass_gap order by nth";

pub(crate) fn subscriptions(connection: &Connection) -> Result<Subscriptions, StoreError> {
    let revision: i64 = one(connection, REVISION, [])?.unwrap_or_default();
    let rows = all(connection, SUBSCRIPTIONS, [], Raw::of)?;
    let all = rows.into_iter().map(Raw::read).collect::<Result<_, StoreError>>()?;
    Ok(Subscriptions { revision: revision.unsigned_abs(), all })
}

pub(super) fn gaps(connection: &Connection) -> Result<Vec<GapRecord>, StoreError> {
    all(connection, GAPS, [], |row| {
        Ok(GapRecord {
            number: row.get(0)?,
            from: row.get::<_, i64>(1)?.unsigned_abs(),
            to: row.get::<_, i64>(2)?.unsigned_abs(),
            reason: row.get(3)?,
            at: Timestamp::from_micros(row.get(4)?),
        })
    })
}

/// A row as it is, before anything in it is doubted.
struct Raw {
    number: u32,
    name: String,
    definition: String,
    after: i64,
    position: Option<i64>,
    paused_at: Option<i64>,
    created_at: i64,
    since: i64,
    until: Option<i64>,
}

impl Raw {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            name: row.get(1)?,
            definition: row.get(2)?,
            after: row.get(3)?,
            position: row.get(4)?,
            paused_at: row.get(5)?,
            created_at: row.get(6)?,
            since: row.get(7)?,
            until: row.get(8)?,
        })
    }

    fn read(self) -> Result<SubscriptionRecord, StoreError> {
        let Ok(definition) = serde_json::from_str(&self.definition) else {
            return Err(StoreError::Corrupt {
                table: "windlass_subscription",
                column: "definition",
                row: self.name,
                value: self.definition,
            });
        };
        let position = self.position.map(i64::unsigned_abs);
        Ok(SubscriptionRecord {
            number: self.number,
            name: self.name,
            definition,
            after: self.after.unsigned_abs(),
            since: self.since.unsigned_abs(),
            until: self.until.map(i64::unsigned_abs),
            progress: position.map_or(Progress::Live, |position| Progress::CatchingUp { position }),
            paused_at: self.paused_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}
