use crate::{Job, Mode, Options, Result, measure, report, tally};

/// One job queue, reduced to what the four measurements need of it.
pub trait Peer: Send + Sync + Sized + 'static {
    /// The name of the crate that is measured.
    const NAME: &'static str;
    /// The Cargo.lock it was built from, which has its version.
    const LOCK: &'static str;
    /// How many slots the fastest configuration has, where it doesn't take the number given.
    const FASTEST_SLOTS: Option<usize> = None;

    /// Opens the store, which is empty, and lays out the peer's tables.
    fn open(options: &Options) -> impl Future<Output = Result<Self>>;

    /// Enqueues one job and returns once it is stored; `Send` because clients are spawned.
    fn enqueue(&self, job: Job) -> impl Future<Output = Result<()>> + Send;

    /// Enqueues a batch in whatever way the peer offers for many jobs.
    fn enqueue_batch(&self, jobs: Vec<Job>) -> impl Future<Output = Result<()>>;

    /// Starts one worker in the background; its handler only calls [`crate::ran`].
    fn start_worker(&self) -> impl Future<Output = Result<()>>;

    /// How many jobs the store doesn't yet have as finished.
    fn unfinished(&self) -> impl Future<Output = Result<u64>>;
}

/// Runs the measurement that the command line asks for and prints it.
pub async fn drive<P: Peer>() -> Result<()> {
    let options = Options::from_command_line()?;
    tally::prepare(options.jobs);
    let peer = P::open(&options).await?;
    let measured = match options.mode {
        Mode::Drain => measure::drain(&peer, &options).await?,
        Mode::Bulk => measure::bulk(&peer, &options).await?,
        Mode::Enqueue => measure::enqueue(peer, &options).await?,
        Mode::Latency => measure::latency(&peer, &options).await?,
    };
    println!("{}", report::line::<P>(&options, &measured));
    // Some peers' workers have no stop that returns promptly, and nothing is left to save.
    std::process::exit(0);
}
