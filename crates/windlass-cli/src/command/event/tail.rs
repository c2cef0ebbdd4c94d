//! `windlass event tail`: events as they come.

use std::time::Duration;

use windlass::Client;
use windlass::event::EventRecord;
use windlass::limits::LISTED;
use windlass::name::matches;

use super::{document, sequence};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::store;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// Which are followed.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Those behind this position of the log; those that come from now on unless given
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Those whose type is this; * stands for anything
    #[arg(long = "type", value_name = "PATTERN")]
    event_type: Option<String>,
    /// End after this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub(super) async fn tail(wanted: &Wanted, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let mut events = EventsTail::new(client, wanted.after).await?;
    let mut left = wanted.limit;
    loop {
        let come = events.next().await?;
        let is_whole = come.len() < LISTED;
        for event in come {
            let is_wanted = wanted.event_type.as_ref();
            if !is_wanted.is_none_or(|pattern| matches(pattern, &event.event_type)) {
                continue;
            }
            show(out, &event)?;
            left = left.map(|left| left.saturating_sub(1));
            if left == Some(0) {
                return Ok(Exit::Done);
            }
        }
        if is_whole {
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// The end of the log, as it grows.
pub(crate) struct EventsTail {
    client: Client,
    after: u64,
}

impl EventsTail {
    /// Behind a position, or what comes from now on.
    pub(crate) async fn new(client: Client, after: Option<u64>) -> anyhow::Result<Self> {
        let after = match after {
            Some(after) => after,
            None => {
                sequence(&**client.store()).await?;
                client.event_log().await?.last
            }
        };
        Ok(Self { client, after })
    }

    /// What has come since the last look, in order.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Vec<EventRecord>> {
        // Where no worker runs, nobody else gives positions.
        sequence(&**self.client.store()).await?;
        let events = self.client.events(self.after, LISTED).await?;
        if let Some(last) = events.last().and_then(|event| event.position) {
            self.after = last;
        }
        Ok(events)
    }
}

/// One event on one line.
pub(crate) fn show(out: &Output, event: &EventRecord) -> anyhow::Result<()> {
    let event = &out.redaction()?.event(event.clone());
    if out.is_json() {
        return out.json_line(&document(event));
    }
    let position = event.position.unwrap_or_default().to_string();
    let (id, subject) = (event.id.to_string(), event.subject.as_deref().unwrap_or_default());
    let data = event.data.as_ref().map_or(String::new(), |data| in_one_line(data.as_str()));
    let at = event.recorded_at.unwrap_or(event.time).to_string();
    if out.is_plain() {
        let subject = in_one_line(subject);
        let columns = [&at, &position, &id, &event.event_type, &subject, &data];
        return Ok(out.line(&columns.map(String::as_str).join("\t"))?);
    }
    Ok(out.line(&format!(
        "{}  {} {}  {}  {}  {data}",
        out.paint(Tone::Dim, &at),
        out.glyphs().event(),
        out.paint(Tone::Strong, &event.event_type),
        in_one_line(subject),
        out.paint(Tone::Dim, &id),
    ))?)
}
