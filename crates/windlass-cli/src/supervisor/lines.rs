//! What the supervisor and its children print, line by line, on the supervisor's stdout and stderr.

use std::io::{self, Write};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::sync::{mpsc, oneshot};

/// Lines that wait for a slow reader; then children wait, and the supervisor prints no more of its own.
const WAITING: usize = 1_024;
/// A longer line is printed in parts.
const LINE_BYTES: u64 = 1 << 20;
/// How long the last lines may take to be printed.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Where a line goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    Stdout,
    Stderr,
}

/// Prints lines as wholes. Clones print to the same place.
#[derive(Debug, Clone)]
pub(super) struct Lines(mpsc::Sender<(To, Vec<u8>)>);

/// The thread that prints: who reads slowly does not hold the supervisor up.
#[derive(Debug)]
pub(super) struct Printer(oneshot::Receiver<()>);

/// Begins to print.
pub(super) fn begin() -> io::Result<(Lines, Printer)> {
    let (lines, mut waiting) = mpsc::channel::<(To, Vec<u8>)>(WAITING);
    let (done, printed) = oneshot::channel();
    std::thread::Builder::new().name("windlass-lines".to_owned()).spawn(move || {
        while let Some((to, line)) = waiting.blocking_recv() {
            match to {
                To::Stdout => print(io::stdout(), &line),
                To::Stderr => print(io::stderr(), &line),
            }
        }
        // Nobody need wait for it.
        let _ = done.send(());
    })?;
    Ok((Lines(lines), Printer(printed)))
}

impl Lines {
    /// Prints a line of the supervisor's own; not where too many wait.
    pub(super) fn say(&self, to: To, line: &str) {
        // Work does not end because nobody reads about it any more.
        let _ = self.0.try_send((to, format!("{line}\n").into_bytes()));
    }

    /// Prints what comes from a child, to its end.
    pub(super) async fn pass_on(self, from: impl AsyncRead + Unpin, to: To) {
        let mut from = BufReader::new(from);
        loop {
            let mut line = Vec::new();
            // A pipe that breaks has nothing more to say.
            let read = (&mut from).take(LINE_BYTES).read_until(b'\n', &mut line).await;
            if read.unwrap_or(0) == 0 {
                return;
            }
            if line.last() != Some(&b'\n') {
                line.push(b'\n');
            }
            if self.0.send((to, line)).await.is_err() {
                return;
            }
        }
    }
}

impl Printer {
    /// Waits until everything is printed, once nobody has [`Lines`] any more.
    pub(super) async fn end(self) {
        // Who does not read the last lines does not hold up the end.
        let _ = tokio::time::timeout(LAST_LINES, self.0).await;
    }
}

fn print(mut to: impl Write, line: &[u8]) {
    // Work does not end because nobody reads about it any more.
    let _ = to.write_all(line).and_then(|()| to.flush());
}
