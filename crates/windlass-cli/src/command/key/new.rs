//! `windlass key new`.

use serde::Serialize;
use windlass::encryption::Keys;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::document;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name that is stored beside what it encrypts, such as 2026-12
    name: String,
}

/// `key.v1`.
#[derive(Debug, Serialize)]
struct Made<'a> {
    name: &'a str,
    key: &'a str,
}

pub(super) fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let key = Keys::generate(&args.name).map_err(|error| Failure::usage(error.to_string()))?;
    if out.is_json() {
        out.json(&document::Document::new("key.v1", Made { name: &args.name, key: &key }))?;
        return Ok(Exit::Done);
    }
    out.line(&key)?;
    if !out.is_plain() {
        let told = "  kept nowhere; put it before the keys of WINDLASS_KEYS, and keep a copy";
        out.line(&out.paint(Tone::Dim, told))?;
    }
    Ok(Exit::Done)
}
