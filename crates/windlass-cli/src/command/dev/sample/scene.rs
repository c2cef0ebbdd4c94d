//! Scene: how the shop is run, and what its jobs are at right now.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::progress::{Level, NewLogLine, Progress, Report};
use windlass::queue::Pause;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Client, Limit, LimitOn, Missed, NewJob, Schedule};

use super::day::{Day, MEDIA_PAUSED};
use super::scene_flows::{self, FEED_EVERY, FEED_SINCE};
use super::words::{Told, job};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What comes of events, and what is held back.
pub(super) async fn rules(client: &Client) -> anyhow::Result<()> {
    let paid = || Filter::of_types(["order.paid"]);
    let wanted = [
        ("receipts", paid().build()?, "mail.receipt", "mail"),
        ("invoices", paid().build()?, "invoice.create", "billing"),
        ("captures", paid().build()?, "payment.capture", "billing"),
        ("large-orders", paid().prefix("data.total", "2").build()?, "order.review", "search"),
        ("stock", Filter::of_types(["stock.*"]).build()?, "supplier.stock", "imports"),
    ];
    for (name, filter, kind, queue) in wanted {
        if name != "large-orders" {
            let subscription = Subscription::new(filter, kind).queue(queue);
            client.subscribe(name, &subscription, Start::Now).await?;
        }
    }
    let gateway = Limit::on(LimitOn::Kind("payment.capture".to_owned())).running(8);
    client.set_limit_with_note(&gateway, "the gateway allows eight at once").await?;
    let mail = Limit::on(LimitOn::Queue("mail".to_owned())).running(40);
    client.set_limit(&mail).await?;
    Ok(())
}

/// What is done again and again.
pub(super) async fn schedules(client: &Client) -> anyhow::Result<()> {
    let zone = |rule: &str| -> anyhow::Result<Schedule> {
        Ok(Schedule::rule(rule)?.zone("Europe/Berlin")?)
    };
    let report = zone("0 6 * * *")?;
    client
        .put_schedule(
            "daily-report",
            report,
            job("report.daily", "default", &json!({ "to": "office@example.com" })),
        )
        .await?;
    let sitemap = zone("every 30m")?.missed(Missed::None);
    client.put_schedule("sitemap", sitemap, job("sitemap.build", "default", &Value::Null)).await?;
    let digest = zone("0 18 * * fri")?;
    client
        .put_schedule(
            "weekly-digest",
            digest,
            job("mail.digest", "mail", &json!({ "list": "regulars" })),
        )
        .await?;
    client.pause_schedule("weekly-digest", Some("until the new template is there")).await?;
    Ok(())
}

/// What happens so long before now, besides the orders: all of it in the order of the day, as the log of events has it.
pub(super) async fn happens(day: &mut Day, ago: Duration) -> anyhow::Result<()> {
    if ago <= FEED_SINCE && ago.as_secs().is_multiple_of(FEED_EVERY.as_secs()) {
        scene_flows::feed(day, ago).await?;
    }
    if ago > HOUR || !ago.as_secs().is_multiple_of(60) {
        return Ok(());
    }
    match ago.as_secs() / 60 {
        58 => scene_flows::import(day).await,
        49 => scene_flows::onboarding(day).await,
        22 => scene_flows::fulfilment(day, &["label", "pick"]).await,
        6 => scene_flows::fulfilment(day, &["label", "pick", "photo"]).await,
        10 => scene_flows::cancelled(day).await,
        17 => reviews(day).await,
        14 => sent_back(day).await,
        7 => running(day).await,
        1 => progress(day).await,
        _ if ago == MEDIA_PAUSED => pause(day).await,
        minutes => waiting(day, minutes).await,
    }
}

async fn pause(day: &mut Day) -> anyhow::Result<()> {
    let pause = Pause::queue("media").note("the disk of media-1 is full");
    day.client.pause_with(pause).await?;
    Ok(())
}

/// What nobody runs.
async fn waiting(day: &mut Day, minutes: u64) -> anyhow::Result<()> {
    let number = day.orders;
    let jobs: Vec<NewJob> = match minutes {
        18 => (0..37).map(|_| day.thumbnail().tag("product")).collect(),
        13 => {
            let ship = job("order.ship", "orders", &json!({ "order": number }));
            vec![ship.subject("order", number).on_signal(&format!("picked:{number}"))]
        }
        12 => ["products", "categories", "reviews"]
            .map(|part| job("search.reindex", "search", &json!({ "part": part })))
            .into(),
        _ => return Ok(()),
    };
    day.client.enqueue_all(jobs).await?;
    Ok(())
}

/// What is due another day, of orders of the last minutes.
async fn reviews(day: &mut Day) -> anyhow::Result<()> {
    let review = |number: u64| {
        let draft = job("mail.digest", "mail", &json!({ "order": number, "template": "review" }));
        draft.subject("order", number).tag("review").delay(3 * DAY)
    };
    let orders = day.orders - 5..=day.orders;
    let jobs = day.client.enqueue_all(orders.map(review).collect::<Vec<_>>()).await?;
    day.to_cancel = jobs.last().map(|job| job.id());
    Ok(())
}

async fn sent_back(day: &mut Day) -> anyhow::Result<()> {
    if let Some(job) = day.to_cancel {
        day.client.cancel(&[job], "the order was sent back").await?;
    }
    Ok(())
}

/// An import, a mailing and what has to wait for the first of an order.
async fn running(day: &mut Day) -> anyhow::Result<()> {
    let import = job(
        "catalog.import",
        "imports",
        &json!({ "file": "s3://imports/winter-2026.csv", "rows": 48_210 }),
    );
    let digest = job("mail.digest", "mail", &json!({ "list": "newsletter", "recipients": 12_480 }));
    // Another order than that of the workflow a minute later.
    let number = day.orders - 1;
    let shipping = |step: &str| {
        let draft = job("order.pick", "orders", &json!({ "order": number, "step": step }));
        draft.subject("order", number).lane(&format!("order={number}"))
    };
    day.client
        .enqueue_all([
            import.tag("winter").timeout(40 * MINUTE),
            digest.tag("newsletter").timeout(40 * MINUTE),
        ])
        .await?;
    day.client.enqueue_all(["collect", "wrap", "label"].map(shipping)).await?;
    let at = day.moment().after(Duration::from_millis(60));
    day.hands[1].keeps = day.hands[1].claim(50, at).await?;
    Ok(())
}

/// What they have said of themselves.
async fn progress(day: &mut Day) -> anyhow::Result<()> {
    for one in &day.hands[1].keeps {
        let (percent, note, done, total) = match one.job.kind.as_str() {
            "catalog.import" => (62.0, "rows of winter-2026.csv", 29_890, 48_210),
            "mail.digest" => (18.0, "sending", 2_246, 12_480),
            _ => continue,
        };
        let progress = Progress {
            percent: Some(percent),
            note: Some(note.to_owned()),
            done: Some(done),
            total: Some(total),
        };
        let lines = said(&one.job.kind);
        let fill = |report: &mut Report| {
            report.progress = Some((progress, 1));
            report.lines = lines;
        };
        day.hands[1].report(one, fill).await?;
    }
    Ok(())
}

fn said(kind: &str) -> Vec<NewLogLine> {
    let lines: &[(Level, &str)] = match kind {
        "catalog.import" => &[
            (Level::Info, "48 210 rows, 14 columns, UTF-8"),
            (Level::Warn, "row 9 118: no price, taken from the last catalog"),
            (Level::Warn, "row 17 402: unknown colour \"petrol\", kept as text"),
            (Level::Error, "row 21 077: the same article number as row 20 986, left out"),
            (Level::Info, "29 890 rows written"),
        ],
        _ => &[(Level::Info, "12 480 recipients in 125 parts")],
    };
    let age = |at: usize| Duration::from_secs(300 - 50 * at as u64);
    let line = |(at, (level, text)): (usize, &(Level, &str))| NewLogLine {
        nth: at as u32 + 1,
        age: age(at),
        level: *level,
        text: (*text).to_owned(),
    };
    lines.iter().enumerate().map(line).collect()
}
