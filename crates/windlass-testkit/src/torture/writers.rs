//! Those who publish: eight writers, in transactions of their own and through the client.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio_postgres::types::{ToSql, Type};
use tokio_util::sync::CancellationToken;
use windlass_core::event::{NewEvent, Published};
use windlass_core::id::EventId;
use windlass_core::json::Json;
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_core::store::{Now, Store};
use windlass_core::time::Timestamp;
use windlass_postgres::publish::{answers, statement};
use windlass_postgres::statement::Value;

use crate::fault::process_fixture::ProcessFixture;
use crate::history::journal::Journal;
use crate::history::record::{Event, Fate, Said};

/// Writers at the same time.
pub(super) const WRITERS: usize = 8;
/// A pause between two transactions, in milliseconds.
const PAUSE: std::ops::Range<u64> = 5..400;
/// Of so many transactions one is rolled back.
const ROLLED_BACK: u8 = 10;
/// The types of events, by the last digits of their counters.
pub(super) const TYPES: [&str; 4] = ["order.paid", "order.sent", "build.failed", "tick"];
/// Keys of one writer.
const KEYS: usize = 3;

/// One who publishes.
struct Writer {
    /// Which one of all.
    nth: usize,
    random: Rng,
    counters: [u64; KEYS],
    /// The last event with an id that its source gave it, which is published once more.
    given: Option<NewEvent>,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    url: String,
    connection: Option<Connection>,
    /// The last event that was committed.
    last: Option<EventId>,
}

/// A connection of its own.
enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client, #[expect(dead_code, reason = "held")] JoinSet<()>),
}

/// Starts them; each gives the last event that it committed.
pub(super) fn start(
    fixture: &ProcessFixture,
    random: &mut Rng,
    stop: &CancellationToken,
) -> JoinSet<Option<EventId>> {
    let mut writers = JoinSet::new();
    for nth in 0..WRITERS {
        let writer = Writer {
            nth,
            random: random.fork(),
            counters: [0; KEYS],
            given: None,
            store: Arc::clone(&fixture.store),
            journal: Arc::clone(&fixture.journal),
            url: fixture.settings().store,
            connection: None,
            last: None,
        };
        writers.spawn(writer.write(stop.clone()));
    }
    writers
}

impl Writer {
    async fn write(mut self, stop: CancellationToken) -> Option<EventId> {
        while !stop.is_cancelled() {
            let events = self.next_events();
            // Half of them have transactions of their own, also beside those of the client.
            if self.random.bool() {
                self.through_the_client(&events).await;
            } else {
                self.in_a_transaction(&events).await;
            }
            tokio::time::sleep(Duration::from_millis(self.random.u64(PAUSE))).await;
        }
        self.last
    }

    /// One as a rule, some together, and now and then one that was published before.
    fn next_events(&mut self) -> Vec<NewEvent> {
        let number = match self.random.u8(..12) {
            0 => self.random.usize(5..30),
            1..5 => 2,
            _ => 1,
        };
        let mut events: Vec<NewEvent> = (0..number).map(|_| self.next_event()).collect();
        match self.random.u8(..8) {
            0 => {
                // Another writer may give the same id at the same moment.
                let id = match self.random.bool() {
                    true => format!("of {} {}", self.nth, self.counters[0]),
                    false => format!("of all {}", Timestamp::wall_clock().as_micros() / 200_000),
                };
                let event = self.next_event().given(id);
                self.given = Some(event.clone());
                events.push(event);
            }
            1..3 => {
                if let Some(given) = self.given.take() {
                    events.insert(0, NewEvent { id: EventId::new(), ..given });
                }
            }
            _ => {}
        }
        events
    }

    fn next_event(&mut self) -> NewEvent {
        let key = self.random.usize(..KEYS);
        self.counters[key] += 1;
        let counter = self.counters[key];
        let event_type = TYPES[self.random.usize(..TYPES.len())];
        let data = Json::stored(format!(r#"{{"counter":{counter}}}"#));
        NewEvent::new(event_type, data).source("/shop").subject(format!("w{}/k{key}", self.nth))
    }

    /// The recorded store writes down what came of it.
    async fn through_the_client(&mut self, events: &[NewEvent]) {
        if self.store.publish(events, Now::Database).await.is_ok() {
            self.last = events.last().map(|event| event.id);
        }
    }

    async fn in_a_transaction(&mut self, events: &[NewEvent]) {
        if self.connection.is_none() {
            self.connection = Connection::open(&self.url).await;
        }
        let Some(mut connection) = self.connection.take() else { return };
        let call = self.journal.next_call();
        let said = events.iter().map(Said::of).collect();
        self.journal.note(Event::Publish { call, events: said });
        let takes = match self.random.u8(..20) {
            0 => self.random.u64(100..800),
            _ => self.random.u64(..20),
        };
        let plan =
            Plan { takes: Duration::from_millis(takes), keeps: self.random.u8(..ROLLED_BACK) > 0 };
        let (fate, published) = connection.publish(events, plan).await;
        let existing = events.iter().zip(published).filter(|(event, there)| event.id != there.id());
        let existing = existing.map(|(event, there)| (event.id, there.id())).collect();
        self.journal.note(Event::Published { call, fate, existing });
        if fate == Fate::Done {
            self.last = events.last().map(|event| event.id);
        }
        // After an error nobody knows what the connection is in.
        self.connection = Some(connection).filter(|_| fate == Fate::Done || !plan.keeps);
    }
}

/// What becomes a transaction.
#[derive(Clone, Copy)]
struct Plan {
    /// How long it stays open.
    takes: Duration,
    /// Whether it is committed.
    keeps: bool,
}

impl Connection {
    async fn open(url: &str) -> Option<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let connection = rusqlite::Connection::open(path).ok()?;
            connection.busy_timeout(Duration::from_secs(5)).ok()?;
            return Some(Self::Sqlite(connection));
        }
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.ok()?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Its end is told by the next statement.
            let _ = connection.await;
        });
        Some(Self::Postgres(client, driver))
    }

    /// Publishes in a transaction that takes its time: whether that happened, and the answers where it did.
    async fn publish(&mut self, events: &[NewEvent], plan: Plan) -> (Fate, Vec<Published>) {
        match self {
            Self::Sqlite(connection) => {
                tokio::task::block_in_place(|| publish_on_sqlite(connection, events, plan))
            }
            Self::Postgres(client, _) => publish_on_postgres(client, events, plan).await,
        }
    }
}

/// The file is locked meanwhile: it takes a tenth of the time.
fn publish_on_sqlite(
    connection: &mut rusqlite::Connection,
    events: &[NewEvent],
    plan: Plan,
) -> (Fate, Vec<Published>) {
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let Ok(tx) = connection.transaction_with_behavior(immediate) else {
        return (Fate::Refused, Vec::new());
    };
    let now = Timestamp::wall_clock();
    let Ok(published) = windlass_sqlite::publish::publish_all(&tx, events, now) else {
        return (Fate::Refused, Vec::new());
    };
    std::thread::sleep(plan.takes / 10);
    let is_committed = plan.keeps && tx.commit().is_ok();
    (if is_committed { Fate::Done } else { Fate::Refused }, published)
}

async fn publish_on_postgres(
    client: &mut tokio_postgres::Client,
    events: &[NewEvent],
    plan: Plan,
) -> (Fate, Vec<Published>) {
    let refused = (Fate::Refused, Vec::new());
    let Ok(tx) = client.transaction().await else { return refused };
    let statement = statement(events, DEFAULT_SCHEMA);
    let binds: Vec<(&(dyn ToSql + Sync), Type)> = statement.binds.iter().map(bind).collect();
    let Ok(rows) = tx.query_typed(&statement.sql, &binds).await else { return refused };
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    let Ok(published) = answers(events, ids) else { return refused };
    tokio::time::sleep(plan.takes).await;
    if !plan.keeps {
        // Where the connection is gone the server rolls it back.
        let _ = tx.rollback().await;
        return refused;
    }
    match tx.commit().await {
        Ok(()) => (Fate::Done, published),
        Err(_) => (Fate::Unknown, Vec::new()),
    }
}

fn bind(value: &Value) -> (&(dyn ToSql + Sync), Type) {
    match value {
        Value::Text(text) => (text, Type::TEXT),
        Value::Small(number) => (number, Type::INT2),
        Value::Big(number) => (number, Type::INT8),
        Value::Texts(texts) => (texts, Type::TEXT_ARRAY),
        Value::Smalls(numbers) => (numbers, Type::INT2_ARRAY),
        Value::Bigs(numbers) => (numbers, Type::INT8_ARRAY),
    }
}
