//! `windlass backup`: all that the store holds, in one file.

use std::path::{Path, PathBuf};

use serde::Serialize;
use windlass::archive::{Page, TABLES};
use windlass_http::Document;

use crate::archive::private::{Existing, PrivateFile};
use crate::archive::reader::{Next, Reader};
use crate::archive::writer::{Tokens, Writer};
use crate::archive::{End, Head, store_of};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass backup /var/backups/jobs.windlass
  windlass backup nightly.windlass --force
  windlass backup --verify nightly.windlass

Workers may run meanwhile: the file has everything as of one moment. Tokens and users of the HTTP API stay out of it.")]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Change nothing, and see whether the file is whole
    #[arg(long, conflicts_with_all = ["force", "with_tokens"])]
    verify: bool,
    /// Replace the file where it is there already
    #[arg(long)]
    force: bool,
    /// Also the tokens and users of the HTTP API, as digests and hashes
    #[arg(long)]
    with_tokens: bool,
}

/// `backup.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    file: &'a Path,
    store: &'a str,
    taken_at: &'a str,
    windlass: &'a str,
    tokens: bool,
    rows: u64,
    bytes: u64,
    sha256: &'a str,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    if args.verify {
        let (head, end) = verified(&args.file)?;
        return report(globals, &args.file, (&head, &end), "is whole");
    }
    let existing = if args.force { Existing::Replaced } else { Existing::Kept };
    let tokens = if args.with_tokens { Tokens::Kept } else { Tokens::LeftOut };
    let file = PrivateFile::create(&args.file, existing)?;
    let url = &globals.store;
    // A look first: what is not there, or is of another version, is not to be made.
    drop(store::existing(url).await?);
    let archive =
        windlass::open_archive(url).await.map_err(|error| store::explained(url, error))?;
    let mut rows = archive.read(TABLES).await?;
    let mut writer = Writer::begin(file, store_of(url), tokens)?;
    while let Some(page) = rows.next().await? {
        writer.page(&without(page, tokens))?;
    }
    writer.end()?.0.keep()?;
    let (head, end) = verified(&args.file)?;
    report(globals, &args.file, (&head, &end), "is written, and was read again")
}

fn without(page: Page, tokens: Tokens) -> Page {
    if ["token", "user"].contains(&page.table.name) && tokens == Tokens::LeftOut {
        return Page { rows: Vec::new(), ..page };
    }
    page
}

/// Reads a file to its end.
pub(super) fn verified(file: &Path) -> anyhow::Result<(Head, End)> {
    let mut reader = Reader::open(file)?;
    loop {
        if let Next::End(end) = reader.next()? {
            return Ok((reader.head, end));
        }
    }
}

fn report(
    globals: &Globals,
    file: &Path,
    (head, end): (&Head, &End),
    what: &str,
) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let bytes = std::fs::metadata(file)?.len();
    if out.is_json() {
        let Head { store, taken_at, windlass, tokens, .. } = head;
        let body = Body {
            file,
            store,
            taken_at,
            windlass,
            tokens: *tokens,
            rows: end.rows,
            bytes,
            sha256: &end.sha256,
        };
        out.json(&Document::new("backup.v1", body))?;
        return Ok(Exit::Done);
    }
    let (name, rows) = (file.display().to_string(), time::count(end.rows, "row"));
    let size = time::bytes(bytes);
    let line = format!(
        "{} {what}: {rows}, {size}, as of {}",
        in_one_line(&name),
        in_one_line(&head.taken_at)
    );
    out.done(&line, &format!("to bring it back: windlass restore {}", in_one_line(&name)))?;
    Ok(Exit::Done)
}
