//! `windlass subscription list`.

use windlass::Client;
use windlass::event::LogRecord;
use windlass::subscription::{RequestedChange, SubscriptionRecord, SubscriptionRequest, Target};

use super::{document, standing, standing_in_words};
use crate::exit::Exit;
use crate::globals::Globals;
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
        out.table(&table(&all, &log))?;
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

fn table(all: &[SubscriptionRecord], log: &LogRecord) -> Table {
    let mut table = Table::new(vec![
        Column::whole("SUBSCRIPTION"),
        Column::text("WANTS", 16),
        Column::text("BECOMES", 10),
        Column::text("QUEUE", 8).expendable(1),
        Column::whole("STATE"),
        Column::number("POSITION").expendable(2),
        Column::number("BEHIND"),
    ]);
    for record in all {
        let (_, is_notable) = standing(record);
        let tone = if is_notable { Tone::Attention } else { Tone::Plain };
        let (becomes, queue) = match &record.definition.target {
            Target::Job(job) => (job.kind.clone(), job.queue.as_str()),
            Target::Signal(key) => (format!("signal {key}"), ""),
            Target::Event(made) => (format!("event {}", made.event_type), ""),
        };
        table.push(vec![
            Cell::new(&record.name),
            Cell::new(record.definition.filter.to_string()),
            Cell::new(becomes),
            Cell::new(queue),
            Cell::toned(tone, standing_in_words(record)),
            Cell::new(record.position(log).to_string()),
            Cell::new(record.behind(log).to_string()),
        ]);
    }
    table
}
