//! Verdicts by short names.

use std::time::Duration;

use windlass_core::condition::Waits;
use windlass_core::job::{Outcome, Verdict};
use windlass_core::json::Json;

/// Done, without output.
#[must_use]
pub fn complete() -> Verdict {
    Verdict::Complete { output: None }
}

/// Done, with this output, which must be JSON.
#[must_use]
pub fn complete_with(json: &str) -> Verdict {
    let output = Json::output(json).expect("a test's output is JSON within the limit");
    Verdict::Complete { output: Some(output) }
}

/// Finished by the handler itself, or else this.
#[must_use]
pub fn confirm_or(otherwise: Verdict) -> Verdict {
    Verdict::Confirm { otherwise: Box::new(otherwise) }
}

/// Failed with an error, to be tried again later.
#[must_use]
pub fn retry(delay: Duration) -> Verdict {
    retry_after(Outcome::Error, delay)
}

/// Ended by this outcome, to be tried again later.
#[must_use]
pub fn retry_after(outcome: Outcome, delay: Duration) -> Verdict {
    Verdict::Retry { outcome, error: "it broke".to_owned(), delay }
}

/// Failed for good.
#[must_use]
pub fn die() -> Verdict {
    die_of(Outcome::Error)
}

/// Ended by this outcome, for good.
#[must_use]
pub fn die_of(outcome: Outcome) -> Verdict {
    Verdict::Die { outcome, error: "it broke".to_owned(), reason: "beyond repair".to_owned() }
}

/// Nothing is left to do, for this outcome's reason.
#[must_use]
pub fn cancelled(outcome: Outcome) -> Verdict {
    Verdict::Cancel { outcome, reason: "nothing to do".to_owned() }
}

/// To be run again later by its own wish.
#[must_use]
pub fn snooze(delay: Duration) -> Verdict {
    Verdict::Snooze { delay }
}

/// Handed back, available at once.
#[must_use]
pub fn hand_back() -> Verdict {
    Verdict::Release { delay: Duration::ZERO }
}

/// Handed back, available later.
#[must_use]
pub fn hand_back_for(delay: Duration) -> Verdict {
    Verdict::Release { delay }
}

/// To be run again once a signal with this key has come.
#[must_use]
pub fn wait_for(name: &str, key: &str) -> Verdict {
    Verdict::Wait { waits: Waits::all().signal(name, key) }
}
