//! Scene: how the shop is run, and what its jobs are at right now.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::job::Verdict;
use windlass::progress::{Level, NewLogLine, Progress};
use windlass::queue::Pause;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Client, Limit, LimitOn, Missed, NewJob, Outcome, Schedule};

use super::day::Day;
use super::hand::Held;
use super::words::{GATEWAY, NO_MAILBOX, SMTP_BUSY, Told, job, order, renderer};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// What comes of events, what is done again and again, and what is held back.
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
    let gateway = Limit::on(LimitOn::Kind("payment.capture".to_owned())).running(8);
    client.set_limit_with_note(&gateway, "the gateway allows eight at once").await?;
    let mail = Limit::on(LimitOn::Queue("mail".to_owned())).running(40);
    client.set_limit(&mail).await?;
    Ok(())
}

/// Jobs in every state.
pub(super) async fn at_work(day: &mut Day) -> anyhow::Result<()> {
    failed(day).await?;
    tried_again(day).await?;
    running(day).await?;
    day.at(19 * MINUTE);
    let pause = Pause::queue("media").note("the disk of media-1 is full");
    day.client.pause_with(pause).await?;
    day.at(Duration::from_secs(18 * 60));
    let pictures: Vec<NewJob> = (0..37).map(|_| day.thumbnail().tag("product")).collect();
    day.client.enqueue_all(pictures).await?;
    day.at(12 * MINUTE);
    let reindex = |part: &str| job("search.reindex", "search", &json!({ "part": part }));
    day.client.enqueue_all(["products", "categories", "reviews"].map(reindex)).await?;
    later(day).await
}

async fn enqueue(day: &Day, kind: &str, queue: &str, orders: &[u64]) -> anyhow::Result<()> {
    let drafts = orders.iter().map(|number| {
        let customer = usize::try_from(*number).unwrap_or_default();
        let data = order(*number, customer, number * 7 % 20_000);
        let draft = job(kind, queue, &data).subject("order", number);
        draft.subject("customer", data["customer"].as_str().unwrap_or_default())
    });
    day.client.enqueue_all(drafts.collect::<Vec<_>>()).await?;
    Ok(())
}

/// Ends what the first worker can take.
async fn settle(
    day: &mut Day,
    ago: Duration,
    verdict: impl Fn(&Held) -> Verdict,
) -> anyhow::Result<()> {
    day.at(ago);
    let at = super::words::before(day.now, ago);
    let held = day.hands[0].claim(50, at.after(Duration::from_millis(40))).await?;
    let ran = Duration::from_millis(1_830);
    let ends = held.into_iter().map(|one| (verdict(&one), one)).map(|(end, one)| (one, ran, end));
    day.hands[0].settle(ends.collect(), at.after(ran)).await
}

/// A group of errors, and a mail that nobody gets.
async fn failed(day: &mut Day) -> anyhow::Result<()> {
    day.at(31 * MINUTE);
    enqueue(
        day,
        "invoice.create",
        "billing",
        &[11_042, 11_045, 11_046, 11_051, 11_057, 11_058, 11_063],
    )
    .await?;
    enqueue(day, "mail.receipt", "mail", &[11_047, 11_060]).await?;
    settle(day, 30 * MINUTE, |one| {
        let order: Value = one.job.args.read().unwrap_or_default();
        let error = match one.job.kind.as_str() {
            "mail.receipt" => NO_MAILBOX.to_owned(),
            _ => renderer(order["order"].as_u64().unwrap_or_default()),
        };
        Verdict::Die { outcome: Outcome::Error, error, reason: "failed for good".to_owned() }
    })
    .await
}

async fn tried_again(day: &mut Day) -> anyhow::Result<()> {
    day.at(3 * MINUTE);
    enqueue(day, "payment.capture", "billing", &[11_171, 11_174]).await?;
    enqueue(day, "mail.receipt", "mail", &[11_172]).await?;
    settle(day, 2 * MINUTE, |one| {
        let is_mail = one.job.kind == "mail.receipt";
        let error = if is_mail { SMTP_BUSY } else { GATEWAY }.to_owned();
        Verdict::Retry { outcome: Outcome::Error, error, delay: 9 * MINUTE }
    })
    .await
}

/// An import, a mailing and what has to wait for the first of an order.
async fn running(day: &mut Day) -> anyhow::Result<()> {
    day.at(7 * MINUTE);
    let import = job(
        "catalog.import",
        "imports",
        &json!({ "file": "s3://imports/winter-2026.csv", "rows": 48_210 }),
    );
    let digest = job("mail.digest", "mail", &json!({ "list": "newsletter", "recipients": 12_480 }));
    let shipping = |step: &str| {
        let draft = job("order.pick", "orders", &json!({ "order": 11_168, "step": step }));
        draft.subject("order", 11_168).lane("order=11168")
    };
    day.client
        .enqueue_all([
            import.tag("winter").timeout(40 * MINUTE),
            digest.tag("newsletter").timeout(40 * MINUTE),
        ])
        .await?;
    day.client.enqueue_all(["collect", "wrap", "label"].map(shipping)).await?;
    let at = super::words::before(day.now, 6 * MINUTE);
    let held = day.hands[1].claim(50, at).await?;
    day.at(MINUTE);
    for one in &held {
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
        day.hands[1]
            .report(one, |report| {
                report.progress = Some((progress, 1));
                report.lines = lines;
            })
            .await?;
    }
    day.hands[1].keeps = held;
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

/// What is due another day, what waits for a signal, and what nobody wants any more.
async fn later(day: &mut Day) -> anyhow::Result<()> {
    day.at(26 * MINUTE);
    let review = |number: u64| {
        let draft = job("mail.digest", "mail", &json!({ "order": number, "template": "review" }));
        draft.subject("order", number).tag("review").delay(3 * DAY)
    };
    let jobs = day.client.enqueue_all((11_120..11_126).map(review).collect::<Vec<_>>()).await?;
    if let Some(last) = jobs.last() {
        day.at(8 * MINUTE);
        day.client.cancel(&[last.id()], "order 11125 was sent back").await?;
    }
    let ship = job("order.ship", "orders", &json!({ "order": 11_150 })).subject("order", 11_150);
    day.client.enqueue(ship.on_signal("picked:11150")).await?;
    Ok(())
}
