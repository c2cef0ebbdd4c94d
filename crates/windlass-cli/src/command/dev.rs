//! `windlass dev`: a worker and the HTTP API in one process, for who writes handlers. A changed `windlass.toml` is used at once.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use serde_json::json;
use windlass::Timestamp;
use windlass_http::{Access, Api, Server};

use super::work::logs;
use super::work::plan::Plan;
use super::work::screen::Screen;
use super::work::session::{Ended, Session, Until};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
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

Nobody is asked for a token, so that it listens on this machine alone. For production there are windlass work and windlass serve.")]
pub(crate) struct Args {
    /// The address and port of the API, on 127.0.0.1 or ::1; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = LISTEN)]
    listen: SocketAddr,
    /// The file with the handlers; it may come later
    #[arg(long, value_name = "FILE", default_value = "windlass.toml")]
    config: PathBuf,
}

const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7700));

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    check(args.listen)?;
    let (service, lifeline) = Service::of_environment();
    let mut signals = Signals::listen(lifeline)?.with_edits(Edits::of(&args.config));
    let screen = Screen::without_progress();
    logs::begin(&screen, globals.out.asides(), false);
    let store = store::created_and_told(globals).await?;
    let server = Server::bind(args.listen).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {}: {error}", args.listen))
    })?;
    globals.out.aside(&format!("serving http://{}\n", server.address()?));
    let api = Api::new(store.clone(), Access::open());
    let sessions = async {
        let mut ended = Ok(Ended::Changed);
        while let Ok(Ended::Changed) = ended {
            let (plan, store) = (plan(&args.config, globals, &screen), store.clone());
            let session =
                Session { globals, service: &service, plan, store, screen: screen.clone() };
            ended = session.run(&mut signals, Until::Changed).await;
        }
        api.stopping().cancel();
        ended
    };
    let served = server.serve(api.clone().router(), api.stopping().clone());
    let (ended, ()) = tokio::join!(sessions, served);
    api.idle().await;
    ended.map(|_| Exit::Done)
}

/// What the file says; where it says nothing that can be used, nothing is run, and the next change is waited for.
fn plan(file: &Path, globals: &Globals, screen: &Screen) -> Plan {
    let why = if file.exists() {
        match Plan::read(file, None) {
            Ok(plan) => return plan,
            Err(error) => format!("{error}; it is read again when it changes"),
        }
    } else {
        let what = format!("there is no {} yet", file.display());
        format!("{what}: no job is run until it says what runs them")
    };
    if globals.json {
        let at = Timestamp::wall_clock();
        let line = json!({ "schema": "work.v1", "event": "unusable", "at": at, "error": why });
        screen.result(&line.to_string());
    } else {
        globals.out.warn(&why);
    }
    Plan::nothing(file)
}

fn check(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    let what =
        format!("{} can be reached from elsewhere, and nobody is asked who they are", listen.ip());
    Err(Failure::usage(format!("{what}; listen on 127.0.0.1, or take `windlass serve`")))
}
