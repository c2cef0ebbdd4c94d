//! Write: all rows, in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::io::Cursor;
use std::pin::pin;

use futures_util::SinkExt;
use tokio_postgres::types::Type;
use windlass_core::archive::{Onto, Origin, Page, Row, TABLES, Value, WriteArchive};
use windlass_core::error::StoreError;
use windlass_core::store::Reply;

use crate::archive::layout::{self, COUNTERS, Layout, Made, OF_THE_STORE, RUNNING};
use crate::archive::moving::LET_WRITE;
use crate::archive::{Session, USUAL, binary, look};
use crate::error::{is_worth_repeating, store_error};
use crate::maintenance::tidy::{DAY, create_partition};

/// How often all tables are asked for; each time others wait for it the server takes a second to see it.
const LOCK_TRIES: u32 = 10;

/// A lease for each running job, and what is asked of it.
const LEASES: &str = "do $$ begin \
     insert into windlass.lease (id, worker, claimed_at, unsettled, settled, label, jobs) \
     select lease, worker, claimed_at, 1, B'0', label, array[row(id, run_at, created_at, attempt, failures, version, priority, \
       losses, max_attempts, queue, kind, args, root, parent, origin, meta, history)::windlass.held_job] \
     from windlass_running; \
     insert into windlass.cancel_request (job, worker, reason) \
     select id, worker, cancel from windlass_running where cancel is not null; \
     drop table windlass_running; \
     end $$";
/// Who waits for a signal and who signals meet on its row.
const SIGNALS: &str = "insert into windlass.signal (key) \
     select distinct signal from windlass.condition where signal is not null and state = 0 on conflict do nothing";
const RENEW: &str = "update windlass.log set epoch = greatest(epoch + 1, windlass.now_us() / 1000000), \
       revision = greatest(revision + 1, windlass.now_us())";
const RENEW_SOURCES: &str = "update windlass.source set epoch = epoch + 1";
/// Days ahead for which ended jobs get a partition of their own.
const DAYS_AHEAD: i64 = 40;

/// When what was written is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commits {
    AtTheEnd,
    EachPage,
}

/// The transaction, or those of each page.
pub(super) struct Writing {
    session: Session,
    commits: Commits,
    kinds: HashMap<&'static str, Vec<Type>>,
    /// The days whose partitions are there.
    days: BTreeSet<i64>,
    today: i64,
}

impl Writing {
    pub(super) async fn start(session: Session, onto: Onto) -> Result<Self, StoreError> {
        lock_all(&session).await?;
        look::look(&session).await?.check(onto)?;
        remove_all(&session).await?;
        Self::of(session, Commits::AtTheEnd).await
    }

    /// Each page is a transaction of its own.
    pub(super) async fn go_on(session: Session) -> Result<Self, StoreError> {
        Self::of(session, Commits::EachPage).await
    }

    async fn of(session: Session, commits: Commits) -> Result<Self, StoreError> {
        let now = session.text("select windlass.now_us()");
        let now: i64 = session.client.query_one(&now, &[]).await.map_err(store_error)?.get(0);
        let (kinds, days) = (HashMap::new(), BTreeSet::new());
        Ok(Self { session, commits, kinds, days, today: now / DAY })
    }

    async fn page(&mut self, page: Page) -> Result<(), StoreError> {
        if page.rows.is_empty() {
            return Ok(());
        }
        if self.commits == Commits::AtTheEnd {
            return self.copy(page).await;
        }
        let place = TABLES.iter().position(|table| table == page.table).unwrap_or(0);
        let rows = page.rows.len();
        self.session.begin(USUAL).await?;
        self.copy(page).await?;
        self.session
            .batch(&format!(
                "update windlass.moving set rows = case when place = {place} then rows else 0 end + {rows}, place = {place}; commit"
            ))
            .await
    }

    async fn copy(&mut self, page: Page) -> Result<(), StoreError> {
        let layout = layout::of(page.table);
        match page.table.name {
            "counter" => return self.count(&page.rows).await,
            "finished" => self.make_partitions(&layout, &page.rows).await?,
            "running" => self.session.batch(RUNNING).await?,
            _ => {}
        }
        let kinds = self.kinds(&layout).await?;
        let copied = copied(&layout, &kinds, &page.rows)?;
        let copy =
            format!("copy {} ({}) from stdin (format binary)", layout.target(), layout.names());
        let sink =
            self.session.client.copy_in(&self.session.text(&copy)).await.map_err(store_error)?;
        let mut sink = pin!(sink);
        sink.send(Cursor::new(copied)).await.map_err(store_error)?;
        sink.finish().await.map_err(store_error)?;
        if page.table.name == "running" {
            self.session.batch(LEASES).await?;
        }
        Ok(())
    }

    /// Which numbers were given: none of them comes again. Numbers only rise, for this is not rolled back.
    async fn count(&self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let [Value::Text(name), Value::Whole(given)] = row.as_slice() else { continue };
            if let Some((table, column)) = COUNTERS.iter().find(|(table, _)| table == name) {
                let sequence = format!("windlass.{table}_{column}_seq");
                let raise = format!(
                    "select setval('{sequence}', greatest(last_value, {given})) from {sequence}"
                );
                self.session.batch(&raise).await?;
            }
        }
        Ok(())
    }

    async fn kinds(&mut self, layout: &Layout) -> Result<Vec<Type>, StoreError> {
        if let Some(kinds) = self.kinds.get(layout.table.name) {
            return Ok(kinds.clone());
        }
        let select = format!("select {} from {} limit 0", layout.names(), layout.target());
        let select = self.session.text(&select);
        let statement = self.session.client.prepare(&select).await.map_err(store_error)?;
        let kinds: Vec<Type> =
            statement.columns().iter().map(|column| column.type_().clone()).collect();
        self.kinds.insert(layout.table.name, kinds.clone());
        Ok(kinds)
    }

    /// Ended jobs have a partition for each day on which some may be pruned.
    async fn make_partitions(&mut self, layout: &Layout, rows: &[Row]) -> Result<(), StoreError> {
        let Some(prune_at) = layout.place("prune_at") else { return Ok(()) };
        let day = |row: &Row| match row[prune_at] {
            Value::Whole(us) => Some(us / DAY),
            _ => None,
        };
        let days: BTreeSet<i64> = rows.iter().filter_map(day).collect();
        for day in days {
            if (self.today..self.today + DAYS_AHEAD).contains(&day) && self.days.insert(day) {
                self.session.batch(&create_partition("windlass", day)).await?;
            }
        }
        Ok(())
    }

    async fn finish(self: Box<Self>, origin: Origin) -> Result<(), StoreError> {
        if self.commits == Commits::EachPage {
            self.session.begin(USUAL).await?;
        }
        self.session.batch(SIGNALS).await?;
        for (table, column) in COUNTERS {
            let sequence = format!("windlass.{table}_{column}_seq");
            let raise = format!(
                "select setval('{sequence}', greatest(s.last_value, t.most)) \
                 from {sequence} s, (select max({column}) as most from windlass.{table}) as t where t.most is not null"
            );
            self.session.batch(&raise).await?;
        }
        if origin == Origin::Past {
            self.session.batch(RENEW).await?;
            self.session.batch(RENEW_SOURCES).await?;
        }
        self.session.batch("delete from windlass.moving").await?;
        self.session.batch("commit").await
    }
}

impl WriteArchive for Writing {
    fn write(&mut self, page: Page) -> Reply<'_, ()> {
        Box::pin(self.page(page))
    }

    fn end(self: Box<Self>, origin: Origin) -> Reply<'static, ()> {
        Box::pin(self.finish(origin))
    }
}

/// All tables of ours, those that a store has for itself too.
fn all_tables() -> String {
    let tables = TABLES.iter().map(|table| layout::of(table).target());
    let tables = tables.filter(|table: &&str| table.starts_with("windlass."));
    let tables: BTreeSet<&str> = tables.chain(OF_THE_STORE.iter().copied()).collect();
    Vec::from_iter(tables).join(", ")
}

/// Nobody else reads or writes until the transaction ends. Who has taken tables in another order goes first.
pub(super) async fn lock_all(session: &Session) -> Result<(), StoreError> {
    let lock = format!("savepoint locks; lock table {} in access exclusive mode", all_tables());
    for _ in 1..LOCK_TRIES {
        match session.client.batch_execute(&session.text(&lock)).await {
            Err(error) if is_worth_repeating(&error) => {
                session.batch("rollback to savepoint locks").await?;
            }
            locked => return locked.map_err(store_error),
        }
    }
    session.batch(&lock).await
}

/// Removes what is there.
pub(super) async fn remove_all(session: &Session) -> Result<(), StoreError> {
    session.batch(&format!("truncate {}; {LET_WRITE}", all_tables())).await
}

/// Rows as the server takes them.
fn copied(layout: &Layout, kinds: &[Type], rows: &[Row]) -> Result<Vec<u8>, StoreError> {
    let written = layout.written();
    let places: Vec<Option<usize>> = written
        .iter()
        .map(|(_, made)| match made {
            Made::Of(name) | Made::Or(name, _) => layout.place(name),
            Made::Fixed(_) => None,
        })
        .collect();
    let mut out = binary::HEAD.to_vec();
    let columns = i16::try_from(written.len()).unwrap_or(i16::MAX);
    for row in rows {
        out.extend(columns.to_be_bytes());
        for (nth, (name, made)) in written.iter().enumerate() {
            let found = places[nth].map_or(&Value::Null, |place| &row[place]);
            let fixed = match (made, found) {
                (Made::Fixed(value) | Made::Or(_, value), Value::Null) => Value::Whole(*value),
                _ => Value::Null,
            };
            let value = if matches!(fixed, Value::Null) { found } else { &fixed };
            binary::write(&kinds[nth], value, &mut out).ok_or_else(|| {
                let table = layout.table.name;
                StoreError::Conflict {
                    what: format!("a value of {table}.{name} does not fit this store"),
                }
            })?;
        }
    }
    out.extend(binary::TAIL);
    Ok(out)
}
