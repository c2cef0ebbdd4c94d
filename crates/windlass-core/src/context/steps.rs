//! Steps and checkpoints: what a handler keeps across the attempts of its job.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::AttemptContext;
use super::fenced::decided;
use crate::job::{Decided, Fence, JobError};
use crate::json::Json;
use crate::limits::LONGEST_WAIT;
use crate::progress::Report;
use crate::reply::Now;
use crate::step::{
    Called, NewStep, Others, Recalled, StepError, StepForm, StepList, StepRecord, StepUpgrade,
    Until,
};
use crate::time::Timestamp;

/// What an attempt knows of the steps of its job.
#[derive(Debug)]
pub(super) struct Steps {
    list: Mutex<StepList>,
    /// The database's clock when earlier steps were read.
    read_at: Option<(Timestamp, Instant)>,
}

/// When a step's output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Now,
    WithTheNext,
}

impl Steps {
    pub(super) fn list(&self) -> MutexGuard<'_, StepList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it is until a moment of the database's clock.
    fn left(&self, until: Timestamp) -> Duration {
        let Some((moment, read)) = self.read_at else { return Duration::ZERO };
        until.since(moment).saturating_sub(read.elapsed())
    }
}

/// Steps. They are called one after the other, in the same order on each attempt.
impl AttemptContext {
    /// Does a part of the work once: returns what an earlier attempt recorded, or runs it and records what it returns, in one
    /// commit. When it fails nothing is recorded, and the attempt ends with its error. A step may run again after a crash
    /// between its end and that commit.
    ///
    /// # Errors
    /// The error of the work; or when the step is not the one that was recorded at this place, its name was called before, its
    /// output cannot be recorded, or the lease is lost. Hand it on with `?`.
    pub async fn step<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        work: impl AsyncFnOnce() -> Result<T, JobError>,
    ) -> Result<T, Decided> {
        self.call_step(name, work, Kept::Now).await
    }

    /// The same for work that may as well be done again: it costs no commit of its own. What it returns is written with the
    /// next step that is recorded, or when the attempt fails; after a crash before that it runs again.
    ///
    /// # Errors
    /// As [`AttemptContext::step`].
    pub async fn volatile_step<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        work: impl AsyncFnOnce() -> Result<T, JobError>,
    ) -> Result<T, Decided> {
        self.call_step(name, work, Kept::WithTheNext).await
    }

    /// Announces steps that may then be called in any order, also at once. They are announced in the same order on each
    /// attempt.
    ///
    /// # Errors
    /// As [`AttemptContext::step`], of their names.
    pub async fn step_set<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<StepSet<'_>, Decided> {
        let steps = self.recalled().await?;
        let mut numbers = BTreeMap::new();
        for name in names {
            let nth = steps.list().announce(name).map_err(StepError::decided)?;
            numbers.insert(name.to_owned(), nth);
        }
        Ok(StepSet { attempt: self, numbers: Mutex::new(numbers) })
    }

    /// Records a step that has been done by something else, such as a program, behind all others. A name that is recorded stays as it
    /// is. `false` where it was recorded before.
    ///
    /// # Errors
    /// When it cannot be recorded, or the lease is lost.
    pub async fn record_step(&self, name: &str, output: Json) -> Result<bool, Decided> {
        let steps = self.recalled().await?;
        let appended = steps.list().append(name).map_err(StepError::decided)?;
        let Some(nth) = appended else { return Ok(false) };
        steps.list().count(&output).map_err(StepError::decided)?;
        let (name, output) = (name.to_owned(), Some(output));
        let step = NewStep { nth, name, form: StepForm::Work, output, until: None };
        self.record_now(steps, step).await?;
        Ok(true)
    }

    /// What earlier attempts have recorded.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn recorded_steps(&self) -> Result<Vec<StepRecord>, Decided> {
        Ok(self.recalled().await?.list().recorded().cloned().collect())
    }

    /// Says, before the first step is called, how a list that an older version of the handler recorded becomes this one's.
    ///
    /// # Errors
    /// When a step was called before, or the list cannot be written.
    pub async fn upgrade_steps(&self, upgrade: StepUpgrade) -> Result<(), Decided> {
        let steps = self.recalled().await?;
        let upgraded = steps.list().upgraded(&upgrade).map_err(StepError::decided)?;
        let Some(upgraded) = upgraded else { return Ok(()) };
        let last = upgraded.last().map_or(0, |step| step.nth);
        self.record(&upgraded, Others::EndAt(last)).await?;
        let Recalled { steps: recorded, .. } = self.recall(&self.fence()).await?;
        *steps.list() = StepList::of(recorded);
        Ok(())
    }

    /// Ends the attempt and lets the job go on after this time: no slot is taken meanwhile, and no failure is counted. The
    /// attempt that comes then passes it; one that comes before, as after a crash, sleeps for what is left.
    ///
    /// # Errors
    /// Until the time is over: hand it on with `?`. Otherwise as [`AttemptContext::step`].
    pub async fn sleep(&self, name: &str, time: Duration) -> Result<(), Decided> {
        let steps = self.recalled().await?;
        let called = steps.list().call(name, StepForm::Sleep).map_err(StepError::decided)?;
        let left = match called {
            Called::Known(step) => step.until.map_or(Duration::ZERO, |until| steps.left(until)),
            Called::New(nth) => {
                let time = time.min(LONGEST_WAIT);
                let step = NewStep {
                    nth,
                    name: name.to_owned(),
                    form: StepForm::Sleep,
                    output: None,
                    until: Some(Until::After(time)),
                };
                self.record_now(steps, step).await?;
                time
            }
        };
        if left.is_zero() { Ok(()) } else { Err(JobError::snooze(left).into_error()) }
    }

    /// Keeps a value from which a later attempt goes on, in one commit, in place of the one before.
    ///
    /// # Errors
    /// When it cannot be stored, or the lease is lost. Hand it on with `?`.
    pub async fn checkpoint<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), Decided> {
        let data = Json::output_of(data).map_err(|error| {
            JobError::dead(format_args!("the checkpoint cannot be stored: {error}")).into_error()
        })?;
        let report = Report {
            fence: self.fence(),
            checkpoint: Some(data),
            progress: None,
            lines: Vec::new(),
        };
        let (store, reports) = (self.client.store(), std::slice::from_ref(&report));
        self.until_written(|| {
            Box::pin(async move {
                let answers = store.report(reports, Now::Database).await?;
                Ok(answers.first().copied().unwrap_or(crate::job::Fenced::Lost))
            })
        })
        .await
    }

    /// The last checkpoint that an attempt of this job has kept; `None` before the first.
    ///
    /// # Errors
    /// When the store cannot be asked, or the checkpoint does not fit the type.
    pub async fn last_checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>, Decided> {
        let kept = self.client.store().last_checkpoint(&self.fence()).await.map_err(decided)?;
        let read = kept.map(|data| data.read()).transpose();
        read.map_err(|error| {
            JobError::retry(format_args!("the last checkpoint cannot be read: {error}"))
                .into_error()
        })
    }
}

/// How steps are read and written.
impl AttemptContext {
    async fn call_step<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        work: impl AsyncFnOnce() -> Result<T, JobError>,
        kept: Kept,
    ) -> Result<T, Decided> {
        let steps = self.recalled().await?;
        let called = steps.list().call(name, StepForm::Work).map_err(StepError::decided)?;
        let nth = match called {
            Called::Known(step) => return read_output(&step),
            Called::New(nth) => nth,
        };
        let _running = Running::begin(&steps.list, name);
        let value = work().await.map_err(JobError::into_error)?;
        self.keep_output((nth, name), &value, kept).await?;
        Ok(value)
    }

    /// Records what a step has returned.
    async fn keep_output<T: Serialize>(
        &self,
        (nth, name): (u32, &str),
        value: &T,
        kept: Kept,
    ) -> Result<(), Decided> {
        let steps = self.recalled().await?;
        let name = name.to_owned();
        let output = Json::output_of(value)
            .map_err(|reason| StepError::Output { name: name.clone(), reason }.decided())?;
        steps.list().count(&output).map_err(StepError::decided)?;
        let output = Some(output);
        let step = NewStep { nth, name, form: StepForm::Work, output, until: None };
        match kept {
            Kept::Now => self.record_now(steps, step).await,
            Kept::WithTheNext => {
                steps.list().keep(step);
                Ok(())
            }
        }
    }

    /// Writes a step, and before it those that were kept for this write.
    pub(super) async fn record_now(&self, steps: &Steps, step: NewStep) -> Result<(), Decided> {
        let mut all = steps.list().take_unwritten();
        all.push(step);
        self.record(&all, Others::Stay).await
    }

    async fn record(&self, steps: &[NewStep], others: Others) -> Result<(), Decided> {
        let (store, fence) = (self.client.store(), self.fence());
        self.until_written(|| store.record_steps(&fence, steps, others, Now::Database)).await
    }

    /// What is known of the steps of this job.
    pub(super) async fn recalled(&self) -> Result<&Steps, Decided> {
        self.steps.get_or_try_init(|| self.recall_steps()).await
    }

    async fn recall_steps(&self) -> Result<Steps, Decided> {
        // Before the first attempt nothing was recorded. A step is on the disk only with the claim of its attempt before it, so
        // that the number of a claim that was lost in a crash comes again only where there is none.
        if self.job.attempt <= 1 {
            return Ok(Steps { list: Mutex::default(), read_at: None });
        }
        let read = Instant::now();
        let Recalled { now, steps } = self.recall(&self.fence()).await?;
        Ok(Steps { list: Mutex::new(StepList::of(steps)), read_at: Some((now, read)) })
    }

    async fn recall(&self, fence: &Fence) -> Result<Recalled, Decided> {
        self.client.store().recall(fence, Now::Database).await.map_err(decided)
    }

    /// The database's clock.
    pub(super) async fn now(&self, steps: &Steps) -> Result<Timestamp, Decided> {
        match steps.read_at {
            Some((moment, read)) => Ok(moment.after(read.elapsed())),
            None => Ok(self.recall(&self.fence()).await?.now),
        }
    }

    /// The volatile steps that no other write has taken along.
    pub(crate) fn take_unwritten_steps(&self) -> Vec<NewStep> {
        self.steps.get().map(|steps| steps.list().take_unwritten()).unwrap_or_default()
    }
}

/// Steps that were announced together: see [`AttemptContext::step_set`].
#[derive(Debug)]
pub struct StepSet<'a> {
    attempt: &'a AttemptContext,
    /// Those that have not been called yet.
    numbers: Mutex<BTreeMap<String, u32>>,
}

impl StepSet<'_> {
    /// One of them, as [`AttemptContext::step`]; others may run beside it.
    ///
    /// # Errors
    /// As [`AttemptContext::step`]; and when it was not announced, or was called before.
    pub async fn step<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        work: impl AsyncFnOnce() -> Result<T, JobError>,
    ) -> Result<T, Decided> {
        let nth = self.numbers.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let not_announced = || StepError::NotAnnounced { name: name.to_owned() }.decided();
        let nth = nth.ok_or_else(not_announced)?;
        let steps = self.attempt.recalled().await?;
        let called = steps.list().at(nth, name, StepForm::Work).map_err(StepError::decided)?;
        if let Called::Known(step) = called {
            return read_output(&step);
        }
        let value = work().await.map_err(JobError::into_error)?;
        self.attempt.keep_output((nth, name), &value, Kept::Now).await?;
        Ok(value)
    }
}

/// A step that runs: no other may be called until it has ended, however it ends.
struct Running<'a>(&'a Mutex<StepList>);

impl<'a> Running<'a> {
    fn begin(list: &'a Mutex<StepList>, name: &str) -> Self {
        list.lock().unwrap_or_else(PoisonError::into_inner).begin(name);
        Self(list)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end();
    }
}

fn read_output<T: DeserializeOwned>(step: &StepRecord) -> Result<T, Decided> {
    let output = step.output.as_ref().map_or("null", Json::as_str);
    serde_json::from_str(output).map_err(|error| {
        let (name, reason) = (step.name.clone(), error.to_string());
        StepError::Unreadable { name, reason }.decided()
    })
}
