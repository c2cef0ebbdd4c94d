//! `windlass subscription show`.

use windlass::Client;
use windlass::event::LogRecord;
use windlass::subscription::{SubscriptionRecord, Target};
use windlass_http::subscription::Alone;

use super::{checked, document, find, standing, standing_in_words};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::time::count;
use crate::store;

pub(super) async fn run(name: &str, globals: &Globals) -> anyhow::Result<Exit> {
    checked(name)?;
    let client = Client::new(store::existing(&globals.store).await?);
    let record = find(&client, name).await?;
    let log = client.event_log().await?;
    let gaps = client.gaps(&record).await?;
    let windows = client.event_windows(&record).await?;
    let alone = Alone { windows: &windows, gaps: &gaps };
    print(&globals.out, &record, &log, Some(alone))?;
    if !globals.out.is_json() {
        if let Some(first) = windows.first() {
            let events = windows.iter().map(|window| window.positions.len() as u64).sum();
            let waiting = format!(
                "{} until {}, for {}",
                count(events, "event"),
                globals.out.moment_in_full(first.due_at),
                count(windows.len() as u64, "job")
            );
            globals.out.print(&field(&globals.out, "waiting", &waiting))?;
        }
        for gap in gaps {
            let gap = format!(
                "  was not fed {} to {} on {}: {}\n",
                gap.from,
                gap.to,
                globals.out.moment_in_full(gap.at),
                gap.reason
            );
            globals.out.print(&globals.out.paint(Tone::Attention, &gap))?;
        }
    }
    Ok(Exit::Done)
}

/// A subscription, as a page or a document.
pub(super) fn print(
    out: &Output,
    record: &SubscriptionRecord,
    log: &LogRecord,
    alone: Option<Alone<'_>>,
) -> anyhow::Result<()> {
    if out.is_json() {
        return out.json(&document(record, log, alone));
    }
    let mut page = head(out, record);
    for (name, value) in fields(out, record, log) {
        page.push_str(&field(out, name, &value));
    }
    Ok(out.print(&page)?)
}

fn field(out: &Output, name: &str, value: &str) -> String {
    format!("  {}  {value}\n", out.paint(Tone::Dim, &format!("{name:<9}")))
}

/// Its name and how it stands.
pub(super) fn head(out: &Output, record: &SubscriptionRecord) -> String {
    let (_, is_notable) = standing(record);
    let tone = if is_notable { Tone::Attention } else { Tone::Good };
    let state = out.paint(tone, &standing_in_words(record));
    format!("{}  {state}\n", out.paint(Tone::Strong, &record.name))
}

/// What comes of an event, in words.
pub(super) fn target(record: &SubscriptionRecord) -> String {
    let target = match &record.definition.target {
        Target::Job(job) => job,
        Target::Signal(key) => return format!("the signal {}:VALUE, of its {key}", record.name),
        Target::Event(made) => {
            let own = format!("/subscription/{}", record.name);
            let source = made.source.as_deref().map_or(own, in_one_line);
            return format!("{} from {source}", made.event_type);
        }
    };
    let version = match target.version {
        1 => String::new(),
        version => format!(", version {version}"),
    };
    let attempts = match target.max_attempts {
        None => String::new(),
        Some(0) => ", tried until it succeeds".to_owned(),
        Some(attempts) => format!(", dead after {}", count(attempts.into(), "failure")),
    };
    format!("{} on queue {}{version}{attempts}", target.kind, target.queue)
}

fn fields(
    out: &Output,
    record: &SubscriptionRecord,
    log: &LogRecord,
) -> Vec<(&'static str, String)> {
    let behind = match record.behind(log) {
        0 => "the end of the log".to_owned(),
        events => format!("{} behind the end of the log", count(events, "event")),
    };
    let begins = match record.after {
        0 => "at the beginning of the log".to_owned(),
        after => format!("behind position {after}"),
    };
    let begins = match record.until {
        Some(until) => format!("{begins}, and ends with {until}"),
        None => begins,
    };
    let becomes = match record.definition.target {
        Target::Job(_) => "job",
        Target::Signal(_) => "tells",
        Target::Event(_) => "event",
    };
    let mut fields = vec![
        ("wants", record.definition.filter.to_string()),
        (becomes, target(record)),
        ("position", format!("{}, {behind}", record.position(log))),
        ("begins", begins),
    ];
    if record.definition.target.job().is_some() {
        let credit = count(record.definition.most_unfinished().into(), "unfinished job");
        fields.push(("credit", credit));
    }
    if let Some(pace) = record.definition.pace {
        fields.push(("pace", format!("{pace} while it catches up")));
    }
    let mode = &record.definition.mode;
    if let Some(lane) = &record.definition.lane {
        let together = if mode.is_each() { "" } else { ", and together" };
        fields.push(("lane", format!("one after the other{together} by {lane}")));
    }
    if !mode.is_each() {
        fields.push(("mode", mode.to_string()));
    }
    if let Some(at) = record.paused_at {
        fields.push(("paused", out.moment_in_full(at)));
    }
    fields.push(("made", out.moment_in_full(record.created_at)));
    fields
}
