//! The checks: what a worker has to do, each shown by what it does.

mod fault;
mod lease;
mod restart;
mod run;
mod stop;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::report::{Found, Status};
use super::server::Server;

type Running<'a> = Pin<Box<dyn Future<Output = Result<String, Wrong>> + Send + 'a>>;

/// What a worker has to do.
pub(super) struct Check {
    pub(super) id: &'static str,
    /// A sentence.
    pub(super) expected: &'static str,
    /// Whether the worker's command is needed.
    needs_command: bool,
    run: for<'a> fn(&'a mut Server) -> Running<'a>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Why a check did not pass.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The worker did something else, which is said.
    Worker(String),
    /// Its circumstances do not allow it, which is said.
    Skipped(String),
    /// The command itself failed.
    Here(anyhow::Error),
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self::Worker(what.into())
    }
}

impl<E: Into<anyhow::Error>> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self::Here(error.into())
    }
}

macro_rules! checks {
    ($($id:literal $needs:ident $function:path, $expected:literal;)+) => {
        /// All of them, in the order in which they run.
        pub(super) static ALL: &[Check] = &[$(Check {
            id: $id,
            expected: $expected,
            needs_command: checks!($needs),
            run: |server| Box::pin($function(server)),
        }),+];
    };
    (worker) => { false };
    (command) => { true };
}

checks! {
    "register" worker run::register, "registers with protocol 1, its slots and its kinds";
    "claim" worker run::claim, "waits for work in a long poll, not in a busy loop";
    "complete" worker run::complete, "runs a job and settles it with its output";
    "fail" worker run::fail, "reports an error as a failure, with its message and type";
    "retry" worker run::retry, "says that a job is not to be tried again, or is to run later";
    "steps" worker run::steps, "does a step once that it has reported, and goes on with what it returned";
    "args" worker run::args, "takes args in any script and of 200 KB, and returns them unchanged";
    "slots" worker run::slots, "runs no more jobs at once than it has slots";
    "heartbeat" worker lease::heartbeat, "sends heartbeats in time while a long job runs, and names its lease";
    "cancel" worker lease::cancel, "ends a job that a heartbeat says to cancel, and settles it as cancelled";
    "lost" worker lease::lost, "ends a job whose lease is lost, and settles it no more";
    "late" worker lease::late, "takes it that a result came too late, and does not send it again";
    "fields" worker fault::fields, "ignores fields of answers that it does not know";
    "clock" worker fault::clock, "runs jobs although the server's clock is a day behind";
    "answer-lost" worker fault::answer_lost, "repeats a result whose answer was lost, with the same lease, and does not run the job again";
    "claim-lost" worker fault::claim_lost, "goes on where the answer to a claim was lost";
    "busy" worker fault::busy, "sends a result again that could not be written right now";
    "unavailable" worker fault::unavailable, "waits as long as a 503 says in Retry-After, and then goes on";
    "quiet" worker stop::quiet, "finishes what it runs when it is asked to be quiet, stays, and works again later";
    "restart" worker restart::restart, "goes on where the server was away, with the jobs that it held";
    "gone" worker restart::gone, "registers again where the server does not know it any more, and ends what it ran";
    "terminate" worker stop::terminate, "settles what it runs and leaves when it is told to terminate";
    "signal" command stop::signal, "settles what it runs, leaves and exits with 0 on SIGTERM";
}

impl Check {
    /// Whether it is asked for: without a worker there is none.
    pub(super) fn is_among(&self, wanted: &[&Self]) -> bool {
        self.id == ALL[0].id || wanted.iter().any(|one| one.id == self.id)
    }

    /// Runs it. What failed here rather than there ends the command.
    pub(super) async fn run(
        &self,
        server: &mut Server,
        is_registered: bool,
    ) -> anyhow::Result<Found> {
        let skipped = |seen: &str| Ok(Found { status: Status::Skipped, seen: seen.to_owned() });
        if !is_registered {
            return skipped("there is no worker to hold it against");
        }
        if self.needs_command && server.program.is_none() {
            return skipped("needs the worker's command behind --");
        }
        let (status, seen) = match (self.run)(server).await {
            Ok(seen) => (Status::Passed, seen),
            Err(Wrong::Worker(seen)) => (Status::Failed, seen),
            Err(Wrong::Skipped(seen)) => (Status::Skipped, seen),
            Err(Wrong::Here(error)) => return Err(error),
        };
        server.tidy(status == Status::Failed).await?;
        Ok(Found { status, seen })
    }
}
