//! Waiting for a signal in the middle of a handler.

use std::time::Duration;

use super::AttemptContext;
use super::fenced::decided;
use super::steps::Steps;
use crate::condition::{Awaited, ConditionRecord, Overdue, Signal, Waits};
use crate::error::StoreError;
use crate::job::{Decided, JobError};
use crate::limits::LONGEST_WAIT;
use crate::step::{Called, NewStep, StepError, StepForm, Until, WaitEnd};
use crate::time::Timestamp;

/// A wait as a handler names it.
struct Wait<'a> {
    name: &'a str,
    key: &'a str,
}

impl AttemptContext {
    /// Waits for a signal with this key: goes on where it has come, and otherwise ends the attempt and lets the job go on once it
    /// comes, is withdrawn or waived, or this time is over. No slot is taken meanwhile, and no failure is counted. The attempt
    /// that comes then gets how the wait ended.
    ///
    /// # Errors
    /// Until the wait is over: hand it on with `?`. Otherwise as [`AttemptContext::step`].
    pub async fn wait_signal(
        &self,
        name: &str,
        key: &str,
        timeout: Duration,
    ) -> Result<WaitEnd, Decided> {
        Signal::new(key).check().map_err(|refusal| JobError::dead(refusal).into_error())?;
        let (wait, steps) = (Wait { name, key }, self.recalled().await?);
        let called = steps.list().call(name, StepForm::Wait).map_err(StepError::decided)?;
        let (nth, until) = match called {
            Called::Known(step) => match step.output {
                Some(output) => return read_end(name, &output),
                None => (step.nth, step.until),
            },
            Called::New(nth) => (nth, None),
        };
        if let Some(end) = self.come_of(&wait, until.is_some()).await.map_err(decided)? {
            return self.end_wait(steps, (nth, name), end).await;
        }
        let until = match until {
            Some(until) => until,
            None => self.begin_wait(steps, (nth, name), timeout).await?,
        };
        if until <= self.now(steps).await? {
            return self.end_wait(steps, (nth, name), WaitEnd::TimedOut).await;
        }
        let waits = Waits::all().signal(name, key).deadline_at(until, Overdue::Run);
        Err(JobError::wait(waits).into_error())
    }

    /// How the wait has ended; `None` where it has not.
    async fn come_of(
        &self,
        wait: &Wait<'_>,
        has_begun: bool,
    ) -> Result<Option<WaitEnd>, StoreError> {
        let store = self.client.store();
        if has_begun {
            let conditions = store.conditions(self.job_id()).await?;
            // One of that name may be what the job waited for before it began.
            let is_its = |one: &ConditionRecord| {
                one.name == wait.name
                    && matches!(&one.awaits, Awaited::Signal { key } if key == wait.key)
            };
            let its = conditions.into_iter().rfind(is_its);
            if let Some(end) = its.and_then(WaitEnd::of_condition) {
                return Ok(Some(end));
            }
        }
        Ok(store.signalled(wait.key).await?.map(WaitEnd::of_signal))
    }

    /// Records until when it waits.
    async fn begin_wait(
        &self,
        steps: &Steps,
        (nth, name): (u32, &str),
        timeout: Duration,
    ) -> Result<Timestamp, Decided> {
        let until = self.now(steps).await?.after(timeout.min(LONGEST_WAIT));
        let (name, at) = (name.to_owned(), Some(Until::At(until)));
        let step = NewStep { nth, name, form: StepForm::Wait, output: None, until: at };
        self.record_now(steps, step).await?;
        Ok(until)
    }

    /// Records how it has ended.
    async fn end_wait(
        &self,
        steps: &Steps,
        (nth, name): (u32, &str),
        end: WaitEnd,
    ) -> Result<WaitEnd, Decided> {
        let output = end.to_output();
        steps.list().count(&output).map_err(StepError::decided)?;
        let (name, output) = (name.to_owned(), Some(output));
        let step = NewStep { nth, name, form: StepForm::Wait, output, until: None };
        self.record_now(steps, step).await?;
        Ok(end)
    }
}

fn read_end(name: &str, output: &crate::json::Json) -> Result<WaitEnd, Decided> {
    WaitEnd::read(output).map_err(|error| {
        StepError::Unreadable { name: name.to_owned(), reason: error.to_string() }.decided()
    })
}
