//! `windlass top`: how things are, live, on the whole terminal.

mod act;
mod document;
mod draw;
mod keys;
mod live;
mod look;
mod model;
mod once;
mod pace;
mod picture;
#[cfg(test)]
mod sample;
mod screen;

use std::io::{self, IsTerminal};
use std::time::Duration;

use windlass::Client;
use windlass::time::parse_duration;

use super::doctor::thresholds_of_file;
use super::job::parse_filter;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;
use model::Model;

/// The shortest time between two looks: each is some ten questions.
const SHORTEST: Duration = Duration::from_millis(200);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass top
  windlass top queue:mail,media
  windlass top --every 5s
  windlass top --once
  windlass top --json

What is not as it should be comes first, then queues, the jobs that run longest, and workers. A filter narrows queues,
running jobs and workers; it hides no problem. Keys: ? shows them, q ends it.")]
pub(crate) struct Args {
    /// Terms such as queue:mail,media or kind:img.*
    filter: Vec<String>,
    /// Between two looks at the store, such as 5s; as long as a look takes at least
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    every: Duration,
    /// Print one picture as text, and end
    #[arg(long)]
    once: bool,
}

fn interval(text: &str) -> Result<Duration, String> {
    let every = parse_duration(text).map_err(|error| error.to_string())?;
    match (SHORTEST..=LONGEST).contains(&every) {
        true => Ok(every),
        false => Err("must be from 200ms to 1h".to_owned()),
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let filter = parse_filter(&args.filter)?;
    let is_live = !args.once && !globals.out.is_json();
    if is_live && !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        let what = "top draws on a terminal, and there is none; use `windlass status`, or `windlass top --once` for one picture";
        return Err(Failure::usage(what).into());
    }
    let client = Client::new(store::existing(&globals.store).await?);
    let thresholds = thresholds_of_file(None)?;
    let model = Model::new(windlass::without_password(&globals.store), filter);
    match is_live {
        true => live::run((client, thresholds), model, (args.every, &globals.out)).await,
        false => once::run((client, thresholds), model, &globals.out).await,
    }
}
