//! What a program prints: log lines as they come, bounded, and the end of stderr for the error.

use std::collections::VecDeque;
use std::fmt::Display;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tracing::field::display;
use windlass::{AttemptContext, JobId};

use crate::handler::LOG_TARGET;

/// Bytes of one log line; the rest of it is not shown.
const LINE_BYTES: usize = 4 * 1024;
/// Log lines of one stream of one program; further ones are read and not shown.
const LOG_LINES: usize = 1_000;
/// Bytes at the end of stderr that go into the error's text.
const TAIL_BYTES: usize = 4 * 1024;
const READ_BYTES: usize = 8 * 1024;

/// Whom a program runs for, as log lines name it.
#[derive(Debug)]
pub(super) struct Whom {
    kind: String,
    job: Option<JobId>,
    attempt: Option<u32>,
}

impl Whom {
    pub(super) fn attempt(attempt: &AttemptContext) -> Self {
        let (job, number) = (Some(attempt.job_id()), Some(attempt.attempt()));
        Self { kind: attempt.kind().to_owned(), job, attempt: number }
    }

    /// Many jobs of a kind.
    pub(super) fn kind(kind: &str) -> Self {
        Self { kind: kind.to_owned(), job: None, attempt: None }
    }

    pub(super) fn warn(&self, text: &str) {
        tracing::warn!(job = self.job.map(display), kind = self.kind, "{text}");
    }

    fn say(&self, stream: &str, text: &str) {
        let (kind, job) = (&self.kind, self.job.map(display));
        tracing::info!(target: LOG_TARGET, kind, job, attempt = self.attempt, stream, "{text}");
    }
}

/// One stream of a program.
#[derive(Debug)]
pub(super) struct Log<'a> {
    whom: &'a Whom,
    stream: &'static str,
    line: Vec<u8>,
    lines: usize,
}

impl<'a> Log<'a> {
    pub(super) fn new(whom: &'a Whom, stream: &'static str) -> Self {
        Self { whom, stream, line: Vec::new(), lines: 0 }
    }

    /// Reads to the end, so that the program never waits for a reader.
    pub(super) async fn read(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut see: impl FnMut(&[u8]),
    ) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            // A pipe that breaks has nothing more to say.
            let read = from.read(&mut buffer).await.unwrap_or(0);
            if read == 0 {
                break;
            }
            see(&buffer[..read]);
            self.take(&buffer[..read]);
        }
        if !self.line.is_empty() {
            self.say();
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = (LINE_BYTES + 1).saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                self.say();
            }
        }
    }

    fn say(&mut self) {
        self.lines += 1;
        let cut = if self.line.len() > LINE_BYTES { "… [cut]" } else { "" };
        self.line.truncate(LINE_BYTES);
        let line = format!("{}{cut}", clean(&self.line));
        self.line.clear();
        let shown = match self.lines {
            ..=LOG_LINES => line.as_str(),
            n if n == LOG_LINES + 1 => "… further output is not shown",
            _ => return,
        };
        self.whom.say(self.stream, shown);
    }
}

/// The end of what was written to stderr.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let surplus = self.bytes.len().saturating_sub(TAIL_BYTES);
        self.cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    /// The error's text: what happened, the last line, and below it all that is kept.
    pub(super) fn after(&self, what: impl Display) -> String {
        let (front, back) = self.bytes.as_slices();
        let text = clean(&[front, back].concat());
        let text = text.trim();
        let Some(last) = text.lines().next_back() else { return what.to_string() };
        if last.len() == text.len() && !self.cut {
            return format!("{what}: {last}");
        }
        let mark = if self.cut { "…" } else { "" };
        format!("{what}: {}\n\n{mark}{text}", last.trim())
    }
}

/// Text without what would steer a terminal.
fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .replace("\r\n", "\n")
        .chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{FFFD}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_bounded_and_begins_with_its_last_line() {
        let mut tail = Tail::default();
        assert_eq!(tail.after("exited with 1"), "exited with 1");
        tail.push(b"no such file\n");
        assert_eq!(tail.after("exited with 1"), "exited with 1: no such file");
        tail.push(b"giving up\x1b[31m\n");
        assert_eq!(
            tail.after("x"),
            "x: giving up\u{FFFD}[31m\n\nno such file\ngiving up\u{FFFD}[31m"
        );
        tail.push(&vec![b'y'; 3 * TAIL_BYTES]);
        let text = tail.after("x");
        assert!(text.len() < 2 * TAIL_BYTES + 20 && text.contains('…'), "{}", text.len());
    }
}
