//! The examples of docs/events.md, docs/subscriptions.md and of the README's part on events, line by line: `scripts/tidy`
//! compares them.

use windlass::testing::TestStore;

use crate::test_database::{TestDatabase, on_both_stores};

type Done = Result<(), Box<dyn std::error::Error>>;

on_both_stores! {
    /// E20, O1, O37: the page on events, as it is told.
    the_page_on_events;
    /// E21, O10, O26: the page on subscriptions, as it is told.
    the_page_on_subscriptions;
    /// T30: the page on traces, as it is told.
    the_page_on_traces;
    /// O10: the README's event becomes three jobs.
    the_events_of_the_readme;
}

async fn test_store(database: &TestDatabase) -> TestStore {
    if database.url().starts_with("sqlite") {
        return TestStore::new().await;
    }
    TestStore::postgres(&database.url()).await
}

async fn the_page_on_events(database: TestDatabase) {
    let test = test_store(&database).await;
    events::publish(&test, &database).await.expect("it works");
    events::read(&test).await.expect("it works");
    // Without a worker those before have no positions on PostgreSQL: a subscription would begin with them.
    let test = test_store(&database).await;
    events::version(&test).await.expect("it works");
    events::strict(&test).await.expect("it works");
}

async fn the_page_on_subscriptions(database: TestDatabase) {
    let test = test_store(&database).await;
    subscriptions::declare(&test).await.expect("it works");
    subscriptions::order(&test).await.expect("it works");
    subscriptions::ask(&test).await.expect("it works");
    let test = test_store(&database).await;
    subscriptions::wait(&test).await.expect("it works");
    let test = test_store(&database).await;
    subscriptions::together(&test).await.expect("it works");
}

async fn the_page_on_traces(database: TestDatabase) {
    let test = test_store(&database).await;
    trace::show(&test).await.expect("it works");
}

async fn the_events_of_the_readme(database: TestDatabase) {
    let test = test_store(&database).await;
    readme::three_jobs(&test, &database).await.expect("it works");
}

/// docs/events.md.
mod events {
    use super::{Done, TestDatabase};
    use std::error::Error;

    use anyhow::Context as _;

    use serde::{Deserialize, Serialize};
    use windlass::event::{EventType, NewEvent, Published, StrictSource};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Event, Json};

    /// An order is paid.
    #[derive(Serialize, Deserialize, Event)]
    #[event(type = "order.paid", source = "/shop", subject = "order/{order}", about(customer))]
    struct OrderPaid {
        order: i64,
        customer: i64,
        total: i64,
    }

    async fn pay(client: &Client, pool: &sqlx::PgPool, order: i64) -> Result<(), Box<dyn Error>> {
        let mut tx = pool.begin().await?;
        let paid = sqlx::query("update orders set paid = true where id = $1");
        paid.bind(order).execute(&mut *tx).await?;
        client.within(&mut tx).publish(OrderPaid { order, customer: 7, total: 1_299 }).await?;
        tx.commit().await?;
        Ok(())
    }

    fn pay_on_file(
        client: &Client,
        file: &mut rusqlite::Connection,
        order: i64,
    ) -> Result<(), Box<dyn Error>> {
        let tx = file.transaction()?;
        tx.execute("update orders set paid = true where id = $1", [order])?;
        client.within(&tx).publish_blocking(OrderPaid { order, customer: 7, total: 1_299 })?;
        tx.commit()?;
        Ok(())
    }

    pub(super) async fn publish(test: &TestStore, database: &TestDatabase) -> Done {
        const ORDERS: &str = "create table orders (id bigint, paid boolean)";
        let client = test.client();
        match test.path() {
            Some(path) => {
                let mut file = rusqlite::Connection::open(path)?;
                file.execute_batch(ORDERS)?;
                pay_on_file(&client, &mut file, 42)?;
            }
            None => {
                let pool = sqlx::PgPool::connect(&database.url()).await?;
                sqlx::query(ORDERS).execute(&pool).await?;
                pay(&client, &pool, 42).await?;
            }
        }

        let shipped = NewEvent::new("order.shipped", Json::args(r#"{"order": 42}"#)?)
            .source("/warehouse")
            .subject("order/42")
            .extension("tenant", "acme");
        client.publish(shipped).await?;

        let nowhere = Client::new(windlass::open("discard:").await?);
        nowhere.publish(OrderPaid { order: 42, customer: 7, total: 1_299 }).await?;
        assert_eq!(nowhere.discarded().map(|discarded| discarded.events), Some(1));

        let paid = || OrderPaid { order: 43, customer: 7, total: 500 }.event();
        let first = client.publish(paid()?.given("charge-981")).await?;
        let again = client.publish(paid()?.given("charge-981")).await?;
        assert_eq!(again, Published::Existing(first.id()));
        Ok(())
    }

    pub(super) async fn read(test: &TestStore) -> Done {
        let client = test.client();
        let id = client.publish(OrderPaid { order: 44, customer: 8, total: 20 }).await?.id();
        let event = client.event(id).await?.expect("it is kept");
        assert_eq!((event.event_type.as_str(), event.source.as_str()), ("order.paid", "/shop"));
        let paid: OrderPaid = event.decode()?;
        assert_eq!((paid.order, paid.customer, paid.total), (44, 8, 20));
        Ok(())
    }

    #[derive(Serialize, Deserialize, Event)]
    #[event(type = "order.paid", version = 2, source = "/shop", upgrade = in_euros)]
    struct OrderPaidIn {
        order: i64,
        total: i64,
        currency: String,
    }

    /// Version 1 had euros only.
    fn in_euros(_: u16, data: &Json) -> Result<OrderPaidIn, Box<dyn Error + Send + Sync>> {
        let old: OrderPaid = data.read()?;
        Ok(OrderPaidIn { order: old.order, total: old.total, currency: "EUR".to_owned() })
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "ledger.book")]
    struct Book {}

    async fn book(_: Book, cx: Context) -> anyhow::Result<String> {
        let event = cx.event().context("it comes of an event")?;
        let paid: OrderPaidIn = event.decode()?;
        Ok(format!("{} {} for order {}", paid.total, paid.currency, paid.order))
    }

    pub(super) async fn strict(test: &TestStore) -> Done {
        let client = test.client().with_layer(StrictSource::new("/shop", ["order.*"])?);
        let refused = client.publish(NewEvent::bare("ordr.paid").source("/shop")).await;
        assert!(
            refused.is_err_and(|error| error.to_string().contains("/shop publishes no ordr.paid"))
        );
        Ok(())
    }

    pub(super) async fn version(test: &TestStore) -> Done {
        use windlass::subscription::{Filter, Start, Subscription};
        let client = test.client();
        let paid = Filter::of_types(["order.paid"]).build()?;
        client.subscribe("ledger", &Subscription::of::<Book>(paid), Start::Now).await?;
        client.publish(OrderPaid { order: 45, customer: 8, total: 30 }).await?;
        let currency = "CHF".to_owned();
        client.publish(OrderPaidIn { order: 46, total: 40, currency }).await?;
        let worker = Worker::new(test.store(), ()).handle_fn(book);
        let drained = test.drain("default", worker).await;
        assert_eq!(drained.completed(), 2);
        let jobs = client.jobs(&"kind:ledger.book".parse()?, PAGE).await?;
        let mut booked: Vec<String> =
            jobs.iter().filter_map(|job| job.output.as_ref()?.read().ok()).collect();
        booked.sort();
        assert_eq!(booked, ["30 EUR for order 45", "40 CHF for order 46"]);
        Ok(())
    }

    const PAGE: windlass::job::Page = windlass::job::Page { before: None, limit: 10 };
}

/// docs/subscriptions.md.
mod subscriptions {
    use super::Done;

    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::subscription::{Filter, Start, Subscription};
    use windlass::testing::TestStore;
    use windlass::{Event, State};

    #[derive(Serialize, Deserialize, Event)]
    #[event(type = "order.paid", source = "/shop", subject = "order/{order}")]
    struct OrderPaid {
        order: i64,
        total: i64,
    }

    /// Its fields are those that it needs of the event's data.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "mail.receipt", queue = "mail")]
    struct Receipt {
        order: i64,
    }

    async fn send(job: Receipt, cx: Context) -> Result<String, JobError> {
        let from = cx.event().map(|event| event.source.as_str());
        Ok(format!("order {} of {}", job.order, from.unwrap_or("nobody")))
    }

    pub(super) async fn declare(test: &TestStore) -> Done {
        let client = test.client();
        let large = Filter::of_types(["order.paid"]).sql("data.total >= 1000").build()?;
        client.subscribe("receipts", &Subscription::of::<Receipt>(large), Start::Now).await?;

        client.publish(OrderPaid { order: 42, total: 1_299 }).await?;
        client.publish(OrderPaid { order: 43, total: 5 }).await?;
        let worker = Worker::new(test.store(), ()).handle_fn(send);
        assert_eq!(test.drain("mail", worker).await.completed(), 1);
        Ok(())
    }

    use std::num::NonZeroU32;

    pub(super) async fn order(test: &TestStore) -> Done {
        let client = test.client();
        let ledger = Subscription::new(Filter::default(), "ledger.write")
            .lane("subject".parse()?)
            .credit(NonZeroU32::new(500).expect("it is not 0"));
        let since = client.position_before("2026-11-21T02:00:00Z".parse()?).await?;
        client.subscribe("ledger", &ledger, Start::After(since)).await?;
        client.unsubscribe("ledger").await?;
        Ok(())
    }

    use std::time::Duration;
    use windlass::Json;
    use windlass::event::{CloudEvent, NewEvent};
    use windlass::subscription::Mode;

    #[derive(Serialize, Deserialize)]
    struct Comment {
        author: String,
        text: String,
    }

    /// All comments on one page, as one mail.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "mail.comments")]
    struct Comments(Vec<CloudEvent<Comment>>);

    async fn tell(job: Comments, _: Context) -> anyhow::Result<String> {
        let lines = job.0.iter().map(|it| format!("{}: {}", it.data.author, it.data.text));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    pub(super) async fn together(test: &TestStore) -> Done {
        let client = test.client();
        let comments = Filter::of_types(["comment.new"]).build()?;
        let digest = Subscription::of::<Comments>(comments)
            .lane("subject".parse()?)
            .mode(Mode::digest("every 1h", "UTC"));
        client.subscribe("comments", &digest, Start::Now).await?;

        for (page, text) in [("page/7", "First"), ("page/7", "Well said"), ("page/9", "Hm")] {
            let comment = serde_json::json!({ "author": "ada", "text": text });
            client
                .publish(NewEvent::new("comment.new", Json::args_of(&comment)?).subject(page))
                .await?;
        }
        let worker = || Worker::new(test.store(), ()).handle_fn(tell);
        assert_eq!(test.drain("default", worker()).await.completed(), 0);
        test.advance(Duration::from_secs(3_600));
        assert_eq!(test.drain("default", worker()).await.completed(), 2);
        Ok(())
    }

    use windlass::subscription::Span;

    pub(super) async fn ask(test: &TestStore) -> Done {
        let client = test.client();
        let large = Filter::of_types(["order.*"]).sql("data.total >= 1000").build()?;
        let tried = client.backtest(&large, Span::Last(10_000)).await?;
        assert_eq!((tried.events, tried.fired), (2, 1));

        let id = client.events(0, 1).await?[0].id;
        let explained = client.explain_event(id).await?.expect("it is kept");
        let receipts = &explained.decisions[0];
        assert_eq!(receipts.subscription, "receipts");
        assert_eq!(receipts.state, Some(State::Completed));

        let explained = client.explain_subscription("receipts").await?.expect("it is there");
        assert_eq!((explained.matches.len(), explained.near.len()), (1, 1));
        assert_eq!(explained.near[0].explanation.clause, "all[0].sql");
        Ok(())
    }

    use windlass::condition::{Overdue, Waits};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "order.ship")]
    struct Ship {
        order: i64,
    }

    async fn ship(job: Ship, cx: Context) -> anyhow::Result<String> {
        let paid: OrderPaid = cx.input("payment").await?;
        Ok(format!("order {} of {}", job.order, paid.total))
    }

    pub(super) async fn wait(test: &TestStore) -> Done {
        let client = test.client();
        let paid = Filter::of_types(["order.paid"]).build()?;
        let paid = Subscription::signal(paid, "data.order".parse()?);
        client.subscribe("paid", &paid, Start::Now).await?;

        let payment = Waits::all()
            .signal("payment", "paid:44")
            .deadline(Duration::from_secs(3 * 86_400), Overdue::Cancel);
        let id = client.enqueue(Ship { order: 44 }.job().waits(payment)).await?.id();
        client.publish(OrderPaid { order: 44, total: 7 }).await?;
        let worker = Worker::new(test.store(), ()).handle_fn(ship);
        assert_eq!(test.drain("default", worker).await.completed(), 1);
        assert_eq!(client.job(id).await?.expect("it is there").state, State::Completed);
        Ok(())
    }

    /// O8: each filter and each clause that the page shows is one.
    #[test]
    fn the_filters_of_the_page_are_read() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/subscriptions.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let clauses: Vec<&str> =
            page.split('`').filter(|text| text.starts_with("{\"") && text.ends_with('}')).collect();
        assert!(clauses.len() >= 9, "{clauses:?}");
        for clause in clauses {
            let whole = format!(r#"{{"all": [{clause}]}}"#);
            Filter::parse(&whole).unwrap_or_else(|error| panic!("{clause}: {error}"));
        }
        let rows = page.lines().skip_while(|line| !line.starts_with("| expression |")).skip(2);
        let rows = rows.take_while(|line| line.starts_with('|'));
        let expressions: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        assert!(expressions.len() >= 6, "{expressions:?}");
        for sql in expressions {
            let filter = Filter::builder().sql(sql).build();
            filter.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    #[test]
    fn the_filter_of_the_page_is_built_and_read_alike() -> Done {
        let built = Filter::of_types(["build.failed", "deploy.*"])
            .exact("subject", "project/kde")
            .not(|it| it.prefix("source", "/ci/nightly"))
            .any(|of| of.sql("data.total >= 1000").suffix("data.items.0.sku", "-L"))
            .build()?;
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/subscriptions.md");
        let page = std::fs::read_to_string(page)?;
        let json = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        assert_eq!(Filter::parse(json.expect("the page has one"))?, built);
        Ok(())
    }
}

/// docs/trace.md.
mod trace {
    use super::Done;

    use serde::{Deserialize, Serialize};
    use windlass::Json;
    use windlass::event::NewEvent;
    use windlass::prelude::*;
    use windlass::subscription::{Filter, Start, Subscription};
    use windlass::testing::TestStore;
    use windlass::trace::What;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "mail.receipt")]
    struct Receipt {}

    async fn receipt(_: Receipt, cx: Context) -> anyhow::Result<()> {
        cx.client().publish(NewEvent::bare("receipt.sent")).await?;
        Ok(())
    }

    pub(super) async fn show(test: &TestStore) -> Done {
        let client = test.client();
        let paid = Filter::of_types(["order.paid"]).build()?;
        client.subscribe("receipts", &Subscription::of::<Receipt>(paid), Start::Now).await?;
        let paid = NewEvent::new("order.paid", Json::args("{}")?);
        let id = client.publish(paid).await?.id();
        let worker = Worker::new(test.store(), ()).handle_fn(receipt);
        assert_eq!(test.drain("default", worker).await.completed(), 1);

        let trace = client.trace(id).await?.expect("it is there");
        let names: Vec<_> = trace
            .members
            .iter()
            .map(|member| match &member.what {
                What::Job(job) => (member.level, job.kind.as_str()),
                What::Event(event) => (member.level, event.event_type.as_str()),
            })
            .collect();
        assert_eq!(names, [(0, "order.paid"), (1, "mail.receipt"), (2, "receipt.sent")]);
        Ok(())
    }
}

/// README.md.
mod readme {
    use super::{Done, TestDatabase};

    use serde::{Deserialize, Serialize};
    use windlass::Event;
    use windlass::prelude::*;
    use windlass::subscription::{Filter, Start, Subscription};
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Event)]
    #[event(type = "build.failed", source = "/ci", subject = "build/{build}")]
    struct BuildFailed {
        build: i64,
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "build.mail")]
    struct Mail {
        build: i64,
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "build.feed")]
    struct FeedEntry {
        build: i64,
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "build.chat")]
    struct ChatLine {
        build: i64,
    }

    pub(super) async fn three_jobs(test: &TestStore, database: &TestDatabase) -> Done {
        let client = test.client();
        let failed = Filter::of_types(["build.failed"]).build()?;
        for kind in [Mail::KIND, FeedEntry::KIND, ChatLine::KIND] {
            client.subscribe(kind, &Subscription::new(failed.clone(), kind), Start::Now).await?;
        }

        match test.path() {
            Some(path) => {
                let tx = rusqlite::Connection::open(path)?;
                client.within(&tx).publish_blocking(BuildFailed { build: 42 })?;
            }
            None => {
                let pool = sqlx::PgPool::connect(&database.url()).await?;
                let mut tx = pool.begin().await?;
                client.within(&mut tx).publish(BuildFailed { build: 42 }).await?;
                tx.commit().await?; // from here on there is an event, and soon three jobs
            }
        }
        let worker = Worker::new(test.store(), ())
            .handle_fn(async |job: Mail, _| Ok::<_, JobError>(job.build))
            .handle_fn(async |job: FeedEntry, _| Ok::<_, JobError>(job.build))
            .handle_fn(async |job: ChatLine, _| Ok::<_, JobError>(job.build));
        assert_eq!(test.drain("default", worker).await.completed(), 3);
        Ok(())
    }
}
