//! Whole events from stdin that are tried, and not published.

use std::io::Read;

use serde::Serialize;
use windlass::Client;

use super::lines::{Lines, Sent};
use crate::output::Output;
use crate::output::document::Document;
use crate::output::time::count;

/// `tried_lines.v1`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tried {
    events: u64,
    subscriptions: Vec<Wanted>,
}

/// How many of them one subscription would get.
#[derive(Debug, Serialize)]
struct Wanted {
    name: String,
    events: u64,
}

/// Asks for each event who would get it.
///
/// # Errors
/// Where a line is not an event, and where the store cannot be asked.
pub(super) async fn lines(client: &Client, reader: impl Read) -> anyhow::Result<Tried> {
    let (mut lines, mut tried) = (Lines::of(reader), Tried::default());
    while let Some((event, _)) = lines.next(&Sent::default())? {
        tried.events += 1;
        for decision in client.explain_unpublished(event).await?.decisions {
            let events = u64::from(decision.answer.wants());
            let name = decision.subscription;
            match tried.subscriptions.iter_mut().find(|one| one.name == name) {
                Some(one) => one.events += events,
                None => tried.subscriptions.push(Wanted { name, events }),
            }
        }
    }
    Ok(tried)
}

impl Tried {
    pub(super) fn tell(&self, out: &Output) -> anyhow::Result<()> {
        if out.is_json() {
            return out.json(&Document::new("tried_lines.v1", self));
        }
        let mut page = format!("{} tried, and none published\n", count(self.events, "event"));
        if self.subscriptions.is_empty() {
            page += "  there are no subscriptions\n";
        }
        for one in &self.subscriptions {
            page += &format!("  {} would get {}\n", one.name, count(one.events, "event"));
        }
        Ok(out.print(&page)?)
    }
}
