//! `windlass token`: who may use the HTTP API, and for what.

use std::time::Duration;

use serde::Serialize;
use windlass::Timestamp;
use windlass::store::Now;
use windlass::time::parse_duration;
use windlass::token::{Grant, Scope, TokenRecord};
use windlass_http::token::{TokenBody, document};
use windlass_http::{Document, Secret};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass token create ci --scope enqueue --queue mail --expires 90d
  windlass token create python-worker --scope work --kind 'img.*'
  windlass token create acme --scope read --scope enqueue --tag tenant:acme
  windlass token list
  windlass token remove ci")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with tokens.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a token; its secret is printed this once
    Create {
        /// Who uses it, for people
        name: String,
        /// What it is good for: read, enqueue, publish, work, operate or admin; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,
        /// Only for this queue, or those that fit a pattern; may be repeated
        #[arg(long = "queue", value_name = "PATTERN")]
        queues: Vec<String>,
        /// Only for this kind, or those that fit a pattern; may be repeated
        #[arg(long = "kind", value_name = "PATTERN")]
        kinds: Vec<String>,
        /// Only for jobs that bear this tag, letter by letter, as for a tenant; may be repeated
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// It can be used for so long, such as 90d; for ever unless given
        #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
        expires: Option<Duration>,
    },
    /// All tokens, and what they are good for
    List,
    /// Take a token away: who uses it is refused a second later at most
    Remove {
        /// Its name
        name: String,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Create { name, scopes, queues, kinds, tags, expires } => {
            create(globals, &name, Grant { scopes, queues, kinds, tags }, expires).await
        }
        Verb::List => list(globals).await,
        Verb::Remove { name } => remove(globals, &name).await,
    }
}

/// `token_secret.v1`.
#[derive(Debug, Serialize)]
struct Created<'a> {
    #[serde(flatten)]
    token: Document<TokenBody<'a>>,
    secret: &'a str,
}

async fn create(
    globals: &Globals,
    name: &str,
    grant: Grant,
    expires: Option<Duration>,
) -> anyhow::Result<Exit> {
    let (out, now) = (&globals.out, Timestamp::wall_clock());
    let secret = Secret::new()?;
    let token = secret.token(name, grant, expires.map(|after| now.after(after)));
    token.check().map_err(|refusal| Failure::usage(refusal.to_string()))?;
    let store = store::created_and_told(globals).await?;
    if !store.add_token(&token, Now::Database).await? {
        let what = format!(
            "there is a token {} already; take another name, or remove it",
            in_one_line(name)
        );
        return Err(Failure::new(Exit::Conflict, what).into());
    }
    let record = TokenRecord { token, created_at: now };
    if out.is_json() {
        out.json(&Created { token: document(&record), secret: secret.as_str() })?;
        return Ok(Exit::Done);
    }
    out.line(secret.as_str())?;
    if !out.is_plain() {
        let told = "  shown this once; send it as `Authorization: Bearer …`";
        out.line(&out.paint(Tone::Dim, told))?;
    }
    Ok(Exit::Done)
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let tokens = store::existing(&globals.store).await?.tokens().await?;
    if out.is_json() {
        out.json(&tokens.iter().map(document).collect::<Vec<_>>())?;
    } else if tokens.is_empty() && !out.is_plain() {
        out.line("no tokens; make one with `windlass token create NAME --scope SCOPE`")?;
    } else {
        out.table(&table(globals, &tokens))?;
    }
    Ok(Exit::Done)
}

fn table(globals: &Globals, tokens: &[TokenRecord]) -> Table {
    let out = &globals.out;
    let mut table = Table::new(vec![
        Column::text("NAME", 10),
        Column::whole("SECRET"),
        Column::text("SCOPES", 8),
        Column::text("LIMITED TO", 8),
        Column::whole("MADE"),
        Column::whole("EXPIRES"),
    ]);
    for TokenRecord { token, created_at } in tokens {
        let scopes: Vec<&str> = token.grant.scopes.iter().map(|scope| scope.word()).collect();
        let expires = token.expires_at.map_or_else(|| "never".to_owned(), |at| out.moment(at));
        table.push(vec![
            Cell::new(&token.name),
            Cell::toned(Tone::Dim, format!("wlt_…{}", token.hint)),
            Cell::new(scopes.join(" ")),
            Cell::new(limits(&token.grant)),
            Cell::toned(Tone::Dim, out.moment(*created_at)),
            Cell::new(expires),
        ]);
    }
    table
}

pub(super) fn limits(grant: &Grant) -> String {
    let named = |name: &str, patterns: &[String]| match patterns {
        [] => None,
        patterns => Some(format!("{name}:{}", patterns.join(","))),
    };
    let parts =
        [named("queue", &grant.queues), named("kind", &grant.kinds), named("tag", &grant.tags)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `token_removed.v1`.
#[derive(Debug, Serialize)]
struct Removed<'a> {
    name: &'a str,
}

async fn remove(globals: &Globals, name: &str) -> anyhow::Result<Exit> {
    let out = &globals.out;
    if !store::existing(&globals.store).await?.remove_token(name).await? {
        let what = format!("there is no token {}; see `windlass token list`", in_one_line(name));
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if out.is_json() {
        out.json(&Document::new("token_removed.v1", Removed { name }))?;
    } else if !out.is_plain() {
        out.line(&format!(
            "removed {}; who uses it is refused a second later at most",
            in_one_line(name)
        ))?;
    }
    Ok(Exit::Done)
}
