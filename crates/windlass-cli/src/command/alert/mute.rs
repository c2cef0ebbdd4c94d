//! `windlass alert mute` and `unmute`.

use std::time::Duration;

use windlass::alert::{Mute, MuteName};
use windlass::{Client, Timestamp};
use windlass_http::alert::{muted, unmuted};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::store;

pub(super) async fn mute(
    (name, note): (MuteName, Option<String>),
    (lasting, until): (Option<Duration>, Option<Timestamp>),
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let now = store.facts().await?.now;
    let until = lasting.map(|time| now.after(time)).or(until);
    if until.is_some_and(|until| until <= now) {
        return Err(Failure::usage("--until is over: give a moment that is ahead").into());
    }
    let mute = Mute { name, until, note };
    mute.check().map_err(|error| Failure::usage(error.to_string()))?;
    Client::new(store).mute_alerts(&mute).await?;
    let name = &mute.name;
    if out.is_json() {
        out.json(&muted(&mute))?;
    } else {
        let until =
            until.map_or_else(String::new, |at| format!(" until {}", out.moment_in_full(at)));
        let what = format!("{name} is muted{until}; the end of what was told is told still");
        out.done(&what, &format!("to undo it: windlass alert unmute {name}"))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn unmute(name: &MuteName, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let was_muted = client.unmute_alerts(name).await?;
    let alerts = client.alerts().await?;
    let declared = alerts.muted.iter().any(|mute| mute.is_declared && mute.name == *name);
    if out.is_json() {
        out.json(&unmuted(name, (was_muted, declared)))?;
    } else if was_muted {
        out.done(&format!("{name} is told again"), "see it: windlass alert list")?;
    } else {
        out.line(&format!("no person has muted {name}; nothing was changed"))?;
    }
    if declared && !out.is_json() {
        out.warn(&format!("{name} is muted by mute in [doctor] of the workers: take it out there"));
    }
    Ok(Exit::Done)
}
