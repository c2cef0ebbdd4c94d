//! Who started this process and wants to know how it is: systemd, a supervisor, or nobody.
//!
//! The words are those of systemd's `sd_notify`; a supervisor is told as much of it as it needs.

pub(crate) mod link;
pub(crate) mod root;
pub(crate) mod socket;

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use sd_notify::NotifyState;

use self::link::{Lifeline, Link, Said};

/// What a service manager or a supervisor says to a process by its environment, and what is not for programs that it starts.
pub(crate) const VARIABLES: [&str; 7] = [
    link::VARIABLE,
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
];

/// How many times within a watchdog's time it is told that all is well: one may be late.
const TIMES: u32 = 3;

/// Who is told how this process is.
#[derive(Debug)]
pub(crate) enum Service {
    /// systemd, as far as it asks.
    Systemd,
    /// The supervisor whose child this process is.
    Supervised(Link),
}

impl Service {
    /// As the environment says; with it what ends when a supervisor does.
    pub(crate) fn of_environment() -> (Self, Option<Lifeline>) {
        match link::of_environment() {
            Some((link, lifeline)) => (Self::Supervised(link), Some(lifeline)),
            None => (Self::Systemd, None),
        }
    }

    /// Whether a supervisor started this process.
    pub(crate) fn is_supervised(&self) -> bool {
        matches!(self, Self::Supervised(_))
    }

    /// The start is done, or a reload.
    pub(crate) fn ready(&self, status: &str) {
        match self {
            Self::Systemd => tell(&[NotifyState::Ready, NotifyState::Status(&in_one_line(status))]),
            Self::Supervised(link) => link.say(Said::Ready),
        }
    }

    /// How it is, in a few words.
    pub(crate) fn status(&self, status: &str) {
        if !self.is_supervised() {
            tell(&[NotifyState::Status(&in_one_line(status))]);
        }
    }

    /// It is about to end.
    pub(crate) fn stopping(&self) {
        if !self.is_supervised() {
            tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
        }
    }

    /// It begins again with what its files say now, until it is ready.
    pub(crate) fn reloading(&self) {
        // systemd takes a reload without its moment for an old one.
        if let (false, Ok(moment)) = (self.is_supervised(), NotifyState::monotonic_usec_now()) {
            tell(&[NotifyState::Reloading, moment]);
        }
    }

    /// The time within which its watchdog wants to hear of it.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        match self {
            Self::Systemd => sd_notify::watchdog_enabled(),
            Self::Supervised(link) => Some(link.watchdog()),
        }
    }

    /// Says that the process is alive, again and again, as often as its `responds` does. To be polled by what it watches: where that
    /// is held up, nothing is said.
    pub(crate) async fn watch(&self, responds: impl AsyncFn() -> bool) -> Infallible {
        let Some(within) = self.watchdog() else { return future::pending().await };
        let mut often = tokio::time::interval((within / TIMES).max(Duration::from_millis(1)));
        loop {
            often.tick().await;
            if responds().await {
                match self {
                    Self::Systemd => tell(&[NotifyState::Watchdog]),
                    Self::Supervised(link) => link.say(Said::Alive),
                }
            }
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Where it cannot be told, it acts by what it hears, or rather does not.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// What would begin a line of its own would be a message of its own.
fn in_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::sync::Notify;

    use super::*;

    /// How often something is said to be alive that answers so, so many times, and then not any more.
    async fn said(answer: bool, times: usize) -> usize {
        let (link, mut heard) = link::pair(Duration::from_millis(3));
        let service = Service::Supervised(link);
        let (asked, silent) = (Cell::new(0), Notify::new());
        let responds = async || {
            if asked.replace(asked.get() + 1) == times {
                silent.notify_one();
                future::pending::<()>().await;
            }
            answer
        };
        tokio::select! {
            never = service.watch(responds) => match never {},
            () = silent.notified() => {}
        }
        drop(service);
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut heard, &mut bytes).expect("read");
        assert!(bytes.iter().all(|byte| Said::of(*byte) == Some(Said::Alive)));
        bytes.len()
    }

    #[tokio::test]
    async fn what_answers_is_alive_as_long_as_it_does() {
        assert_eq!(said(true, 10).await, 10);
    }

    #[tokio::test]
    async fn what_does_not_answer_or_has_stopped_is_not_alive() {
        assert_eq!(said(true, 0).await, 0);
        assert_eq!(said(false, 10).await, 0);
    }
}
