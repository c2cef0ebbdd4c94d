//! `windlass source close`.

use windlass::EventId;
use windlass_http::source::closed as document;

use super::{client, found};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;

pub(super) async fn close(
    name: &str,
    gap: Option<EventId>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    found(&client, name).await?;
    let closed = match gap {
        Some(event) => u64::from(client.close_source_gap(name, event).await?),
        None => client.close_source_gaps(name).await?,
    };
    if let (Some(event), 0) = (gap, closed) {
        let what = format!(
            "source {name} has no open gap of which {event} tells; see `windlass source show {name}`"
        );
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if out.is_json() {
        out.json(&document(closed))?;
    } else {
        out.line(&format!("gaps of source {name} that are closed now: {closed}"))?;
    }
    Ok(Exit::Done)
}
