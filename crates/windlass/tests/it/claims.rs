//! Claims beside somebody who holds rows, or the whole file.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use windlass::store::Now;

use windlass::job::Batch;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::worker::Registration;
use windlass_testkit::worker::{request, worker};

use crate::probes::Okay;
use crate::test_database::{Connection, SOON, TestDatabase, connect};

/// A registered worker, and the jobs it is to claim.
struct Claimant {
    store: Arc<dyn Store>,
    registration: Registration,
    jobs: Vec<JobId>,
}

impl Claimant {
    async fn among(database: &TestDatabase, jobs: u32) -> Self {
        let store = database.open().await;
        let client = Client::new(Arc::clone(&store));
        let drafts = (0..jobs).map(|number| Okay { number }.job());
        let jobs = client.enqueue_all(drafts).await.expect("written");
        let jobs = jobs.into_iter().map(windlass::Enqueued::id).collect();
        let registration = worker().knowing(&[("probe.ok", 1)]).registration();
        store.register(&registration, Now::Database).await.expect("registered");
        Self { store, registration, jobs }
    }

    async fn claim(&self, jobs: usize) -> Vec<JobId> {
        let batch = self.store.claim(&request(&self.registration, jobs), Now::Database).await;
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
    let database = TestDatabase::postgres();
    let claimant = Claimant::among(&database, 10).await;
    let mut holder = connect(&database).await;
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
    let database = TestDatabase::postgres();
    let claimant = Claimant::among(&database, 10).await;
    let mut first = connect(&database).await;
    let tx = first.client.transaction().await.expect("begun");
    assert_eq!(tx.execute(DELETE, &[]).await.expect("taken"), 4);
    assert_eq!(soon("a claim", claimant.claim(10)).await, claimant.jobs[4..]);
    tx.commit().await.expect("committed");
    assert_eq!(soon("an empty claim", claimant.claim(10)).await, []);
}

/// A claimant whose jobs fell due a second apart, and a stored cursor between the first two.
async fn behind_a_stored_cursor(written: &str) -> (TestDatabase, Claimant) {
    const SPREAD: &str = "update windlass.pending set run_at = run_at - 1000000 \
         where id = (select min(id::text)::uuid from windlass.pending)";
    let database = TestDatabase::postgres();
    let first = Claimant::among(&database, 2).await;
    let admin = connect(&database).await;
    admin.client.batch_execute(SPREAD).await.expect("spread");
    let cursor = format!(
        "insert into windlass.claim_cursor (queue, priority, run_at, cost, written_at) \
         select queue, 0, max(run_at), 60000000, {written} from windlass.pending group by queue"
    );
    admin.client.batch_execute(&cursor).await.expect("stored");
    let store = database.open().await;
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let claimant = Claimant { store, registration, jobs: first.jobs };
    (database, claimant)
}

/// O33: under an old snapshot a new process begins where a slow one is, instead of walking over
/// everything that died since; what lies below is claimed when nothing is left above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_process_begins_at_a_fresh_cursor() {
    let (_database, claimant) = behind_a_stored_cursor("windlass.now_us()").await;
    assert_eq!(claimant.claim(1).await, claimant.jobs[1..]);
    assert_eq!(claimant.claim(1).await, [], "nothing is left above the cursor");
    assert_eq!(claimant.claim(1).await, claimant.jobs[..1]);
}

/// O33: what was stored long ago says nothing about today.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_cursor_is_ignored() {
    let written = "windlass.now_us() - 60000000";
    let (_database, claimant) = behind_a_stored_cursor(written).await;
    assert_eq!(claimant.claim(1).await, claimant.jobs[..1]);
}

/// The lock that is the turn to claim from the default queue.
const TURN: &str = "(hashtext('windlass.claim'), hashtext('default'))";

/// How many processes hold a turn.
async fn turns_held(connection: &Connection) -> i64 {
    let held = "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 2 and granted \
                and database = (select oid from pg_database where datname = current_database())";
    connection.client.query_one(held, &[]).await.expect("asked").get(0)
}

/// C4: where a queue has a backlog, large claims take turns. A turn is given back with the claim, and small
/// claims take none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_of_a_backlog_take_turns() {
    let database = TestDatabase::postgres();
    let claimant = Claimant::among(&database, 400).await;
    let mut other = connect(&database).await;
    assert_eq!(claimant.claim(100).await.len(), 100, "there is more");
    assert_eq!(turns_held(&other).await, 0);
    // Somebody claims: its turn ends with the transaction.
    let tx = other.client.transaction().await.expect("begun");
    tx.query_one(&format!("select pg_advisory_xact_lock{TURN}::text"), &[]).await.expect("taken");
    assert_eq!(soon("a small claim", claimant.claim(10)).await.len(), 10);
    let mut waiting = tokio::task::JoinSet::new();
    let claim = (Arc::clone(&claimant.store), request(&claimant.registration, 100));
    assert_eq!(claimant.claim(100).await.len(), 100, "a holder that does not end holds nobody up");
    waiting.spawn(async move { claim.0.claim(&claim.1, Now::Database).await });
    let claimed = soon("a claim", waiting.join_next()).await.expect("it was started");
    assert_eq!(ids(&claimed.expect("it ends").expect("it meets no lock")).len(), 100);
    tx.rollback().await.expect("rolled back");
    assert_eq!(turns_held(&other).await, 0);
}

/// C4: a claim that was dropped while it had the turn gives it back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_claim_leaves_no_turn_behind() {
    let database = TestDatabase::postgres();
    let claimant = Claimant::among(&database, 400).await;
    let mut other = connect(&database).await;
    assert_eq!(claimant.claim(100).await.len(), 100, "there is more");
    let tx = other.client.transaction().await.expect("begun");
    tx.batch_execute("lock table windlass.pending in access exclusive mode").await.expect("held");
    let held = request(&claimant.registration, 100);
    let mut claim = claimant.store.claim(&held, Now::Database);
    let watcher = connect(&database).await;
    let is_taken = async {
        while turns_held(&watcher).await == 0 {
            let next = std::future::poll_fn(|cx| std::task::Poll::Ready(claim.as_mut().poll(cx)));
            assert!(next.await.is_pending(), "the table is held");
        }
    };
    soon("the turn", is_taken).await;
    drop(claim);
    tx.rollback().await.expect("rolled back");
    soon("the turn's end", async { while turns_held(&watcher).await > 0 {} }).await;
    assert_eq!(claimant.claim(100).await.len(), 100);
}

/// C4: a turn that cannot be asked for costs the claim nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_needs_no_turn() {
    let database = TestDatabase::postgres();
    let claimant = Claimant::among(&database, 200).await;
    assert_eq!(claimant.claim(100).await.len(), 100, "there is more");
    let admin = connect(&database).await;
    let drop = "drop function windlass.take_turn";
    admin.client.batch_execute(drop).await.expect("dropped");
    assert_eq!(claimant.claim(100).await.len(), 100);
    assert_eq!(turns_held(&admin).await, 0);
}

/// C4: there is one writer, so a claim waits for its turn and nobody is told of a lock; where
/// there is nothing to take it needs no turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_for_its_turn_to_write() {
    let database = TestDatabase::sqlite();
    let claimant = Claimant::among(&database, 10).await;
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let other = rusqlite::Connection::open(path).expect("opened");
    other.busy_timeout(Duration::from_secs(10)).expect("set");
    other.execute_batch("begin immediate").expect("the write lock");
    let mut waiting = tokio::task::JoinSet::new();
    let claim = (Arc::clone(&claimant.store), request(&claimant.registration, 10));
    waiting.spawn(async move { claim.0.claim(&claim.1, Now::Database).await });
    let elsewhere = worker().serving(&["empty"]).registration();
    let nothing = request(&elsewhere, 10);
    let empty = claimant.store.claim(&nothing, Now::Database);
    assert_eq!(ids(&soon("an empty claim", empty).await.expect("it meets no lock")), []);
    assert!(waiting.try_join_next().is_none(), "somebody else holds the write lock");
    other.execute_batch("commit").expect("committed");
    let claimed = soon("a claim", waiting.join_next()).await.expect("it was started");
    let batch = claimed.expect("it ends").expect("it meets no lock");
    assert_eq!(ids(&batch), claimant.jobs);
}
