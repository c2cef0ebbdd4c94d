//! `windlass alert list`.

use serde::Serialize;
use windlass::alert::{AlertRecord, AlertType, Alerts, MuteRecord};
use windlass::{Client, Timestamp};

use crate::command::queue::since_until_why;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::store;

/// `alerts.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    /// Whether a subscription wants any, so that a worker looks for them.
    looked_for: bool,
    alerts: Vec<AlertBody<'a>>,
    /// Without those that are over.
    muted: Vec<&'a MuteRecord>,
}

/// One alert.
#[derive(Debug, Serialize)]
struct AlertBody<'a> {
    #[serde(flatten)]
    alert: &'a AlertRecord,
    /// By which name it is muted.
    muted_by: Option<&'a str>,
}

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let now = store.facts().await?.now;
    let client = Client::new(store);
    let alerts = client.alerts().await?;
    let looked_for = is_looked_for(&client).await?;
    let muted: Vec<&MuteRecord> = alerts.muted.iter().filter(|mute| !mute.is_over(now)).collect();
    if out.is_json() {
        let body = |alert| AlertBody { alert, muted_by: muted_by(&alerts, alert, now) };
        let all = alerts.open.iter().map(body).collect();
        out.json(&Document::new("alerts.v1", Body { looked_for, alerts: all, muted }))?;
        return Ok(Exit::Done);
    }
    if alerts.open.is_empty() && !out.is_plain() {
        out.line("there are no alerts")?;
    } else {
        out.table(&open(out, &alerts, now))?;
    }
    if !muted.is_empty() {
        out.line("")?;
        out.table(&mutes(out, &muted))?;
    }
    if !looked_for {
        out.warn(
            "no subscription wants alerts that last, so that none is looked for: windlass subscription add page --kind ops.page --type 'windlass.*'",
        );
    }
    Ok(Exit::Done)
}

/// Whether a subscription wants what lasts.
async fn is_looked_for(client: &Client) -> anyhow::Result<bool> {
    let subscriptions = client.subscriptions().await?;
    let mut lasting = AlertType::ALL.into_iter().filter(|alert| alert.lasts());
    Ok(lasting.any(|alert| subscriptions.iter().any(|one| alert.is_wanted(&one.definition.filter))))
}

fn muted_by<'a>(alerts: &'a Alerts, alert: &AlertRecord, now: Timestamp) -> Option<&'a str> {
    alerts.mute_of(&alert.key, alert.kind().as_deref(), now).map(|mute| mute.name.as_str())
}

fn open(out: &Output, alerts: &Alerts, now: Timestamp) -> Table {
    let mut table = Table::new(vec![
        Column::text("ALERT", 24),
        Column::whole("SINCE"),
        Column::whole("TOLD"),
        Column::text("MUTED BY", 12),
    ]);
    for alert in &alerts.open {
        let told = match alert.fired_at {
            Some(at) => Cell::toned(Tone::Bad, out.moment(at)),
            None => Cell::toned(Tone::Dim, "no"),
        };
        let muted = muted_by(alerts, alert, now).unwrap_or_default();
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
