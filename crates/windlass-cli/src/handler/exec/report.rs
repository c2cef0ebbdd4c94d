//! What a program says of itself: lines of JSON that it writes into a pipe with a name.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tempfile::TempPath;
use tokio::net::unix::pipe::Receiver;
use tokio::time::Instant;
use windlass::limits::OUTPUT_BYTES;
use windlass::progress::Level;
use windlass::{AttemptContext, Decided, Json};

use super::program::LAST_OUTPUT;
use crate::handler::LOG_TARGET;

/// Bytes of one line: an output of the largest size, and what stands around it.
const LINE_BYTES: usize = OUTPUT_BYTES + 4 * 1024;
/// Lines that cannot be read which are told one by one.
const TOLD: usize = 10;
const READ_BYTES: usize = 16 * 1024;

/// One line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// Which job of a chunk it is about.
    pub(super) job: Option<String>,
    /// How a job of a chunk ends: why it failed, or why for good.
    pub(super) error: Option<String>,
    pub(super) dead: Option<String>,
    progress: Option<Progress>,
    checkpoint: Option<Box<RawValue>>,
    pub(super) step: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(super) output: Option<Box<RawValue>>,
    log: Option<String>,
    level: Option<Level>,
}

/// What hears a program's reports.
pub(super) trait Heeds {
    /// Does what a line says; why it cannot.
    async fn heed(&mut self, line: Line) -> Result<(), String>;

    /// A line was left out.
    fn left_out(&mut self, why: &str);
}

/// Also `null`, which is an output where it is written down.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

/// `40`, or `{"percent": 40, "note": "reading", "done": 120, "total": 300}`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Progress {
    Percent(f64),
    Full(Far),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Far {
    percent: Option<f64>,
    note: Option<String>,
    done: Option<u64>,
    total: Option<u64>,
}

/// A pipe with a name, which the program opens to write. Removed with this value.
#[derive(Debug)]
pub(super) struct ReportPipe {
    path: TempPath,
    pipe: Receiver,
}

impl ReportPipe {
    pub(super) fn below(folder: &Path) -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix("report-").make_in(folder, make_pipe)?;
        let path = path.into_temp_path();
        // Open for writing here too: so it is never at its end, however often a program opens it.
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(&path)?;
        Ok(Self { path, pipe: Receiver::from_file(file)? })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does what the lines say, one after the other, until the program has ended and all is read.
    pub(super) async fn follow(&self, heeds: &mut impl Heeds, ended: impl Future<Output = ()>) {
        let mut lines = Lines { heeds, line: Vec::new(), wrong: 0 };
        let mut ended = std::pin::pin!(ended);
        let mut has_ended = false;
        let mut until = None;
        loop {
            // A process that was left behind may go on writing.
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            match self.read() {
                Some(bytes) => {
                    lines.take(&bytes).await;
                    // Who reports without end must not keep its own end, or its cancel, from being seen.
                    tokio::task::yield_now().await;
                    if !has_ended && poll_once(&mut ended).await {
                        has_ended = true;
                        until = Some(Instant::now() + LAST_OUTPUT);
                    }
                }
                None if has_ended => break,
                None => tokio::select! {
                    // A pipe that breaks has nothing more to say.
                    _ = self.pipe.readable() => {}
                    () = &mut ended, if !has_ended => {
                        has_ended = true;
                        until = Some(Instant::now() + LAST_OUTPUT);
                    }
                },
            }
        }
        lines.end().await;
    }

    /// What is there to be read.
    fn read(&self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; READ_BYTES];
        let read = self.pipe.try_read(&mut buffer).ok().filter(|read| *read > 0)?;
        buffer.truncate(read);
        Some(buffer)
    }
}

/// Whether it is ready, without waiting for it.
async fn poll_once(what: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    tokio::select! {
        biased;
        () = what => true,
        () = std::future::ready(()) => false,
    }
}

fn make_pipe(path: &Path) -> io::Result<File> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the name is a text that ends with NUL and outlives the call.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
        return Err(io::Error::last_os_error());
    }
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// The lines of one program.
struct Lines<'a, H> {
    heeds: &'a mut H,
    line: Vec<u8>,
    wrong: usize,
}

impl<H: Heeds> Lines<'_, H> {
    async fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = (LINE_BYTES + 1).saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                self.end().await;
            }
        }
    }

    /// The line has ended.
    async fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        if line.len() > LINE_BYTES {
            return self.tell(&format!("it has more than {LINE_BYTES} bytes"));
        }
        match serde_json::from_slice::<Line>(&line) {
            Err(error) => self.tell(&error.to_string()),
            Ok(line) => {
                if let Err(error) = self.heeds.heed(line).await {
                    self.tell(&error);
                }
            }
        }
    }

    /// A line that cannot be heeded is told, and nothing else happens.
    fn tell(&mut self, why: &str) {
        self.wrong += 1;
        if self.wrong > TOLD {
            return;
        }
        let more = if self.wrong == TOLD { "; further ones are not told" } else { "" };
        let why = format!("a line in WINDLASS_REPORT_FILE is left out: {why}{more}");
        self.heeds.left_out(&why);
    }
}

/// The program of one attempt.
impl Heeds for &AttemptContext {
    async fn heed(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line { job: None, error: None, dead: None, .. } => said_of(self, line).await,
            _ => Err("job, error and dead are for programs that take chunks".to_owned()),
        }
    }

    fn left_out(&mut self, why: &str) {
        tracing::warn!(target: LOG_TARGET, kind = self.kind(), job = %self.job_id(), "{why}");
        self.log(Level::Warn, why);
    }
}

/// Does what a line says of a running attempt; why it cannot.
pub(super) async fn said_of(attempt: &AttemptContext, line: Line) -> Result<(), String> {
    let said = |error: Decided| error.to_string();
    match line {
        Line { progress: Some(far), checkpoint: None, step: None, log: None, .. } => {
            progress(attempt, far);
            Ok(())
        }
        Line { checkpoint: Some(data), progress: None, step: None, log: None, .. } => {
            attempt.checkpoint(&data).await.map_err(said)
        }
        Line { step: Some(name), output, progress: None, checkpoint: None, log: None, .. } => {
            let output = output.as_ref().map_or("null", |output| output.get());
            let output = Json::output(output).map_err(|error| error.to_string())?;
            attempt.record_step(&name, output).await.map(drop).map_err(said)
        }
        Line { log: Some(text), level, progress: None, checkpoint: None, step: None, .. } => {
            attempt.log(level.unwrap_or(Level::Info), &text);
            Ok(())
        }
        _ => Err("it says one of progress, checkpoint, step and log".to_owned()),
    }
}

fn progress(attempt: &AttemptContext, progress: Progress) {
    let far = match progress {
        Progress::Percent(percent) => Far { percent: Some(percent), ..Far::default() },
        Progress::Full(far) => far,
    };
    if far.percent.is_some() || far.note.is_some() {
        let percent = far.percent.unwrap_or(f64::NAN);
        attempt.progress(percent, far.note.as_deref().unwrap_or_default());
    }
    if let (Some(done), Some(total)) = (far.done, far.total) {
        attempt.progress_count(done, total);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write as _;
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    /// Longer than any test waits.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Reports something more for each line that is read, as one that is faster than its reader.
    struct Endless<'a> {
        pipe: File,
        may_go_on: &'a dyn Fn() -> bool,
        lines: usize,
    }

    impl Endless<'_> {
        fn report(&mut self) {
            self.lines += 1;
            self.pipe.write_all(b"{\"progress\": 1}\n").expect("there is room");
        }
    }

    impl Heeds for Endless<'_> {
        async fn heed(&mut self, _line: Line) -> Result<(), String> {
            if (self.may_go_on)() {
                self.report();
            }
            Ok(())
        }

        fn left_out(&mut self, why: &str) {
            panic!("{why}");
        }
    }

    async fn follow_endless(
        may_go_on: &dyn Fn() -> bool,
        ended: impl Future<Output = ()>,
    ) -> usize {
        let folder = tempfile::tempdir().expect("a folder");
        let report = ReportPipe::below(folder.path()).expect("made");
        let pipe = OpenOptions::new().write(true).open(report.path()).expect("opened");
        let mut endless = Endless { pipe, may_go_on, lines: 0 };
        endless.report();
        report.follow(&mut endless, ended).await;
        endless.lines
    }

    /// T37: a process that the program left behind, and that reports without end, is not read for ever.
    #[tokio::test]
    async fn what_is_left_behind_is_not_read_for_ever() {
        let (began, ended) = (Instant::now(), Notify::new());
        let may_go_on = || {
            assert!(began.elapsed() < PATIENCE, "it reads on");
            ended.notify_one();
            true
        };
        let lines = follow_endless(&may_go_on, ended.notified()).await;
        assert!(lines > 2, "what came before is read: {lines}");
    }

    /// T37: a program that reports without end does not keep its own end from being seen.
    #[tokio::test]
    async fn the_end_is_seen_though_there_is_always_more_to_read() {
        let (read, is_seen) = (Cell::new(0), Cell::new(false));
        let (first, ended) = (Notify::new(), Notify::new());
        let may_go_on = || {
            first.notify_one();
            read.set(read.get() + 1);
            assert!(read.get() < 10_000, "nothing else comes to its turn");
            !is_seen.get()
        };
        let watch = async {
            first.notified().await;
            is_seen.set(true);
            ended.notify_one();
        };
        tokio::join!(follow_endless(&may_go_on, ended.notified()), watch);
    }
}
