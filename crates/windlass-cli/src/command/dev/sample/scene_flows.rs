//! Flows: workflows, a batch, a source with a gap, an operation.

use std::time::Duration;

use serde_json::json;
use windlass::batch::{Batch, Step, Workflow};
use windlass::event::NewEvent;
use windlass::job::Verdict;
use windlass::operation::{Action, NewOperation};
use windlass::source::{Asked, Ends, Hold, Holding, Page, Read, Said, SourceOptions, judge};
use windlass::store::Now;
use windlass::{NewJob, Outcome};

use super::day::Day;
use super::words::{Told, before, job, json_of};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn under_way(day: &mut Day) -> anyhow::Result<()> {
    import(day).await?;
    onboarding(day).await?;
    fulfilment(day).await?;
    feed(day).await?;
    retried(day).await
}

/// Runs what is available, once, as the step or row it is about tells.
async fn run(day: &mut Day, ago: Duration, fails: &str) -> anyhow::Result<()> {
    day.at(ago);
    day.lead().await?;
    let at = before(day.now, ago).after(Duration::from_millis(60));
    let held = day.hands[0].claim(50, at).await?;
    let ran = Duration::from_millis(2_400);
    let ends = held.into_iter().map(|one| {
        let is_wrong = !fails.is_empty() && one.job.args.as_str().contains(fails);
        let error = || format!("ImportError: {fails} has no price\n  at row (catalog/row.rs:40)");
        let verdict = if is_wrong {
            Verdict::Die {
                outcome: Outcome::Error,
                error: error(),
                reason: "failed for good".to_owned(),
            }
        } else {
            Verdict::Complete { output: None }
        };
        (one, ran, verdict)
    });
    let ends = ends.collect();
    day.hands[0].settle(ends, at.after(ran)).await?;
    day.at(ago.saturating_sub(Duration::from_secs(5)));
    day.lead().await
}

/// A batch of which one row failed.
async fn import(day: &mut Day) -> anyhow::Result<()> {
    day.at(58 * MINUTE);
    let row =
        |at: u32| job("catalog.row", "imports", &json!({ "article": format!("A-{}", 3_310 + at) }));
    let report = job("report.daily", "default", &json!({ "of": "catalog" }));
    let batch = Batch::new()
        .name("catalog autumn-2026")
        .jobs((0..12).map(row).collect::<Vec<NewJob>>())
        .then(report);
    day.client.start(batch).await?;
    run(day, 57 * MINUTE, "A-3317").await?;
    run(day, 56 * MINUTE, "").await
}

/// A workflow that stopped at a step that failed.
async fn onboarding(day: &mut Day) -> anyhow::Result<()> {
    day.at(49 * MINUTE);
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
    run(day, 48 * MINUTE, "").await?;
    run(day, 47 * MINUTE, "\"prices\"").await
}

/// Two workflows: one is over, one in the middle.
async fn fulfilment(day: &mut Day) -> anyhow::Result<()> {
    for (number, begun) in [(11_133, 22), (11_168, 6)] {
        day.at(begun * MINUTE);
        let step = |name: &str, kind: &str, queue: &str| {
            Step::new(
                name,
                job(kind, queue, &json!({ "order": number, "step": name }))
                    .subject("order", number),
            )
        };
        let ship = step("ship", "order.ship", "orders");
        let flow = Workflow::new("order.fulfil").key(format!("order-{number}")).steps([
            step("reserve", "order.reserve", "orders"),
            step("invoice", "invoice.create", "billing").after(["reserve"]),
            step("photo", "image.crop", "media").after(["reserve"]),
            step("pick", "order.pick", "orders").after(["reserve"]),
            if number == 11_133 {
                ship.after(["invoice", "pick"])
            } else {
                ship.after(["invoice", "pick", "photo"])
            },
            step("mail", "mail.shipping", "mail").after(["ship"]),
        ]);
        day.client.start(flow).await?;
        for at in 1..=4 {
            run(day, begun * MINUTE - at * Duration::from_secs(20), "").await?;
        }
    }
    Ok(())
}

/// A feed of a supplier that has lost records, and one that nobody can read.
async fn feed(day: &mut Day) -> anyhow::Result<()> {
    let now = day.now;
    let record = |number: u64| {
        let data = json!({ "article": format!("A-{}", 3_000 + number), "left": number * 13 % 40 });
        let event = NewEvent::new("stock.changed", json_of(&data))
            .time(before(now, (80 - number as u32) * MINUTE / 3));
        Read::numbered(number, event.subject(format!("article/A-{}", 3_000 + number)))
    };
    let about =
        json!({ "url": "https://feed.nordlicht.example/stock", "every": "30s" }).to_string();
    day.at(25 * MINUTE);
    day.store.declare_source("nordlicht-stock", &about, Now::Database).await?;
    let broken = Read::unreadable(
        Some(64),
        "{\"article\": \"A-3064\", \"left\": }",
        "expected value at column 31",
    );
    let pages = [
        Page::new((1..=40).map(record)).oldest(1).head(40),
        Page::new((58..=63).map(record).chain([broken]).chain((65..=66).map(record)))
            .oldest(58)
            .head(66),
    ];
    let (options, at) = (SourceOptions::default(), [24 * MINUTE, 14 * MINUTE]);
    for (page, ago) in pages.into_iter().zip(at) {
        day.at(ago);
        let said = Said::Went(Duration::from_secs(30));
        let hold = Hold {
            name: "nordlicht-stock".to_owned(),
            holder: "app-2-790".to_owned(),
            lasts: MINUTE,
            said,
        };
        let Holding::Held(held) = day.store.hold_source(&hold, Now::Database).await? else {
            continue;
        };
        let asked = Asked {
            name: "nordlicht-stock",
            epoch: held.epoch,
            options: &options,
            position: &held.position,
            disowned: held.disowned,
            ends: Ends::Late,
        };
        let Ok(judged) = judge(asked, page) else { continue };
        for part in judged.imports {
            day.store.import(&part, Now::Database).await?;
        }
    }
    run(day, 13 * MINUTE, "").await
}

/// An operation that somebody began.
async fn retried(day: &mut Day) -> anyhow::Result<()> {
    day.at(10 * MINUTE);
    let filter = "kind:mail.digest tag:review state:scheduled".parse()?;
    let reason = "the review mails go out with the new template".to_owned();
    let new = NewOperation::new(Action::Cancel { reason }, filter).note("asked for by marketing");
    let started = day.client.start_operation(&new).await?;
    day.client.run_operation(started.id).await?;
    Ok(())
}
