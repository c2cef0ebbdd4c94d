//! The examples of docs/stores.md, line by line: `scripts/tidy` compares them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::stores::{Routes, Stores};

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.send", queue = "mail")]
struct Send {
    to: String,
}

struct App {
    sender: String,
}

async fn send(job: Send, cx: Context<Arc<App>>) -> Result<String, JobError> {
    Ok(format!("{} to {}", cx.app().sender, job.to))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_on_several_stores() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let [eu_url, us_url] =
        ["eu", "us"].map(|name| format!("sqlite:{}/{name}.db", folder.path().display()));
    let routes = Routes::otherwise("us") // what no rule fits
        .queue("eu-*", "eu") // jobs of these queues
        .tag("tenant:acme", "eu") // jobs with such a tag
        .subject("customer=42", "eu") // jobs and events about this
        .event("eu.*", "eu"); // events of these types
    let stores = Stores::of([("eu", eu_url), ("us", us_url)], routes)?.with_origin("shop");

    stores.enqueue(Send { to: "ana".into() }).await?; // into us
    let job = stores.enqueue(Send { to: "bob".into() }.job().tag("tenant:acme")).await?.id(); // into eu

    let app = Arc::new(App { sender: "the shop".into() });
    let describe =
        move |_: &str, store| Worker::new(store, Arc::clone(&app)).handle_fn(send).slots(20);
    let workers = stores.worker(describe).await?;
    stores.client("eu").await?.ended(job).await?;

    if let Some((store, job)) = stores.job(job).await? {
        println!("{} is {} in {store}", job.id, job.state); // … is completed in eu
    }
    for (store, counts) in stores.each(|client| async move { client.counts().await }).await {
        match counts {
            Ok(counts) => println!("{store}: {} completed", counts.of(windlass::State::Completed)),
            Err(error) => println!("{store}: {error}"),
        }
    }
    workers.stop().await;
    assert_eq!(&*stores.job(job).await?.expect("it is kept").0, "eu");
    Ok(())
}
