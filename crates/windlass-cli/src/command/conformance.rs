//! `windlass conformance`: plays a server and its faults to a worker of somebody, and says what the worker does wrong.
//!
//! A worker is a client of the server, so the command is the server: the real router over a store of its own, behind a layer that
//! writes down every request and plays what is asked for. A check enqueues jobs, plays a fault, and reads what the worker did.

mod check;
mod layer;
mod play;
mod program;
mod record;
mod report;
mod server;

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::shutdown;
use check::Check;
use program::Program;
use report::Report;
use server::Server;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass conformance http://127.0.0.1:7701 -- python3 worker.py
  windlass conformance http://127.0.0.1:7701 --only cancel,lost -- ./worker
  windlass conformance http://127.0.0.1:7701          waits for a worker that is started by hand
  windlass conformance --list

The worker finds the server by WINDLASS_URL and WINDLASS_TOKEN, and serves the kinds conformance.echo, conformance.fail,
conformance.snooze, conformance.sleep and conformance.count; docs/worker-protocol.md says what each does, and how a worker
speaks. Exit 9 where a check failed.")]
pub(crate) struct Args {
    /// Where to listen, on this machine; the worker is pointed at it
    #[arg(required_unless_present = "list")]
    url: Option<String>,
    /// Run these checks only, and `register` before them
    #[arg(long, value_name = "CHECK,…", value_delimiter = ',', value_parser = known)]
    only: Vec<&'static Check>,
    /// List the checks
    #[arg(long)]
    list: bool,
    /// The worker's command, which is started, and started again where a check needs it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn known(id: &str) -> Result<&'static Check, String> {
    let ids = || check::ALL.iter().map(|one| one.id).collect::<Vec<_>>().join(", ");
    check::ALL.iter().find(|one| one.id == id).ok_or_else(|| format!("the checks are {}", ids()))
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let Some(url) = args.url.as_deref().filter(|_| !args.list) else {
        report::list(&globals.out)?;
        return Ok(Exit::Done);
    };
    let address = address(url)?;
    let mut server = Server::start(address).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {address}: {error:#}"))
    })?;
    match Program::of(&args.command, &server.url()) {
        Some(program) => server.give(program)?,
        None => globals.out.aside(&format!("waiting for a worker at {}\n", server.url())),
    }
    let mut report = Report::new(&globals.out, server.url());
    for one in check::ALL.iter().filter(|one| args.only.is_empty() || one.is_among(&args.only)) {
        report.add(one, one.run(&mut server, report.is_registered()).await?)?;
    }
    server.stop().await;
    report.end()
}

/// The address of a URL such as `http://127.0.0.1:7701`: nobody is asked who they are, so that it must be this machine's.
fn address(url: &str) -> Result<SocketAddr, Failure> {
    let wrong =
        |what: &str| Failure::usage(format!("{url}: {what}, such as http://127.0.0.1:7701"));
    let rest = url.strip_prefix("http://").ok_or_else(|| wrong("expected an http URL"))?;
    let place = rest.strip_suffix('/').unwrap_or(rest);
    let mut found = place.to_socket_addrs().map_err(|_| wrong("expected a host and a port"))?;
    let address = found.find(|one| one.ip().is_loopback());
    address.ok_or_else(|| wrong("expected an address of this machine alone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_is_listened_on() {
        assert_eq!(address("http://127.0.0.1:7701/").expect("one"), ([127, 0, 0, 1], 7701).into());
        for bad in [
            "127.0.0.1:1",
            "https://127.0.0.1:1",
            "http://127.0.0.1",
            "http://192.0.2.1:80",
            "http://",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
