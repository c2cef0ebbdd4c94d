//! `windlass schedule pause`, `resume`, `run` and `remove`.

use windlass::schedule::RanNow;
use windlass::{Client, StoreError};

use super::{checked, no_schedule, show};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::{Output, document};
use crate::store;

pub(super) async fn pause(
    name: &str,
    note: Option<&str>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.pause_schedule(name, note).await? {
        return Err(no_schedule(name));
    }
    let undo = format!("to undo it: windlass schedule resume {name}");
    told(&client, out, name, (&format!("schedule {name} is paused"), &undo)).await
}

pub(super) async fn resume(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let was_paused = client.resume_schedule(name).await?;
    if client.schedule(name).await?.is_none() {
        return Err(no_schedule(name));
    }
    let said = if was_paused { "goes on" } else { "was not paused; nothing was changed" };
    let see = format!("see when: windlass schedule preview {name}");
    told(&client, out, name, (&format!("schedule {name} {said}"), &see)).await
}

pub(super) async fn remove(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    if !client.remove_schedule(name).await? {
        return Err(no_schedule(name));
    }
    let left = client.schedule(name).await?;
    if out.is_json() {
        let redaction = out.redaction()?;
        out.json(&left.as_ref().map(|one| document::schedule(one, redaction)))?;
    } else if left.is_some() {
        let hint = format!(
            "to forget it, so that the next declaration makes it: windlass schedule remove {name}"
        );
        out.done(
            &format!("schedule {name} is removed, and stays so though it is declared"),
            &hint,
        )?;
    } else {
        out.line(&format!("schedule {name} is gone; its jobs stay"))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn run_now(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let (client, out) = (client(name, globals).await?, &globals.out);
    let job = match client.run_schedule_now(name).await? {
        RanNow::Enqueued(job) => job,
        RanNow::Unfinished(job) => {
            let what = format!(
                "{job}, the last job of schedule {name}, has not ended, and it allows none beside it; nothing was enqueued"
            );
            return Err(StoreError::Conflict { what }.into());
        }
        other => anyhow::bail!("an answer that is not known: {other:?}"),
    };
    if out.is_json() {
        let record = client
            .job(job)
            .await?
            .ok_or_else(|| StoreError::NotFound { what: format!("job {job}") })?;
        out.json(&document::job(&out.redaction()?.job(record)))?;
    } else if out.is_plain() {
        out.line(&job.to_string())?;
    } else {
        out.done(&format!("{job} is enqueued"), &format!("see it: windlass job show {job}"))?;
    }
    Ok(Exit::Done)
}

async fn client(name: &str, globals: &Globals) -> anyhow::Result<Client> {
    checked(name)?;
    Ok(Client::new(store::existing(&globals.store).await?))
}

/// Says what was done, or shows the schedule as a document.
async fn told(
    client: &Client,
    out: &Output,
    name: &str,
    (what, hint): (&str, &str),
) -> anyhow::Result<Exit> {
    if out.is_json() {
        let record = client.schedule(name).await?.ok_or_else(|| no_schedule(name))?;
        show::print(out, &record)?;
    } else {
        out.done(what, hint)?;
    }
    Ok(Exit::Done)
}
