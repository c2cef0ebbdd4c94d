//! `windlass serve`: the HTTP API.

use std::net::SocketAddr;

use windlass::Worker;
use windlass_http::{Access, Api, Server};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::shutdown::{self, Signals, Wish};
use crate::store;

/// What it is listed with among the workers.
const BUILD: &str = concat!("windlass serve ", env!("CARGO_PKG_VERSION"));

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass serve
  windlass serve --listen 127.0.0.1:8080 --store postgres://app@db/app")]
pub(crate) struct Args {
    /// The address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let mut signals = Signals::listen()?;
    check(args.listen)?;
    let store = store::created_and_told(globals).await?;
    let server = Server::bind(args.listen).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {}: {error}", args.listen))
    })?;
    globals.out.aside(&format!("serving http://{}\n", server.address()?));
    let duties = Worker::without_app(store.clone()).without_handlers().build(BUILD).start().await?;
    let api = Api::new(store, Access::open());
    let told = async {
        while signals.next().await != Wish::Stop {}
        api.stopping().cancel();
    };
    tokio::join!(server.serve(api.clone().router(), api.stopping().clone()), told);
    api.idle().await;
    duties.stop().await;
    Ok(Exit::Done)
}

/// What anybody can reach is not served open.
fn check(address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let what =
        format!("{} can be reached from elsewhere, and nobody is asked who they are", address.ip());
    Err(Failure::usage(format!("{what}; listen on 127.0.0.1")))
}
