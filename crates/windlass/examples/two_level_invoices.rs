//! Two levels: invoices, and the tasks of each. Tasks of one invoice run one at a time and in their order; a task may add
//! others to its own invoice while it runs; several workers serve the invoices in turns; and an invoice is closed once all
//! of its tasks have ended, those that were added too.
//!
//! ```console
//! $ cargo run -p windlass --example two_level_invoices
//! ```
//!
//! The lane keeps the order within an invoice, lanes have turns, and the batch knows when one is over.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::batch::Batch;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Options, Unique};

/// One task of an invoice.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "invoice.task", lane(by = [invoice]))]
struct Task {
    invoice: u32,
    number: u32,
    /// The number of the task that this one adds.
    adds: Option<u32>,
}

/// Runs when no task of the invoice is left.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "invoice.close")]
struct Close {
    invoice: u32,
}

/// What was done, in the order of the starts.
#[derive(Default)]
struct Books {
    in_work: HashSet<u32>,
    started: Vec<(u32, u32)>,
}

type App = Arc<Mutex<Books>>;

async fn task(job: Task, cx: Context<App>) -> Result<(), JobError> {
    {
        let mut books = cx.app().lock().expect("no handler panics");
        if !books.in_work.insert(job.invoice) {
            return Err(JobError::dead("another task of the invoice is in work"));
        }
        books.started.push((job.invoice, job.number));
    }
    if let (Some(number), Some(batch)) = (job.adds, cx.batch()) {
        // It comes behind this one in the lane, so until this one has ended the key keeps out what a second attempt would add.
        let key = Unique::by(format!("{}/{number}", job.invoice));
        let added = Task { invoice: job.invoice, number, adds: None };
        cx.enqueue(added.job().member_of(batch).unique(key)).await?;
    }
    cx.app().lock().expect("no handler panics").in_work.remove(&job.invoice);
    Ok(())
}

async fn close(_: Close, cx: Context<App>) -> Result<u64, JobError> {
    let jobs = cx.batch_before().await?.map(|batch| batch.jobs).unwrap_or_default();
    Ok(jobs.completed)
}

/// Every tenth task adds another one, which gets the next number of its invoice.
fn adds(invoice: u32, number: u32) -> bool {
    (invoice + number) % 10 == 3
}

/// An invoice with so many tasks, and what closes it.
fn invoice(invoice: u32, tasks: u32, close: JobId) -> Batch {
    let mut next = tasks;
    let mut one = |number| {
        let own = next;
        next += u32::from(adds(invoice, number));
        Task { invoice, number, adds: (own < next).then_some(own) }
    };
    let close = Close { invoice }.job().id(close);
    Batch::new().key(format!("invoice-{invoice}")).jobs((0..tasks).map(&mut one)).then(close)
}

/// A worker with one slot. Whose turn it is is decided when jobs are claimed, and a task that was claimed keeps its invoice:
/// where tasks are as short as these a worker claims many ahead of its slot, unless it is told not to.
pub(crate) fn in_turns() -> Options {
    Options { prefetch: 0, ..Options::default() }
}

/// Works through so many invoices of so many tasks, with a worker on each of the stores: the invoices of the tasks that
/// started, in their order. Panics where an invoice has not all of its tasks, each once and in order.
pub(crate) async fn run(
    stores: &[Arc<dyn Store>],
    options: &Options,
    invoices: u32,
    tasks: u32,
) -> anyhow::Result<Vec<u32>> {
    let client = Client::new(Arc::clone(&stores[0]));
    let mut closing = Vec::new();
    for number in 0..invoices {
        closing.push(JobId::new());
        client.start(invoice(number, tasks, closing[closing.len() - 1])).await?;
    }

    let (books, mut workers) = (App::default(), Vec::new());
    for store in stores {
        let worker = Worker::new(Arc::clone(store), Arc::clone(&books)).options(options.clone());
        workers.push(worker.slots(1).handle_fn(task).handle_fn(close).start().await?);
    }
    let all =
        |invoice| tasks + (0..tasks).map(|number| u32::from(adds(invoice, number))).sum::<u32>();
    for (invoice, close) in (0..).zip(closing) {
        let closed = client.ended(close).await?.output.map(|jobs| jobs.to_string());
        assert_eq!(closed, Some(all(invoice).to_string()), "the jobs that the batch has completed");
    }
    for worker in workers {
        worker.stop().await;
    }

    let started = std::mem::take(&mut books.lock().expect("no handler panics").started);
    for invoice in 0..invoices {
        let own = started.iter().filter(|(of, _)| *of == invoice).map(|(_, number)| *number);
        assert!(own.eq(0..all(invoice)), "invoice {invoice} has its tasks in order, each once");
    }
    Ok(started.into_iter().map(|(invoice, _)| invoice).collect())
}

/// The longest wait of an invoice for its next task, in tasks that started from the one before it on.
pub(crate) fn longest_wait(started: &[u32]) -> usize {
    let mut last = HashMap::new();
    let wait = |(turn, invoice): (usize, u32)| turn - last.insert(invoice, turn).unwrap_or(0);
    (1..).zip(started.iter().copied()).map(wait).max().unwrap_or(0)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    const INVOICES: u32 = 20;
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("invoices.db").display());
    let store = windlass::open(&url).await?;
    let stores = [&store; 4].map(Arc::clone);
    let started = run(&stores, &in_turns(), INVOICES, 20).await?;
    let wait = longest_wait(&started);
    println!("{} tasks of {INVOICES} invoices, those of each in order", started.len());
    println!("no invoice waited for more than {wait} tasks");
    assert!(wait <= 2 * INVOICES as usize, "that is more than twice its turn");
    Ok(())
}
