//! What a probe's jobs do. Every attempt is written down, whatever its kind.

mod events;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use windlass_core::batch::BatchCounts;
use windlass_core::context::AttemptContext;
use windlass_core::handler::{Handler, HandlerFuture, Isolation, Policy, Registered};
use windlass_core::job::{Backoff, JobError, RetryPolicy};
use windlass_core::json::Json;

use crate::draft::job;
use crate::fault::settings::Settings;
use crate::history::journal::Journal;
use crate::history::record::{Counted, Event};

/// What a probe can run. `sleep` takes milliseconds as its args, `fail` the number of attempts
/// that fail, `steps` the number of steps, `halting` too and fails after every second one, `adds` the number of jobs that it
/// adds to its batch. `seen`, `slowly` and `emits` are for jobs of events: the first fails now and then, the second takes some
/// milliseconds, the third publishes what comes of it.
pub const KINDS: [&str; 18] = [
    "ok",
    "fail",
    "failalways",
    "sleep",
    "panic",
    "kill",
    "hang",
    "spin",
    "gate",
    "block",
    "ledger",
    "steps",
    "halting",
    "adds",
    "counts",
    "seen",
    "slowly",
    "emits",
];

/// Runs in a process of its own, and takes how it ends as its args.
const CRASH: &str = "crash";

/// With what the kind `panic` panics.
pub const MEANT: &str = "the probe panics";

/// Where the kind `steps` writes down what it does, in the folder of records.
pub const STEPS: &str = "steps.txt";
/// How long one of these steps takes.
const STEP: Duration = Duration::from_millis(2);

/// Between two looks at the gate.
const LOOK: Duration = Duration::from_millis(10);
/// Waits between attempts are scaled down like all other times.
const RETRY: Duration = Duration::from_millis(50);

/// A handler of each kind.
pub(super) fn all(journal: &Arc<Journal>, settings: &Settings) -> Vec<Registered> {
    let policy = Policy {
        retry: RetryPolicy { backoff: Backoff::Fixed(RETRY), ..RetryPolicy::default() },
        timeout: settings.timeout,
        ..Policy::default()
    };
    let registered = |kind: &'static str| {
        let probe = Probe { kind, journal: Arc::clone(journal), gate: settings.gate() };
        Registered::dynamic(kind, policy.clone(), Arc::new(probe))
    };
    let mut crash = registered(CRASH);
    crash.policy.isolation = Isolation::Process;
    KINDS.into_iter().map(registered).chain([crash]).collect()
}

/// The handler of one kind.
struct Probe {
    kind: &'static str,
    journal: Arc<Journal>,
    gate: PathBuf,
}

impl Handler for Probe {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let (kind, journal, gate) = (self.kind, Arc::clone(&self.journal), self.gate.clone());
        Box::pin(async move {
            let (job, number) = (attempt.job_id(), attempt.attempt());
            let lease = attempt.fence().lease;
            let worker = attempt.worker().to_owned();
            journal.note(Event::Start { job, attempt: number, lease, worker });
            events::note(&attempt, &journal);
            let end = act(kind, &attempt, &journal, gate).await;
            journal.note(Event::End { job, attempt: number });
            end.map(|()| None)
        })
    }
}

async fn act(
    kind: &str,
    attempt: &AttemptContext,
    journal: &Journal,
    gate: PathBuf,
) -> Result<(), JobError> {
    match kind {
        "fail" if attempt.attempt() <= number(attempt.args())? => {
            return Err(JobError::retry(format_args!("failure {}", attempt.attempt())));
        }
        "failalways" => return Err(JobError::retry("it always fails")),
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(number(attempt.args())?.into())).await;
        }
        "panic" => panic!("{MEANT}"),
        "kill" => die(),
        "hang" => std::future::pending::<()>().await,
        "spin" => spin(),
        "gate" => {
            while !gate.exists() {
                tokio::time::sleep(LOOK).await;
            }
        }
        "block" => block(&gate),
        "steps" => steps(attempt, journal, &gate.with_file_name(STEPS)).await?,
        "halting" => halting(attempt, journal).await?,
        "adds" => add(attempt).await?,
        "counts" => count(attempt, journal).await?,
        "seen" => events::see(attempt)?,
        "slowly" => events::take_time(attempt).await,
        "emits" => events::emit(attempt).await?,
        CRASH => crash(attempt, gate).await?,
        _ => {}
    }
    Ok(())
}

/// Does one step after the other, and writes down each that it does.
async fn steps(attempt: &AttemptContext, journal: &Journal, ledger: &Path) -> Result<(), JobError> {
    for nth in 1..=number(attempt.args())? {
        attempt.safe_point()?;
        let done = async || {
            note_step(attempt, journal, nth).await;
            let mut file = OpenOptions::new().create(true).append(true).open(ledger)?;
            file.write_all(format!("{nth}\n").as_bytes())?;
            Ok(())
        };
        attempt.step(&format!("step {nth}"), done).await?;
    }
    Ok(())
}

/// Does two steps that are new, and then fails, until none is left.
async fn halting(attempt: &AttemptContext, journal: &Journal) -> Result<(), JobError> {
    let new = AtomicU32::new(0);
    for nth in 1..=number(attempt.args())? {
        let done = async || {
            if new.fetch_add(1, Ordering::Relaxed) == 2 {
                return Err(JobError::retry("two steps are enough"));
            }
            note_step(attempt, journal, nth).await;
            Ok(())
        };
        attempt.step(&format!("step {nth}"), done).await?;
    }
    Ok(())
}

async fn note_step(attempt: &AttemptContext, journal: &Journal, nth: u32) {
    tokio::time::sleep(STEP).await;
    let (job, number, step) = (attempt.job_id(), attempt.attempt(), format!("step {nth}"));
    journal.note(Event::StepDone { job, attempt: number, step });
}

/// Adds jobs to its own batch.
async fn add(attempt: &AttemptContext) -> Result<(), JobError> {
    let Some(batch) = attempt.batch() else { return Ok(()) };
    for _ in 0..number(attempt.args())? {
        attempt.enqueue(job().kind("ok").member_of(batch).done()).await?;
    }
    Ok(())
}

/// Writes down what it is told of the batch whose end it has waited for.
async fn count(attempt: &AttemptContext, journal: &Journal) -> Result<(), JobError> {
    let Some(batch) = attempt.batch_before().await? else { return Ok(()) };
    let BatchCounts { open, completed, cancelled, dead } = batch.jobs;
    let (job, counted) = (attempt.job_id(), Counted { open, completed, cancelled, dead });
    journal.note(Event::Counted { job, batch: batch.id, counted });
    Ok(())
}

fn number(args: &Json) -> Result<u32, JobError> {
    args.read().map_err(JobError::dead)
}

/// Dies as by the kernel's hand when memory runs out.
fn die() {
    // SAFETY: `raise` takes no pointer.
    unsafe { libc::raise(libc::SIGKILL) };
}

/// Ends its process, or the attempt, as its args say.
async fn crash(attempt: &AttemptContext, gate: PathBuf) -> Result<(), JobError> {
    let how: String = attempt.args().read().map_err(JobError::dead)?;
    match how.as_str() {
        "abort" => std::process::abort(),
        "segfault" => loop {
            // Rust's own handler of the first one only makes the second one deadly.
            // SAFETY: `raise` takes no pointer.
            unsafe { libc::raise(libc::SIGSEGV) };
        },
        "kill" => die(),
        "exit" => std::process::exit(3),
        "end" => std::process::exit(0),
        "panic" => panic!("{MEANT}"),
        "dead" => return Err(JobError::dead("no such user")),
        "print" => print_much(),
        "spin" => spin(),
        "safe" => loop {
            attempt.safe_point()?;
            tokio::time::sleep(LOOK).await;
        },
        "told" => {
            attempt.cancelled().await;
            return Err(JobError::cancelled("told to end"));
        }
        _ => {
            while !gate.exists() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
    Ok(())
}

/// Sixteen times what a pipe holds, on both streams.
fn print_much() {
    let line = "x".repeat(1_023);
    for _ in 0..1_024 {
        let _ = writeln!(std::io::stdout(), "{line}");
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    let _ = writeln!(std::io::stdout(), "printed");
}

/// Keeps its thread until the gate is open.
fn block(gate: &Path) {
    while !gate.exists() {
        std::thread::sleep(LOOK);
    }
}

/// Never gives the thread back.
fn spin() {
    loop {
        std::hint::spin_loop();
    }
}
