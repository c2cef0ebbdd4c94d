//! `windlass serve`: the HTTP API.

use std::net::SocketAddr;

use windlass::Worker;
use windlass::store::Store;
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
    /// Ask nobody for a token; on 127.0.0.1 or ::1 alone
    #[arg(long)]
    open: bool,
    /// A proxy stands before it that ends TLS: only with this another address than 127.0.0.1 or ::1 is served
    #[arg(long)]
    behind_proxy: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let mut signals = Signals::listen()?;
    check(&args)?;
    let store = store::created_and_told(globals).await?;
    let server = Server::bind(args.listen).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {}: {error}", args.listen))
    })?;
    globals.out.aside(&format!("serving http://{}\n", server.address()?));
    let maintenance =
        Worker::without_app(store.clone()).without_handlers().build(BUILD).start().await?;
    warn_without_tokens(&args, globals, &*store).await?;
    let api = Api::new(store, if args.open { Access::open() } else { Access::tokens() });
    let told = async {
        while signals.next().await != Wish::Stop {}
        api.stopping().cancel();
    };
    tokio::join!(server.serve(api.clone().router(), api.stopping().clone()), told);
    api.idle().await;
    maintenance.stop().await;
    Ok(Exit::Done)
}

/// What others can reach is neither open nor without TLS.
fn check(args: &Args) -> Result<(), Failure> {
    let address = args.listen.ip();
    if address.is_loopback() {
        return Ok(());
    }
    let reached = format!("{address} can be reached from elsewhere");
    if args.open {
        let what = format!("{reached}, and --open asks nobody who they are");
        return Err(Failure::usage(format!("{what}; leave --open out, or listen on 127.0.0.1")));
    }
    if !args.behind_proxy {
        let what = format!("{reached}, and tokens would cross the network in clear text");
        let todo = "put a proxy with TLS before it and say --behind-proxy, or listen on 127.0.0.1";
        return Err(Failure::usage(format!("{what}; {todo}")));
    }
    Ok(())
}

async fn warn_without_tokens(
    args: &Args,
    globals: &Globals,
    store: &dyn Store,
) -> anyhow::Result<()> {
    if !args.open && store.tokens().await?.is_empty() {
        let todo = "make one with `windlass token create NAME --scope admin`";
        globals.out.warn(&format!("there is no token yet, so that nobody is let in; {todo}"));
    }
    Ok(())
}
