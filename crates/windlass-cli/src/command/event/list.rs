//! `windlass event list`.

use windlass::Client;
use windlass::event::EventRecord;
use windlass::limits::LISTED;
use windlass::name::matches;

use super::{document, sequence};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Which are listed.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Those behind this position of the log; the last ones unless given
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Those whose type is this; * stands for anything
    #[arg(long = "type", value_name = "PATTERN")]
    event_type: Option<String>,
}

impl Wanted {
    fn fits(&self, event: &EventRecord) -> bool {
        self.event_type.as_ref().is_none_or(|pattern| matches(pattern, &event.event_type))
    }

    /// The first ones behind a position.
    async fn behind(&self, client: &Client, mut after: u64) -> anyhow::Result<Vec<EventRecord>> {
        let most = usize::from(self.limit);
        let mut found = Vec::new();
        loop {
            let page = client.events(after, LISTED).await?;
            let Some(last) = page.last().and_then(|event| event.position) else { break };
            found.extend(page.into_iter().filter(|event| self.fits(event)));
            if found.len() >= most {
                break;
            }
            after = last;
        }
        found.truncate(most);
        Ok(found)
    }

    /// The last ones, in their order.
    async fn last(&self, client: &Client) -> anyhow::Result<Vec<EventRecord>> {
        let most = usize::from(self.limit);
        let mut before = client.event_log().await?.last;
        let mut found: Vec<EventRecord> = Vec::new();
        while before > 0 && found.len() < most {
            let after = before.saturating_sub(LISTED as u64);
            let mut page = client.events(after, LISTED).await?;
            page.retain(|event| event.position <= Some(before) && self.fits(event));
            page.append(&mut found);
            found = page;
            before = after;
        }
        Ok(found.split_off(found.len().saturating_sub(most)))
    }
}

pub(super) async fn list(wanted: &Wanted, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let client = Client::new(store);
    let events = match wanted.after {
        Some(after) => wanted.behind(&client, after).await?,
        None => wanted.last(&client).await?,
    };
    if out.is_json() {
        out.json(&events.iter().map(document).collect::<Vec<_>>())?;
    } else if events.is_empty() && !out.is_plain() {
        out.line("no event is there")?;
    } else {
        out.table(&table(out, &events))?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, events: &[EventRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::number("POSITION"),
        Column::whole("ID"),
        Column::text("TYPE", 10),
        Column::text("SUBJECT", 8).expendable(2),
        Column::text("SOURCE", 6).expendable(1),
        Column::whole("TIME"),
    ]);
    for event in events {
        table.push(vec![
            Cell::new(event.position.unwrap_or_default().to_string()),
            Cell::new(event.id.to_string()),
            Cell::new(&event.event_type),
            Cell::new(event.subject.as_deref().unwrap_or_default()),
            Cell::new(&event.source),
            Cell::toned(Tone::Dim, out.moment(event.time)),
        ]);
    }
    table
}
