//! `windlass event renew`.

use serde::Serialize;
use windlass::Client;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::document::Document;
use crate::store;

/// `event_log_renewed.v1`.
#[derive(Debug, Serialize)]
struct Body {
    epoch: u64,
    /// The last position that was given.
    last: u64,
}

pub(super) async fn renew(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let epoch = client.renew_log().await?;
    let last = client.event_log().await?.last;
    if out.is_json() {
        out.json(&Document::new("event_log_renewed.v1", Body { epoch, last }))?;
    } else {
        let see = "whether it is whole: windlass event verify";
        out.done(
            &format!("the log has epoch {epoch} from now on, and ends at position {last}"),
            see,
        )?;
    }
    Ok(Exit::Done)
}
