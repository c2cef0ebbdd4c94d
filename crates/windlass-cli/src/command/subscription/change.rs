//! `windlass subscription pause`, `resume` and `remove`.

use windlass::Client;
use windlass_http::subscription::removed;

use super::{checked, find, no_subscription, show};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::store;

pub(super) async fn pause(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.pause_subscription(name).await? {
        return Err(no_subscription(&client, name).await?);
    }
    let what =
        format!("subscription {name} is paused: it stands still, and its events stay in the log");
    let undo = format!("to undo it: windlass subscription resume {name}");
    told(&client, out, name, (&what, &undo)).await
}

pub(super) async fn resume(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let was_paused = find(&client, name).await?.paused_at.is_some();
    if was_paused && !client.resume_subscription(name).await? {
        return Err(no_subscription(&client, name).await?);
    }
    let said = if was_paused { "goes on" } else { "was not paused; nothing was changed" };
    let see = format!("see how far it is: windlass subscription show {name}");
    told(&client, out, name, (&format!("subscription {name} {said}"), &see)).await
}

pub(super) async fn remove(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.unsubscribe(name).await? {
        return Err(no_subscription(&client, name).await?);
    }
    if out.is_json() {
        out.json(&removed(name))?;
    } else {
        out.line(&format!("subscription {name} is gone; its jobs stay"))?;
    }
    Ok(Exit::Done)
}

async fn client(name: &str, globals: &Globals) -> anyhow::Result<Client> {
    checked(name)?;
    Ok(Client::new(store::existing(&globals.store).await?))
}

/// Says what was done, or shows the subscription as a document.
async fn told(
    client: &Client,
    out: &Output,
    name: &str,
    (what, hint): (&str, &str),
) -> anyhow::Result<Exit> {
    if out.is_json() {
        show::print(out, &find(client, name).await?, &client.event_log().await?, None)?;
    } else {
        out.done(what, hint)?;
    }
    Ok(Exit::Done)
}
