//! `windlass signal`: tell all who wait for a key.

use windlass::Client;
use windlass::condition::{Signal, SignalAnswer};
use windlass_http::signal::signalled;

use super::enqueue::{origin, payload};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass signal status-saved:42
  windlass signal wrap-up:42 '{\"lines\":1200}'
  windlass signal approval:7 by=ann
  windlass signal wrap-up:43 --withdrawn

The first signal with a key counts, and is kept for jobs that will wait for it. Repeating the command changes nothing.")]
pub(crate) struct Args {
    /// What has happened; jobs wait for it by this key
    key: String,
    /// JSON, @FILE, - for stdin, or key=value…: what those who wait get with it
    data: Vec<String>,
    /// It will not happen: nobody waits for it any more
    #[arg(long)]
    withdrawn: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let mut signal = Signal { is_withdrawn: args.withdrawn, ..Signal::new(args.key) };
    if !args.data.is_empty() {
        signal.data = Some(payload::read(&args.data)?);
    }
    signal.origin = Some(origin("windlass signal"));
    signal.check().map_err(|refusal| Failure::usage(format!("{refusal}; nothing was written")))?;
    let client = Client::new(store::existing(&globals.store).await?);
    let told = client.signal(signal.clone()).await?;
    let is_discarded = client.discarded().is_some();
    if out.is_json() {
        out.json(&signalled(&signal.key, &told, &client))?;
        return Ok(Exit::Done);
    }
    let key = &in_one_line(&signal.key);
    let said = match told.answer {
        _ if is_discarded => format!("{key} discarded: the store discard: keeps nothing"),
        SignalAnswer::Met if signal.is_withdrawn => {
            format!("{} not wait for {key} any more", jobs(told.conditions, "does", "do"))
        }
        SignalAnswer::Met => format!("{} waited for {key}", time::count(told.conditions, "job")),
        SignalAnswer::Kept => format!("{key} is kept for those who will wait for it"),
        SignalAnswer::Duplicate => {
            format!("{key} has come before, or was withdrawn; nothing was changed")
        }
        SignalAnswer::Late => format!("{key} is late: those who waited for it do not any more"),
        _ => format!("{key}: {}", told.answer.word()),
    };
    out.done(&said, "")?;
    Ok(Exit::Done)
}

fn jobs(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", time::count(number, "job"), if number == 1 { one } else { many })
}
