//! The examples of docs/alerts.md, line by line: `scripts/tidy` compares them.

use crate::test_database::{TestDatabase, on_both_stores};
use windlass::testing::TestStore;

on_both_stores! {
    /// C17, C20: the page on alerts, as it is told.
    the_page_on_alerts;
}

async fn the_page_on_alerts(database: TestDatabase) {
    let test = if database.is_postgres() {
        TestStore::postgres(&database.url()).await
    } else {
        TestStore::new().await
    };
    page::page(&test).await.expect("it works");
}

/// docs/alerts.md.
mod page {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use anyhow::Context as _;
    use serde::{Deserialize, Serialize};
    use windlass::alert::Mute;
    use windlass::health::Thresholds;
    use windlass::prelude::*;
    use windlass::subscription::{Filter, Start, Subscription};
    use windlass::testing::TestStore;

    /// Pages the person on call.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "ops.page")]
    struct Page {
        alert: String,
    }

    async fn page_ops(job: Page, cx: Context<Pager>) -> anyhow::Result<()> {
        let event = cx.event().context("it comes of an event")?;
        match event.event_type.strip_suffix(".resolved") {
            None => cx.app().open(&job.alert, event.subject.as_deref()).await,
            Some(_) => cx.app().close(&job.alert).await,
        }
    }

    /// A service that pages, by keys.
    #[derive(Clone, Default)]
    struct Pager(Arc<Mutex<Vec<String>>>);

    impl Pager {
        async fn open(&self, key: &str, _about: Option<&str>) -> anyhow::Result<()> {
            self.note(format!("open {key}"))
        }

        async fn close(&self, key: &str) -> anyhow::Result<()> {
            self.note(format!("close {key}"))
        }

        fn note(&self, what: String) -> anyhow::Result<()> {
            self.0.lock().map_err(|_| anyhow::anyhow!("it panicked"))?.push(what);
            Ok(())
        }

        fn noted(&self) -> Vec<String> {
            self.0.lock().map(|noted| noted.clone()).unwrap_or_default()
        }
    }

    /// Nobody serves its queue.
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "crm.push", queue = "crm")]
    struct Push {}

    fn worker(store: Arc<dyn windlass::store::Store>, pager: &Pager) -> Worker<Pager> {
        let thresholds =
            Thresholds { latency: Duration::from_secs(10 * 60), ..Thresholds::alerting() };
        Worker::new(store, pager.clone()).handle_fn(page_ops).alerts(thresholds)
    }

    pub(super) async fn page(test: &TestStore) -> Result<(), Box<dyn std::error::Error>> {
        let (client, pager) = (test.client(), Pager::default());
        let wanted = Filter::of_types(["windlass.queue.*", "windlass.job.dead"]).build()?;
        client.subscribe("page", &Subscription::of::<Page>(wanted), Start::Now).await?;
        let pushed = client.enqueue(Push {}).await?.id();

        let until = test.clock().now().after(Duration::from_secs(2 * 60 * 60));
        let mute = Mute::new("queue.unserved/crm".parse()?).until(until).note("moving, ana");
        client.mute_alerts(&mute).await?;
        for alert in client.alerts().await?.open {
            println!("{} since {}: {:?}", alert.key, alert.since, alert.fired_at);
        }

        test.advance(Duration::from_secs(11 * 60));
        let drained = test.drain("default", worker(test.store(), &pager)).await;
        assert_eq!(drained.completed(), 1);
        assert_eq!(pager.noted(), ["open queue.stalled/crm"]);
        let drained = test.drain("default", worker(test.store(), &pager)).await;
        assert_eq!(drained.completed(), 0);
        client.cancel(&[pushed], "it moved").await?;
        let drained = test.drain("default", worker(test.store(), &pager)).await;
        assert_eq!(drained.completed(), 1);
        assert_eq!(pager.noted(), ["open queue.stalled/crm", "close queue.stalled/crm"]);
        Ok(())
    }
}
