//! `windlass batch open`, `seal`, `cancel` and `retry`.

use windlass::Client;
use windlass::batch::{BatchRecord, Begins, Sealed};
use windlass_http::batch::{cancelled, opened, retried, sealed};

use super::{find, not_found};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// Its id, or its key
    batch: String,
    /// Why, for those who look later
    #[arg(long, default_value = "the whole batch was cancelled")]
    reason: String,
}

pub(super) async fn open(
    name: Option<String>,
    key: Option<String>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let id = client.open_batch(&Begins { name, key, undoes: None }).await?;
    if out.is_json() {
        out.json(&opened(id))?;
    } else if out.is_plain() {
        out.line(&id.to_string())?;
    } else {
        out.done(
            &format!("{id} is open"),
            &format!(
                "add jobs: windlass enqueue KIND --batch {id}, then: windlass batch seal {id}"
            ),
        )?;
    }
    Ok(Exit::Done)
}

pub(super) async fn seal(batch: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let id = find(&client, batch).await?;
    match client.seal(id).await? {
        Sealed::Missing => return Err(not_found(batch).into()),
        Sealed::Before => {
            let what = format!("{id} was sealed before; nothing was changed");
            return Err(Failure::new(Exit::Conflict, what).into());
        }
        Sealed::Now => {}
    }
    if out.is_json() {
        out.json(&sealed(id))?;
    } else {
        out.done(&format!("{id} is sealed"), &format!("see it: windlass batch show {id}"))?;
    }
    Ok(Exit::Done)
}

pub(crate) async fn cancel(args: CancelArgs, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let id = find(&client, &args.batch).await?;
    let record = client.batch(id).await?.ok_or_else(|| not_found(&args.batch))?;
    let (number, told) = client.cancel_batch(id, &args.reason).await?;
    if out.is_json() {
        out.json(&cancelled(id, (number, told)))?;
    } else {
        let told = match told {
            0 => String::new(),
            told => format!(", {} told to stop", time::count(told, "running job")),
        };
        out.done(&format!("{} cancelled{told}", time::count(number, "job")), &see(&record))?;
    }
    Ok(Exit::Done)
}

pub(crate) async fn retry(batch: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let id = find(&client, batch).await?;
    let record = client.batch(id).await?.ok_or_else(|| not_found(batch))?;
    let number = client.retry_batch(id).await?;
    if number == 0 {
        let what = format!("no job of {} is dead; nothing was changed", in_one_line(batch));
        return Err(Failure::new(Exit::Conflict, what).into());
    }
    if out.is_json() {
        out.json(&retried(id, number))?;
    } else {
        out.done(&format!("{} run again", time::count(number, "job")), &see(&record))?;
    }
    Ok(Exit::Done)
}

fn see(record: &BatchRecord) -> String {
    let noun = if record.is_workflow { "workflow" } else { "batch" };
    format!("see it: windlass {noun} show {}", record.id)
}
