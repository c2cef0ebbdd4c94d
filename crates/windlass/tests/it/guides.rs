//! The examples of README.md and of docs/, line by line: `scripts/tidy` compares them.

/// docs/testing.md.
mod testing {
    use serde_json::json;
    use windlass::testing::TestStore;

    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "mail.invite", queue = "mail", max_attempts = 3)]
    struct Invite {
        guest: String,
    }

    async fn invite(job: Invite, cx: Context) -> Result<(), JobError> {
        if job.guest == "nobody" {
            return Err("there is no such guest".into());
        }
        if cx.attempt() == 1 && job.guest == "the host" {
            let friend = Invite { guest: "a friend".into() };
            cx.enqueue(friend.job().delay(std::time::Duration::from_secs(3_600))).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn the_page_on_testing() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        test.client().enqueue(Invite { guest: "ada".into() }).await?;

        let job = test.assert_enqueued::<Invite>(json!({ "guest": "ada" })).await;
        assert_eq!(job.queue, "mail");
        test.refute_enqueued::<Invite>(json!({ "guest": "bob" })).await;

        let worker = || Worker::new(test.store(), ()).handle_fn(invite);
        assert_eq!(test.drain("mail", worker()).await.completed(), 1);

        test.client().enqueue(Invite { guest: "nobody".into() }).await?;
        let drained = test.drain("mail", worker()).await;
        assert_eq!(drained.failed()[0].error.as_deref(), Some("there is no such guest"));

        test.client().enqueue(Invite { guest: "the host".into() }).await?;
        assert_eq!(test.drain("mail", worker()).await.completed(), 1);
        test.advance(std::time::Duration::from_secs(3_600));
        assert_eq!(test.drain("mail", worker()).await.completed(), 1, "the friend");
        Ok(())
    }
}

/// docs/unique.md.
mod unique {
    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Enqueued, Unique};

    /// One at a time for each customer; a change that comes while it runs makes one more.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "crm.sync", unique(by = [customer], until = "started"))]
    struct Sync {
        customer: i64,
    }

    /// One report a day, whatever happens to it.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "report.daily", unique(by = [day], for = "24h", on_conflict = "reject"))]
    struct Report {
        day: String,
    }

    #[tokio::test]
    async fn the_page_on_unique_jobs() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let first = client.enqueue(Sync { customer: 42 }).await?.id();
        assert_eq!(client.enqueue(Sync { customer: 42 }).await?, Enqueued::Kept(first));

        client.enqueue(Report { day: "2026-11-26".into() }).await?;
        let refused = client.enqueue(Report { day: "2026-11-26".into() }).await;
        assert!(refused.expect_err("it is there").to_string().contains("is there already"));

        let wait = std::time::Duration::from_secs(5);
        let debounced = || {
            let unique = Unique::by("customer 42").until_started().replace();
            Sync { customer: 42 }.job().unique(unique).delay(wait)
        };
        let id = client.enqueue(debounced()).await?.id();
        assert_eq!(client.enqueue(debounced()).await?, Enqueued::Replaced(id));

        let throttled = || Sync { customer: 7 }.job().unique(Unique::by("customer 7").within(wait));
        let id = client.enqueue(throttled()).await?.id();
        assert_eq!(client.enqueue(throttled()).await?, Enqueued::Kept(id));
        Ok(())
    }
}

/// docs/expiry.md.
mod expiry {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Outcome, State};

    /// A code that is of no use after two minutes.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "otp.send", expires = "2m")]
    struct SendCode {
        phone: String,
    }

    fn worker(store: std::sync::Arc<dyn windlass::store::Store>) -> Worker {
        Worker::new(store, ()).handle_fn(async |_: SendCode, _: Context| Ok::<_, JobError>(()))
    }

    #[tokio::test]
    async fn the_page_on_expiry() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let code = || SendCode { phone: "+49 30 123".into() };
        let hurried = client.enqueue(code().job().expires_in(Duration::from_secs(10))).await?.id();
        let patient = client.enqueue(code().job().never_expires()).await?.id();

        test.advance(Duration::from_secs(10));
        assert_eq!(test.drain("default", worker(test.store())).await.completed(), 1);
        let job = client.job(hurried).await?.expect("it is kept");
        assert_eq!(job.state, State::Cancelled);
        assert_eq!(job.history[0].outcome, Outcome::Expired);
        assert_eq!(client.job(patient).await?.expect("it is kept").state, State::Completed);

        let declared = client.enqueue(code()).await?.id();
        let job = client.job(declared).await?.expect("it is there");
        let expires_at = job.created_at.after(Duration::from_secs(120));
        assert_eq!(job.meta.expires_at(job.created_at), Some(expires_at));
        Ok(())
    }
}

/// docs/tags.md.
mod tags {
    use serde::{Deserialize, Serialize};
    use windlass::job::Page;
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "invoice.send", tags = ["billing"], subjects(customer = customer_id, order))]
    struct Invoice {
        customer_id: i64,
        order: Option<String>,
    }

    #[tokio::test]
    async fn the_page_on_tags() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let invoice = Invoice { customer_id: 42, order: Some("a7".into()) };
        client.enqueue(invoice.job().tag("urgent").subject("region", "eu")).await?;

        let filter = "subject:customer=42 tag:urgent -state:completed since:24h".parse()?;
        let jobs = client.jobs(&filter, Page::default()).await?;
        assert_eq!(jobs[0].meta.tags, ["billing", "urgent"]);
        assert_eq!(jobs[0].meta.subjects[1].to_string(), "order=a7");
        Ok(())
    }
}

/// docs/redaction.md.
mod redaction {
    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::redact::Redaction;
    use windlass::testing::TestStore;
    use windlass::{Event, Json};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "customer.create", redact = [card, "address.street"])]
    struct Create {
        name: String,
        card: String,
        address: Address,
    }

    #[derive(Serialize, Deserialize)]
    struct Address {
        street: String,
        city: String,
    }

    #[derive(Serialize, Deserialize, Event)]
    #[event(type = "order.paid", redact = [iban])]
    struct Paid {
        order: u32,
        iban: String,
    }

    #[tokio::test]
    async fn the_page_on_redaction() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let address = Address { street: "Elm 3".into(), city: "Bonn".into() };
        let create = Create { name: "Ana".into(), card: "4111".into(), address };
        let id = client.enqueue(create).await?.id();
        client.publish(Paid { order: 7, iban: "DE02".into() }).await?;

        let redaction = Redaction::default()
            .fields(["password", "*_token"])?
            .kind("customer.*", ["name"])?
            .event_type("order.paid", ["bank.number"])?;
        let job = client.job(id).await?.expect("it is there");
        let shown = redaction.job(job);
        assert!(shown.is_redacted());
        assert_eq!(
            shown.args.as_str(),
            r#"{"name":"[redacted]","card":"[redacted]","address":{"street":"[redacted]","city":"Bonn"}}"#
        );
        let events = client.events(0, 10).await?;
        let data = events.into_iter().map(|event| redaction.event(event).data.clone());
        assert_eq!(
            data.flatten().map(|data: Json| data.to_string()).collect::<Vec<_>>(),
            [r#"{"order":7,"iban":"[redacted]"}"#]
        );
        Ok(())
    }
}

/// docs/workers.md.
mod workers {
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::worker::MinimumBuild;

    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "shop.order")]
    struct Order {}

    #[tokio::test]
    async fn the_page_on_workers() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let worker = || {
            let worker = Worker::new(test.store(), ());
            worker.handle_fn(async |_: Order, _: Context| Ok::<_, JobError>(()))
        };
        let minimum = MinimumBuild::new("shop 2.14.0")?.note("needs the new columns, ana");
        client.require_build(&minimum).await?;

        let old = worker().build("shop 2.13.9").start().await?;
        let new = worker().build("shop 2.14.0").start().await?;
        assert_eq!(old.held_back(), Some(minimum));
        assert!(old.is_quiet() && !new.is_quiet());
        assert_eq!(client.required_builds().await?[0].minimum.to_string(), "shop 2.14.0");

        assert!(client.allow_builds("shop").await?);
        old.stop().await;
        new.stop().await;
        Ok(())
    }
}

/// docs/queues.md.
mod queues {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use windlass::StoreError;
    use windlass::prelude::*;
    use windlass::queue::{Aging, Pause, QueueBound};
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "import", queue = "import")]
    struct Import {
        page: u32,
    }

    #[tokio::test]
    async fn the_page_on_queues() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let two_hours = Duration::from_secs(7_200);
        client.pause_with(Pause::queue("mail").note("moving, ana").lasting(two_hours)).await?;
        client.pause_kind("mail.welcome").await?;
        assert_eq!(client.paused_kinds().await?[0].kind, "mail.welcome");

        assert!(client.resume("mail").await?);
        assert!(client.resume_kind("mail.welcome").await?);

        client.bound(QueueBound::new("import", 2).waiting()).await?;
        client.enqueue_all((0..2).map(|page| Import { page }.job())).await?;

        let hurried = client.clone().waiting_for_room(Duration::from_millis(20));
        let full = hurried.enqueue(Import { page: 2 }).await.expect_err("nobody works");
        assert!(matches!(full, StoreError::QueueFull { limit: 2, .. }));

        client.age(Aging::new("mail", Duration::from_secs(300))).await?;
        assert_eq!(client.agings().await?[0].queue, "mail");
        assert!(client.stop_aging("mail").await?);
        Ok(())
    }
}

/// docs/explain.md.
mod explain {
    use serde::{Deserialize, Serialize};
    use windlass::job::{Gate, Step};
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "img.thumb", queue = "media")]
    struct Thumb {
        asset: i64,
    }

    #[tokio::test]
    async fn the_page_on_explain() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let job = client.enqueue(Thumb { asset: 991 }).await?.id();
        client.pause_with_note("media", "the disk is full").await?;

        let explained = client.explain(job).await?.expect("it is there");
        assert_eq!(explained.next.step, Step::Resume);
        for gate in explained.shut() {
            if let Gate::Pause { note, .. } = gate {
                assert_eq!(note.as_deref(), Some("the disk is full"));
            }
        }
        Ok(())
    }
}

/// docs/doctor.md.
mod doctor {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use windlass::health::{Aspect, Thresholds};
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    /// Takes some minutes, and has eight hours.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "video.encode", timeout = "8h", expected = "20m")]
    struct Encode {
        video: i64,
    }

    #[tokio::test]
    async fn the_page_on_doctor() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        client.enqueue(Encode { video: 7 }).await?;
        test.advance(Duration::from_secs(20 * 60));

        let strict = Thresholds { latency: Duration::from_secs(5 * 60), ..Thresholds::default() };
        for problem in client.problems(&strict).await? {
            assert_eq!(problem.aspect(), Aspect::Latency);
        }
        assert_eq!(client.problems(&strict).await?.len(), 1);
        assert_eq!(Encode::EXPECTED, Some(Duration::from_secs(20 * 60)));
        Ok(())
    }
}

/// README.md.
mod readme {
    use serde::{Deserialize, Serialize};
    use serde_json::json;
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    use crate::test_database::TestDatabase;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "mail.welcome", queue = "mail")]
    struct Welcome {
        user_id: i64,
    }

    struct Form {
        name: &'static str,
    }

    async fn insert_user(tx: &mut sqlx::PgConnection, form: &Form) -> sqlx::Result<i64> {
        let insert = "insert into users (name) values ($1) returning id";
        sqlx::query_scalar(insert).bind(form.name).fetch_one(tx).await
    }

    #[tokio::test]
    async fn a_sign_up_with_its_job() -> Result<(), Box<dyn std::error::Error>> {
        let database = TestDatabase::postgres();
        let client = Client::new(database.open().await);
        let pool = sqlx::PgPool::connect(&database.url()).await?;
        let table = "create table users (id bigint generated always as identity, name text)";
        sqlx::query(table).execute(&pool).await?;
        let form = Form { name: "ada" };
        let mut tx = pool.begin().await?;
        let id = insert_user(&mut tx, &form).await?;
        client.within(&mut tx).enqueue(Welcome { user_id: id }).await?;
        tx.commit().await?;
        windlass::testing::assert_enqueued::<Welcome>(&client, json!({ "user_id": 1 })).await;
        Ok(())
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "account.credit")]
    struct Credit {
        account: i64,
        cents: i64,
    }

    struct App {
        pool: sqlx::PgPool,
    }

    async fn add_credit(tx: &mut sqlx::PgConnection, account: i64, cents: i64) -> sqlx::Result<()> {
        let insert = "insert into credits (account, cents) values ($1, $2)";
        sqlx::query(insert).bind(account).bind(cents).execute(tx).await.map(drop)
    }

    async fn credit(job: Credit, cx: Context<App>) -> Result<(), JobError> {
        let mut tx = cx.app().pool.begin().await?;
        add_credit(&mut tx, job.account, job.cents).await?;
        cx.finish_in(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    #[tokio::test]
    async fn a_credit_with_the_end_of_its_job() -> Result<(), Box<dyn std::error::Error>> {
        let database = TestDatabase::postgres();
        let store = database.open().await;
        let client = Client::new(store.clone());
        let pool = sqlx::PgPool::connect(&database.url()).await?;
        let table = "create table credits (account bigint, cents bigint)";
        sqlx::query(table).execute(&pool).await?;
        let worker =
            Worker::new(store, App { pool: pool.clone() }).handle_fn(credit).start().await?;
        let job = client.enqueue(Credit { account: 1, cents: 250 }).await?.id();
        assert_eq!(client.ended(job).await?.state, windlass::State::Completed);
        worker.stop().await;
        let sum = "select sum(cents)::bigint from credits";
        assert_eq!(sqlx::query_scalar::<_, i64>(sum).fetch_one(&pool).await?, 250);
        Ok(())
    }

    async fn sign_up(client: &Client, _name: &str) -> Result<(), windlass::StoreError> {
        client.enqueue(Welcome { user_id: 42 }).await.map(drop)
    }

    fn worker(store: std::sync::Arc<dyn windlass::store::Store>) -> Worker {
        Worker::new(store, ()).handle_fn(async |_: Welcome, _: Context| Ok::<_, JobError>(()))
    }

    #[tokio::test]
    async fn a_test_of_a_sign_up() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        sign_up(&test.client(), "ada").await?;
        test.assert_enqueued::<Welcome>(json!({ "user_id": 42 })).await;
        assert_eq!(test.drain("mail", worker(test.store())).await.completed(), 1);
        Ok(())
    }
}

/// docs/schedules.md.
mod schedules {
    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Missed, Overlap, Schedule};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "report.nightly")]
    struct Report {
        to: String,
    }

    async fn report(job: Report, cx: Context) -> Result<String, JobError> {
        let night = cx.schedule().map(|one| one.due_at().to_string());
        Ok(format!("{night:?} for {}", job.to))
    }

    #[tokio::test]
    async fn the_page_on_schedules() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let nightly = Schedule::cron("30 2 * * *")?.zone("Europe/Berlin")?.missed(Missed::One);
        let job = Report { to: "office".into() };
        let worker =
            Worker::new(test.store(), ()).handle_fn(report).schedule("nightly", nightly, job);

        let client = test.client();
        let often =
            Schedule::every(std::time::Duration::from_secs(15 * 60)).overlap(Overlap::Queue);
        client.put_schedule("often", often, Report { to: "screen".into() }).await?;

        let now = test.clock().now();
        let next = client.preview_schedule("often", now, 10).await?;
        assert_eq!(next.len(), 10);

        client.pause_schedule("often", Some("the screen is broken")).await?;
        client.resume_schedule("often").await?;
        let _job = client.run_schedule_now("often").await?;
        client.remove_schedule("often").await?;
        assert_eq!(test.drain("default", worker).await.completed(), 1, "the one by hand");
        Ok(())
    }
}

/// docs/lanes.md.
mod lanes {
    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Lane, State, StoreError};

    /// Sets a server up; refused while a teardown of it waits or runs.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "server.provision", lane(by = [server], refused_by = ["server.terminate"]))]
    struct Provision {
        server: u32,
    }

    /// Tears it down; a setup that has not begun is cancelled.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "server.terminate", lane(by = [server], supersedes = ["server.provision"]))]
    struct Terminate {
        server: u32,
    }

    #[tokio::test]
    async fn the_page_on_lanes() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let setup = client.enqueue(Provision { server: 42 }).await?.id();
        client.enqueue(Terminate { server: 42 }).await?;
        let superseded = client.job(setup).await?.expect("it is kept");
        assert_eq!(superseded.state, State::Cancelled);

        let refused = client.enqueue(Provision { server: 42 }).await;
        assert!(matches!(refused, Err(StoreError::LaneRefused { .. })));
        client.enqueue(Provision { server: 42 }.job().lane(Lane::by("another"))).await?;
        Ok(())
    }
}

/// docs/concurrency.md.
mod concurrency {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Limit, LimitOn};

    /// At most four calls of one account at once, and the tenants of the queue in turns.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "crm.push", limit(by = [account], running = 4), fair(by = [tenant]))]
    struct Push {
        account: u32,
        tenant: String,
    }

    #[tokio::test]
    async fn the_page_on_concurrency() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let calls = Limit::on(LimitOn::Kind("crm.push".into()))
            .running(20)
            .rate(100, Duration::from_secs(60))
            .burst(10)
            .break_after(5, Duration::from_secs(60), Duration::from_secs(30));
        client.set_limit(&calls).await?;
        client.enqueue(Push { account: 3, tenant: "ada".into() }).await?;
        let limits = client.limits().await?;
        assert_eq!(limits[0].limit, calls);
        assert_eq!(limits[0].tokens_now, Some(10.0));
        let mail = Limit::on(LimitOn::Queue("mail".into())).running(20).reserve("welcome", 5);
        client.set_limit(&mail).await?;
        assert!(client.limits().await?.iter().any(|record| record.limit == mail));
        Ok(())
    }
}
