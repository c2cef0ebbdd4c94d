//! Whether a worker takes new work, and how it stops. No I/O.

use tokio::time::Instant;

/// Whether new work is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Working,
    /// Taking no new work until told otherwise.
    Quiet,
    /// Stopping; handlers have until then.
    Stopping(Instant),
    /// The store cannot serve a worker; nothing was begun.
    Refused,
}

/// Whether a worker is asked to take new work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    Open,
    Closed,
}

impl Phase {
    /// The phase after a wish to stop by `until`. A second wish can only shorten the grace.
    pub(super) fn stopping(self, until: Instant) -> Self {
        match self {
            Self::Stopping(before) => Self::Stopping(before.min(until)),
            Self::Working | Self::Quiet | Self::Refused => Self::Stopping(until),
        }
    }

    /// The phase after a wish to open or close the intake; `None` where it changes nothing.
    pub(super) fn with_intake(self, intake: Intake) -> Option<Self> {
        match (self, intake) {
            (Self::Working, Intake::Closed) => Some(Self::Quiet),
            (Self::Quiet, Intake::Open) => Some(Self::Working),
            _ => None,
        }
    }

    /// Until when handlers may run on, where the worker stops.
    pub(super) fn grace(self) -> Option<Instant> {
        match self {
            Self::Stopping(until) => Some(until),
            Self::Working | Self::Quiet | Self::Refused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_wish_to_stop_only_shortens_the_grace() {
        let now = Instant::now();
        let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(9));
        assert_eq!(Phase::Working.stopping(late).stopping(soon), Phase::Stopping(soon));
        assert_eq!(Phase::Quiet.stopping(soon).stopping(late), Phase::Stopping(soon));
    }

    #[test]
    fn a_worker_that_stops_is_neither_quieted_nor_resumed() {
        let stopping = Phase::Stopping(Instant::now());
        for (phase, intake, after) in [
            (Phase::Working, Intake::Closed, Some(Phase::Quiet)),
            (Phase::Quiet, Intake::Open, Some(Phase::Working)),
            (Phase::Working, Intake::Open, None),
            (Phase::Quiet, Intake::Closed, None),
            (stopping, Intake::Open, None),
            (stopping, Intake::Closed, None),
            (Phase::Refused, Intake::Open, None),
        ] {
            assert_eq!(phase.with_intake(intake), after, "{phase:?} {intake:?}");
        }
    }
}
