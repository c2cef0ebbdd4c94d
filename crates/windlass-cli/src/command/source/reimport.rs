//! `windlass source reimport`.

use std::path::Path;

use super::{client, found};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::handler::http;
use crate::output::document::Document;
use crate::source::HttpSource;

pub(super) async fn run(name: &str, file: &Path, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let config = Config::load(file).map_err(|error| Failure::usage(error.to_string()))?;
    let declared = config.sources.into_iter().find(|source| source.name == name);
    let declared = declared
        .ok_or_else(|| Failure::usage(format!("{} has no [source.{name}]", file.display())))?;
    let client = client(name, globals).await?;
    found(&client, name).await?;
    let upstream = HttpSource { client: http::client()?, feed: declared.feed };
    let done = client.reimport(name, &upstream).await?;
    if out.is_json() {
        out.json(&Document::new("reimported.v1", &done))?;
        return Ok(Exit::Done);
    }
    out.line(&format!("imported {}, still put aside {}", done.imported, done.kept))?;
    if let Some(reason) = done.reason.filter(|_| !out.is_plain()) {
        out.line(&format!("  the first of those: {reason}"))?;
    }
    Ok(Exit::Done)
}
