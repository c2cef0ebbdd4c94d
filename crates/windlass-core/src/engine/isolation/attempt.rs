//! Attempts in a process of their own: the child's side.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::thread;

use super::wire::{Order, Reply, ReplyEnd, Word};
use crate::client::Client;
use crate::context::{AttemptContext, AttemptParts, News, Signals};
use crate::engine::attempt::{self, HandlerExit};
use crate::engine::last_words::{self, LastWords};
use crate::error::StoreError;
use crate::event::with_event;
use crate::handler::Handler;
use crate::job::JobError;
use crate::json::storable_text;
use crate::limits::{ERROR_BYTES, PROGRESS_EVERY};
use crate::progress;

/// Says in a child which process is its worker.
pub(super) const VARIABLE: &str = "WINDLASS_ISOLATED_BY";

/// Whether this process is the child of a worker, made to run one attempt: what a program does at its start, beside preparing
/// and starting its worker, is best left out then.
#[must_use]
pub fn is_isolated() -> bool {
    // A program that the handler starts inherits the variable, and has another parent.
    let worker = std::env::var(VARIABLE).ok().and_then(|worker| worker.parse().ok());
    worker.is_some_and(|worker: u32| worker == std::os::unix::process::parent_id())
}

/// The attempt that this process is for.
pub(in crate::engine) struct Isolated {
    order: Order,
    signals: Signals,
    worker: UnixStream,
}

/// The attempt that this process is for, where it is for one: the same at each call, since a program may start several workers.
///
/// # Errors
/// When the worker did not say what it is.
pub(in crate::engine) fn isolated() -> Option<io::Result<&'static Isolated>> {
    static TAKEN: OnceLock<io::Result<Isolated>> = OnceLock::new();
    let taken = || TAKEN.get_or_init(Isolated::take).as_ref();
    is_isolated().then(|| taken().map_err(|error| io::Error::new(error.kind(), error.to_string())))
}

impl Isolated {
    /// Takes the socket from stdin, so that no program that the handler starts inherits it, and reads the order.
    fn take() -> io::Result<Self> {
        let (stdin, nothing) = (io::stdin(), File::open("/dev/null")?);
        // SAFETY: a process has its stdin until it closes it, and nothing here does.
        let socket = unsafe { BorrowedFd::borrow_raw(stdin.as_raw_fd()) }.try_clone_to_owned()?;
        // SAFETY: both are open files of this process; dup2 takes no pointer.
        if unsafe { libc::dup2(nothing.as_raw_fd(), stdin.as_raw_fd()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        let worker = UnixStream::from(socket);
        let (mut lines, mut first) = (BufReader::new(worker.try_clone()?), String::new());
        lines.read_line(&mut first)?;
        let order = Order::read(&first).map_err(io::Error::other)?;
        let signals = Signals::default();
        let told = signals.clone();
        thread::Builder::new()
            .name("windlass-isolated".to_owned())
            .spawn(move || listen(lines, &told))?;
        Ok(Self { order, signals, worker })
    }

    /// The job's kind.
    pub(in crate::engine) fn kind(&self) -> &str {
        self.order.kind()
    }

    /// Runs the attempt with this handler, tells the worker how it ended, and ends the process.
    pub(in crate::engine) async fn run(&self, handler: Arc<dyn Handler>, client: Client) -> ! {
        let parts = AttemptParts {
            lease: self.order.lease,
            worker: self.order.worker,
            worker_label: self.order.worker_label.as_str().into(),
            timeout: self.order.timeout(),
            signals: self.signals.clone(),
            news: News::default(),
            beside: None,
            client,
        };
        let news = Arc::clone(&parts.news);
        let job = with_event(&**parts.client.store(), self.order.job()).await;
        let (job, unread) =
            job.map_or_else(|error| (self.order.job(), Some(error)), |job| (job, None));
        let context = Arc::new(AttemptContext::new(job, parts));
        let exit = tokio::select! {
            exit = run(handler, &context, unread) => exit,
            never = account(&context, &news) => never,
        };
        tell_last(&context, &exit).await;
        let reply = Reply { finished: context.was_finished(), end: reply_end(exit) };
        let told = reply.line().map_err(io::Error::other);
        let told = told.and_then(|line| (&self.worker).write_all(line.as_bytes()));
        std::process::exit(i32::from(told.is_err()))
    }
}

/// Runs the handler, unless its event could not be read.
async fn run(
    handler: Arc<dyn Handler>,
    context: &Arc<AttemptContext>,
    unread: Option<StoreError>,
) -> HandlerExit {
    match unread {
        None => attempt::handle(handler, Arc::clone(context)).await,
        Some(error) => HandlerExit::Error(JobError::retry(format_args!(
            "its event could not be read: {error}"
        ))),
    }
}

/// Writes what the attempt says of itself, once a second at most.
async fn account(context: &AttemptContext, news: &News) -> HandlerExit {
    loop {
        news.notified().await;
        if let Some(report) = context.take_report()
            && let Err(error) =
                progress::write_all(&**context.client().store(), std::slice::from_ref(&report))
                    .await
        {
            tracing::debug!(%error, "progress could not be written, and is tried again");
            context.put_back(report);
            news.notify_one();
        }
        tokio::time::sleep(PROGRESS_EVERY).await;
    }
}

/// Writes its last words. The worker settles it in any case: what cannot be written is lost with the child.
async fn tell_last(context: &Arc<AttemptContext>, exit: &HandlerExit) {
    let Some(words) = LastWords::of(context, exit) else { return };
    let written = last_words::write(&**context.client().store(), std::iter::once(&*words)).await;
    if let Err(error) = written {
        tracing::warn!(%error, "what an attempt said last could not be written");
    }
}

fn reply_end(exit: HandlerExit) -> ReplyEnd {
    match exit {
        HandlerExit::Value(output) => {
            ReplyEnd::Value { output: output.map(|json| json.as_str().to_owned()) }
        }
        HandlerExit::Error(error) => {
            let message = storable_text(error.message(), ERROR_BYTES);
            let waits = error.waits().cloned().map(Box::new);
            ReplyEnd::Error { decision: error.decision().into(), message, waits }
        }
        HandlerExit::Panic(text) => ReplyEnd::Panic { text: storable_text(&text, ERROR_BYTES) },
        HandlerExit::NotStarted | HandlerExit::Dropped => {
            ReplyEnd::Panic { text: "the attempt did not run in the child".to_owned() }
        }
    }
}

/// Hears what the worker says, and ends the process once nobody is there to say more.
fn listen(lines: BufReader<UnixStream>, signals: &Signals) {
    for line in lines.lines().map_while(Result::ok) {
        match Word::read(&line) {
            Some(Word::Stop) => signals.stopping.cancel(),
            Some(Word::Cancel) => signals.cancelled.cancel(),
            None => {}
        }
    }
    // SAFETY: it takes a plain number. Nothing that would run at an ordinary end is wanted: the attempt is another worker's.
    unsafe { libc::_exit(libc::EXIT_FAILURE) };
}
