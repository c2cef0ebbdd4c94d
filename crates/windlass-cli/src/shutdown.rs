//! What signals ask of a worker process.
//!
//! | signal | asks |
//! |---|---|
//! | SIGTERM, SIGINT | stop: nothing new, 25 s for what runs; a second one takes the 25 s away |
//! | SIGTSTP, SIGUSR1 | quiet: nothing new, what runs goes on, the process stays |
//! | SIGCONT, SIGUSR2 | resume: take work again |
//! | SIGHUP | reload: a supervisor replaces its workers one after the other, others say how that is done; of a terminal that closes: stop |
//!
//! The end of a supervisor asks its children to stop. A change of the file that a process watches asks to reload.

pub(crate) mod edits;

use std::fs::File;
use std::future;
use std::io::{self, IsTerminal as _};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use self::edits::Edits;
use crate::service::link::Lifeline;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// End what runs and go.
    Stop,
    /// Take no new work.
    Quiet,
    /// Take work again.
    Resume,
    /// Begin again with what is in the files now.
    Reload,
}

/// The signals of this process, listened to from the moment this exists.
#[derive(Debug)]
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
    tstp: Signal,
    usr1: Signal,
    cont: Signal,
    usr2: Signal,
    hup: Signal,
    /// Whether it began at a terminal, which may close.
    has_terminal: bool,
    lifeline: Option<Lifeline>,
    /// What is asked for by a change of a file.
    edits: Option<Edits>,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses a signal handler.
    pub(crate) fn listen(lifeline: Option<Lifeline>) -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            tstp: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            usr1: signal(SignalKind::user_defined1())?,
            cont: signal(SignalKind::from_raw(libc::SIGCONT))?,
            usr2: signal(SignalKind::user_defined2())?,
            hup: signal(SignalKind::hangup())?,
            has_terminal: io::stderr().is_terminal(),
            lifeline,
            edits: None,
        })
    }

    /// The same, with a change of a file as a wish to reload.
    pub(crate) fn with_edits(self, edits: Edits) -> Self {
        Self { edits: Some(edits), ..self }
    }

    /// Waits for the next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.term.recv() => Wish::Stop,
            _ = self.int.recv() => Wish::Stop,
            _ = self.tstp.recv() => Wish::Quiet,
            _ = self.usr1.recv() => Wish::Quiet,
            _ = self.cont.recv() => Wish::Resume,
            _ = self.usr2.recv() => Wish::Resume,
            _ = self.hup.recv() => hang_up(self.has_terminal),
            () = ended(&mut self.lifeline) => {
                self.lifeline = None;
                Wish::Stop
            }
            () = edited(&mut self.edits) => Wish::Reload,
        }
    }
}

/// What SIGHUP asks for: the system sends it too when a terminal closes, which then cannot be opened any more.
fn hang_up(has_terminal: bool) -> Wish {
    let is_closed = has_terminal && File::open("/dev/tty").is_err();
    if is_closed { Wish::Stop } else { Wish::Reload }
}

async fn edited(edits: &mut Option<Edits>) {
    match edits {
        Some(edits) => edits.next().await,
        None => future::pending().await,
    }
}

async fn ended(lifeline: &mut Option<Lifeline>) {
    match lifeline {
        Some(lifeline) => lifeline.ended().await,
        None => future::pending().await,
    }
}

/// Makes writing to a closed pipe, or beyond the limit of a file's size, an error where it
/// happens instead of the sudden end of the process with jobs in its hands.
pub(crate) fn ignore_write_signals() {
    for number in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: SIG_IGN runs no code of ours, and no other thread depends on the disposition.
        unsafe { libc::signal(number, libc::SIG_IGN) };
    }
}

/// Tells handlers that a stop has no time left.
#[derive(Debug, Clone)]
pub(crate) struct Hurry(watch::Sender<bool>);

impl Hurry {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// From now on there is none.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until there is none.
    pub(crate) async fn begun(&self) {
        // The sender is `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
