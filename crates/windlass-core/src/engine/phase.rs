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

/// Who wishes the intake open or closed: the program itself, a person through the store, and whether its build is new
/// enough. It is open while all wish it so.
#[derive(Debug, Clone, Copy)]
pub(super) struct IntakeWishes {
    pub(super) own: Intake,
    pub(super) stored: Intake,
    pub(super) build: Intake,
}

impl Default for IntakeWishes {
    fn default() -> Self {
        Self { own: Intake::Open, stored: Intake::Open, build: Intake::Open }
    }
}

impl IntakeWishes {
    pub(super) fn intake(self) -> Intake {
        match (self.own, self.stored, self.build) {
            (Intake::Open, Intake::Open, Intake::Open) => Intake::Open,
            _ => Intake::Closed,
        }
    }
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

    /// T20, T46: what one side has closed, no other opens.
    #[test]
    fn the_intake_is_open_while_all_wish_it_so() {
        let either = [Intake::Open, Intake::Closed];
        for own in either {
            for stored in either {
                for build in either {
                    let wishes = IntakeWishes { own, stored, build };
                    let is_open = [own, stored, build].iter().all(|wish| *wish == Intake::Open);
                    assert_eq!(wishes.intake() == Intake::Open, is_open, "{wishes:?}");
                }
            }
        }
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
