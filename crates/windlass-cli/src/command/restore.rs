//! `windlass restore`: a store as it was when a file was written.

use std::path::PathBuf;

use serde::Serialize;
use windlass::archive::{Fence, Onto, Origin, Standing, WriteArchive};
use windlass_http::Document;

use super::backup::verified;
use crate::archive::reader::{Next, Reader};
use crate::archive::{Head, store_of};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::ask::{self, Answer};
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass restore nightly.windlass --store sqlite:new.db
  windlass restore nightly.windlass --replace
  windlass restore nightly.windlass --replace --yes --store postgres://me@db.internal/app

No worker may live. Jobs that ran are taken back as lost, and nobody who claimed one before can finish it.")]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Remove what the store holds now
    #[arg(long)]
    replace: bool,
    /// Do not ask
    #[arg(long, requires = "replace")]
    yes: bool,
}

/// `restore.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    store: &'a str,
    taken_at: &'a str,
    rows: u64,
    /// Jobs that ran then, and are taken back as lost.
    running: u64,
    tokens: bool,
    /// The event log's epoch from now on.
    epoch: u64,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let (head, _) = verified(&args.file)?;
    let url = &globals.store;
    check_kind(&head, url)?;
    let archive =
        windlass::open_archive(url).await.map_err(|error| store::explained(url, error))?;
    let onto = if args.replace { Onto::Everything } else { Onto::Empty };
    let standing = archive.look().await?;
    refusing(url, standing.check(onto))?;
    if args.replace && !args.yes && !standing.is_empty() {
        confirm(globals, &standing)?;
    }
    let mut writing = refusing(url, archive.write(onto).await)?;
    let (running, rows) = write_all(&mut *writing, Reader::open(&args.file)?).await?;
    writing.end(Origin::Past).await?;
    let client = windlass::Client::new(store::existing(url).await?);
    let epoch = client.event_log().await?.epoch;
    let place = windlass::without_password(url);
    let taken_at = &head.taken_at;
    if globals.out.is_json() {
        let body = Body { store: &place, taken_at, rows, running, tokens: head.tokens, epoch };
        globals.out.json(&Document::new("restore.v1", body))?;
        return Ok(Exit::Done);
    }
    let ran = match running {
        0 => String::new(),
        n => format!("; {} that ran then will be taken back as lost", time::count(n, "job")),
    };
    let line = format!(
        "{place} is as it was at {}: {}{ran}; its log has epoch {epoch}",
        in_one_line(taken_at),
        time::count(rows, "row")
    );
    let tokens = "there are no tokens in it, make new ones: windlass token create";
    let see = if head.tokens { "whether all is well: windlass doctor" } else { tokens };
    globals.out.done(&line, see)?;
    Ok(Exit::Done)
}

/// Positions that PostgreSQL has not given yet have no place in SQLite.
fn check_kind(head: &Head, url: &str) -> anyhow::Result<()> {
    if head.store == "postgres" && store_of(url) == "sqlite" {
        let what = "this is a backup of a PostgreSQL store: name one with --store postgres://…";
        return Err(Failure::usage(what).into());
    }
    Ok(())
}

async fn write_all(
    writing: &mut dyn WriteArchive,
    mut reader: Reader,
) -> anyhow::Result<(u64, u64)> {
    let (fence, mut running) = (Fence::by_chance(), 0);
    loop {
        match reader.next()? {
            Next::Page(mut page) => {
                if page.table.name == "running" {
                    running += page.rows.len() as u64;
                }
                fence.pass(&mut page);
                writing.write(page).await?;
            }
            Next::End(end) => return Ok((running, end.rows)),
        }
    }
}

fn refusing<T>(url: &str, result: Result<T, windlass::StoreError>) -> anyhow::Result<T> {
    result.map_err(|error| match error {
        windlass::StoreError::Conflict { what } => {
            let place = windlass::without_password(url);
            let what = format!(
                "{place} is left as it is: {what}; with --replace what it holds is removed"
            );
            Failure::new(Exit::Conflict, what).into()
        }
        other => other.into(),
    })
}

fn confirm(globals: &Globals, standing: &Standing) -> anyhow::Result<()> {
    let Standing { jobs, events, others, .. } = standing;
    let all = jobs + events + others;
    globals.out.warn(&format!(
        "{} and {} will be removed, with all that was set up",
        time::count(*jobs, "job"),
        time::count(*events, "event")
    ));
    match ask::for_count(all)? {
        Answer::Yes => Ok(()),
        Answer::No => Err(Failure::new(Exit::Conflict, "nothing was changed").into()),
        Answer::Nobody => {
            let what = format!("{all} rows would be removed and nobody can be asked; say --yes");
            Err(Failure::usage(what).into())
        }
    }
}
