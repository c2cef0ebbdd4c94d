//! `windlass alert list`.

use windlass::Client;
use windlass::alert::MuteRecord;
use windlass_http::alert::{Look, document};

use crate::command::queue::since_until_why;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::store;

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let look = Look::of(&Client::new(store), out.redaction()?).await?;
    if out.is_json() {
        out.json(&document(&look))?;
        return Ok(Exit::Done);
    }
    if look.alerts.open.is_empty() && !out.is_plain() {
        out.line("there are no alerts")?;
    } else {
        out.table(&open(out, &look))?;
    }
    let muted: Vec<&MuteRecord> = look.mutes().collect();
    if !muted.is_empty() {
        out.line("")?;
        out.table(&mutes(out, &muted))?;
    }
    if !look.looked_for {
        out.warn(
            "no subscription wants alerts that last, so that none is looked for: windlass subscription add page --kind ops.page --type 'windlass.*'",
        );
    }
    Ok(Exit::Done)
}

fn open(out: &Output, look: &Look) -> Table {
    let mut table = Table::new(vec![
        Column::text("ALERT", 24),
        Column::whole("SINCE"),
        Column::whole("TOLD"),
        Column::text("MUTED BY", 12),
    ]);
    for alert in &look.alerts.open {
        let told = match alert.fired_at {
            Some(at) => Cell::toned(Tone::Bad, out.moment(at)),
            None => Cell::toned(Tone::Dim, "no"),
        };
        let muted = look.muted_by(alert).unwrap_or_default();
        table.push(vec![
            Cell::new(in_one_line(&alert.key)),
            Cell::new(out.moment(alert.since)),
            told,
            Cell::toned(Tone::Attention, in_one_line(muted)),
        ]);
    }
    table
}

fn mutes(out: &Output, muted: &[&MuteRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::text("MUTED", 24),
        Column::whole("BY"),
        Column::text("SINCE, UNTIL, WHY", 24),
    ]);
    for mute in muted {
        let by = if mute.is_declared { "[doctor]" } else { "a person" };
        let why = since_until_why(out, mute.muted_at, mute.until, mute.note.as_deref());
        table.push(vec![
            Cell::new(in_one_line(mute.name.as_str())),
            Cell::new(by),
            Cell::new(in_one_line(&why)),
        ]);
    }
    table
}
