//! One of the two processes of a rendezvous: sends its signal of each pair, by several callers at once, some pairs whenever it is
//! told to, so that both send those of a pair at about the same moment.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rusqlite::TransactionBehavior;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use windlass::condition::Signal;
use windlass::{Client, ClientExt as _};

use super::Args;
use super::as_worker::{Said, orders, say};
use crate::exit::Exit;

/// Each process has its word.
pub(super) const WORDS: [&str; 2] = ["a", "b"];
/// Pairs of one round.
pub(super) const PAIRS: u64 = 500;
/// One in so many transactions is rolled back and done again, and one in so many signals is sent twice.
const SOME: u64 = 20;
/// Connections of the application's own, which its callers share.
const OWN: usize = 4;
/// After how long a connection to a file asks once more whether it may write. SQLite's own wait grows to a tenth of a second.
const AGAIN: Duration = Duration::from_millis(1);

/// The first part of a signal's key; the other is the queue.
pub(super) fn key(word: &str, nth: u64) -> String {
    format!("{word}:{nth}")
}

pub(super) async fn run(
    args: &Args,
    (word, queue): (&str, &str),
    url: &str,
) -> anyhow::Result<Exit> {
    let jobs = Client::new(windlass::open(url).await?);
    let mut callers = Vec::new();
    let mut own = Vec::new();
    for _ in 0..OWN {
        own.push(Arc::new(Mutex::new(Connection::open(url).await?)));
    }
    for connection in own.iter().cycle().take(args.clients()) {
        callers.push(Caller { jobs: jobs.clone(), connection: Arc::clone(connection) });
    }
    let mut orders = orders();
    say(&Said::Ready)?;
    let (mut next, mut times_ms) = (0, Vec::new());
    while next < args.jobs && orders.recv().await.is_some() {
        let round = next..args.jobs.min(next + PAIRS);
        next = round.end;
        times_ms.extend(signal_all(&mut callers, round, (word, queue)).await?);
        say(&Said::Completed { jobs: next })?;
    }
    // The order to stop.
    orders.recv().await;
    say(&Said::Stopped { claims_ms: times_ms })?;
    while orders.recv().await.is_some() {}
    Ok(Exit::Done)
}

/// One round: all callers at once, each some of its pairs. How long each signal took.
async fn signal_all(
    callers: &mut Vec<Caller>,
    round: Range<u64>,
    (word, queue): (&str, &str),
) -> anyhow::Result<Vec<f64>> {
    let (mut at_work, mut times_ms) = (JoinSet::new(), Vec::new());
    let every = callers.len();
    for (first, caller) in std::mem::take(callers).into_iter().enumerate() {
        let pairs = round.clone().skip(first).step_by(every);
        let keys: Vec<_> = pairs.map(|nth| format!("{}:{queue}", key(word, nth))).collect();
        at_work.spawn(async move {
            let mut times_ms = Vec::with_capacity(keys.len());
            for key in keys {
                let called = Instant::now();
                caller.signal(&key).await?;
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok((caller, times_ms))
        });
    }
    while let Some(done) = at_work.join_next().await {
        let (caller, took) = done??;
        callers.push(caller);
        times_ms.extend(took);
    }
    Ok(times_ms)
}

/// A connection of an application's own.
enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres {
        client: tokio_postgres::Client,
        #[expect(dead_code, reason = "held, never asked: it carries what the client sends")]
        driver: JoinSet<Result<(), tokio_postgres::Error>>,
    },
}

impl Connection {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let plain = url.split('?').next().unwrap_or(url);
        if url.starts_with("postgres") {
            let (client, connection) = tokio_postgres::connect(plain, NoTls).await?;
            let mut driver = JoinSet::new();
            driver.spawn(connection);
            return Ok(Self::Postgres { client, driver });
        }
        let path = plain.trim_start_matches("sqlite:");
        let connection = rusqlite::Connection::open(path).context("opening the file")?;
        connection.busy_handler(Some(|_| {
            std::thread::sleep(AGAIN);
            true
        }))?;
        Ok(Self::Sqlite(connection))
    }
}

struct Caller {
    jobs: Client,
    connection: Arc<Mutex<Connection>>,
}

impl Caller {
    /// Signals, as a caller does whose transactions fail now and then, and who then does not know whether it has signalled.
    async fn signal(&self, key: &str) -> anyhow::Result<()> {
        if fastrand::u64(..SOME) == 0 {
            self.fail(key).await?;
        }
        self.jobs.signal(Signal::new(key)).await?;
        if fastrand::u64(..SOME) == 0 {
            self.jobs.signal(Signal::new(key)).await?;
        }
        Ok(())
    }

    /// In a transaction of the caller's own, which fails.
    async fn fail(&self, key: &str) -> anyhow::Result<()> {
        match &mut *self.connection.lock().await {
            Connection::Sqlite(connection) => tokio::task::block_in_place(|| {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                self.jobs.within(&tx).signal_blocking(Signal::new(key))?;
                Ok(tx.rollback()?)
            }),
            Connection::Postgres { client, .. } => {
                let tx = client.transaction().await?;
                self.jobs.within(&tx).signal(Signal::new(key)).await?;
                Ok(tx.rollback().await?)
            }
        }
    }
}
