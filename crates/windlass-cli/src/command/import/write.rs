//! Jobs and events on their way into the store, so many in one transaction.

use windlass::event::{NewEvent, Published};
use windlass::{Client, Enqueued, NewJob, StoreError};

use super::Told;

/// Lines of one transaction.
const LINES: usize = 500;
/// Bytes of lines that are held at most, beside the one that is read.
const BYTES: usize = 16 << 20;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is.
    Writes,
    /// It is not: only what is there already is looked for.
    Dry,
}

/// What was read and not written yet, and what came of the rest.
pub(super) struct Import {
    client: Client,
    mode: Mode,
    jobs: Vec<(u64, NewJob)>,
    events: Vec<(u64, NewEvent)>,
    bytes: usize,
    pub(super) told: Told,
}

impl Import {
    pub(super) fn to(client: Client, mode: Mode) -> Self {
        let (jobs, events) = (Vec::new(), Vec::new());
        Self { client, mode, jobs, events, bytes: 0, told: Told::default() }
    }

    pub(super) async fn job(&mut self, nth: u64, job: NewJob, bytes: usize) -> anyhow::Result<()> {
        self.jobs.push((nth, job));
        self.flush_if_full(bytes).await
    }

    pub(super) async fn event(
        &mut self,
        nth: u64,
        event: NewEvent,
        bytes: usize,
    ) -> anyhow::Result<()> {
        self.events.push((nth, event));
        self.flush_if_full(bytes).await
    }

    async fn flush_if_full(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.bytes += bytes;
        match self.jobs.len() + self.events.len() >= LINES || self.bytes > BYTES {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Writes what was read.
    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let (jobs, events) = (std::mem::take(&mut self.jobs), std::mem::take(&mut self.events));
        self.write_jobs(jobs).await?;
        self.write_events(events).await
    }

    async fn write_jobs(&mut self, jobs: Vec<(u64, NewJob)>) -> anyhow::Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        if self.mode == Mode::Dry {
            for (_, job) in jobs {
                let known = self.client.job(job.id).await?.is_some();
                self.count(known);
            }
            return Ok(());
        }
        let all = jobs.iter().map(|(_, job)| job.clone());
        match self.client.enqueue_all(all).await {
            Ok(answers) => {
                let lines = jobs.iter().map(|(nth, _)| *nth);
                lines.zip(answers).for_each(|(nth, answer)| self.enqueued(nth, answer));
            }
            // One refused job refuses all of its call.
            Err(error) if is_of_one(&error) => {
                for (nth, job) in jobs {
                    match self.client.enqueue(job).await {
                        Ok(answer) => self.enqueued(nth, answer),
                        Err(error) if is_of_one(&error) => self.told.refuse(nth, error.to_string()),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn enqueued(&mut self, nth: u64, answer: Enqueued) {
        match answer {
            Enqueued::New(_) => self.count(false),
            Enqueued::Existing(_) => self.count(true),
            Enqueued::Kept(other) => self.told.refuse(nth, format!("{other} holds its key")),
            other => self.told.refuse(nth, format!("{} is there instead", other.id())),
        }
    }

    async fn write_events(&mut self, events: Vec<(u64, NewEvent)>) -> anyhow::Result<()> {
        let mut unknown = Vec::new();
        for (_, event) in events {
            // One that was exported from this very store has no id of a source there.
            match self.client.event(event.id).await? {
                Some(_) => self.count(true),
                None => unknown.push(event),
            }
        }
        if self.mode == Mode::Dry {
            unknown.iter().for_each(|_| self.count(false));
        } else if !unknown.is_empty() {
            for answer in self.client.publish_all(unknown).await? {
                self.count(matches!(answer, Published::Existing(_)));
            }
        }
        Ok(())
    }

    fn count(&mut self, is_known: bool) {
        if is_known { self.told.existing += 1 } else { self.told.imported += 1 }
    }
}

/// Whether the error is that of one job, and others can be written.
const fn is_of_one(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Refused(_)
            | StoreError::Duplicate { .. }
            | StoreError::NothingToAwait { .. }
            | StoreError::NoBatch { .. }
            | StoreError::BatchEnded { .. }
            | StoreError::LaneRefused { .. }
    )
}
