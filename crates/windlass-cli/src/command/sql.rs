//! `windlass sql`: one question in SQL, to the views for people.

pub(super) mod document;

use std::io::{self, Read};
use std::time::Duration;

use anyhow::Context as _;
use windlass::limits::QUESTION_BYTES;
use windlass::question::{Answer, Question, Rest, Unanswered, Value, View};
use windlass::time::parse_duration;

use super::known::did_you_mean;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;
use crate::store;
use document::{Rows, written};

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass sql 'select kind, count(*) from windlass_job group by kind'
  windlass sql 'select kind, count(*) from job group by kind' --store postgres://me@db.internal/app
  windlass sql - --json < question.sql
  windlass sql --views

One question, which can read the views and write nothing: see docs/sql.md. On SQLite the views begin with windlass_.")]
pub(crate) struct Args {
    /// The question; - for stdin
    #[arg(required_unless_present = "views")]
    question: Option<String>,
    /// List the views and their columns
    #[arg(long, conflicts_with_all = ["question", "limit", "timeout"])]
    views: bool,
    /// At most this many rows
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// The database gives up after this time
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30s")]
    timeout: Duration,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let (url, out) = (&globals.store, &globals.out);
    let Some(question) = args.question else {
        store::check_there(url)?;
        let views = windlass::views(url).await.map_err(|error| explained(url, error, &[]))?;
        list(out, &views)?;
        return Ok(Exit::Done);
    };
    let sql = if question == "-" { from_stdin()? } else { question };
    let rows = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let question = Question { sql, rows, within: args.timeout };
    // What no database is asked is refused before one is looked for.
    question.check().map_err(|error| explained(url, error, &[]))?;
    store::check_there(url)?;
    let answer = match windlass::ask(url, &question).await {
        Ok(answer) => answer,
        Err(error @ Unanswered::NotAView(_)) => {
            let views = windlass::views(url).await.unwrap_or_default();
            return Err(explained(url, error, &views));
        }
        Err(error) => return Err(explained(url, error, &[])),
    };
    tell(out, &answer)?;
    Ok(Exit::Done)
}

/// Reads no more than needed to know that there is too much.
fn from_stdin() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let most = QUESTION_BYTES as u64 + 1;
    io::stdin().lock().take(most).read_to_end(&mut bytes).context("stdin cannot be read")?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("the question has invalid UTF-8 at byte {at}")).into()
    })
}

fn explained(url: &str, error: Unanswered, views: &[View]) -> anyhow::Error {
    let what = match &error {
        Unanswered::Store(_) => String::new(),
        Unanswered::NotAView(name) => {
            let known: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
            let bare = name.rsplit('.').next().unwrap_or(name);
            let hint = match did_you_mean(&format!("windlass_{bare}"), &known) {
                hint if hint.is_empty() => did_you_mean(bare, &known),
                hint => hint,
            };
            format!("{error}{hint}; which there are: windlass sql --views")
        }
        Unanswered::TooLong(within) => {
            let within = time::span(*within);
            format!(
                "there is no answer after {within}, and the question was ended; ask for less, or say --timeout"
            )
        }
        Unanswered::Refused(_) => format!("{error}; nothing was written"),
    };
    let exit = match error {
        Unanswered::Store(error) => return store::explained(url, error),
        Unanswered::NotAView(_) => Exit::NotFound,
        Unanswered::TooLong(_) => Exit::TimedOut,
        Unanswered::Refused(_) => Exit::Usage,
    };
    Failure::new(exit, in_one_line(&what)).into()
}

fn list(out: &Output, views: &[View]) -> anyhow::Result<()> {
    if out.is_json() {
        return out.json(&document::views(views));
    }
    let mut table =
        Table::new(vec![Column::whole("VIEW"), Column::whole("COLUMN"), Column::whole("TYPE")]);
    for view in views {
        for (name, kind) in &view.columns {
            let cells = [view.name.as_str(), name, kind];
            table.push(cells.into_iter().map(Cell::new).collect());
        }
    }
    Ok(out.table(&table)?)
}

fn tell(out: &Output, answer: &Answer) -> anyhow::Result<()> {
    if out.is_json() {
        out.json(&Rows(answer))?;
    } else {
        out.table(&table(answer))?;
    }
    let why = match answer.rest {
        Rest::Nothing => return Ok(()),
        Rest::Rows => "more are left out; say --limit",
        Rest::Bytes => "the rest is left out, because these are large",
    };
    let rows = time::count(answer.rows.len() as u64, "row");
    out.aside(&format!("{rows}; {why}\n"));
    Ok(())
}

fn table(answer: &Answer) -> Table {
    const LEAST: usize = 8;
    let is_number = |value: &Value| matches!(value, Value::Whole(_) | Value::Number(_));
    let column = |(nth, name): (usize, &String)| {
        let mut values = answer.rows.iter().map(|row| &row[nth]).peekable();
        let has_some = values.peek().is_some();
        match has_some && values.all(|value| is_number(value) || *value == Value::Null) {
            true => Column::named_number(name),
            false => Column::named(name, LEAST),
        }
    };
    let mut table = Table::new(answer.columns.iter().enumerate().map(column).collect());
    for row in &answer.rows {
        table.push(row.iter().map(|value| Cell::new(written(value))).collect());
    }
    table
}
