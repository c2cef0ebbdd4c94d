//! `windlass dev`: a worker and the HTTP API in one process, for who writes handlers. A changed `windlass.toml` is used at once.

mod sample;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use windlass::redact::Redaction;
use windlass::store::Store;
use windlass::{Client, Timestamp};
use windlass_dashboard::Commands;
use windlass_http::{Access, Api};

use super::serve::{LISTEN, bind};
use super::work::logs;
use super::work::plan::Plan;
use super::work::screen::Screen;
use super::work::session::{Ended, Session, Until};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys;
use crate::service::Service;
use crate::shutdown::edits::Edits;
use crate::shutdown::{self, Signals};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass dev
  windlass dev --listen 127.0.0.1:8080 --config jobs/windlass.toml
  windlass dev --sample

Nobody is asked for a token, so that it listens on this machine alone. For production there are windlass work and windlass serve.")]
pub(crate) struct Args {
    /// The address and port of the API, on 127.0.0.1 or ::1; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = LISTEN)]
    listen: SocketAddr,
    /// The file with the handlers; it may come later
    #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
    config: PathBuf,
    /// Show a shop with made-up jobs in place of yours: in a new store that is removed afterwards, or in the empty one of --store
    #[arg(long, conflicts_with = "config")]
    sample: bool,
}

impl Args {
    /// Whether it shows its sample in a store that is removed at the end.
    fn is_thrown_away(&self) -> bool {
        self.sample && !store::is_named()
    }
}

/// Where it is seen: in a browser, and by commands in another terminal, each on a line of its own however narrow that is.
fn told(args: &Args, globals: &Globals, address: &str) -> String {
    let url = windlass::without_password(&store::whole_url(&globals.store));
    let shop = match (args.sample, args.is_thrown_away()) {
        (true, true) => "a made-up shop, in a store that is removed when this ends\n",
        (true, false) => "a made-up shop\n",
        _ => "",
    };
    format!(
        "serving http://{address}\n{shop}in another terminal: windlass status --store {}\n",
        quoted(&url)
    )
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:._-@%+=,".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    if !args.sample {
        return serve(args, globals).await;
    }
    // Its handlers are for jobs of its own.
    let folder = tempfile::Builder::new().prefix("windlass-sample-").tempdir()?;
    let own = format!("sqlite:{}", folder.path().join("sample.db").display());
    let store = if args.is_thrown_away() { own } else { globals.store.clone() };
    let globals = Globals { store, ..globals.clone() };
    serve(Args { config: folder.path().join("none.toml"), ..args }, &globals).await
}

async fn serve(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    check(args.listen)?;
    let (service, lifeline) = Service::of_environment();
    let mut signals = Signals::listen(lifeline)?.with_edits(Edits::of(&args.config));
    let screen = Screen::without_progress();
    logs::begin(&screen, globals.out.asides(), false);
    let store = match args.is_thrown_away() {
        true => store::created(&globals.store).await?,
        false => store::created_and_told(globals).await?,
    };
    let hands = if args.sample { sample::fill(&store).await? } else { Vec::new() };
    let server = bind(args.listen).await?;
    globals.out.aside(&told(&args, globals, &server.address()?.to_string()));
    let client = keys::encrypting(Client::new(store.clone()), keys::of(&args.config)?);
    let api = Api::of(client, Access::open(), None).redacting(redaction(&args.config));
    let plans = if args.sample { Plans::Nothing } else { Plans::OfFile };
    let dev = Dev { globals, service: &service, file: args.config, plans, store, screen };
    let work = async {
        let ended = tokio::select! {
            ended = dev.work(&mut signals) => ended,
            Err(error) = sample::live(hands) => Err(error),
        };
        api.stopping().cancel();
        ended
    };
    let commands = Commands::at(&store::anywhere(&globals.store));
    let served =
        server.serve(windlass_dashboard::over_with(api.clone(), commands), api.stopping().clone());
    let (ended, ()) = tokio::join!(work, served);
    api.idle().await;
    ended.map(|()| Exit::Done)
}

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plans {
    OfFile,
    /// The sample has workers of its own.
    Nothing,
}

/// The worker of a file that changes.
struct Dev<'g> {
    globals: &'g Globals,
    service: &'g Service,
    file: PathBuf,
    plans: Plans,
    store: Arc<dyn Store>,
    screen: Screen,
}

impl Dev<'_> {
    /// One worker after the other, each with what the file says then.
    async fn work(&self, signals: &mut Signals) -> anyhow::Result<()> {
        let mut plan = self.plan();
        loop {
            let serves_nothing = plan.serves_nothing();
            match self.session(plan).run(signals, Until::Changed).await {
                Ok(Ended::Stopped | Ended::Drained) => return Ok(()),
                Ok(Ended::Changed) => plan = self.plan(),
                // Without the file it would have been the same.
                Err(error) if serves_nothing => return Err(error),
                Err(error) => plan = self.nothing(&format!("{error:#}")),
            }
        }
    }

    fn session(&self, plan: Plan) -> Session<'_> {
        let Self { globals, service, store, screen, .. } = self;
        Session { globals, service, plan, store: store.clone(), screen: screen.clone() }
    }

    /// What the file says.
    fn plan(&self) -> Plan {
        if self.plans == Plans::Nothing {
            return Plan::nothing(&self.file);
        }
        if !self.file.exists() {
            return self.nothing(&format!("there is no {} yet", self.file.display()));
        }
        Plan::read(&self.file, None).unwrap_or_else(|error| self.nothing(&error.to_string()))
    }

    /// Where that cannot be used, nothing is run, and the next change is waited for.
    fn nothing(&self, why: &str) -> Plan {
        let why = format!("{why}; no job is run until the file changes");
        if self.globals.json {
            let at = Timestamp::wall_clock();
            let line = json!({ "schema": "work.v1", "event": "unusable", "at": at, "error": why });
            self.screen.result(&line.to_string());
        } else {
            self.globals.out.warn(&why);
        }
        Plan::nothing(&self.file)
    }
}

/// What the file hides when all begins. One that cannot be read is told by the worker, which waits for it to change.
fn redaction(file: &Path) -> Redaction {
    Config::redaction(file).unwrap_or_default()
}

fn check(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    let what =
        format!("{} can be reached from elsewhere, and nobody is asked who they are", listen.ip());
    Err(Failure::usage(format!("{what}; listen on 127.0.0.1, or take `windlass serve`")))
}
