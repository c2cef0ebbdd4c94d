//! A copy of what another service keeps, fed by its changes; the service keeps only its newest changes, and loses the others.
//!
//! ```console
//! $ cargo run -p windlass --example upstream_feed
//! ```
//!
//! Each change becomes an event, once, whichever of the program's processes reads the feed. Where the feed has lost changes that were
//! not read, an event tells of it, and a job copies the whole state and says that the gap is closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::source::{GAP_EVENT, Page, Position, Read, SourceOptions, Upstream, UpstreamError};
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Json, RunningWorker};

/// Changes that the service keeps.
const KEPT: usize = 20;
/// Accounts that it has.
const ACCOUNTS: u64 = 7;

/// A change: the account has this balance from now on.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "account.changed")]
struct Change {
    number: u64,
    account: u64,
    balance: u64,
}

/// The other service: all balances, and its newest changes.
#[derive(Default)]
struct Bank {
    state: BTreeMap<u64, Change>,
    changes: Vec<Change>,
    last: u64,
}

type Shared = Arc<Mutex<Bank>>;

/// What nobody panics with in hand is whole.
fn look<T, R>(shared: &Mutex<T>, look: impl FnOnce(&mut T) -> R) -> R {
    look(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Bank {
    fn change(&mut self, times: u64) {
        for _ in 0..times {
            self.last += 1;
            let (number, account) = (self.last, self.last % ACCOUNTS);
            let change = Change { number, account, balance: 100 * number };
            self.state.insert(account, change.clone());
            self.changes.push(change);
        }
        let lost = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..lost);
    }
}

/// Its feed, five changes a page.
struct Changes(Shared);

impl Upstream for Changes {
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        let (changes, last) = look(&self.0, |bank| (bank.changes.clone(), bank.last));
        let oldest = changes.first().map_or(last + 1, |change| change.number);
        let read = after.number.unwrap_or(0);
        let new: Vec<&Change> = changes.iter().filter(|change| change.number > read).collect();
        let records = new.iter().take(5).map(|change| {
            let event = NewEvent::new("account.changed", Json::args_of(change)?)
                .source("/bank")
                .subject(format!("account/{}", change.account));
            Ok(Read::numbered(change.number, event))
        });
        let records = records.collect::<Result<Vec<_>, UpstreamError>>()?;
        let page = Page::new(records).oldest(oldest).head(last);
        Ok(if new.len() > 5 { page.and_more() } else { page })
    }
}

/// What this program knows: the newest change of each account.
struct Copied {
    bank: Shared,
    accounts: Mutex<BTreeMap<u64, Change>>,
}

impl Copied {
    /// Whichever comes last: the number says which is newer.
    fn apply(&self, change: Change) {
        look(&self.accounts, |accounts| {
            let known = accounts.get(&change.account).map_or(0, |known| known.number);
            if change.number > known {
                accounts.insert(change.account, change);
            }
        });
    }

    fn is_whole(&self) -> bool {
        let theirs = look(&self.bank, |bank| balances(&bank.state));
        look(&self.accounts, |ours| balances(ours)) == theirs
    }
}

fn balances(accounts: &BTreeMap<u64, Change>) -> Vec<(u64, u64)> {
    accounts.iter().map(|(account, change)| (*account, change.balance)).collect()
}

async fn apply(change: Change, cx: Context<Arc<Copied>>) -> anyhow::Result<()> {
    cx.app().apply(change);
    Ok(())
}

/// The data of the event that tells of a gap.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "bank.resync")]
struct Resync {
    name: String,
    from: Option<u64>,
    to: Option<u64>,
}

async fn resync(gap: Resync, cx: Context<Arc<Copied>>) -> anyhow::Result<()> {
    let state = look(&cx.app().bank, |bank| bank.state.clone());
    state.into_values().for_each(|change| cx.app().apply(change));
    let event = cx.event().context("it comes of an event")?.id;
    cx.client().close_source_gap(&gap.name, event).await?;
    println!("changes {:?} to {:?} were lost: the whole state is copied", gap.from, gap.to);
    Ok(())
}

async fn start(store: &Arc<dyn Store>, copied: &Arc<Copied>) -> anyhow::Result<RunningWorker> {
    let options = SourceOptions::default().every(Duration::from_millis(20));
    let worker = Worker::new(Arc::clone(store), Arc::clone(copied))
        .handle_fn(apply)
        .handle_fn(resync)
        .source("bank", options, Changes(Arc::clone(&copied.bank)));
    Ok(worker.start().await?)
}

/// Until what was changed is known here, and nothing is lacking.
async fn caught_up(client: &Client, copied: &Copied) -> anyhow::Result<()> {
    let last = look(&copied.bank, |bank| bank.last);
    loop {
        let source = client.source("bank").await?;
        let is_read = |source: &windlass::source::SourceRecord| {
            source.position.number == Some(last) && source.open_gaps == 0
        };
        if source.as_ref().is_some_and(is_read) && copied.is_whole() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Lets the service change while nobody reads it, and as it is read; panics where a change is not known at last, or came twice.
pub(crate) async fn run(store: Arc<dyn Store>) -> anyhow::Result<()> {
    let client = Client::new(Arc::clone(&store));
    let (bank, accounts) = (Shared::default(), Mutex::default());
    let copied = Arc::new(Copied { bank: Arc::clone(&bank), accounts });
    let changed = Subscription::of::<Change>(Filter::of_types(["account.changed"]).build()?);
    client.subscribe("copy", &changed.lane("subject".parse()?), Start::Now).await?;
    let gaps = Subscription::of::<Resync>(Filter::of_types([GAP_EVENT]).build()?);
    client.subscribe("resync", &gaps, Start::Now).await?;

    look(&bank, |bank| bank.change(10));
    let running = start(&store, &copied).await?;
    caught_up(&client, &copied).await?;
    running.stop().await;

    // A long night, of which the service keeps the end.
    look(&bank, |bank| bank.change(100));
    let running = start(&store, &copied).await?;
    caught_up(&client, &copied).await?;
    look(&bank, |bank| bank.change(3));
    caught_up(&client, &copied).await?;
    running.stop().await;

    let gaps = client.source_gaps("bank", 10).await?;
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].from, gaps[0].to), (Some(11), Some(90)));
    let source = client.source("bank").await?.context("it was read")?;
    assert_eq!((source.position.number, source.imported), (Some(113), 10 + 1 + 20 + 3));
    println!(
        "{} accounts are as they are there",
        balances(&look(&bank, |b| b.state.clone())).len()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("copy.db").display());
    run(windlass::open(&url).await?).await
}
