//! `windlass demo`.

use crate::command::Globals;
use crate::exit::Exit;

/// What it is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, _globals: &Globals) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
