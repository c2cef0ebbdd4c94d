//! The demo's event: three subscriptions want it, and the job of one of them is poisoned.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::event::{NewEvent, Published};
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Client, Context, EventId, Job, JobError, JobRecord, Json, Run, State};

use super::Location;
use super::progress::failures;

/// What the event says has happened.
pub(super) const COPIED: &str = "files.copied";
/// What each of its jobs is.
pub(super) const KINDS: [&str; 3] = [IndexFiles::KIND, MailFiles::KIND, Poison::KIND];
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// What an event says: so many files.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Copied {
    files: u64,
}

/// One of those who are told.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "event.index")]
pub(super) struct IndexFiles {
    files: u64,
}

/// Another one.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "event.mail")]
pub(super) struct MailFiles {
    files: u64,
}

/// One who never copes with it.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "event.poison", max_attempts = 2)]
pub(super) struct Poison {}

impl Run<Duration> for IndexFiles {
    type Output = u64;

    async fn run(self, cx: &Context<Duration>) -> Result<u64, JobError> {
        tokio::time::sleep(*cx.app()).await;
        Ok(self.files)
    }
}

impl Run<Duration> for MailFiles {
    type Output = u64;

    async fn run(self, cx: &Context<Duration>) -> Result<u64, JobError> {
        tokio::time::sleep(*cx.app()).await;
        Ok(self.files)
    }
}

impl Run<Duration> for Poison {
    type Output = ();

    async fn run(self, cx: &Context<Duration>) -> Result<(), JobError> {
        tokio::time::sleep(*cx.app()).await;
        Err(JobError::retry_after(RETRY_AFTER, "it cannot read this event (made up)"))
    }
}

/// An event that was published, and what has come of it.
#[derive(Debug)]
pub(super) struct Story {
    id: EventId,
    files: u64,
}

/// How the jobs of the event have ended: `event` of `demo.v1`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Ends {
    pub(super) jobs: usize,
    pub(super) completed: usize,
    pub(super) dead: usize,
}

impl Ends {
    /// What must come of it: each on its own.
    pub(super) const MEANT: Self = Self { jobs: 3, completed: 2, dead: 1 };

    /// How those of them are that are there.
    pub(super) fn of(jobs: &[JobRecord]) -> Self {
        let so_many = |state| jobs.iter().filter(|job| job.state == state).count();
        let (completed, dead) = (so_many(State::Completed), so_many(State::Dead));
        Self { jobs: jobs.len(), completed, dead }
    }

    /// Whether nothing more comes of it.
    pub(super) const fn are_all(self) -> bool {
        self.jobs == KINDS.len() && self.completed + self.dead == self.jobs
    }
}

/// The queue of its jobs, beside that of the others: what is told does not wait behind work.
pub(super) fn queue(work: &str) -> String {
    format!("{work}-events")
}

/// Has each of the three be told of the demo's event, and of nobody else's.
pub(super) async fn subscribe(client: &Client, at: &Location) -> anyhow::Result<()> {
    for kind in KINDS {
        let filter = Filter::of_types([COPIED]).exact("source", source(at)).build()?;
        let told = Subscription::new(filter, kind).queue(queue(&at.queue));
        client.subscribe(&name(kind, at), &told, Start::Now).await?;
    }
    Ok(())
}

/// Takes away what [`subscribe`] made.
pub(super) async fn unsubscribe(client: &Client, at: &Location) {
    for kind in KINDS {
        // A store that is gone has none.
        let _ = client.unsubscribe(&name(kind, at)).await;
    }
}

/// Publishes it.
pub(super) async fn publish(client: &Client, at: &Location, files: u64) -> anyhow::Result<Story> {
    let event = NewEvent::new(COPIED, Json::args_of(&Copied { files })?).source(source(at));
    let published: Published = client.publish(event).await?;
    Ok(Story { id: published.id(), files })
}

impl Story {
    /// What is wrong with its jobs, one line each.
    pub(super) fn wrong(&self, jobs: &[JobRecord]) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        let output = Json::output_of(&self.files)?;
        for job in jobs {
            let of = job.parent.is_some_and(|parent| parent.as_uuid() == self.id.as_uuid());
            let is_meant = match job.kind.as_str() {
                Poison::KIND => job.state == State::Dead && failures(job) == 2,
                _ => job.state == State::Completed && job.output.as_ref() == Some(&output),
            };
            if !of || !is_meant {
                wrong.push(format!("{} {}: it did not end as it must", job.kind, job.id));
            }
        }
        Ok(wrong)
    }
}

fn name(kind: &str, at: &Location) -> String {
    format!("{}-{kind}", at.queue)
}

fn source(at: &Location) -> String {
    format!("/{}", at.queue)
}
