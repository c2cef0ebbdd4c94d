//! The examples of the pages on what waits for what, line by line: `scripts/tidy` compares them.

/// docs/conditions.md.
mod conditions {
    use serde::{Deserialize, Serialize};
    use std::time::Duration;
    use windlass::condition::{ConditionState, Overdue, Signal, SignalAnswer, Waits};
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Json, State};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "build.notify")]
    struct Notify {
        build: i64,
    }

    async fn notify(job: Notify, cx: Context) -> Result<String, JobError> {
        let conditions = cx.conditions().await?;
        let missing = conditions.iter().filter(|one| one.state == ConditionState::Open);
        let missing: Vec<_> = missing.map(|one| one.name.as_str()).collect();
        Ok(format!("build {} is over, without {missing:?}", job.build))
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "payment.release")]
    struct Release {
        payment: i64,
    }

    async fn release(_job: Release, cx: Context) -> Result<Vec<String>, JobError> {
        let conditions = cx.conditions().await?;
        let came = conditions.iter().filter_map(|one| one.data.as_ref());
        Ok(came.map(|data| data.read::<String>()).collect::<Result<_, _>>()?)
    }

    #[tokio::test]
    async fn the_page_on_conditions() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let both = |build: i64| {
            Waits::all()
                .signal("status", format!("status:{build}"))
                .signal("wrap-up", format!("wrap-up:{build}"))
                .deadline(Duration::from_secs(60), Overdue::Run)
        };
        let id = client.enqueue(Notify { build: 42 }.job().waits(both(42))).await?.id();

        let told = client.signal(Signal::new("status:42")).await?;
        assert_eq!(told.answer, SignalAnswer::Met);
        assert_eq!(client.job(id).await?.expect("it is there").state, State::Waiting);
        client.signal(Signal::new("wrap-up:42")).await?;
        assert_eq!(client.job(id).await?.expect("it is there").state, State::Available);

        let late = client.enqueue(Notify { build: 43 }.job().waits(both(43))).await?.id();
        client.signal(Signal::new("status:43")).await?;
        test.advance(Duration::from_secs(61));
        let worker = Worker::new(test.store(), ()).handle_fn(notify);
        assert_eq!(test.drain("default", worker).await.completed(), 2);
        let output = client.job(late).await?.expect("it is kept").output.expect("it has one");
        assert_eq!(output.as_str(), r#""build 43 is over, without [\"wrap-up\"]""#);
        let told = client.signal(Signal::new("wrap-up:43")).await?;
        assert_eq!(told.answer, SignalAnswer::Late);

        let two_of_three = ["ann", "ben", "cem"]
            .iter()
            .fold(Waits::at_least(2), |waits, who| waits.signal(*who, format!("approved:7:{who}")))
            .deadline(Duration::from_secs(3_600), Overdue::Cancel);
        let id = client.enqueue(Release { payment: 7 }.job().waits(two_of_three)).await?.id();
        for who in ["ann", "cem"] {
            let note = Json::args_of(&format!("{who} has seen the contract"))?;
            client.signal(Signal::new(format!("approved:7:{who}")).with(note)).await?;
        }
        let conditions = client.conditions(id).await?;
        let states: Vec<_> = conditions.iter().map(|one| one.state).collect();
        assert_eq!(states, [ConditionState::Met, ConditionState::Open, ConditionState::Met]);
        let worker = Worker::new(test.store(), ()).handle_fn(release);
        assert_eq!(test.drain("default", worker).await.completed(), 1);

        let first = client.enqueue(Notify { build: 44 }).await?.id();
        let second = client.enqueue(Notify { build: 45 }.job().after(first)).await?.id();
        assert_eq!(client.job(second).await?.expect("it is there").state, State::Waiting);
        Ok(())
    }
}

/// docs/batches.md.
mod batches {
    use serde::{Deserialize, Serialize};
    use windlass::batch::{Batch, BatchState};
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "import.row")]
    struct Row {
        number: u32,
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "import.report")]
    struct Report {}

    async fn row(row: Row, cx: Context) -> Result<(), JobError> {
        if row.number == 13 {
            return Err(JobError::dead("a price below zero"));
        }
        if let (1, Some(batch)) = (row.number, cx.batch()) {
            cx.enqueue(Row { number: 100 }.job().member_of(batch)).await?;
        }
        Ok(())
    }

    async fn report(_: Report, cx: Context) -> Result<String, JobError> {
        let jobs = cx.batch_before().await?.map(|batch| batch.jobs).unwrap_or_default();
        Ok(format!("{} imported, {} failed", jobs.completed, jobs.failed()))
    }

    #[tokio::test]
    async fn the_page_on_batches() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let import = Batch::new()
            .name("prices")
            .key("prices-2026-11")
            .jobs((1..=20).map(|number| Row { number }))
            .then(Report {});
        let id = client.start(import).await?.id();
        let worker = Worker::new(test.store(), ()).handle_fn(row).handle_fn(report);
        assert_eq!(test.drain("default", worker).await.failed().len(), 1);

        let batch = client.batch(id).await?.expect("it is there");
        assert_eq!(
            (batch.state, batch.jobs.completed, batch.jobs.dead),
            (BatchState::Failed, 20, 1)
        );

        let id = client.open_batch(&Default::default()).await?;
        client.enqueue(Report {}.job().after_batch(id)).await?;
        for part in [1..10, 10..20] {
            client.enqueue_all(part.map(|number| Row { number }.job().member_of(id))).await?;
        }
        client.seal(id).await?;
        Ok(())
    }
}

/// docs/workflows.md.
mod workflows {
    use windlass::State;

    use serde::{Deserialize, Serialize};
    use windlass::batch::{BatchState, Step, Workflow};
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "volume.create")]
    struct CreateVolume {
        gigabytes: u32,
    }

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "volume.delete")]
    struct DeleteVolume {}

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "vm.boot")]
    struct Boot {
        host: String,
    }

    async fn create(job: CreateVolume, _: Context) -> Result<String, JobError> {
        Ok(format!("volume-{}", job.gigabytes))
    }

    async fn delete(_: DeleteVolume, cx: Context) -> Result<String, JobError> {
        let volume: String = cx.input("volume").await?;
        Ok(format!("deleted {volume}"))
    }

    async fn boot(job: Boot, cx: Context) -> Result<String, JobError> {
        let volume: String = cx.input("volume").await?;
        match job.host.as_str() {
            "broken" => Err(JobError::dead("the host is gone")),
            host => Ok(format!("{volume} on {host}")),
        }
    }

    #[tokio::test]
    async fn the_page_on_workflows() -> Result<(), Box<dyn std::error::Error>> {
        let provision = |host: &str| {
            Workflow::new("vm.provision")
                .key(format!("vm-on-{host}"))
                .step(Step::new("boot", Boot { host: host.to_owned() }).after(["volume"]))
                .step(Step::new("volume", CreateVolume { gigabytes: 20 }).undo(DeleteVolume {}))
        };
        let test = TestStore::new().await;
        let client = test.client();
        let worker =
            || Worker::new(test.store(), ()).handle_fn(create).handle_fn(delete).handle_fn(boot);
        let id = client.start(provision("h1")).await?.id();
        assert_eq!(test.drain("default", worker()).await.completed(), 2);
        let flow = client.workflow(id).await?.expect("it is there");
        assert_eq!(flow.batch.state, BatchState::Completed);
        assert_eq!(flow.critical_path, ["volume", "boot"]);

        let id = client.start(provision("broken")).await?.id();
        assert_eq!(test.drain("default", worker()).await.failed().len(), 1);
        let flow = client.workflow(id).await?.expect("it is there");
        assert_eq!(flow.batch.state, BatchState::Failed);
        let deleted =
            client.jobs(&"kind:volume.delete state:completed".parse()?, Default::default()).await?;
        assert_eq!(
            deleted[0].output.as_ref().map(|output| output.as_str()),
            Some(r#""deleted volume-20""#)
        );

        use windlass::condition::Waits;

        let parts = client.open_batch(&Default::default()).await?;
        let last = Boot { host: "h2".into() }.job().waits(Waits::all().batch("parts", parts));
        let last = client.enqueue(last).await?.id();
        client
            .enqueue_all((1..=3).map(|gigabytes| CreateVolume { gigabytes }.job().member_of(parts)))
            .await?;
        client.seal(parts).await?;
        assert_eq!(client.job(last).await?.expect("it is there").state, State::Waiting);
        Ok(())
    }
}
