//! `windlass source pause`, `resume`, `reset` and `remove`.

use windlass::Client;
use windlass::source::Reset;
use windlass_http::source::document;

use super::{client, found, no_source};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;

pub(super) async fn pause(
    name: &str,
    note: Option<&str>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.pause_source(name, note).await? {
        return Err(no_source(name));
    }
    let undo = format!("to undo it: windlass source resume {name}");
    told(&client, out, name, (&format!("source {name} stands still"), &undo)).await
}

pub(super) async fn resume(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let stood_still = client.resume_source(name).await?;
    let said = if stood_still { "goes on" } else { "did not stand still; nothing was changed" };
    let see = format!("see how: windlass source show {name}");
    told(&client, out, name, (&format!("source {name} {said}"), &see)).await
}

pub(super) async fn reset(name: &str, to: Option<&str>, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.reset_source(name, to.map_or(Reset::Oldest, Reset::Behind)).await? {
        return Err(no_source(name));
    }
    let said = match to {
        Some(cursor) => format!("source {name} goes on behind {cursor}"),
        None => format!("source {name} goes on with the oldest record of its feed"),
    };
    let see = "records with an id or a number that were imported before do not become events again";
    told(&client, out, name, (&said, see)).await
}

pub(super) async fn remove(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let record = found(&client, name).await?;
    client.remove_source(name).await?;
    if out.is_json() {
        out.json(&document(&record))?;
    } else {
        out.line(&format!("source {name} is gone; its events stay"))?;
    }
    Ok(Exit::Done)
}

/// Says what was done, or shows the source as a document.
async fn told(
    client: &Client,
    out: &Output,
    name: &str,
    (what, hint): (&str, &str),
) -> anyhow::Result<Exit> {
    let record = found(client, name).await?;
    if out.is_json() {
        out.json(&document(&record))?;
    } else {
        out.done(what, hint)?;
    }
    Ok(Exit::Done)
}
