//! When a failed job is tried again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::limits::{MAX_ATTEMPTS, RETRY_CAP};

/// How far a delay may differ from its rule, in both directions, so that jobs that failed in the
/// same second are not tried again in the same second.
const JITTER: f64 = 0.15;

/// The delay before the next attempt, from the number of failures so far.
#[derive(Clone)]
#[non_exhaustive]
pub enum Backoff {
    /// n⁴ + 15 seconds: 16 s, 31 s, 96 s, 4 min, 11 min … The default.
    Polynomial,
    /// The first delay, doubled with each failure.
    Exponential(Duration),
    /// The same delay each time.
    Fixed(Duration),
    /// The application's own rule.
    Custom(Arc<dyn Fn(u32) -> Duration + Send + Sync>),
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polynomial => f.write_str("Polynomial"),
            Self::Exponential(first) => write!(f, "Exponential({first:?})"),
            Self::Fixed(delay) => write!(f, "Fixed({delay:?})"),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// How often and when a kind's failed jobs are tried again.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Failures after which the job is dead; `None` never gives up.
    pub max_attempts: Option<u16>,
    /// The rule for the delay.
    pub backoff: Backoff,
    /// No delay is longer.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    /// 25 attempts, n⁴ + 15 s, at most 24 h, ± 15 %.
    fn default() -> Self {
        Self { max_attempts: Some(MAX_ATTEMPTS), backoff: Backoff::Polynomial, cap: RETRY_CAP }
    }
}

impl RetryPolicy {
    /// The delay after this many failures, with chance in it; `None` when the job has used up
    /// its attempts. `max_attempts` of the job itself wins over the policy's; 0 is "for ever".
    #[must_use]
    pub fn delay(&self, failures: u32, max_attempts: Option<u16>) -> Option<Duration> {
        let limit = max_attempts.map_or(self.max_attempts, |limit| (limit > 0).then_some(limit));
        if limit.is_some_and(|limit| failures >= u32::from(limit)) {
            return None;
        }
        Some(jittered(self.backoff.base(failures), self.cap))
    }
}

impl Backoff {
    /// The delay after this many failures, without chance and without cap.
    #[must_use]
    pub fn base(&self, failures: u32) -> Duration {
        match self {
            Self::Polynomial => {
                Duration::from_secs(u64::from(failures).saturating_pow(4).saturating_add(15))
            }
            Self::Exponential(first) => first
                .saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)),
            Self::Fixed(delay) => *delay,
            Self::Custom(rule) => rule(failures),
        }
    }
}

/// The delay with chance in it, never above the cap.
fn jittered(delay: Duration, cap: Duration) -> Duration {
    let spread = 1.0 - JITTER + 2.0 * JITTER * fastrand::f64();
    // A delay at the cap keeps its spread by straying downwards only.
    let widest = cap.as_secs_f64() / (1.0 + JITTER);
    Duration::from_secs_f64(delay.as_secs_f64().min(widest) * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_after(failures: u32) -> (f64, f64) {
        let policy = RetryPolicy { max_attempts: None, ..RetryPolicy::default() };
        let delays: Vec<f64> = (0..1_000)
            .map(|_| policy.delay(failures, None).expect("never gives up").as_secs_f64())
            .collect();
        (
            delays.iter().copied().fold(f64::MAX, f64::min),
            delays.iter().copied().fold(0.0, f64::max),
        )
    }

    /// C16: second attempts of one second spread over at least a fifth of the delay, and no
    /// delay is above the cap.
    #[test]
    fn delays_are_spread_and_capped() {
        let (least, most) = spread_after(1);
        assert!(most - least >= 0.2 * 16.0, "{least}..{most}");
        let (least, most) = spread_after(100);
        assert!(most <= RETRY_CAP.as_secs_f64(), "{most}");
        assert!(most - least >= 0.2 * most, "{least}..{most}");
    }

    /// C15: "never give up" is a choice; its delays rise to the cap and stay there.
    #[test]
    fn an_unlimited_policy_never_gives_up() {
        let cap = Duration::from_secs(3_600);
        let policy = RetryPolicy { max_attempts: None, cap, ..RetryPolicy::default() };
        let delays: Vec<Duration> =
            (1..=30).map(|failures| policy.delay(failures, None).expect("a delay")).collect();
        // Seven are below the cap, and rise by more than chance can take away.
        assert!(delays[..7].is_sorted(), "{delays:?}");
        assert!(delays[0] < Duration::from_secs(20), "{delays:?}");
        let spread = cap.mul_f64(0.7)..=cap;
        assert!(delays[7..].iter().all(|delay| spread.contains(delay)), "{delays:?}");
        assert!(policy.delay(u32::MAX, None).is_some());
    }

    #[test]
    fn attempts_run_out() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(24, None).is_some());
        assert!(policy.delay(25, None).is_none());
        assert!(policy.delay(3, Some(3)).is_none());
        assert!(policy.delay(1_000, Some(0)).is_some());
    }

    #[test]
    fn rules_give_what_they_say() {
        assert_eq!(Backoff::Polynomial.base(3), Duration::from_secs(96));
        assert_eq!(Backoff::Exponential(Duration::from_secs(1)).base(4), Duration::from_secs(8));
        assert_eq!(Backoff::Exponential(Duration::MAX).base(4_000), Duration::MAX);
        let custom = Backoff::Custom(Arc::new(|n| Duration::from_secs(u64::from(n))));
        assert_eq!(custom.base(7), Duration::from_secs(7));
    }
}
