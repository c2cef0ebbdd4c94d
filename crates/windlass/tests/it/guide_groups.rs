//! The examples of the pages on groups and chunks, line by line: `scripts/tidy` compares them.

/// docs/chunks.md.
mod chunks {
    use serde::{Deserialize, Serialize};
    use std::time::Duration;
    use windlass::prelude::*;
    use windlass::testing::TestStore;
    use windlass::{Chunk, Chunks, State};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "metric.store")]
    struct Metric {
        name: String,
        value: f64,
    }

    async fn store(chunk: Chunk<Metric>) -> anyhow::Result<()> {
        let rows: Vec<_> = chunk.jobs().map(|metric| (&metric.name, metric.value)).collect();
        println!("one insert of {} rows", rows.len());
        for metric in chunk {
            if metric.name.is_empty() {
                metric.fail(JobError::dead("a metric has a name"));
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn the_page_on_chunks() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        let metric = |name: &str| Metric { name: name.to_owned(), value: 0.5 };
        let jobs = client.enqueue_all([metric("load"), metric(""), metric("disk")]).await?;

        let chunks = Chunks::of(500).within(Duration::from_secs(1));
        let worker = Worker::new(test.store(), ()).slots(500).handle_chunks(chunks, store);
        let ran = test.drain("default", worker).await;
        assert_eq!((ran.completed(), ran.failed().len()), (2, 1));
        let bad = client.job(jobs[1].id()).await?.expect("it is kept");
        assert_eq!(bad.state, State::Dead);
        Ok(())
    }
}

/// docs/groups.md.
mod groups {
    use serde::{Deserialize, Serialize};
    use std::sync::{Arc, Mutex};
    use windlass::prelude::*;
    use windlass::testing::TestStore;

    #[derive(Clone, Serialize, Deserialize, Job)]
    #[job(kind = "invoice.item", lane(by = [invoice]))]
    struct Item {
        invoice: u32,
        what: String,
    }

    type Ledger = Arc<Mutex<Vec<(u32, String)>>>;

    async fn item(item: Item, cx: Context<Ledger>) -> Result<(), JobError> {
        if item.what == "sum" {
            cx.enqueue(Item { what: "send".to_owned(), ..item.clone() }).await?;
        }
        cx.app().lock().expect("whole").push((item.invoice, item.what));
        Ok(())
    }

    #[tokio::test]
    async fn the_page_on_groups() -> Result<(), Box<dyn std::error::Error>> {
        let test = TestStore::new().await;
        let client = test.client();
        for invoice in [1, 2] {
            let items = ["open", "sum"].map(|what| Item { invoice, what: what.to_owned() });
            client.enqueue_all(items).await?;
        }
        let ledger = Ledger::default();
        let worker = Worker::new(test.store(), Arc::clone(&ledger)).handle_fn(item);
        assert_eq!(test.drain("default", worker).await.completed(), 6);

        let ledger = ledger.lock().expect("whole");
        let of_first: Vec<_> =
            ledger.iter().filter(|(of, _)| *of == 1).map(|(_, what)| what.as_str()).collect();
        assert_eq!(of_first, ["open", "sum", "send"]);
        assert_eq!(ledger[..2].iter().map(|(of, _)| *of).sum::<u32>(), 3, "both have had a turn");
        Ok(())
    }
}
