//! Executables: args on stdin, result in a file, the exit code decides.
//!
//! | ending | meaning |
//! |---|---|
//! | exit 0 | completed; the output is the result file |
//! | exit 75 | retry |
//! | exit 64, 65 | dead at once |
//! | exit 10 after SIGTERM | stopped at a safe point: handed back, not counted |
//! | other exit codes | failed, retry |
//! | killed by a signal | unclean end, retry |
//!
//! The environment names the job, the event that it comes of, its store and the root of its tree, so that `windlass enqueue`
//! in the program needs no flags and what it enqueues is a child of the job.
//!
//! The program leads a process group of its own. When the attempt must end the group gets
//! SIGTERM, and SIGKILL when the grace is over or the handler's future is dropped.

mod child;
mod chunk;
mod folder;
mod logs;
mod program;
mod recall;
mod report;
mod result;

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use std::os::unix::process::ExitStatusExt as _;
use tokio::sync::Semaphore;
use windlass::AttemptContext;
use windlass::Json;
use windlass::Timestamp;
use windlass::{Handler, HandlerFuture, JobError};

use super::{HandlerParts, event};
use crate::config::{Executable, HandlerConfig};
use crate::shutdown::Hurry;
pub(crate) use folder::ResultFolder;
use logs::{Tail, Whom};
use program::{End, Program, not_begun};
use recall::{Recall, RecallFile};
use report::ReportPipe;
use result::ResultFile;

/// A service manager may send SIGTERM to worker and program at once; the program's end can then
/// be seen before the worker's own stop.
const STOP_MAY_FOLLOW: Duration = Duration::from_millis(500);

/// Runs a program for each job.
#[derive(Debug)]
pub(crate) struct ExecHandler {
    setup: Arc<Setup>,
}

#[derive(Debug)]
struct Setup {
    executable: Executable,
    grace: Duration,
    /// How long a job may have waited for others of its chunk.
    waited: Duration,
    /// How many programs of chunks run at once.
    programs: Semaphore,
    max_attempts: u16,
    store: String,
    hurry: Hurry,
    /// The command owns it: handlers may be dropped only after the process is told to end.
    results: Weak<ResultFolder>,
}

/// The files of an attempt, removed with it.
#[derive(Debug)]
struct Files {
    result: ResultFile,
    report: ReportPipe,
    recall: RecallFile,
}

impl ExecHandler {
    pub(crate) fn new(
        executable: &Executable,
        config: &HandlerConfig,
        around: &HandlerParts,
        results: &Arc<ResultFolder>,
    ) -> Self {
        let setup = Setup {
            executable: executable.clone(),
            grace: config.grace,
            programs: Semaphore::new(
                config.chunks.map_or(1, |chunks| config.slots / chunks.most()),
            ),
            waited: config.chunks.map_or(Duration::ZERO, |chunks| chunks.wait()),
            max_attempts: config.retry.max_attempts.unwrap_or(0),
            store: around.store.clone(),
            hurry: around.hurry.clone(),
            results: Arc::downgrade(results),
        };
        Self { setup: Arc::new(setup) }
    }
}

impl Handler for ExecHandler {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let setup = Arc::clone(&self.setup);
        Box::pin(async move { setup.run(&attempt).await })
    }
}

impl Setup {
    async fn run(&self, attempt: &AttemptContext) -> Result<Option<Json>, JobError> {
        super::check_args(attempt)?;
        let whom = Whom::attempt(attempt);
        let files = self.files(attempt, &whom).await?;
        let mut environment = self.environment(attempt, &files);
        environment.extend(event::variable(attempt)?.map(|text| (event::VARIABLE, text.into())));
        let mut tail = Tail::default();
        let program = Program { setup: self, whom, report: &files.report, tail: &mut tail };
        let input = attempt.args().as_str();
        let end = program.run(environment, input, &mut &*attempt, attempt.cancelled()).await?;
        if end.status.success() {
            return Ok(files.result.read().await);
        }
        Err(verdict(attempt, end, &tail).await)
    }

    /// The files by which the program and the worker talk.
    async fn files(&self, attempt: &AttemptContext, whom: &Whom) -> Result<Files, JobError> {
        let made = |what| {
            move |error: io::Error| not_begun(whom, &format!("no {what} could be made"), &error)
        };
        let folder = self.folder()?;
        let result = folder.file().map_err(made("result file"))?;
        let report = ReportPipe::below(&folder.path()).map_err(made("pipe for reports"))?;
        let recall = Recall::of(attempt).await?;
        let recall = recall.below(&folder.path()).map_err(made("file of what is recorded"))?;
        Ok(Files { result, report, recall })
    }

    fn folder(&self) -> Result<Arc<ResultFolder>, JobError> {
        let ended = || JobError::retry("the folder of its files is gone: the worker has ended");
        self.results.upgrade().ok_or_else(ended)
    }

    fn environment(
        &self,
        attempt: &AttemptContext,
        files: &Files,
    ) -> Vec<(&'static str, std::ffi::OsString)> {
        let limit = attempt.max_attempts().unwrap_or(self.max_attempts);
        let deadline = Timestamp::wall_clock().after(attempt.timeout());
        let traceparent = attempt.traceparent().map(|text| ("TRACEPARENT", text.into()));
        let named = [
            ("WINDLASS_STORE", self.store.clone().into()),
            ("WINDLASS_JOB_ID", attempt.job_id().to_string().into()),
            ("WINDLASS_KIND", attempt.kind().into()),
            ("WINDLASS_ATTEMPT", attempt.attempt().to_string().into()),
            ("WINDLASS_MAX_ATTEMPTS", limit.to_string().into()),
            ("WINDLASS_DEADLINE", deadline.to_string().into()),
            ("WINDLASS_CORRELATION_ID", attempt.root().to_string().into()),
            ("WINDLASS_DEPTH", attempt.depth().to_string().into()),
            ("WINDLASS_LEASE", attempt.fence().lease.to_string().into()),
            ("WINDLASS_RESULT_FILE", files.result.path().into()),
            ("WINDLASS_REPORT_FILE", files.report.path().into()),
            ("WINDLASS_RECALL_FILE", files.recall.path().into()),
        ];
        named.into_iter().chain(traceparent).collect()
    }
}

/// What the end of a program that did not succeed means.
async fn verdict(attempt: &AttemptContext, end: End, tail: &Tail) -> JobError {
    let stopped_by = |told: bool| async move {
        told || tokio::time::timeout(STOP_MAY_FOLLOW, attempt.stopping()).await.is_ok()
    };
    match (end.status.code(), end.status.signal()) {
        (Some(10), _) if stopped_by(end.told).await => JobError::stopped(),
        (_, Some(libc::SIGTERM)) if stopped_by(end.told).await => JobError::stopped(),
        (Some(code @ (64 | 65)), _) => {
            JobError::dead(tail.after(format_args!("exited with {code}")))
        }
        (Some(code), _) => JobError::retry(tail.after(format_args!("exited with {code}"))),
        (None, signal) => {
            let number = signal.unwrap_or_default();
            JobError::retry(tail.after(format_args!("unclean end: signal {number}")))
        }
    }
}
