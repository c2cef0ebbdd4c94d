//! `windlass key list`.

use serde::Serialize;
use windlass::Client;
use windlass::encryption::Keys;
use windlass::filter::{Count, Effort};
use windlass::job::Filter;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys::VARIABLE;
use crate::output::table::{Cell, Column, Table};
use crate::output::{document, time};
use crate::store;

/// The states of jobs whose args are still needed.
const NOT_ENDED: &str = "state:waiting,scheduled,available,running,retryable";

/// `key.v1`, without the key.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    /// Whether it encrypts; the others decrypt alone.
    writes: bool,
    /// Jobs that have not ended and are encrypted with it.
    not_ended: u64,
    /// All jobs that are.
    jobs: u64,
    /// Whether both were counted, and not estimated.
    exact: bool,
}

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let keys = Keys::from_env(VARIABLE).map_err(|error| Failure::usage(error.to_string()))?;
    let client = Client::new(store::existing(&globals.store).await?);
    let mut rows = Vec::new();
    for (nth, name) in keys.names().enumerate() {
        rows.push(of_key(&client, name, nth == 0).await?);
    }
    if out.is_json() {
        out.json(
            &rows.into_iter().map(|row| document::Document::new("key.v1", row)).collect::<Vec<_>>(),
        )?;
    } else {
        out.table(&table(&rows))?;
    }
    Ok(Exit::Done)
}

async fn of_key<'a>(client: &Client, name: &'a str, writes: bool) -> anyhow::Result<Row<'a>> {
    let all = format!("args.windlass_encrypted:\"{name}\"");
    let jobs = count(client, &all).await?;
    let not_ended = count(client, &format!("{NOT_ENDED} {all}")).await?;
    let exact = jobs.exact && not_ended.exact;
    Ok(Row { name, writes, not_ended: not_ended.value, jobs: jobs.value, exact })
}

async fn count(client: &Client, filter: &str) -> anyhow::Result<Count> {
    let filter: Filter = filter.parse()?;
    Ok(client.count_jobs(&filter, Effort::Exact).await?)
}

fn table(rows: &[Row<'_>]) -> Table {
    let mut table = Table::new(vec![
        Column::text("NAME", 10),
        Column::whole("USE"),
        Column::number("NOT ENDED"),
        Column::number("JOBS"),
    ]);
    for row in rows {
        let number = |count| format!("{}{}", if row.exact { "" } else { "~" }, time::number(count));
        table.push(vec![
            Cell::new(row.name),
            Cell::new(if row.writes { "encrypts" } else { "decrypts" }),
            Cell::new(number(row.not_ended)),
            Cell::new(number(row.jobs)),
        ]);
    }
    table
}
