//! `windlass demo`: real work to look at, a worker killed half-way, and proof that nothing was
//! lost.
//!
//! This process enqueues, starts two worker processes of itself, kills one, and afterwards
//! recomputes every output. What it shows is read from the store; only the story of the rescue
//! comes from the workers.

mod crew;
mod kinds;
mod material;
mod measure;
mod play;
mod proof;
mod show;
mod stage;
mod summary;
mod worker;

use std::path::{Path, PathBuf};

use windlass::Client;

use crate::command::Globals;
use crate::exit::{Exit, Failure};
use crate::store;
use kinds::Work;
use material::Material;
use play::Play;
use show::Show;

/// What it is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The store is a new SQLite file that is removed afterwards; with --store the demo uses queues of its
own there and leaves its finished jobs behind. Files in --dir are only read.")]
pub(crate) struct Args {
    /// Work on the files in this folder instead of the sample texts
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Keep the store, and the workers until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// How long the work is to take, to be watched
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = windlass::time::parse_duration)]
    pace: std::time::Duration,
    /// Run as one of the demo's workers, on this queue
    #[arg(long, value_name = "QUEUE", hide = true)]
    as_worker: Option<String>,
}

/// Where a demo happens.
#[derive(Debug)]
struct DemoStore {
    /// The store's URL.
    url: String,
    /// The queue, used by nobody else.
    queue: String,
    /// Texts, copies and the report go here.
    folder: PathBuf,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    if let Some(queue) = args.as_worker {
        return worker::run(&globals.store, &queue).await;
    }
    let temporary = tempfile::Builder::new().prefix("windlass-demo-").tempdir()?;
    let place = DemoStore::new(temporary.path(), &globals.store);
    let material = match &args.dir {
        Some(dir) => Material::of_folder(dir).map_err(Failure::usage)?,
        None => Material::of_samples(&place.folder)?,
    };
    let store = store::created(&place.url).await?;
    let client = Client::new(store).with_origin("windlass demo");
    let work = Work::of(&material, &place, args.pace);
    let show = Show::new(globals, &material, &work, &place);
    let mut play = Play::new(client, work, show, &place);
    let curtain = tokio::select! {
        end = play.run() => end?,
        () = interrupted() => {
            play.break_off().await;
            // Removes the folder, which a signal would leave.
            drop((play, temporary));
            die_interrupted();
            return Ok(Exit::Failed);
        }
    };
    let exit = if curtain.agrees() { Exit::Done } else { Exit::Failed };
    play.show_summary(&curtain)?;
    if args.keep {
        let kept = temporary.keep();
        play.linger(&kept, interrupted()).await?;
    } else {
        play.dismiss().await;
    }
    Ok(exit)
}

impl DemoStore {
    fn new(folder: &Path, store: &str) -> Self {
        // Only by name: a store that the environment names for daily work is not for a demo.
        let named = std::env::args().any(|arg| arg == "--store" || arg.starts_with("--store="));
        let own = || format!("sqlite:{}", folder.join("demo.db").display());
        let url = if named { store.to_owned() } else { own() };
        let queue = format!("demo-{}", std::process::id());
        Self { url, queue, folder: folder.to_owned() }
    }
}

async fn interrupted() {
    // Without a handler the signal ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ends as the signal would have ended it, so that a shell sees it and reports 130.
fn die_interrupted() {
    // SAFETY: plain numbers; the default disposition runs no code of ours.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::raise(libc::SIGINT);
    }
}

impl DemoStore {
    /// The store, for people.
    fn shown(&self) -> String {
        windlass::without_password(&self.url)
    }
}
