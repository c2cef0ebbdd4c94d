//! The examples of docs/sources.md, line by line: `scripts/tidy` compares them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::RunningWorker;
use windlass::store::Store;

use crate::test_database::{SOON, TestDatabase, on_both_stores};

use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::source::{OnGap, Page, Position, Read, SourceOptions, Upstream, UpstreamError};
use windlass::{Json, StartError};

/// The builds of another service.
struct Builds(BuildService);

impl Upstream for Builds {
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        let found = self.0.builds(after.number.unwrap_or(0), 1_000).await?;
        let records = found.builds.iter().map(|build| {
            let data = match Json::args(build.body.as_str()) {
                Ok(data) => data,
                Err(error) => return Read::unreadable(Some(build.number), &build.body, error),
            };
            let event = NewEvent::new("build.finished", data).source("https://build.example.org");
            Read::numbered(build.number, event.subject(format!("project/{}", build.project)))
        });
        let page = Page::new(records).oldest(found.oldest).head(found.newest);
        Ok(if found.has_more { page.and_more() } else { page })
    }
}

on_both_stores! {
    /// O18, O22: the page on sources, as it is told.
    the_page_on_sources;
}

/// Another service, which has some builds.
struct BuildService(u64);

struct Build {
    number: u64,
    project: &'static str,
    body: String,
}

struct Found {
    builds: Vec<Build>,
    oldest: u64,
    newest: u64,
    has_more: bool,
}

impl BuildService {
    async fn builds(&self, after: u64, most: u64) -> std::io::Result<Found> {
        let newest = self.0.min(after + most);
        let build = |number| {
            let body =
                if number == 3 { "no JSON".to_owned() } else { format!("{{\"nr\":{number}}}") };
            Build { number, project: "base", body }
        };
        let builds = (after + 1..=newest).map(build).collect();
        Ok(Found { builds, oldest: 1, newest: self.0, has_more: newest < self.0 })
    }
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "builds.resync")]
struct Resync {
    name: String,
}

async fn resync(gap: Resync, cx: Context) -> anyhow::Result<()> {
    let event = cx.event().map(|event| event.id).ok_or_else(|| anyhow::anyhow!("no event"))?;
    // Get records gap.from to gap.to in another way, then:
    cx.client().close_source_gap(&gap.name, event).await?;
    Ok(())
}

async fn read(store: Arc<dyn Store>, service: BuildService) -> Result<RunningWorker, StartError> {
    let options = SourceOptions::default().every(Duration::from_secs(5)).on_gap(OnGap::Stop);
    let worker = Worker::without_app(store).source("builds", options, Builds(service));
    let running = worker.start().await?;
    Ok(running)
}

async fn the_page_on_sources(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    // What it handles is told on the page only.
    let _ = Worker::without_app(Arc::clone(&store)).handle_fn(resync);
    let running = read(store, BuildService(2_500)).await.expect("it starts");
    let read = async {
        while client.source("builds").await.expect("asked").is_none_or(|one| one.imported < 2_499) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, read).await.expect("soon");
    assert_eq!(client.quarantined("builds", 0, 10).await.expect("listed").len(), 1);
    running.stop_within(Duration::ZERO).await;
}
