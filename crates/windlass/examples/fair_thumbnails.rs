//! Thumbnails for tenants of one queue: one brings 1,000 images, another 3, and the small one does not wait.
//!
//! ```console
//! $ cargo run -p windlass --example fair_thumbnails
//! ```
//!
//! Turns say who is next, a limit says how much of the workers one tenant may have at once. Without turns the three
//! images would stand behind the thousand that came before them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Draft, Fair, State};

/// Both the turn and the limit are the tenant's.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "image.thumbnail", limit(by = [tenant], running = 4))]
struct Thumbnail {
    tenant: String,
    image: u32,
}

/// The weight is what a tenant pays for: so many images in each turn. It is on the draft because it
/// differs from tenant to tenant; one weight for all is `fair(by = [tenant], weight = 3)` in the derive.
fn thumbnails(tenant: &str, weight: u16, images: u32) -> Vec<Draft<Thumbnail>> {
    let one = |image| Thumbnail { tenant: tenant.to_owned(), image };
    (0..images).map(|image| one(image).job().fair(Fair::by(tenant).weight(weight))).collect()
}

/// Who has images in work and who was done, in order.
#[derive(Default)]
struct Studio {
    running: HashMap<String, usize>,
    most_running: usize,
    done: Vec<String>,
}

type App = Arc<Mutex<Studio>>;

async fn thumbnail(job: Thumbnail, cx: Context<App>) -> Result<(), JobError> {
    {
        let mut studio = cx.app().lock().expect("no handler panics");
        let running = studio.running.entry(job.tenant.clone()).or_default();
        *running += 1;
        let running = *running;
        studio.most_running = studio.most_running.max(running);
    }
    // Here the image would be read; others run meanwhile.
    tokio::task::yield_now().await;
    let mut studio = cx.app().lock().expect("no handler panics");
    *studio.running.entry(job.tenant.clone()).or_default() -= 1;
    studio.done.push(job.tenant);
    Ok(())
}

/// Runs all of it, and panics where the small tenant waits.
pub(crate) async fn run(store: Arc<dyn Store>) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(store.clone());
    let big = client.enqueue_all(thumbnails("big", 3, 1_000)).await?;
    let small = client.enqueue_all(thumbnails("small", 1, 3)).await?;

    let studio = App::default();
    let worker = Worker::new(store, studio.clone()).handle_fn(thumbnail).slots(8).start().await?;
    for job in big.iter().chain(&small) {
        assert_eq!(client.ended(job.id()).await?.state, State::Completed);
    }
    worker.stop().await;

    let studio = studio.lock().expect("no handler panics");
    let last = studio.done.iter().rposition(|tenant| tenant == "small").expect("it had three");
    let before = last + 1 - small.len();
    println!("{before} of 1,000 images of the big tenant were done before the small one's 3");
    println!("at most {} of one tenant were in work at once", studio.most_running);
    assert!(before < 100, "the small tenant waited for {before} images");
    assert!(studio.most_running <= 4, "the limit is 4");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    run(windlass::open(&format!("sqlite:{}", folder.path().join("images.db").display())).await?)
        .await
}
