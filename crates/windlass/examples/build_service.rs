//! One event, four consumers: a failed build is told by mail, in its owner's feed, in its project's log and to a message broker.
//! Each is a job of its own: one that fails is tried again alone, and delays no other.
//!
//! ```console
//! $ cargo run -p windlass --example build_service
//! ```
//!
//! Who publishes knows none of them: a fifth one is one subscription more.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{EventExplanation, Filter, Start, Subscription};
use windlass::{Event, EventId, State};

/// A build has failed. It is published in the transaction that says so in the service's own tables.
#[derive(Serialize, Deserialize, Event)]
#[event(type = "build.failed", source = "/ci", subject = "project/{project}", about(build))]
pub(crate) struct BuildFailed {
    build: u32,
    project: String,
    owner: String,
}

/// A job of an event has the event's data as its args: those that it needs of them.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "build.mail")]
struct SendMail {
    build: u32,
    owner: String,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "build.feed")]
struct AddToFeed {
    build: u32,
    project: String,
    owner: String,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "build.log")]
struct WriteLine {
    build: u32,
    project: String,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "build.announce")]
struct Announce {
    build: u32,
}

/// A client of a message broker.
trait Broker: Send + Sync {
    fn send(&self, key: &str, message: &str) -> anyhow::Result<()>;
}

/// What was written, each line with the job that wrote it: a second attempt does not write it twice.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<(String, String)>>);

impl Lines {
    fn once(&self, key: &str, line: String) {
        let mut lines = self.0.lock().expect("no handler panics");
        if lines.iter().all(|(written, _)| written != key) {
            lines.push((key.to_owned(), line));
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let lines = self.0.lock().expect("no handler panics");
        lines.iter().map(|(_, line)| line.clone()).collect()
    }
}

/// A broker that is not there: messages with a key that it knows are dropped, as real ones can.
impl Broker for Lines {
    fn send(&self, key: &str, message: &str) -> anyhow::Result<()> {
        self.once(key, message.to_owned());
        Ok(())
    }
}

/// What handlers work with.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) mails: Lines,
    pub(crate) feed: Lines,
    pub(crate) log: Lines,
    pub(crate) broker: Lines,
}

pub(crate) type Shared = Arc<Service>;

async fn send_mail(job: SendMail, cx: Context<Shared>) -> anyhow::Result<()> {
    anyhow::ensure!(job.owner != "poison", "the mail server hangs up");
    let line = format!("to {}: build {} has failed", job.owner, job.build);
    cx.app().mails.once(&cx.idempotency_key(), line);
    Ok(())
}

async fn add_to_feed(job: AddToFeed, cx: Context<Shared>) -> Result<(), JobError> {
    if job.project == "removed" {
        return Err(JobError::discard("the project is gone"));
    }
    cx.app().feed.once(&cx.idempotency_key(), format!("{}: build {}", job.owner, job.build));
    Ok(())
}

async fn write_line(job: WriteLine, cx: Context<Shared>) -> Result<(), JobError> {
    cx.app().log.once(&cx.idempotency_key(), format!("{}: build {}", job.project, job.build));
    Ok(())
}

async fn announce(job: Announce, cx: Context<Shared>) -> anyhow::Result<()> {
    let event = cx.event().context("it comes of an event")?;
    let message = format!("{} {} of {}", event.event_type, job.build, event.source);
    let broker: &dyn Broker = &cx.app().broker;
    broker.send(&cx.idempotency_key(), &message)
}

/// Who wants to know that a build has failed.
pub(crate) async fn subscribe(client: &Client) -> anyhow::Result<()> {
    let failed = || Filter::of_types(["build.failed"]).build();
    for (name, kind) in
        [("mail", SendMail::KIND), ("feed", AddToFeed::KIND), ("broker", Announce::KIND)]
    {
        client.subscribe(name, &Subscription::new(failed()?, kind), Start::Now).await?;
    }
    // The lines of one project are in the order of the log.
    let log = Subscription::of::<WriteLine>(failed()?).lane("subject".parse()?);
    client.subscribe("log", &log, Start::Now).await?;
    Ok(())
}

pub(crate) fn worker(store: Arc<dyn Store>, service: &Shared) -> Worker<Shared> {
    let worker = Worker::new(store, Arc::clone(service)).queue("default", 4);
    let worker = worker.handle_fn(send_mail).handle_fn(add_to_feed);
    worker.handle_fn(write_line).handle_fn(announce)
}

pub(crate) fn failed(build: u32, project: &str, owner: &str) -> BuildFailed {
    BuildFailed { build, project: project.to_owned(), owner: owner.to_owned() }
}

/// Who got an event, once each of its jobs is in a state in which nobody works on it.
pub(crate) async fn outcome(client: &Client, event: EventId) -> anyhow::Result<EventExplanation> {
    let rests = |state| matches!(state, State::Retryable) || State::is_terminal(state);
    loop {
        let explained = client.explain_event(event).await?.context("it is kept")?;
        if explained.decisions.iter().all(|one| one.state.is_some_and(rests)) {
            return Ok(explained);
        }
        tokio::task::yield_now().await;
    }
}

/// Publishes three failed builds, of which one is poison for the mails and one belongs to no project any more; panics where one of
/// them has held up another.
pub(crate) async fn run(store: Arc<dyn Store>) -> anyhow::Result<()> {
    let (client, service) = (Client::new(Arc::clone(&store)), Shared::default());
    subscribe(&client).await?;
    let builds =
        [failed(13, "kde", "poison"), failed(14, "removed", "bo"), failed(15, "kde", "al")];
    let events = client.publish_all(&builds).await?;
    let running = worker(store, &service).start().await?;
    for event in events {
        let explained = outcome(&client, event.id()).await?;
        println!("{} of {:?}", explained.event.event_type, explained.event.subject);
        for one in &explained.decisions {
            println!("  {}: {:?}", one.subscription, one.state);
        }
    }
    running.stop().await;

    assert_eq!(service.mails.all().len(), 2, "the third one is tried again");
    assert_eq!(service.feed.all().len(), 2, "the third one is discarded");
    let of_kde: Vec<_> = service.log.all();
    let of_kde: Vec<_> = of_kde.iter().filter(|line| line.starts_with("kde")).collect();
    assert_eq!(of_kde, ["kde: build 13", "kde: build 15"]);
    assert_eq!(service.broker.all().len(), 3);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("builds.db").display());
    run(windlass::open(&url).await?).await
}
