//! `windlass docs`: what the codes of problems mean, without a network.

use serde::Serialize;
use windlass_http::{Code, Document};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass docs problem
  windlass docs problem lease-lost")]
pub(crate) struct Args {
    #[command(subcommand)]
    topic: Topic,
}

/// What is asked about.
#[derive(Debug, clap::Subcommand)]
enum Topic {
    /// What the HTTP API means by a code, and what to do; all codes unless one is named
    Problem {
        /// The code, such as lease-lost
        code: Option<String>,
    },
}

/// `problem_code.v1`.
#[derive(Debug, Serialize)]
struct CodeBody {
    code: &'static str,
    status: u16,
    title: &'static str,
    explanation: &'static str,
}

fn document(code: Code) -> Document<CodeBody> {
    let (status, title) = (code.status().as_u16(), code.title());
    let explanation = code.explanation();
    Document::new("problem_code.v1", CodeBody { code: code.word(), status, title, explanation })
}

pub(crate) fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    let Topic::Problem { code } = &args.topic;
    match code {
        Some(word) => show(word, globals),
        None => list(globals),
    }
}

fn show(word: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let words = Code::ALL.map(Code::word);
    let Some(code) = Code::ALL.into_iter().find(|code| code.word() == word) else {
        let near = windlass::name::nearest(word, &words);
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let what = format!("no problem has the code {}{hint}", in_one_line(word));
        return Err(Failure::new(Exit::NotFound, what).into());
    };
    if out.is_json() {
        out.json(&document(code))?;
        return Ok(Exit::Done);
    }
    let head = format!("{} · HTTP {}", code.word(), code.status().as_u16());
    out.line(code.title())?;
    out.line(&out.paint(Tone::Dim, &head))?;
    out.line("")?;
    out.line(code.explanation())?;
    Ok(Exit::Done)
}

fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    if out.is_json() {
        out.json(&Code::ALL.map(document))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(vec![
        Column::whole("STATUS"),
        Column::whole("CODE"),
        Column::text("MEANING", 20),
    ]);
    for code in Code::ALL {
        let status = code.status().as_u16().to_string();
        table.push(vec![Cell::new(status), Cell::new(code.word()), Cell::new(code.title())]);
    }
    out.table(&table)?;
    Ok(Exit::Done)
}
