//! `windlass subscription list`.

use windlass::Client;
use windlass::event::LogRecord;
use windlass::schedule::UTC;
use windlass::subscription::{
    Mode, RequestedChange, SubscriptionRecord, SubscriptionRequest, Target,
};
use windlass::time::written;

use super::{document, standing, standing_in_words};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::store;

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let all = client.subscriptions().await?;
    let log = client.event_log().await?;
    let requests = client.subscription_requests().await?;
    if out.is_json() {
        out.json(&all.iter().map(|one| document(one, &log, None)).collect::<Vec<_>>())?;
    } else if all.is_empty() && requests.is_empty() && !out.is_plain() {
        out.line("there are no subscriptions; make one: windlass subscription add receipts --kind mail.receipt --type order.paid")?;
    } else {
        out.table(&table(out, &all, &log))?;
    }
    requests.iter().for_each(|request| out.warn(&asked(request)));
    Ok(Exit::Done)
}

/// What was asked for by SQL and is not so.
fn asked(request: &SubscriptionRequest) -> String {
    let what = match request.change {
        RequestedChange::Put { .. } => "put",
        RequestedChange::Pause => "pause",
        RequestedChange::Resume => "resume",
        RequestedChange::Remove => "remove",
    };
    let state = match &request.error {
        Some(error) => format!("refused: {error}"),
        None => "waits for a worker that leads".to_owned(),
    };
    format!("SQL asked at {} to {what} {}: {state}", request.at, request.name)
}

/// Mode and pace have columns where one of them has any; for programs always.
fn table(out: &Output, all: &[SubscriptionRecord], log: &LogRecord) -> Table {
    let has_modes = out.is_plain() || all.iter().any(|one| !one.definition.mode.is_each());
    let has_paces = out.is_plain() || all.iter().any(|one| one.definition.pace.is_some());
    let columns = [
        Some(Column::whole("SUBSCRIPTION")),
        Some(Column::text("WANTS", 12)),
        Some(Column::text("BECOMES", 10)),
        has_modes.then(|| Column::text("MODE", 15)),
        Some(Column::text("QUEUE", 8).expendable(1)),
        Some(Column::whole("STATE")),
        has_paces.then(|| Column::whole("PACE").expendable(3)),
        Some(Column::number("POSITION").expendable(2)),
        Some(Column::number("BEHIND")),
    ];
    let mut table = Table::new(columns.iter().flatten().cloned().collect());
    for record in all {
        let shown = cells(record, log).into_iter().zip(&columns);
        table.push(shown.filter_map(|(cell, column)| column.as_ref().map(|_| cell)).collect());
    }
    table
}

fn cells(record: &SubscriptionRecord, log: &LogRecord) -> [Cell; 9] {
    let (_, is_notable) = standing(record);
    let tone = if is_notable { Tone::Attention } else { Tone::Plain };
    let definition = &record.definition;
    let (becomes, queue) = match &definition.target {
        Target::Job(job) => (job.kind.clone(), job.queue.as_str()),
        Target::Signal(key) => (format!("signal {key}"), ""),
        Target::Event(made) => (format!("event {}", made.event_type), ""),
    };
    [
        Cell::new(&record.name),
        Cell::new(definition.filter.to_string()),
        Cell::new(becomes),
        Cell::new(mode(&definition.mode)),
        Cell::new(queue),
        Cell::toned(tone, standing_in_words(record)),
        Cell::new(definition.pace.map(|pace| pace.to_string()).unwrap_or_default()),
        Cell::new(record.position(log).to_string()),
        Cell::new(record.behind(log).to_string()),
    ]
}

/// Shorter than its sentence: a column is narrow.
fn mode(mode: &Mode) -> String {
    match mode {
        Mode::Each => String::new(),
        Mode::Batch { most, within } => format!("batch {most} or {}", written(*within)),
        Mode::Digest { rule, zone } if zone == UTC => format!("digest {rule}"),
        Mode::Digest { rule, zone } => format!("digest {rule} {zone}"),
        Mode::Latest { within } => format!("latest {}", written(*within)),
    }
}
