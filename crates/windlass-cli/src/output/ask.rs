//! Asking before many things change at once.

use std::io::{self, BufRead, IsTerminal, Write};

/// What a person answered when asked to type the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The count.
    Yes,
    /// Something else.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// Asks to type the count. A count cannot be typed without having read it.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn for_count(count: u64) -> io::Result<Answer> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !is_somebody_there() {
        return Ok(Answer::Nobody);
    }
    write!(stderr, "Type {count} to go on: ")?;
    stderr.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(if line.trim() == count.to_string() { Answer::Yes } else { Answer::No })
}

/// Whether there is somebody to ask.
pub(crate) fn is_somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
