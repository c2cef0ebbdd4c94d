//! `windlass bundle`: what somebody needs who helps from afar, and nothing of what jobs are about.
//!
//! What a document has is left out unless it is named here: a field that is added later does not leave the machine by itself.

mod config;
mod kept;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use windlass::health::Thresholds;
use windlass::question::{Counting, Question, Rest, Unanswered};
use windlass::redact::Redaction;
use windlass::{Client, Timestamp};
use windlass_http::Document;
use windlass_http::health::{JobCounts, Overview, examine, status};
use windlass_http::subscription;

use super::sql::document::Rows;
use crate::archive::private::{Existing, PrivateFile};
use crate::archive::store_of;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::output::{document, time};
use crate::store;
use kept::only;

/// How long the database may take for each count.
const COUNTED_WITHIN: Duration = Duration::from_secs(10);
/// Lines of each count.
const COUNTED: usize = 1_000;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass bundle
  windlass bundle --file report.json --force

It has names of queues, kinds, schedules and subscriptions, numbers, versions and windlass.toml without texts that may be secret.
It has no args, outputs, errors, tags, subjects and tokens. Read it before you send it.")]
pub(crate) struct Args {
    /// The file, which its owner alone can read
    #[arg(long, default_value = "windlass-bundle.json")]
    file: PathBuf,
    /// Replace the file where it is there already
    #[arg(long)]
    force: bool,
    /// The configuration; windlass.toml where there is one, unless given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `bundle.v1`.
#[derive(Serialize)]
struct Body {
    taken_at: Timestamp,
    windlass: &'static str,
    os: &'static str,
    arch: &'static str,
    store: Value,
    status: Value,
    doctor: Vec<Value>,
    workers: Vec<Value>,
    limits: Vec<Value>,
    schedules: Vec<Value>,
    subscriptions: Vec<Value>,
    jobs: Value,
    failures: Value,
    config: Option<Value>,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let existing = if args.force { Existing::Replaced } else { Existing::Kept };
    let mut file = PrivateFile::create(&args.file, existing)?;
    let body = body(&args, &globals.store).await?;
    serde_json::to_writer_pretty(&mut file, &Document::new("bundle.v1", body))?;
    file.keep()?;
    let name = args.file.display().to_string();
    let out = &globals.out;
    if out.is_json() {
        return out
            .json(&Document::new("bundle_file.v1", serde_json::json!({ "file": name })))
            .map(|()| Exit::Done);
    }
    let name = in_one_line(&name);
    let size = time::bytes(std::fs::metadata(&args.file)?.len());
    out.line(&format!("{name} is written: {size}"))?;
    out.line("  it has names of queues, kinds, schedules, limits, sources and subscriptions; numbers; versions; keys of windlass.toml")?;
    out.done(
        "  it has no args, outputs, errors, tags, subjects, tokens, hosts and passwords",
        "read it before you send it: names may say more than you want",
    )?;
    Ok(Exit::Done)
}

async fn body(args: &Args, url: &str) -> anyhow::Result<Body> {
    let store = store::existing(url).await?;
    let client = Client::new(std::sync::Arc::clone(&store));
    let overview = Overview::of(&*store, JobCounts::Exact).await?;
    let checks = examine(&*store, &Thresholds::default()).await?;
    let facts = &overview.facts;
    let log = client.event_log().await?;
    let subscriptions = client.subscriptions().await?;
    // What it may hide is not among what is named, whatever it says.
    let redaction = Redaction::default();
    let unless_given = Path::new("windlass.toml");
    let config = args.config.as_deref().or_else(|| unless_given.exists().then_some(unless_given));
    Ok(Body {
        taken_at: Timestamp::wall_clock(),
        windlass: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
        store: serde_json::json!({
            "kind": store_of(url),
            "server": facts.server,
            "schema_version": facts.schema_version,
            "known_schema_version": facts.known_version,
            "bytes": facts.bytes,
            "log_bytes": facts.log_bytes,
            "durability": facts.durability,
            "keeps_completed": facts.keeps_completed,
            "now": facts.now,
        }),
        status: only(&status(&overview, None), &kept::STATUS)?,
        doctor: checks.iter().map(kept::check).collect(),
        workers: all(client.workers().await?.iter().map(document::worker), &kept::WORKER)?,
        limits: all(client.limits().await?.iter().map(document::limit), &kept::LIMIT)?,
        schedules: all(
            client.schedules().await?.iter().map(|one| document::schedule(one, &redaction)),
            &kept::SCHEDULE,
        )?,
        subscriptions: all(
            subscriptions.iter().map(|one| subscription::document(one, &log, None)),
            &kept::SUBSCRIPTION,
        )?,
        jobs: counted(url, Counting::Jobs).await?,
        failures: counted(url, Counting::Failures).await?,
        config: config.map(config::without_secrets),
    })
}

fn all<T: Serialize>(
    documents: impl Iterator<Item = T>,
    names: &[&str],
) -> anyhow::Result<Vec<Value>> {
    documents.map(|one| only(&one, names)).collect()
}

/// The rows of a count; where the database needs too long, that it does.
async fn counted(url: &str, what: Counting) -> anyhow::Result<Value> {
    let sql = windlass::counting(url, what)?;
    let question = Question { sql, rows: COUNTED, within: COUNTED_WITHIN };
    match windlass::ask(url, &question).await {
        Ok(answer) => Ok(serde_json::json!({
            "rows": serde_json::to_value(Rows(&answer))?,
            "complete": answer.rest == Rest::Nothing,
        })),
        Err(Unanswered::TooLong(_)) => Ok(Value::String("took too long".to_owned())),
        Err(error) => Err(error.into()),
    }
}
