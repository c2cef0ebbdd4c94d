//! What happens to a job whose worker died.

use std::time::Duration;

use crate::limits::{MAX_ATTEMPTS, MAX_LOSSES, SUSPECT_LOSSES};

/// Where a job goes after a loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterLoss {
    /// Available at once, behind fresh jobs of its priority.
    Available,
    /// Again after this long: it may be what kills its workers.
    Later(Duration),
    /// Dead, for this reason.
    Dead(String),
}

/// What is known of a job when its worker has died, with the numbers before this loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Attempts that failed so far.
    pub failures: u32,
    /// Workers that died with it so far.
    pub losses: u16,
    /// Its limit of failures; 0 sets none. See [`attempt_limit`].
    pub max_attempts: u16,
    /// Its limit of losses; 0 sets none. See [`loss_limit`].
    pub max_losses: u16,
}

/// What a worker registers of a kind whose limits are not the defaults: the process that takes back its jobs may
/// not know the kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindLimits {
    /// Failures after which a job of the kind is dead, where that is not the default; 0 sets no limit.
    pub max_attempts: Option<u16>,
    /// Losses after which it is, where that is not the default; 0 sets no limit.
    pub max_losses: Option<u16>,
}

/// The failures after which a job is dead: its own limit, else the one that the dead worker had
/// registered for its kind, else the default. 0 sets no limit.
#[must_use]
pub fn attempt_limit(of_job: Option<u16>, of_kind: Option<u16>) -> u16 {
    of_job.or(of_kind).unwrap_or(MAX_ATTEMPTS)
}

/// The losses after which a job is dead: its own limit, else the one that the dead worker had
/// registered for its kind, else the default. 0 sets no limit.
#[must_use]
pub fn loss_limit(of_job: Option<u16>, of_kind: Option<u16>) -> u16 {
    of_job.or(of_kind).unwrap_or(MAX_LOSSES)
}

impl Loss {
    /// What happens to the job. The first loss costs no time: most deaths are restarts. From the
    /// second on the job waits, apart from those that were lost beside it, and runs as a suspect.
    #[must_use]
    pub fn after(self) -> AfterLoss {
        let (failures, losses) = (self.failures + 1, self.losses.saturating_add(1));
        if self.max_losses > 0 && losses >= self.max_losses {
            let times = if losses == 1 { "once".to_owned() } else { format!("{losses} times") };
            return AfterLoss::Dead(format!("lost {times}"));
        }
        if self.max_attempts > 0 && failures >= u32::from(self.max_attempts) {
            return AfterLoss::Dead(gave_up(failures));
        }
        if losses < SUSPECT_LOSSES {
            AfterLoss::Available
        } else {
            AfterLoss::Later(Duration::from_millis(fastrand::u64(500..2_500)))
        }
    }
}

fn gave_up(failures: u32) -> String {
    if failures == 1 {
        "gave up: the only attempt was lost".to_owned()
    } else {
        format!("gave up after {failures} failed attempts, the last one lost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Loss =
        Loss { failures: 0, losses: 0, max_attempts: MAX_ATTEMPTS, max_losses: MAX_LOSSES };

    fn after_losses(losses: u16, max_losses: u16) -> AfterLoss {
        Loss { failures: losses.into(), losses, max_attempts: 0, max_losses }.after()
    }

    /// C13: the third loss is the last.
    #[test]
    fn a_job_dies_of_its_third_loss() {
        assert_eq!(FRESH.after(), AfterLoss::Available);
        assert!(matches!(after_losses(1, MAX_LOSSES), AfterLoss::Later(_)));
        assert_eq!(after_losses(2, MAX_LOSSES), AfterLoss::Dead("lost 3 times".to_owned()));
    }

    /// C13: another limit holds instead, and 0 is none.
    #[test]
    fn another_limit_of_losses_holds_instead() {
        assert_eq!(after_losses(0, 1), AfterLoss::Dead("lost once".to_owned()));
        assert!(matches!(after_losses(4, 6), AfterLoss::Later(_)));
        assert_eq!(after_losses(5, 6), AfterLoss::Dead("lost 6 times".to_owned()));
        assert!(matches!(after_losses(u16::MAX, 0), AfterLoss::Later(_)));
    }

    /// C13: a job's own limit wins over its kind's, and that over the default.
    #[test]
    fn the_nearest_limit_of_losses_holds() {
        assert_eq!(loss_limit(Some(0), Some(7)), 0);
        assert_eq!(loss_limit(None, Some(7)), 7);
        assert_eq!(loss_limit(None, None), MAX_LOSSES);
    }

    /// I-L8: so it is with the limit of failures.
    #[test]
    fn the_nearest_limit_of_attempts_holds() {
        assert_eq!(attempt_limit(Some(0), Some(7)), 0);
        assert_eq!(attempt_limit(None, Some(7)), 7);
        assert_eq!(attempt_limit(None, None), MAX_ATTEMPTS);
    }

    /// X1: a loss counts as a failure.
    #[test]
    fn losses_use_up_attempts() {
        let of = |failures, limit| Loss { failures, max_attempts: limit, ..FRESH }.after();
        assert!(matches!(of(0, 1), AfterLoss::Dead(_)));
        assert_eq!(of(0, 2), AfterLoss::Available);
        assert_eq!(of(70, 0), AfterLoss::Available);
    }
}
