//! What the end of an attempt means for its job. No I/O, no clock.

use std::time::Duration;

use super::attempt::{End, Ended};
use super::running::Ending;
use crate::handler::Policy;
use crate::job_error::{Decision, JobError};
use crate::json::storable_text;
use crate::limits::ERROR_BYTES;
use crate::state::Outcome;
use crate::store::Verdict;

/// What the decision needs to know of the job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) failures: u32,
    pub(super) max_attempts: Option<u16>,
}

/// The verdict on an attempt; `None` where nothing may be written because the lease is lost.
pub(super) fn decide(
    ended: Ended,
    ending: &Ending,
    job: Standing,
    policy: &Policy,
) -> Option<Verdict> {
    if matches!(ending, Ending::LeaseLost) {
        return None;
    }
    Some(match ended.end {
        End::Value(_) if ended.finished => Verdict::Confirm {
            otherwise: Box::new(failure(
                Outcome::Error,
                "the handler finished the job in a transaction that did not commit".to_owned(),
                job,
                policy,
            )),
        },
        End::Value(output) => Verdict::Complete { output },
        End::Error(error) => of_error(&error, ending, job, policy),
        End::Panic(text) => failure(Outcome::Panic, text, job, policy),
        End::Dropped => match ending {
            Ending::None => failure(
                Outcome::Lost,
                "the runtime stopped below the handler".to_owned(),
                job,
                policy,
            ),
            told => of_ending(told, job, policy),
        },
    })
}

/// The verdict on an attempt that was told to end and did not return a value.
pub(super) fn of_ending(ending: &Ending, job: Standing, policy: &Policy) -> Verdict {
    match ending {
        Ending::CalledOff(reason) => {
            Verdict::Cancel { outcome: Outcome::Cancelled, reason: clean(reason) }
        }
        Ending::TimedOut(limit) => {
            failure(Outcome::Timeout, format!("ran longer than {limit:?}"), job, policy)
        }
        Ending::None | Ending::GraceOver | Ending::LeaseInDoubt | Ending::LeaseLost => {
            Verdict::Release { delay: Duration::ZERO }
        }
    }
}

fn of_error(error: &JobError, ending: &Ending, job: Standing, policy: &Policy) -> Verdict {
    if !matches!(ending, Ending::None) {
        return of_ending(ending, job, policy);
    }
    let message = error.message().to_owned();
    match error.decision() {
        Decision::Retry => failure(Outcome::Error, message, job, policy),
        Decision::RetryAfter(delay) => match failure(Outcome::Error, message, job, policy) {
            Verdict::Retry { outcome, error, .. } => Verdict::Retry { outcome, error, delay },
            other => other,
        },
        Decision::Snooze(delay) => Verdict::Snooze { delay },
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
        Decision::Stopped => Verdict::Release { delay: Duration::ZERO },
    }
}

/// A failed attempt: another one, or death when they are used up.
fn failure(outcome: Outcome, error: String, job: Standing, policy: &Policy) -> Verdict {
    let failures = job.failures + 1;
    let error = clean(&error);
    match policy.retry.delay(failures, job.max_attempts) {
        Some(delay) => Verdict::Retry { outcome, error, delay },
        None => {
            let reason = format!("gave up after {failures} failed attempts");
            Verdict::Die { outcome, error, reason }
        }
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

    const FRESH: Standing = Standing { failures: 0, max_attempts: None };

    fn verdict(end: End, ending: &Ending, job: Standing) -> Option<Verdict> {
        let ended = Ended { key: 0, ran: Duration::ZERO, end, finished: false };
        decide(ended, ending, job, &Policy::default())
    }

    #[test]
    fn an_error_decides() {
        let of = |error| verdict(End::Error(error), &Ending::None, FRESH);
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
        assert!(matches!(of(JobError::stopped()), Some(Verdict::Release { .. })));
    }

    #[test]
    fn a_value_wins_over_a_late_wish_to_end() {
        for ending in
            [Ending::CalledOff("x".into()), Ending::TimedOut(Duration::ZERO), Ending::GraceOver]
        {
            assert!(matches!(
                verdict(End::Value(None), &ending, FRESH),
                Some(Verdict::Complete { .. })
            ));
        }
    }

    /// L6, L8: a store that does not answer is no failure of the job.
    #[test]
    fn a_lease_in_doubt_counts_no_failure() {
        let error = End::Error(JobError::retry("told to end"));
        let released = verdict(error, &Ending::LeaseInDoubt, FRESH);
        assert!(matches!(released, Some(Verdict::Release { .. })));
        let done = verdict(End::Value(None), &Ending::LeaseInDoubt, FRESH);
        assert!(matches!(done, Some(Verdict::Complete { .. })));
    }

    /// Invariant L3: without a lease nothing is written.
    #[test]
    fn a_lost_lease_writes_nothing() {
        assert!(verdict(End::Value(None), &Ending::LeaseLost, FRESH).is_none());
        assert!(verdict(End::Panic("x".into()), &Ending::LeaseLost, FRESH).is_none());
    }

    #[test]
    fn the_last_failure_is_death() {
        let last = Standing { failures: 2, max_attempts: Some(3) };
        assert!(matches!(
            verdict(End::Panic("x".into()), &Ending::None, last),
            Some(Verdict::Die { outcome: Outcome::Panic, .. })
        ));
        assert!(matches!(
            verdict(End::Dropped, &Ending::TimedOut(Duration::from_secs(1)), last),
            Some(Verdict::Die { outcome: Outcome::Timeout, .. })
        ));
    }

    #[test]
    fn error_texts_are_made_storable() {
        let Some(Verdict::Retry { error, .. }) =
            verdict(End::Error(JobError::retry("a\0b".repeat(10_000))), &Ending::None, FRESH)
        else {
            panic!("expected a retry")
        };
        assert!(!error.contains('\0') && error.len() < ERROR_BYTES + 100);
    }
}
