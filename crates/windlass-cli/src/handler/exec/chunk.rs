//! Executables that take many jobs at a time: a line for each on stdin, and a line for the end of each in the report file.
//!
//! The exit code is the end of those that no line was written for.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::select_all;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, SemaphorePermit};
use windlass::chunk::{ChunkFuture, ChunkHandler, ChunkItem};
use windlass::event::CloudEventBody;
use windlass::{AttemptContext, JobError, Json, Timestamp};

use super::logs::{Tail, Whom};
use super::program::{Program, not_begun};
use super::report::{Heeds, Line, ReportPipe, said_of};
use super::{ExecHandler, Setup, verdict};
use crate::handler::check_args;
use crate::handler::event;

/// One job as the program reads it.
#[derive(Serialize)]
struct Input<'a> {
    job: String,
    attempt: u32,
    max_attempts: u16,
    correlation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<CloudEventBody<'a>>,
    args: &'a RawValue,
}

/// The jobs of a call whose ends were not reported, by their ids.
struct Members {
    open: HashMap<String, Member>,
    /// Why a line was left out, which may have been the end of one of them.
    left_out: Option<String>,
}

struct Member {
    item: ChunkItem,
    told: Arc<Notify>,
}

/// Ready when the program is to end: each attempt has its end or must end, and one must.
async fn must_end(attempts: &[(Arc<AttemptContext>, Arc<Notify>)]) {
    for (attempt, told) in attempts {
        tokio::select! {
            () = attempt.cancelled() => {}
            () = told.notified() => {}
        }
    }
    // The last end that is reported is told when the program has ended: its attempt may have to end before.
    let cancelled = attempts.iter().map(|(attempt, _)| Box::pin(attempt.cancelled()));
    select_all(cancelled).await;
}

impl ChunkHandler for ExecHandler {
    fn run(&self, items: Vec<ChunkItem>) -> ChunkFuture {
        let setup = Arc::clone(&self.setup);
        Box::pin(async move { setup.run_chunk(items).await })
    }
}

impl Setup {
    async fn run_chunk(&self, items: Vec<ChunkItem>) -> Result<(), JobError> {
        let Some(kind) = items.first().map(|item| item.attempt().kind().to_owned()) else {
            return Ok(());
        };
        let whom = Whom::kind(&kind);
        let folder = self.folder()?;
        let report = ReportPipe::below(&folder.path())
            .map_err(|error| not_begun(&whom, "no pipe for reports could be made", &error))?;
        let mut input = String::new();
        let (mut members, mut attempts) = (HashMap::new(), Vec::new());
        for item in items {
            match self.line(item.attempt()) {
                Ok(line) => {
                    input.push_str(&line);
                    input.push('\n');
                    let told = Arc::new(Notify::new());
                    attempts.push((Arc::clone(item.attempt()), Arc::clone(&told)));
                    members.insert(item.attempt().job_id().to_string(), Member { item, told });
                }
                Err(error) => item.fail(error),
            }
        }
        let Some((first, _)) = attempts.first() else { return Ok(()) };
        let environment = self.environment_of(&attempts, &report);
        let mut members = Members { open: members, left_out: None };
        let mut tail = Tail::default();
        let program = Program { setup: self, whom, report: &report, tail: &mut tail };
        let needless = async {
            tokio::select! {
                // A worker that stops hands back what has no program yet.
                () = first.stopping() => {}
                () = must_end(&attempts) => {}
            }
        };
        let Some(_turn) = self.turn(needless).await else {
            return Err(JobError::stopped());
        };
        let must_end = must_end(&attempts);
        let end = program.run(environment, &input, &mut members, must_end).await?;
        if end.status.success() {
            // What was said of one of the others cannot be known.
            return members.left_out.map_or(Ok(()), |why| Err(JobError::retry(why)));
        }
        Err(verdict(first, end, &tail).await)
    }

    /// The turn of a program: as many run at once as chunks fit into the slots, also where each is for one job. `None` where
    /// there is no need for one before.
    async fn turn(&self, needless: impl Future<Output = ()>) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            turn = self.programs.acquire() => turn.ok(),
            () = needless => None,
        }
    }

    /// One job as a line.
    fn line(&self, attempt: &AttemptContext) -> Result<String, JobError> {
        check_args(attempt)?;
        let args = attempt.args().read::<&RawValue>();
        let args = args.map_err(|error| JobError::dead(format_args!("malformed args: {error}")))?;
        // A line is a job: JSON may have line breaks between its parts, and nowhere else.
        let args = args.get().replace(['\n', '\r'], " ");
        let input = Input {
            job: attempt.job_id().to_string(),
            attempt: attempt.attempt(),
            max_attempts: attempt.max_attempts().unwrap_or(self.max_attempts),
            correlation_id: attempt.root().to_string(),
            event: event::of(attempt),
            args: serde_json::from_str(&args)?,
        };
        Ok(serde_json::to_string(&input)?)
    }

    fn environment_of(
        &self,
        attempts: &[(Arc<AttemptContext>, Arc<Notify>)],
        report: &ReportPipe,
    ) -> Vec<(&'static str, std::ffi::OsString)> {
        let kind = attempts.first().map(|(first, _)| first.kind().to_owned()).unwrap_or_default();
        let shortest = attempts.iter().map(|(one, _)| one.timeout()).min().unwrap_or_default();
        // The first of them may have waited so long for the others.
        let deadline = Timestamp::wall_clock().after(shortest.saturating_sub(self.waited));
        vec![
            ("WINDLASS_STORE", self.store.clone().into()),
            ("WINDLASS_KIND", kind.into()),
            ("WINDLASS_JOBS", attempts.len().to_string().into()),
            ("WINDLASS_DEADLINE", deadline.to_string().into()),
            ("WINDLASS_REPORT_FILE", report.path().into()),
        ]
    }
}

impl Heeds for Members {
    async fn heed(&mut self, line: Line) -> Result<(), String> {
        let Some(id) = line.job.clone() else { return Err("it names no job".to_owned()) };
        let Some(Member { item, .. }) = self.open.get(&id) else {
            return Err(format!("{id} is not a job of this call, or has its end"));
        };
        let end = match &line {
            Line { step: None, output: Some(output), error: None, dead: None, .. } => {
                Ok(Json::output(output.get()).map_err(|error| error.to_string())?)
            }
            Line { output: None, error: Some(text), dead: None, .. } => Err(JobError::retry(text)),
            Line { output: None, error: None, dead: Some(text), .. } => Err(JobError::dead(text)),
            Line { error: None, dead: None, .. } => {
                return said_of(&Arc::clone(item.attempt()), line).await;
            }
            _ => return Err("a job has one end: output, error or dead".to_owned()),
        };
        let Some(Member { item, told }) = self.open.remove(&id) else { return Ok(()) };
        match end {
            Ok(output) => item.complete(Some(output).filter(|output| output.as_str() != "null")),
            Err(error) => item.fail(error),
        }
        told.notify_one();
        Ok(())
    }

    fn left_out(&mut self, why: &str) {
        tracing::warn!(target: crate::handler::LOG_TARGET, "{why}");
        self.left_out.get_or_insert_with(|| why.to_owned());
    }
}
