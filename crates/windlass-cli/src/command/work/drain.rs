//! When a worker that is to run only what is due has done so.

use windlass::Event;

/// Looks for two empty claims in a row while nothing runs. The second one was sent after the
/// first was seen, so that it asked for every kind: a claim leaves out kinds whose slots are all
/// taken, and the first may have been under way when the last job ended.
#[derive(Debug, Default)]
pub(super) struct Drain {
    empty_claims: u8,
}

/// What is to be done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Go on.
    Wait,
    /// Go on, and count no claim that was answered before now.
    WaitFromNow,
    /// Nothing is left.
    Done,
}

impl Drain {
    pub(super) fn see(&mut self, event: &Event, running: u64) -> Next {
        match event {
            Event::Idle if running == 0 => {
                self.empty_claims += 1;
                match self.empty_claims {
                    1 => Next::WaitFromNow,
                    // The claim of this one may have been sent before the first was seen.
                    2 => Next::Wait,
                    _ => Next::Done,
                }
            }
            Event::Idle | Event::Started { .. } | Event::LostLease => {
                self.empty_claims = 0;
                Next::Wait
            }
            _ => Next::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::JobId;

    #[test]
    fn a_claim_sent_before_the_last_job_ended_does_not_count() {
        let mut drain = Drain::default();
        let started = Event::Started { job: JobId::new(), kind: "a".to_owned(), attempt: 1 };
        assert_eq!(drain.see(&Event::Idle, 1), Next::Wait);
        assert_eq!(drain.see(&Event::Idle, 0), Next::WaitFromNow);
        assert_eq!(drain.see(&started, 1), Next::Wait);
        assert_eq!(drain.see(&Event::Idle, 0), Next::WaitFromNow);
        assert_eq!(drain.see(&Event::Idle, 0), Next::Wait);
        assert_eq!(drain.see(&Event::Idle, 0), Next::Done);
    }
}
