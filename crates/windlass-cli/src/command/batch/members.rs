//! The jobs of a batch, as part of its page and of its document.

use windlass::batch::BatchRecord;
use windlass_http::batch::Members;

use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, time};

/// The part of the page; nothing where there are none.
pub(super) fn section(out: &Output, batch: &BatchRecord, of: &Members) -> String {
    let Some(last) = of.members.last() else { return String::new() };
    let mut section = format!("\n{}", table(out, of).render(out));
    if of.more && !out.is_plain() {
        let shown = time::number(of.members.len() as u64);
        let of = time::number(batch.jobs.all());
        let dot = out.glyphs().dot();
        let page = format!("{shown} of {of} {dot} next page: --cursor {}", last.job);
        section.push_str(&format!("{}\n", out.paint(Tone::Dim, &page)));
    }
    section
}

fn table(out: &Output, of: &Members) -> Table {
    let has_steps = of.members.iter().any(|member| member.step.is_some());
    let mut columns = vec![
        Column::whole("ID"),
        Column::text("KIND", 10),
        Column::text("QUEUE", 6).expendable(1),
        Column::whole("STATE"),
    ];
    columns.extend(has_steps.then(|| Column::text("STEP", 8)));
    let mut table = Table::new(columns);
    for member in &of.members {
        let text = |text: &Option<String>| Cell::new(text.as_deref().unwrap_or_default());
        let state = member.state.map_or_else(|| Cell::new("gone"), |state| out.state(state));
        let mut cells =
            vec![Cell::new(member.job.to_string()), text(&member.kind), text(&member.queue), state];
        cells.extend(has_steps.then(|| text(&member.step)));
        table.push(cells);
    }
    table
}
