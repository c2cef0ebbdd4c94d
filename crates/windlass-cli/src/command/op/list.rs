//! `windlass op list`.

use windlass::Client;
use windlass::operation::OperationRecord;
use windlass_http::operation::document;

use super::state;
use crate::exit::Exit;
use crate::output::Output;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;

pub(super) async fn list(client: &Client, limit: usize, out: &Output) -> anyhow::Result<Exit> {
    let operations = client.operations(None, limit).await?;
    if out.is_json() {
        out.json(&operations.iter().map(document).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if operations.is_empty() && !out.is_plain() {
        out.line("no operation is there; they begin with `windlass job retry`, `cancel`, `move` and `delete` and a filter")?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &operations))?;
    Ok(Exit::Done)
}

fn table(out: &Output, operations: &[OperationRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::whole("ID"),
        Column::whole("STATE"),
        Column::whole("ACTION"),
        Column::text("FILTER", 12).expendable(1),
        Column::number("MATCHED"),
        Column::number("DONE"),
        Column::number("SKIPPED"),
        Column::number("UNDONE"),
        Column::whole("BEGAN"),
    ]);
    for one in operations {
        let (word, tone) = state(out, one.state);
        let number = |number: Option<u64>| number.map(time::number).unwrap_or_default();
        table.push(vec![
            Cell::new(one.id.to_string()),
            Cell::toned(tone, word),
            Cell::new(one.action.word()),
            Cell::new(in_one_line(&one.filter.to_string())),
            Cell::new(number(one.matched)),
            Cell::new(time::number(one.progress.done)),
            Cell::new(time::number(one.progress.skipped.total())),
            Cell::new(time::number(one.progress.undone)),
            Cell::new(out.moment(one.created_at)),
        ]);
    }
    table
}
