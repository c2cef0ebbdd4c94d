//! Servers that are set up and torn down: a lane for each of them, with rules between the two kinds.
//!
//! ```console
//! $ cargo run -p windlass --example server_provisioning
//! ```
//!
//! A setup that begins after its teardown leaves a server that nobody knows of and somebody pays for. So a teardown
//! cancels a setup that has not begun, comes behind one that has, and lets no new one in until it has ended. All
//! of it is decided in the transactions that write the jobs: no worker has to live for it.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{State, StoreError};

/// Sets a server up.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "server.provision", lane(by = [server], refused_by = ["server.terminate"]))]
struct Provision {
    server: u32,
}

/// Tears it down.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "server.terminate", lane(by = [server], supersedes = ["server.provision"]))]
struct Terminate {
    server: u32,
}

/// Stands for the cloud: what was done there, in order.
#[derive(Clone, Default)]
struct Cloud(Arc<Mutex<Vec<String>>>);

impl Cloud {
    fn act(&self, act: String) {
        println!("cloud: {act}");
        self.0.lock().expect("no handler panics").push(act);
    }
}

async fn provision(job: Provision, cx: Context<Cloud>) -> Result<(), JobError> {
    cx.app().act(format!("server {} up", job.server));
    Ok(())
}

async fn terminate(job: Terminate, cx: Context<Cloud>) -> Result<(), JobError> {
    cx.app().act(format!("server {} down", job.server));
    Ok(())
}

/// Runs the story, and panics where it goes otherwise.
pub(crate) async fn run(store: Arc<dyn Store>) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(store.clone());
    let superseded = client.enqueue(Provision { server: 1 }).await?.id();
    let other = client.enqueue(Provision { server: 2 }).await?.id();

    let teardown = client.enqueue(Terminate { server: 1 }).await?.id();
    let setup = client.job(superseded).await?.expect("ended jobs are kept");
    println!("the setup of server 1: {:?}, {}", setup.state, setup.reason.unwrap_or_default());
    assert_eq!(setup.state, State::Cancelled);

    let refused = client.enqueue(Provision { server: 1 }).await.expect_err("a teardown waits");
    println!("a second one: {refused}");
    assert!(matches!(refused, StoreError::LaneRefused { .. }));

    let cloud = Cloud::default();
    let worker = Worker::new(store, cloud.clone()).handle_fn(provision).handle_fn(terminate);
    let worker = worker.start().await?;
    for job in [teardown, other] {
        assert_eq!(client.ended(job).await?.state, State::Completed);
    }
    // The teardown has ended, so the server may come back; what follows it in the lane waits for it.
    let again = client.enqueue(Provision { server: 1 }).await?.id();
    client.ended(again).await?;
    worker.stop().await;

    let acts = cloud.0.lock().expect("no handler panics").clone();
    let first: Vec<_> = acts.iter().filter(|act| act.starts_with("server 1 ")).collect();
    assert_eq!(first, ["server 1 down", "server 1 up"]);
    assert!(acts.contains(&"server 2 up".to_owned()), "another server is another lane");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    run(windlass::open(&format!("sqlite:{}", folder.path().join("servers.db").display())).await?)
        .await
}
