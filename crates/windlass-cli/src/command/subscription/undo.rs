//! `windlass subscription undo`.

use windlass::Client;
use windlass::subscription::undoing;
use windlass_http::operation::{document, preview};

use super::checked;
use crate::command::op::wait::wait;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::time::count;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The subscription whose replay is undone
    name: String,
    /// Say how many jobs would be cancelled, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let (out, name) = (&globals.out, &args.name);
    let store = store::existing(&globals.store).await?;
    let client = Client::new(store).with_origin("the command line");
    if args.dry_run {
        let new = undoing(name);
        let found = client.preview_operation(&new).await?;
        if out.is_json() {
            out.json(&preview(&new, &found, &[]))?;
        } else {
            let least = if found.exact { "" } else { "at least " };
            out.line(&format!("would cancel {least}{}", count(found.jobs, "job")))?;
        }
        return Ok(Exit::Done);
    }
    let begun = client.undo_replay(name).await?.id;
    let record = wait(&client, begun, out).await?;
    if out.is_json() {
        out.json(&document(&record))?;
    } else {
        let cancelled = count(record.progress.done, "job");
        let said = format!("the replay of {name} is undone: {cancelled} cancelled");
        out.done(&said, &format!("have them back: windlass op undo {begun}"))?;
    }
    Ok(Exit::Done)
}
