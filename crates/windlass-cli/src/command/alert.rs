//! `windlass alert`: list, mute, unmute.

mod list;
mod mute;

use std::time::Duration;

use windlass::Timestamp;
use windlass::alert::MuteName;
use windlass::time::parse_duration;

use crate::exit::Exit;
use crate::globals::Globals;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass alert list
  windlass alert mute job.failing/crm.push --for 2h --note 'the vendor is down, ana'
  windlass alert mute queue.stalled
  windlass alert mute kind/report.nightly --until 2026-12-01T08:00:00Z
  windlass alert unmute queue.stalled

Alerts are looked for where a subscription wants their events:
  windlass subscription add page --kind ops.page --type 'windlass.*'")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with alerts.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What lasts and was told, or would be, and what is muted
    List,
    /// Have a type of alerts, one alert, or all that is said of a kind's jobs not be told
    Mute {
        /// A type such as job.failing, a key such as job.failing/crm.push, or kind/KIND
        #[arg(value_name = "NAME")]
        name: MuteName,
        /// It ends by itself after this long, such as 30m or 2h
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, conflicts_with = "until")]
        lasting: Option<Duration>,
        /// It ends by itself at this moment, RFC 3339
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Why, and by whom; shown wherever the mute is
        #[arg(long)]
        note: Option<String>,
    },
    /// End a mute: what is a problem still is told
    Unmute {
        /// As it was muted
        #[arg(value_name = "NAME")]
        name: MuteName,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list::run(globals).await,
        Verb::Mute { name, lasting, until, note } => {
            mute::mute((name, note), (lasting, until), globals).await
        }
        Verb::Unmute { name } => mute::unmute(&name, globals).await,
    }
}
