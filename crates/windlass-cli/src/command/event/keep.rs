//! `windlass event keep`.

use std::time::Duration;

use windlass::Client;
use windlass::event::Keep;
use windlass::time::parse_duration;
use windlass_http::event::keep_document;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::time::span;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// So long at least, from when an event got its position, such as 90d; without it, how long that is at present is shown
    #[arg(value_parser = parse_duration)]
    at_least: Option<Duration>,
    /// So long at most: then events go also where a subscription was not fed them yet, which gets a gap
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "at_least")]
    at_most: Option<Duration>,
}

pub(super) async fn keep(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let keep = match args.at_least {
        Some(at_least) => {
            let keep = Keep { at_least, at_most: args.at_most };
            keep.check()
                .map_err(|error| Failure::usage(format!("{error}; nothing was written")))?;
            Client::new(store::created_and_told(globals).await?).keep_events(keep).await?;
            keep
        }
        None => Client::new(store::existing(&globals.store).await?).event_log().await?.keep,
    };
    if out.is_json() {
        out.json(&keep_document(&keep))?;
        return Ok(Exit::Done);
    }
    let at_most = match keep.at_most {
        Some(at_most) => format!(", and {} at most", span(at_most)),
        None => ", and longer while a subscription or a job needs them".to_owned(),
    };
    out.line(&format!("events are kept for {}{at_most}", span(keep.at_least)))?;
    Ok(Exit::Done)
}
