//! A virtual machine is provisioned by a workflow: a volume and an address beside each other, then the boot, then the
//! announcement. Where the boot fails for good, what was made is taken back in the reverse order.
//!
//! ```console
//! $ cargo run -p windlass --example vm_workflow
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::BatchId;
use windlass::batch::{BatchFilter, Started, Step, Workflow};
use windlass::prelude::*;
use windlass::store::Store;

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "vm.volume")]
struct MakeVolume {
    gigabytes: u32,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "vm.address")]
struct TakeAddress {}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "vm.boot")]
struct Boot {
    host: String,
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "vm.announce")]
struct Announce {}

/// Takes back what a step has made.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "vm.release")]
struct Release {
    step: String,
}

async fn make_volume(job: MakeVolume, _: Context) -> Result<String, JobError> {
    Ok(format!("volume of {} GB", job.gigabytes))
}

async fn take_address(_: TakeAddress, _: Context) -> Result<String, JobError> {
    Ok("10.0.0.7".to_owned())
}

async fn boot(job: Boot, cx: Context) -> Result<String, JobError> {
    let (volume, address): (String, String) =
        (cx.input("volume").await?, cx.input("address").await?);
    if job.host == "broken" {
        return Err(JobError::dead("the host does not answer"));
    }
    Ok(format!("{} at {address} with a {volume}", job.host))
}

async fn announce(_: Announce, cx: Context) -> Result<String, JobError> {
    Ok(format!("ready: {}", cx.input::<String>("boot").await?))
}

async fn release(job: Release, cx: Context) -> Result<String, JobError> {
    Ok(format!("released the {}", cx.input::<String>(&job.step).await?))
}

/// The graph for one host; there is one workflow for each.
pub(crate) fn provision(host: &str) -> Workflow {
    let undo = |step: &str| Release { step: step.to_owned() };
    Workflow::new("vm.provision").key(format!("vm-on-{host}")).steps([
        Step::new("volume", MakeVolume { gigabytes: 20 }).undo(undo("volume")),
        Step::new("address", TakeAddress {}).undo(undo("address")),
        Step::new("boot", Boot { host: host.to_owned() }).after(["volume", "address"]),
        Step::new("announce", Announce {}).after(["boot"]),
    ])
}

/// A worker that can do all of it.
pub(crate) fn worker(store: Arc<dyn Store>) -> Worker {
    Worker::new(store, ())
        .handle_fn(make_volume)
        .handle_fn(take_address)
        .handle_fn(boot)
        .handle_fn(announce)
        .handle_fn(release)
}

/// Starts it and waits for its end and that of what undoes it; what the jobs said, in the order in which they ended.
pub(crate) async fn run(client: &Client, host: &str) -> anyhow::Result<(Started, Vec<String>)> {
    let started = client.start(provision(host)).await?;
    let undoing = BatchFilter { undoes: Some(started.id()), ..BatchFilter::default() };
    let undoing = client.batches(&undoing, 1).await?;
    let mut ended = Vec::new();
    for batch in std::iter::once(started.id()).chain(undoing.iter().map(|batch| batch.id)) {
        for member in client.members(batch, None, 100).await? {
            ended.push(client.ended(member.job).await?);
        }
    }
    ended.sort_by_key(|job| job.finished_at);
    let said = ended.iter().filter_map(|job| Some(job.output.as_ref()?.as_str().to_owned()));
    Ok((started, said.collect()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = windlass::open("sqlite:machines.db").await?;
    let running = worker(store.clone()).start().await?;
    let client = Client::new(store);
    for host in [format!("h{}", std::process::id()), "broken".to_owned()] {
        let (started, said) = run(&client, &host).await?;
        let id: BatchId = started.id();
        println!("{host}: windlass workflow show {id}");
        said.iter().for_each(|line| println!("  {line}"));
    }
    running.stop().await;
    Ok(())
}
