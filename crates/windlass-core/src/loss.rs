//! What becomes of a job whose worker died.

use std::time::Duration;

use crate::limits::{MAX_LOSSES, SUSPECT_LOSSES};

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

/// Decides from the numbers before this loss. The first loss costs no time: most deaths are
/// restarts. From the second on the job waits, apart from those that were lost beside it, and
/// runs as a suspect; the third is its last.
#[must_use]
pub fn after_loss(failures: u32, losses: u16, max_attempts: Option<u16>) -> AfterLoss {
    let (failures, losses) = (failures + 1, losses + 1);
    if losses >= MAX_LOSSES {
        return AfterLoss::Dead(format!("lost {losses} times"));
    }
    if max_attempts.is_some_and(|limit| limit > 0 && failures >= u32::from(limit)) {
        return AfterLoss::Dead(format!(
            "gave up after {failures} failed attempts, the last one lost"
        ));
    }
    if losses < SUSPECT_LOSSES {
        AfterLoss::Available
    } else {
        AfterLoss::Later(Duration::from_millis(fastrand::u64(500..2_500)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C13: the third loss is the last.
    #[test]
    fn a_job_dies_of_its_third_loss() {
        assert_eq!(after_loss(0, 0, None), AfterLoss::Available);
        assert!(matches!(after_loss(1, 1, None), AfterLoss::Later(_)));
        assert_eq!(after_loss(2, 2, None), AfterLoss::Dead("lost 3 times".to_owned()));
    }

    /// X1: a loss counts as a failure.
    #[test]
    fn losses_use_up_attempts() {
        assert!(matches!(after_loss(0, 0, Some(1)), AfterLoss::Dead(_)));
        assert_eq!(after_loss(0, 0, Some(2)), AfterLoss::Available);
        assert_eq!(after_loss(70, 0, Some(0)), AfterLoss::Available);
    }
}
