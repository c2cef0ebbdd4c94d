//! Claims beside somebody who holds rows, or the whole file.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use windlass::prelude::*;
use windlass::store::{Batch, Registration, Store};
use windlass_testkit::worker::{request, worker};

use crate::place::{Place, SOON, connect};
use crate::probes::Okay;

/// A registered worker, and the jobs it is to claim.
struct Claimant {
    store: Arc<dyn Store>,
    registration: Registration,
    jobs: Vec<JobId>,
}

impl Claimant {
    async fn among(place: &Place, jobs: u32) -> Self {
        let store = place.open().await;
        let client = Client::new(Arc::clone(&store));
        let drafts = (0..jobs).map(|number| Okay { number }.job());
        let jobs = client.enqueue_all(drafts).await.expect("written");
        let jobs = jobs.into_iter().map(windlass::Enqueued::id).collect();
        let registration = worker().knowing(&[("probe.ok", 1)]).registration();
        store.register(&registration, None).await.expect("registered");
        Self { store, registration, jobs }
    }

    async fn claim(&self, jobs: usize) -> Vec<JobId> {
        let batch = self.store.claim(&request(&self.registration, jobs), None).await;
        ids(&batch.expect("a claim meets no lock"))
    }
}

fn ids(batch: &Batch) -> Vec<JobId> {
    let mut ids: Vec<JobId> = batch.jobs.iter().map(|job| job.id).collect();
    ids.sort();
    ids
}

async fn soon<T>(what: &str, answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, answer).await.unwrap_or_else(|_| panic!("{what} waits"))
}

/// C4: what an open transaction holds is passed over, at once; when that rolls back it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_somebody_holds_are_passed_over() {
    const HOLD: &str = "select id::text from windlass.pending order by id limit 4 for update";
    let place = Place::postgres();
    let claimant = Claimant::among(&place, 10).await;
    let mut holder = connect(&place).await;
    let tx = holder.client.transaction().await.expect("begun");
    assert_eq!(tx.query(HOLD, &[]).await.expect("held").len(), 4);
    assert_eq!(soon("a claim", claimant.claim(3)).await, claimant.jobs[4..7]);
    assert_eq!(soon("a claim", claimant.claim(10)).await, claimant.jobs[7..]);
    assert_eq!(soon("an empty claim", claimant.claim(10)).await, []);
    tx.rollback().await.expect("rolled back");
    assert_eq!(soon("a claim", claimant.claim(10)).await, claimant.jobs[..4]);
}

/// C4: a claim that is under way is passed over by the next one, which takes the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_under_way_holds_no_other_up() {
    const DELETE: &str = "delete from windlass.pending where id in \
         (select id from windlass.pending order by id limit 4 for update skip locked)";
    let place = Place::postgres();
    let claimant = Claimant::among(&place, 10).await;
    let mut first = connect(&place).await;
    let tx = first.client.transaction().await.expect("begun");
    assert_eq!(tx.execute(DELETE, &[]).await.expect("taken"), 4);
    assert_eq!(soon("a claim", claimant.claim(10)).await, claimant.jobs[4..]);
    tx.commit().await.expect("committed");
    assert_eq!(soon("an empty claim", claimant.claim(10)).await, []);
}

/// C4: there is one writer, so a claim waits for its turn and nobody is told of a lock; where
/// there is nothing to take it needs no turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_for_its_turn_to_write() {
    let place = Place::sqlite();
    let claimant = Claimant::among(&place, 10).await;
    let path = place.url().trim_start_matches("sqlite:").to_owned();
    let other = rusqlite::Connection::open(path).expect("opened");
    other.busy_timeout(Duration::from_secs(10)).expect("set");
    other.execute_batch("begin immediate").expect("the write lock");
    let mut waiting = tokio::task::JoinSet::new();
    let claim = (Arc::clone(&claimant.store), request(&claimant.registration, 10));
    waiting.spawn(async move { claim.0.claim(&claim.1, None).await });
    let elsewhere = worker().serving(&["empty"]).registration();
    let nothing = request(&elsewhere, 10);
    let empty = claimant.store.claim(&nothing, None);
    assert_eq!(ids(&soon("an empty claim", empty).await.expect("it meets no lock")), []);
    assert!(waiting.try_join_next().is_none(), "somebody else holds the write lock");
    other.execute_batch("commit").expect("committed");
    let claimed = soon("a claim", waiting.join_next()).await.expect("it was started");
    let batch = claimed.expect("it ends").expect("it meets no lock");
    assert_eq!(ids(&batch), claimant.jobs);
}
