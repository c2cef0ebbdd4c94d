//! `windlass work`: a worker for the handlers in `windlass.toml`.
//!
//! Runs until it is told to stop, see [`crate::shutdown`] for the signals. stdout gets one line
//! per finished attempt, stderr the logs, the programs' own output among them.

mod drain;
mod each;
mod elsewhere;
pub(crate) mod logs;
pub(crate) mod plan;
mod report;
pub(crate) mod screen;
pub(crate) mod session;
mod watch;

use std::path::PathBuf;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::service::{Service, root};
use crate::shutdown::{self, Signals};
use crate::store;
use crate::stores::{self, Chosen};
use crate::supervisor::{self, MOST_PROCESSES, Processes, Supervising};
use each::Each;
use plan::Plan;
use screen::Screen;
use session::{Session, Until, told_to_stop};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signals: SIGTERM and SIGINT stop (25 s for what runs; a second one: at once); SIGTSTP and SIGUSR1
take no new work; SIGCONT and SIGUSR2 take work again. With --processes they reach all processes,
and SIGHUP replaces these one after the other, so that a changed file or binary is used.
WINDLASS_LOG sets what is logged, such as WINDLASS_LOG=debug.

Where the file names several stores, each has worker processes of its own, with all slots.")]
pub(crate) struct Args {
    /// The file with the handlers
    #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
    config: PathBuf,
    /// How many jobs run at once, over all kinds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    slots: Option<u16>,
    /// Keep so many worker processes alive for each store, each with its own slots, from a process that runs no job
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_PROCESSES)))]
    processes: Option<u16>,
    /// Run what is due, then exit; always in one process
    #[arg(long, conflicts_with = "processes")]
    once: bool,
    /// Do not log what programs print
    #[arg(long)]
    quiet_logs: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let plan = args.plan()?;
    let chosen = args.chosen(globals)?;
    let (service, lifeline) = Service::of_environment();
    let is_several = matches!(chosen, Chosen::Several(_)) && !args.once;
    if !service.is_supervised() && (args.processes(&plan).is_some() || is_several) {
        return supervise(&args, globals, &service).await;
    }
    let mut signals = Signals::listen(lifeline)?;
    let screen = Screen::new(globals);
    logs::begin(&screen, globals.out.asides(), args.quiet_logs);
    let globals = &match chosen {
        Chosen::One(url) => globals.on(url),
        Chosen::Several(said) => {
            let each = Each { args: &args, globals, service: &service, screen };
            return each.drain(&said, &mut signals).await;
        }
    };
    let store = tokio::select! {
        store = store::created(&globals.store) => store?,
        () = told_to_stop(&mut signals) => return Ok(Exit::Done),
    };
    let plan = args.plan_of(&globals.store)?;
    let session = Session { globals, service: &service, plan, store, screen };
    session.run(&mut signals, if args.once { Until::Drained } else { Until::Stopped }).await?;
    Ok(Exit::Done)
}

/// A process that keeps others alive, which do the work.
async fn supervise(args: &Args, globals: &Globals, service: &Service) -> anyhow::Result<Exit> {
    root::warn(&globals.out);
    let wanted = || {
        let number = args.plan().map(|plan| args.processes(&plan))?.unwrap_or(1);
        let stores = match args.chosen(globals)? {
            Chosen::One(_) => Vec::new(),
            Chosen::Several(said) => said.urls,
        };
        Ok(Processes { number, stores })
    };
    let signals = Signals::listen(None)?;
    supervisor::run(Supervising { globals, service, signals, wanted: &wanted }).await
}

impl Args {
    /// What the file says, with what is given here before it.
    fn plan(&self) -> Result<Plan, Failure> {
        Plan::read(&self.config, self.slots.map(usize::from))
    }

    /// What of that belongs to the store at this URL, where the file names several.
    fn plan_of(&self, url: &str) -> Result<Plan, Failure> {
        let plan = self.plan()?;
        Ok(match stores::named(&self.config, url)? {
            Some((said, name)) => plan.in_store(&said, &name),
            None => plan,
        })
    }

    /// Which stores it works for.
    fn chosen(&self, globals: &Globals) -> Result<Chosen, Failure> {
        stores::chosen(globals.given.as_deref(), &self.config)
    }

    /// How many processes a supervisor is to keep, where there is to be one.
    fn processes(&self, plan: &Plan) -> Option<usize> {
        if self.once { None } else { self.processes.map(usize::from).or(plan.processes) }
    }
}
