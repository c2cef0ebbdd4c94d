//! `windlass event verify`.

use windlass::Client;
use windlass::subscription::{Verified, VerifiedSubscription};
use windlass_http::event::verification;

use super::sequence;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::time::count;
use crate::store;

pub(super) async fn verify(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let verified = Client::new(store).verify_events().await?;
    if out.is_json() {
        out.json(&verification(&verified))?;
    } else {
        out.print(&format!("{}\n", said(out, &verified)))?;
        if !verified.subscriptions.is_empty() {
            out.table(&table(&verified))?;
        }
    }
    Ok(if verified.is_whole() { Exit::Done } else { Exit::Problem })
}

fn said(out: &Output, verified: &Verified) -> String {
    let log = &verified.log;
    let removed = match log.removed {
        0 => String::new(),
        removed => format!(", {} whose time was over are gone", count(removed, "event")),
    };
    let events = count(verified.counted, "event");
    match verified.lost() {
        0 => format!("{}: {events}{removed}", out.paint(Tone::Good, "the log is whole")),
        lost => format!(
            "{}: of {} positions {events} are there{removed}",
            out.paint(Tone::Bad, &format!("{} lost", count(lost, "event"))),
            log.last
        ),
    }
}

fn table(verified: &Verified) -> Table {
    let mut table = Table::new(vec![
        Column::text("SUBSCRIPTION", 10),
        Column::number("WANTED"),
        Column::number("JOBS"),
        Column::number("WAITING"),
        Column::number("ENDED LONG AGO"),
        Column::number("MISSED"),
        Column::text("GAPS", 10),
    ]);
    for one in &verified.subscriptions {
        let (tone, missed) = match one.missed {
            0 => (Tone::Plain, "0".to_owned()),
            missed => (Tone::Bad, format!("{missed} from {}", first(one))),
        };
        table.push(vec![
            Cell::new(&one.name),
            Cell::new(one.wanted.to_string()),
            Cell::new(one.found.to_string()),
            Cell::new(one.gathered.to_string()),
            Cell::new(one.ended.to_string()),
            Cell::toned(tone, missed),
            Cell::toned(if one.gaps.is_empty() { Tone::Dim } else { Tone::Attention }, gaps(one)),
        ]);
    }
    table
}

fn first(one: &VerifiedSubscription) -> String {
    one.missed_at.first().map(ToString::to_string).unwrap_or_default()
}

fn gaps(one: &VerifiedSubscription) -> String {
    if one.gaps.is_empty() {
        return "none".to_owned();
    }
    let gaps = one.gaps.iter().map(|gap| format!("{} to {}", gap.from, gap.to));
    gaps.collect::<Vec<_>>().join(", ")
}
