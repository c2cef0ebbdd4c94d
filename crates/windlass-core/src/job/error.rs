//! What a handler says when it does not succeed: the error *is* the decision.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::condition::Waits;

/// What happens to a job whose handler did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Try again by the kind's policy.
    Retry,
    /// Try again after this long; counts as a failure.
    RetryAfter(Duration),
    /// Run again after this long; counts as nothing.
    Snooze(Duration),
    /// Give up at once: no attempt can succeed.
    Dead,
    /// Nothing is left to do: the subject is gone. Ends as cancelled, and nobody is alarmed.
    Discard,
    /// The work is done already: ends as completed.
    Skip,
    /// Cancelled; the handler stopped because it was asked to.
    Cancelled,
    /// Stopped at a safe point because the worker is stopping; runs again elsewhere and counts
    /// as nothing.
    Stopped,
    /// Run again once what it waits for has come; counts as nothing.
    Wait,
}

/// Why a handler did not succeed, and what is to happen to the job.
///
/// Through `?` anything that can be a boxed error turns into a [`Decision::Retry`]: every
/// [`std::error::Error`], `anyhow::Error`, `eyre::Report`, a boxed error, a text. The other decisions are
/// made by name:
///
/// ```
/// use windlass_core::job::JobError;
///
/// fn charge(cents: i64) -> Result<(), JobError> {
///     if cents < 0 {
///         return Err(JobError::dead("a charge cannot be negative"));
///     }
///     let _receipt: u32 = "17".parse()?; // any error: retry
///     Ok(())
/// }
/// # assert!(charge(-1).is_err());
/// ```
#[derive(Clone)]
pub struct JobError {
    decision: Decision,
    message: String,
    /// What it waits for, where it does.
    waits: Option<Box<Waits>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl JobError {
    /// Failed; try again by the kind's policy.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::new(Decision::Retry, message)
    }

    /// Failed; try again after `delay`, as when a server said how long to wait.
    pub fn retry_after(delay: Duration, message: impl fmt::Display) -> Self {
        Self::new(Decision::RetryAfter(delay), message)
    }

    /// Not yet: run again after `delay`. No failure is counted.
    #[must_use]
    pub fn snooze(delay: Duration) -> Self {
        Self::new(Decision::Snooze(delay), "snoozed")
    }

    /// Failed for good: no attempt can succeed. The job is dead at once.
    pub fn dead(reason: impl fmt::Display) -> Self {
        Self::new(Decision::Dead, reason)
    }

    /// Nothing is left to do, as when the subject is gone. The job ends as cancelled.
    pub fn discard(reason: impl fmt::Display) -> Self {
        Self::new(Decision::Discard, reason)
    }

    /// The work was done before, as when the same job comes a second time: the job is completed, and its output says
    /// `skipped: ` and this reason.
    pub fn skipped(reason: impl fmt::Display) -> Self {
        Self::new(Decision::Skip, format_args!("skipped: {reason}"))
    }

    /// Stopped because the job was cancelled.
    pub fn cancelled(reason: impl fmt::Display) -> Self {
        Self::new(Decision::Cancelled, reason)
    }

    /// Stopped at a safe point because the worker is stopping. No failure is counted.
    #[must_use]
    pub fn stopped() -> Self {
        Self::new(Decision::Stopped, "stopped at a safe point")
    }

    /// Not yet: run again once this has come, or its deadline has passed. No failure is counted.
    pub(crate) fn wait(waits: Waits) -> Self {
        let waits = Some(Box::new(waits));
        Self { waits, ..Self::new(Decision::Wait, "waits for a signal") }
    }

    /// The same as a standard error, for a function whose error type is `anyhow::Error`, `eyre::Report` or a
    /// boxed error: the decision passes through it, whatever context is added on the way.
    ///
    /// ```
    /// # use windlass_core::job::{Decision, JobError};
    /// fn charge(cents: i64) -> anyhow::Result<()> {
    ///     anyhow::ensure!(cents >= 0, JobError::dead("a charge cannot be negative").into_error());
    ///     Ok(())
    /// }
    /// let error = JobError::from(charge(-1).unwrap_err());
    /// assert_eq!(error.decision(), Decision::Dead);
    /// ```
    #[must_use]
    pub const fn into_error(self) -> Decided {
        Decided(Carried(self))
    }

    /// What is to happen to the job.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// What went wrong, with its whole chain of causes, as it goes into the attempt's record.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn waits(&self) -> Option<&Waits> {
        self.waits.as_deref()
    }

    /// A decision and its message, made elsewhere.
    #[cfg(unix)]
    pub(crate) const fn decided(
        decision: Decision,
        message: String,
        waits: Option<Box<Waits>>,
    ) -> Self {
        Self { decision, message, waits, cause: None }
    }

    /// The error that it was made of by `?`, with its causes; `None` where it was made from a text by name.
    #[must_use]
    pub const fn cause(&self) -> Option<&Arc<dyn Error + Send + Sync>> {
        self.cause.as_ref()
    }

    /// The alternate form has the causes too, where an error type such as `anyhow::Error` gives them.
    fn new(decision: Decision, message: impl fmt::Display) -> Self {
        Self { decision, message: format!("{message:#}"), waits: None, cause: None }
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for JobError {
    fn from(error: E) -> Self {
        let error: Box<dyn Error + Send + Sync> = error.into();
        let (mut message, mut decision, mut waits) = (error.to_string(), Decision::Retry, None);
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            if let Some(Carried(decided)) = inner.downcast_ref() {
                decision = decided.decision;
                waits.clone_from(&decided.waits);
            }
            cause = inner.source();
        }
        Self { decision, message, waits, cause: Some(error.into()) }
    }
}

/// A [`JobError`] as a standard error; see [`JobError::into_error`].
#[derive(Debug, Clone)]
pub struct Decided(Carried);

/// What is found again behind whatever type carries a [`Decided`]: wrappers hide the error itself, but not its
/// source.
#[derive(Debug, Clone)]
struct Carried(JobError);

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Decided {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.decision, self.message)
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_means_retry_and_keeps_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("sending failed")]
        struct Outer(#[source] std::io::Error);

        let error = JobError::from(Outer(std::io::Error::other("connection refused")));
        assert_eq!(error.decision(), Decision::Retry);
        assert_eq!(error.message(), "sending failed: connection refused");
    }

    #[test]
    fn everything_that_can_be_a_boxed_error_turns_into_one() {
        fn failed<T>(error: impl Into<T>) -> Result<(), T> {
            Err(error.into())
        }
        fn of_any_kind(kind: usize) -> Result<(), JobError> {
            match kind {
                0 => failed::<anyhow::Error>(anyhow::anyhow!("refused").context("sending failed"))?,
                1 => failed::<Box<dyn Error + Send + Sync>>("sending failed: refused")?,
                2 => failed::<String>("sending failed: refused")?,
                3 => failed::<&str>("sending failed: refused")?,
                _ => failed::<JobError>(JobError::dead(
                    anyhow::anyhow!("refused").context("sending failed"),
                ))?,
            }
            Ok(())
        }
        let carried = || JobError::dead("refused").into_error();
        for error in [
            JobError::from(carried()),
            anyhow::Error::from(carried()).into(),
            anyhow::Error::from(carried()).context("sending failed").into(),
            Box::<dyn Error + Send + Sync>::from(carried()).into(),
        ] {
            assert_eq!(error.decision(), Decision::Dead, "{error}");
            assert!(matches!(error.message(), "refused" | "sending failed: refused"), "{error}");
        }
        for kind in 0..5 {
            let error = of_any_kind(kind).expect_err("failed");
            assert_eq!(error.message(), "sending failed: refused", "{kind}");
            let decision = if kind == 4 { Decision::Dead } else { Decision::Retry };
            assert_eq!(error.decision(), decision, "{kind}");
        }
    }
}
