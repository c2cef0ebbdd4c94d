//! `windlass lane`: open one that stands still.

use windlass::Client;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass lane open 'server 42'

A lane stands still behind a dead job that was enqueued with --block-when-dead. Retry the job, or open the lane
to let the next one begin.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with lanes.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Let a lane go on that stands still behind a dead job; the job stays dead
    Open {
        /// The lane's key
        lane: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let Verb::Open { lane } = args.verb;
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let Some(job) = client.open_lane(&lane).await? else {
        let what =
            format!("lane {lane} does not stand still behind a dead job; nothing was changed");
        return Err(Failure::new(Exit::NotFound, what).into());
    };
    if out.is_json() {
        out.json(&serde_json::json!({ "schema": "lane_opened.v1", "lane": lane, "job": job }))?;
    } else {
        out.done(
            &format!("lane {lane} goes on behind {job}"),
            &format!("see it: windlass job show {job}"),
        )?;
    }
    Ok(Exit::Done)
}
