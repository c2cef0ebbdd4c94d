//! What the end of an attempt means for its job. No I/O, no clock.

use std::time::Duration;

use super::attempt::HandlerExit;
use super::attempts::{FailureBudget, Interruption};
use super::failure::FailureCause;
use crate::handler::{Policy, output_json};
use crate::job::{Claimed, Decision, JobError, Outcome, Settled, Verdict};
use crate::json::storable_text;
use crate::limits::ERROR_BYTES;

/// How an attempt ended.
pub(super) struct AttemptEnd {
    pub(super) exit: HandlerExit,
    /// Whether the handler finished the job inside its own transaction.
    pub(super) finished: bool,
}

impl AttemptEnd {
    /// The error that the handler returned, where it was one.
    pub(super) fn cause(&self) -> Option<FailureCause> {
        match &self.exit {
            HandlerExit::Error(error) => error.cause().cloned(),
            _ => None,
        }
    }
}

/// The verdict on an attempt; `None` where nothing may be written because the lease is lost.
pub(super) fn decide(
    end: AttemptEnd,
    interruption: Option<&Interruption>,
    job: FailureBudget,
    policy: &Policy,
) -> Option<Verdict> {
    if matches!(interruption, Some(Interruption::LeaseLost)) {
        return None;
    }
    Some(match skipped(end.exit) {
        HandlerExit::Value(_) if end.finished => Verdict::Confirm {
            otherwise: Box::new(failure(
                Outcome::Error,
                "the handler finished the job in a transaction that did not commit".to_owned(),
                job,
                policy,
            )),
        },
        HandlerExit::Value(output) => Verdict::Complete { output },
        HandlerExit::Error(error) => match interruption {
            Some(why) => of_interruption(why, job, policy),
            None => of_error(&error, job, policy),
        },
        HandlerExit::Panic(text) => failure(Outcome::Panic, text, job, policy),
        // Time that it waited for its turn is not time that it ran.
        HandlerExit::NotStarted => match interruption {
            Some(why @ Interruption::CancelRequested(_)) => of_interruption(why, job, policy),
            _ => Verdict::Release { delay: Duration::ZERO },
        },
        HandlerExit::Dropped => match interruption {
            Some(why) => of_interruption(why, job, policy),
            None => {
                let text = "the handler's runtime stopped before the handler ended";
                failure(Outcome::Lost, text.to_owned(), job, policy)
            }
        },
    })
}

/// Work that was done before is a value, whatever else is wanted meanwhile.
fn skipped(exit: HandlerExit) -> HandlerExit {
    match exit {
        HandlerExit::Error(error) if error.decision() == Decision::Skip => {
            HandlerExit::Value(output_json(error.message()))
        }
        exit => exit,
    }
}

/// The verdict on an attempt that was told to end and did not return a value.
pub(super) fn of_interruption(
    interruption: &Interruption,
    job: FailureBudget,
    policy: &Policy,
) -> Verdict {
    match interruption {
        Interruption::CancelRequested(reason) => {
            Verdict::Cancel { outcome: Outcome::Cancelled, reason: clean(reason) }
        }
        Interruption::TimedOut(limit) => {
            failure(Outcome::Timeout, format!("ran longer than {limit:?}"), job, policy)
        }
        Interruption::GraceOver | Interruption::LeaseInDoubt | Interruption::LeaseLost => {
            Verdict::Release { delay: Duration::ZERO }
        }
    }
}

/// What an error means for a job that was claimed: for who has jobs run elsewhere, and settles them.
#[must_use]
pub fn verdict_of(error: &JobError, job: &Claimed, policy: &Policy) -> Verdict {
    let budget = FailureBudget { failures: job.failures, max_attempts: job.max_attempts };
    of_error(error, budget, policy)
}

/// What it means that a job ran longer than it may.
#[must_use]
pub fn verdict_of_timeout(limit: Duration, job: &Claimed, policy: &Policy) -> Verdict {
    let budget = FailureBudget { failures: job.failures, max_attempts: job.max_attempts };
    of_interruption(&Interruption::TimedOut(limit), budget, policy)
}

fn of_error(error: &JobError, job: FailureBudget, policy: &Policy) -> Verdict {
    let message = error.message().to_owned();
    match error.decision() {
        Decision::Retry => failure(Outcome::Error, message, job, policy),
        Decision::RetryAfter(delay) => match failure(Outcome::Error, message, job, policy) {
            Verdict::Retry { outcome, error, .. } => Verdict::Retry { outcome, error, delay },
            other => other,
        },
        Decision::Snooze(delay) => Verdict::Snooze { delay },
        Decision::Wait => match error.waits() {
            Some(waits) => Verdict::Wait { waits: waits.clone() },
            None => Verdict::Release { delay: Duration::ZERO },
        },
        Decision::Dead => Verdict::Die {
            outcome: Outcome::Error,
            reason: format!("failed for good: {}", first_line(&message)),
            error: clean(&message),
        },
        Decision::Discard => {
            Verdict::Cancel { outcome: Outcome::Discarded, reason: clean(&message) }
        }
        Decision::Cancelled => {
            Verdict::Cancel { outcome: Outcome::Cancelled, reason: clean(&message) }
        }
        Decision::Skip => Verdict::Complete { output: output_json(error.message()) },
        Decision::Stopped => Verdict::Release { delay: Duration::ZERO },
    }
}

/// A failed attempt: another one, or death when they are used up.
fn failure(outcome: Outcome, error: String, job: FailureBudget, policy: &Policy) -> Verdict {
    let failures = job.failures + 1;
    let error = clean(&error);
    match policy.retry.delay(failures, job.max_attempts) {
        Some(delay) => Verdict::Retry { outcome, error, delay },
        None => {
            let attempts = if failures == 1 { "attempt" } else { "attempts" };
            let reason = format!("gave up after {failures} failed {attempts}");
            Verdict::Die { outcome, error, reason }
        }
    }
}

/// What was written of a verdict: where a transaction of the handler's did not finish the job, its other half.
pub(super) fn written(verdict: &Verdict, answer: Settled) -> &Verdict {
    match (verdict, answer) {
        (Verdict::Confirm { otherwise }, Settled::Done) => otherwise,
        _ => verdict,
    }
}

/// The outcome a verdict stands for, and its error.
pub(crate) fn outcome_of(verdict: &Verdict) -> (Outcome, Option<&str>) {
    match verdict {
        Verdict::Complete { .. } | Verdict::Confirm { .. } => (Outcome::Ok, None),
        Verdict::Retry { outcome, error, .. } | Verdict::Die { outcome, error, .. } => {
            (*outcome, Some(error))
        }
        Verdict::Cancel { outcome, reason } => (*outcome, Some(reason)),
        Verdict::Snooze { .. } | Verdict::Wait { .. } => (Outcome::Snoozed, None),
        Verdict::Release { .. } => (Outcome::Released, None),
    }
}

fn clean(text: &str) -> String {
    storable_text(text, ERROR_BYTES)
}

fn first_line(text: &str) -> String {
    clean(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: FailureBudget = FailureBudget { failures: 0, max_attempts: None };

    fn verdict(
        exit: HandlerExit,
        why: Option<&Interruption>,
        job: FailureBudget,
    ) -> Option<Verdict> {
        decide(AttemptEnd { exit, finished: false }, why, job, &Policy::default())
    }

    #[test]
    fn an_error_decides() {
        let of = |error| verdict(HandlerExit::Error(error), None, FRESH);
        assert!(matches!(
            of(JobError::retry("x")),
            Some(Verdict::Retry { outcome: Outcome::Error, .. })
        ));
        let after = Duration::from_secs(7);
        assert!(
            matches!(of(JobError::retry_after(after, "x")), Some(Verdict::Retry { delay, .. }) if delay == after)
        );
        assert!(
            matches!(of(JobError::snooze(after)), Some(Verdict::Snooze { delay }) if delay == after)
        );
        assert!(matches!(of(JobError::dead("x")), Some(Verdict::Die { .. })));
        assert!(matches!(
            of(JobError::discard("x")),
            Some(Verdict::Cancel { outcome: Outcome::Discarded, .. })
        ));
        assert!(matches!(
            of(JobError::cancelled("x")),
            Some(Verdict::Cancel { outcome: Outcome::Cancelled, .. })
        ));
        assert!(matches!(of(JobError::stopped()), Some(Verdict::Release { .. })));
    }

    /// T33: what was done before is completed, also by an attempt that was told to end meanwhile.
    #[test]
    fn a_skip_completes_the_job() {
        for why in
            [None, Some(Interruption::GraceOver), Some(Interruption::CancelRequested("x".into()))]
        {
            let skip = HandlerExit::Error(JobError::skipped("already done"));
            let Some(Verdict::Complete { output }) = verdict(skip, why.as_ref(), FRESH) else {
                panic!("expected a completion")
            };
            assert_eq!(output.expect("an output").as_str(), "\"skipped: already done\"");
        }
    }

    #[test]
    fn a_value_wins_over_a_late_wish_to_end() {
        for why in [
            Interruption::CancelRequested("x".into()),
            Interruption::TimedOut(Duration::ZERO),
            Interruption::GraceOver,
        ] {
            assert!(matches!(
                verdict(HandlerExit::Value(None), Some(&why), FRESH),
                Some(Verdict::Complete { .. })
            ));
        }
    }

    /// I-L6, I-L8: the job has not failed when the store does not answer.
    #[test]
    fn a_lease_in_doubt_counts_no_failure() {
        let error = HandlerExit::Error(JobError::retry("told to end"));
        let released = verdict(error, Some(&Interruption::LeaseInDoubt), FRESH);
        assert!(matches!(released, Some(Verdict::Release { .. })));
        let done = verdict(HandlerExit::Value(None), Some(&Interruption::LeaseInDoubt), FRESH);
        assert!(matches!(done, Some(Verdict::Complete { .. })));
    }

    /// I-L3: without a lease nothing is written.
    #[test]
    fn a_lost_lease_writes_nothing() {
        assert!(verdict(HandlerExit::Value(None), Some(&Interruption::LeaseLost), FRESH).is_none());
        assert!(
            verdict(HandlerExit::Panic("x".into()), Some(&Interruption::LeaseLost), FRESH)
                .is_none()
        );
    }

    #[test]
    fn the_last_failure_is_death() {
        let last = FailureBudget { failures: 2, max_attempts: Some(3) };
        assert!(matches!(
            verdict(HandlerExit::Panic("x".into()), None, last),
            Some(Verdict::Die { outcome: Outcome::Panic, .. })
        ));
        assert!(matches!(
            verdict(
                HandlerExit::Dropped,
                Some(&Interruption::TimedOut(Duration::from_secs(1))),
                last
            ),
            Some(Verdict::Die { outcome: Outcome::Timeout, .. })
        ));
        let later = JobError::retry_after(Duration::from_secs(1), "x");
        assert!(matches!(
            verdict(HandlerExit::Error(later), None, last),
            Some(Verdict::Die { outcome: Outcome::Error, .. })
        ));
    }

    /// I-X1: what the handler says it finished is looked at, and failed if it is not there.
    #[test]
    fn a_job_finished_by_its_handler_is_confirmed() {
        let exit = HandlerExit::Value(None);
        let end = AttemptEnd { exit, finished: true };
        let Some(Verdict::Confirm { otherwise }) = decide(end, None, FRESH, &Policy::default())
        else {
            panic!("expected a confirmation")
        };
        assert!(matches!(*otherwise, Verdict::Retry { outcome: Outcome::Error, .. }));
    }

    /// A25: what did not begin has not failed, however long it waited for its turn.
    #[test]
    fn what_did_not_begin_is_handed_back() {
        for why in
            [None, Some(Interruption::TimedOut(Duration::ZERO)), Some(Interruption::GraceOver)]
        {
            let verdict = verdict(HandlerExit::NotStarted, why.as_ref(), FRESH);
            assert!(matches!(verdict, Some(Verdict::Release { .. })), "{why:?}: {verdict:?}");
        }
        let why = Interruption::CancelRequested("not wanted".to_owned());
        let verdict = verdict(HandlerExit::NotStarted, Some(&why), FRESH);
        assert!(matches!(verdict, Some(Verdict::Cancel { .. })), "{verdict:?}");
    }

    /// I-X1: a confirmation that was written stands for the failure that it brought.
    #[test]
    fn a_confirmation_that_found_nothing_is_a_failure() {
        let end = AttemptEnd { exit: HandlerExit::Value(None), finished: true };
        let verdict = decide(end, None, FRESH, &Policy::default()).expect("a verdict");
        assert_eq!(outcome_of(written(&verdict, Settled::Already)).0, Outcome::Ok);
        assert_eq!(outcome_of(written(&verdict, Settled::Done)).0, Outcome::Error);
    }

    #[test]
    fn a_handler_that_vanished_with_its_runtime_has_failed() {
        assert!(matches!(
            verdict(HandlerExit::Dropped, None, FRESH),
            Some(Verdict::Retry { outcome: Outcome::Lost, .. })
        ));
    }

    #[test]
    fn error_texts_are_made_storable() {
        let Some(Verdict::Retry { error, .. }) =
            verdict(HandlerExit::Error(JobError::retry("a\0b".repeat(10_000))), None, FRESH)
        else {
            panic!("expected a retry")
        };
        assert!(
            error.starts_with("a\u{FFFD}ba\u{FFFD}b") && error.len() > ERROR_BYTES / 2,
            "{error}"
        );
        assert!(!error.contains('\0') && error.len() < ERROR_BYTES + 100);
    }
}
