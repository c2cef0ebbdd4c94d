//! `windlass migrate`: the schema, brought up to date or looked at.

use serde::Serialize;
use windlass::store::Facts;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::document::Document;
use crate::output::time;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass migrate
  windlass migrate status
  windlass migrate --store postgres://me@db.internal/app

Safe to repeat, and safe when several programs do it at once.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What is done with the schema.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Verb {
    /// Bring it up to date, creating what is missing (the default)
    Up,
    /// Look at its version and change nothing; exit 11 unless it is up to date
    Status,
}

/// `migration.v1`.
#[derive(Debug, Serialize)]
struct Body {
    applied: u32,
    version: u32,
    known_version: u32,
    server: String,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let url = &globals.store;
    let applied = match args.verb.unwrap_or(Verb::Up) {
        Verb::Up => {
            let applied = windlass::migrate(url).await;
            applied.map_err(|error| store::explained(url, error))?
        }
        Verb::Status => 0,
    };
    let facts = store::existing(url).await?.facts().await?;
    let out = &globals.out;
    if out.is_json() {
        out.json(&document(applied, facts))?;
    } else {
        let place = windlass::without_password(url);
        let version = facts.schema_version;
        out.line(&match applied {
            0 => format!("{place} is up to date: schema version {version}"),
            n => format!(
                "{place} is at schema version {version} now: {} applied",
                time::count(n.into(), "migration")
            ),
        })?;
    }
    Ok(Exit::Done)
}

fn document(applied: u32, facts: Facts) -> Document<Body> {
    let Facts { schema_version: version, known_version, server, .. } = facts;
    Document::new("migration.v1", Body { applied, version, known_version, server })
}
