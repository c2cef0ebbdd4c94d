//! Flows: workflows, a batch, a source with a gap, an operation.

use std::time::Duration;

use serde_json::json;
use windlass::NewJob;
use windlass::batch::{Batch, Step, Workflow};
use windlass::event::NewEvent;
use windlass::operation::{Action, NewOperation};
use windlass::source::{Asked, Ends, Held, Hold, Holding, Page, Read, Said, SourceOptions, judge};
use windlass::store::Now;

use super::day::Day;
use super::hand::Hand;
use super::words::{Told, before, job, json_of};

const MINUTE: Duration = Duration::from_secs(60);
pub(super) const FEED: &str = "nordlicht-stock";
/// When the feed was asked first, and when it had lost records.
pub(super) const FEED_SINCE: Duration = Duration::from_secs(20 * 60);
const FEED_LOST: Duration = Duration::from_secs(16 * 60);
/// How often the feed is asked.
pub(super) const FEED_EVERY: Duration = Duration::from_secs(30);

/// A batch of which one row failed.
pub(super) async fn import(day: &mut Day) -> anyhow::Result<()> {
    let row =
        |at: u32| job("catalog.row", "imports", &json!({ "article": format!("A-{}", 3_310 + at) }));
    let report = job("report.daily", "default", &json!({ "of": "catalog" }));
    let batch = Batch::new()
        .name("catalog autumn-2026")
        .jobs((0..12).map(row).collect::<Vec<NewJob>>())
        .then(report);
    day.client.start(batch).await?;
    Ok(())
}

/// A workflow that stopped at a step that failed.
pub(super) async fn onboarding(day: &mut Day) -> anyhow::Result<()> {
    let step = |name: &str, kind: &str| {
        Step::new(name, job(kind, "orders", &json!({ "supplier": "Nordlicht GmbH", "step": name })))
    };
    let flow = Workflow::new("supplier.onboard").steps([
        step("contract", "order.reserve"),
        step("articles", "catalog.import").after(["contract"]),
        step("prices", "catalog.row").after(["contract"]),
        step("publish", "sitemap.build").after(["articles", "prices"]),
    ]);
    day.client.start(flow).await?;
    Ok(())
}

/// The workflow of the last order, which is shipped after these steps. Its picture is not cut as long as the queue is paused.
pub(super) async fn fulfilment(day: &mut Day, before: &[&str]) -> anyhow::Result<()> {
    let number = day.orders;
    let step = |name: &str, kind: &str, queue: &str| {
        let draft = job(kind, queue, &json!({ "order": number, "step": name }));
        Step::new(name, draft.subject("order", number))
    };
    let ship = step("ship", "order.ship", "orders");
    let flow = Workflow::new("order.fulfil").key(format!("order-{number}")).steps([
        step("reserve", "order.reserve", "orders"),
        step("label", "order.pick", "orders").after(["reserve"]),
        step("photo", "image.crop", "media").after(["reserve"]),
        step("pick", "order.pick", "orders").after(["reserve"]),
        ship.after(before.iter().copied()),
        step("mail", "mail.shipping", "mail").after(["ship"]),
    ]);
    day.client.start(flow).await?;
    Ok(())
}

/// A feed of a supplier that has lost records, and one record that nobody can read.
pub(super) async fn feed(day: &mut Day, ago: Duration) -> anyhow::Result<()> {
    let now = day.moment();
    // Each record was written before the feed is asked.
    let record = |number: u64| {
        let data = json!({ "article": format!("A-{}", 3_000 + number), "left": number * 13 % 40 });
        let age = Duration::from_secs(7 * (70 - number));
        let event = NewEvent::new("stock.changed", json_of(&data)).time(before(now, age));
        Read::numbered(number, event.subject(format!("article/A-{}", 3_000 + number)))
    };
    if ago == FEED_SINCE {
        let url = "https://feed.nordlicht.example/stock";
        let about = json!({ "url": url, "every": "30s" }).to_string();
        day.store.declare_source(FEED, &about, Now::Database).await?;
    }
    let Some(held) = asked(day).await? else { return Ok(()) };
    let page = match ago {
        _ if ago == FEED_SINCE => Page::new((1..=40).map(record)).oldest(1).head(40),
        _ if ago == FEED_LOST => {
            let text = "{\"article\": \"A-3064\", \"left\": }";
            let broken = Read::unreadable(Some(64), text, "expected value at column 31");
            let records = (58..=63).map(record).chain([broken]).chain((65..=66).map(record));
            Page::new(records).oldest(58).head(66)
        }
        _ => return Ok(()),
    };
    let options = SourceOptions::default();
    let asked = Asked {
        name: FEED,
        epoch: held.epoch,
        options: &options,
        position: &held.position,
        disowned: held.disowned,
        ends: Ends::Late,
    };
    let Ok(judged) = judge(asked, page) else { return Ok(()) };
    for part in judged.imports {
        day.store.import(&part, Now::Database).await?;
    }
    Ok(())
}

/// The second worker has asked the feed, and will again.
pub(super) async fn asked(day: &Day) -> anyhow::Result<Option<Held>> {
    let hold = read_by(&day.hands[1]);
    Ok(match day.store.hold_source(&hold, Now::Database).await? {
        Holding::Held(held) => Some(held),
        _ => None,
    })
}

/// What a worker says that has asked the feed.
pub(super) fn read_by(hand: &Hand) -> Hold {
    let said = Said::Went(FEED_EVERY);
    Hold { name: FEED.to_owned(), holder: hand.label().to_owned(), lasts: MINUTE, said }
}

/// An operation that somebody began, after the mails that it is about were enqueued.
pub(super) async fn cancelled(day: &mut Day) -> anyhow::Result<()> {
    let filter = "kind:mail.digest tag:review state:scheduled".parse()?;
    let reason = "the review mails go out with the new template".to_owned();
    let new = NewOperation::new(Action::Cancel { reason }, filter).note("asked for by marketing");
    let started = day.client.start_operation(&new).await?;
    day.client.run_operation(started.id).await?;
    Ok(())
}
