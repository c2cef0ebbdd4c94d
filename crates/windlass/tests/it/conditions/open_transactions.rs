//! Conditions beside open transactions of others, on PostgreSQL: who waits for whom, and that nothing is missed.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use windlass::batch::{BatchState, Begins};
use windlass::condition::SignalAnswer::Kept;
use windlass::condition::{Ends, Overdue, Signal, Waits};
use windlass::job::{Batch, Settled, Verdict};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::{BatchId, Draft, NewJob, State, Timestamp};
use windlass_testkit::draft::job;
use windlass_testkit::verdicts::{complete, die, snooze};
use windlass_testkit::worker::{request, settlement};

use super::{Link, state};
use crate::races::waits_for;
use crate::strangers::{Shared, commit};
use crate::test_database::{SOON, connect};

impl Shared {
    async fn sweep(&self) {
        let sweep = self.store.sweep(self.registration.worker, Now::Database);
        let swept = tokio::time::timeout(SOON, sweep).await.expect("it ends").expect("swept");
        assert!(swept.leads, "nobody else is there");
    }

    async fn swept_until_available(&self, id: JobId) {
        self.sweep().await;
        assert_eq!(state(&self.client, id).await, State::Available);
    }

    /// One job, which is the only one on its queue, and runs.
    async fn written_and_claimed(&self) -> Batch {
        self.store.enqueue(&[job().done()], Now::Database).await.expect("written");
        self.claimed().await
    }

    async fn claimed(&self) -> Batch {
        let request = request(&self.registration, 9);
        let batch = self.store.claim(&request, Now::Database).await.expect("claimed");
        assert_eq!(batch.jobs.len(), 1);
        batch
    }

    async fn settle(&self, batch: &Batch, verdict: Verdict) {
        let ends = [settlement(batch, 0, verdict)];
        let settle = self.store.settle(self.registration.worker, &ends, Now::Database);
        let settled = tokio::time::timeout(Duration::from_secs(3), settle).await;
        assert_eq!(settled.expect("it waits").expect("settled"), [Settled::Done]);
    }

    async fn claimed_and_completed(&self, id: JobId) {
        self.sweep().await;
        let batch = self.claimed().await;
        assert_eq!(batch.jobs[0].id, id);
        self.settle(&batch, complete()).await;
    }

    fn signal(&self, key: &str) -> JoinHandle<()> {
        let (client, signal) = (self.client.clone(), Signal::new(key));
        let signal = async move { client.signal(signal).await.map(drop).expect("told") };
        tokio::runtime::Handle::current().spawn(signal)
    }

    fn enqueue(&self, draft: Draft<Link>) -> JoinHandle<JobId> {
        let client = self.client.clone();
        let enqueue = async move { client.enqueue(draft).await.expect("written").id() };
        tokio::runtime::Handle::current().spawn(enqueue)
    }
}

fn link(waits: Waits) -> Draft<Link> {
    Link { number: 1 }.job().waits(waits)
}

fn go(key: &str) -> Draft<Link> {
    link(Waits::all().signal("go", key))
}

/// SQL that writes a job which waits.
fn enqueue_waiting(id: JobId, waits: &str) -> String {
    let id = id.as_uuid();
    format!(
        r#"select windlass.enqueue('work', '1', '{{"id": "{id}", "queue": "elsewhere", "waits": {waits}}}')"#
    )
}

/// SQL that writes a job which waits for an end of another.
fn enqueue_after(id: JobId, other: JobId, ends: &str) -> String {
    let other = other.as_uuid();
    enqueue_waiting(id, &format!(r#"[{{"name": "first", "job": "{other}", "ends": ["{ends}"]}}]"#))
}

/// A2: of two open transactions that meet the last two conditions of a job, by a signal or a waiver, the second waits for the
/// first, sees it, and makes the job available; after a rollback of the first one it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_two_of_open_transactions_meet() {
    let shared = Shared::open().await;
    let rounds = ["signal signal", "signal waive", "waive signal"];
    let rounds = rounds.into_iter().flat_map(|calls| [(calls, "commit"), (calls, "rollback")]);
    for (round, (calls, end)) in rounds.enumerate() {
        let keys = ["a", "b"].map(|word| format!("{word}:{round}"));
        let waits = keys.iter().fold(Waits::all(), |waits, key| waits.signal(key, key));
        let id = shared.client.enqueue(link(waits)).await.expect("written").id();
        let call = |(key, verb): (&String, &str)| match verb {
            "signal" => format!("select windlass.signal('{key}')"),
            _ => format!("select windlass.waive('{}', '{key}')", id.as_uuid()),
        };
        let calls: Vec<_> = keys.iter().zip(calls.split(' ')).map(call).collect();
        let first = shared.begun(&calls[0]).await;
        let second = connect(&shared.database).await;
        let call = calls[1].clone();
        let second = tokio::runtime::Handle::current()
            .spawn(async move { second.client.batch_execute(&call).await });
        waits_for(&shared.database, "transactionid").await;
        assert!(!second.is_finished());
        first.client.batch_execute(end).await.expect("ended");
        second.await.expect("it ran").expect("told");
        let expected = if end == "commit" { State::Available } else { State::Waiting };
        assert_eq!(state(&shared.client, id).await, expected, "{calls:?} {end}");
    }
}

/// C4: a settlement does not wait for a transaction that has the waiting job; the sweep tells that job when it is over. A worker
/// whose heartbeats share the connection would be lost otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_does_not_wait_for_who_signals() {
    let shared = Shared::open().await;
    let first = job().done();
    let waits = Waits::all().job("first", first.id).signal("go", "go");
    let second = job().waits(waits).done();
    let written = shared.store.enqueue(&[first, second.clone()], Now::Database).await;
    written.expect("written");
    let batch = shared.claimed().await;
    let stranger = shared.begun("select windlass.signal('go')").await;
    shared.settle(&batch, complete()).await;
    // Neither does a sweep.
    shared.sweep().await;
    commit(&stranger).await;
    assert_eq!(state(&shared.client, second.id).await, State::Waiting, "nobody has looked");
    shared.swept_until_available(second.id).await;
}

/// C4: nor for one that waives the very condition; where that is rolled back the end is not missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_does_not_wait_for_who_waives() {
    let shared = Shared::open().await;
    let first = job().done();
    let second = job().waits(Waits::all().job("first", first.id)).done();
    let written = shared.store.enqueue(&[first, second.clone()], Now::Database).await;
    written.expect("written");
    let batch = shared.claimed().await;
    let waive = format!("select windlass.waive('{}', 'first')", second.id.as_uuid());
    let stranger = shared.begun(&waive).await;
    shared.settle(&batch, complete()).await;
    shared.sweep().await;
    stranger.client.batch_execute("rollback").await.expect("ended");
    assert_eq!(state(&shared.client, second.id).await, State::Waiting, "nobody has looked");
    shared.swept_until_available(second.id).await;
}

/// Two jobs of a batch, and one that waits until it is completed; the first is dead, the other runs.
async fn half_failed(shared: &Shared) -> (BatchId, [JobId; 2], JobId) {
    let batch = BatchId::new();
    let first = job().begins(batch, Begins::default()).done();
    let last = job().member_of(batch).done();
    let waits = Waits::all().batch_ended("batch", batch, Ends::COMPLETED);
    let then = job().queue("elsewhere").waits(waits).done();
    let ids = ([first.id, last.id], then.id);
    shared.store.enqueue(&[first, last, then], Now::Database).await.expect("written");
    let claim = request(&shared.registration, 9);
    let claimed = shared.store.claim(&claim, Now::Database).await.expect("claimed");
    let ends = [settlement(&claimed, 0, die())];
    let settled = shared.store.settle(shared.registration.worker, &ends, Now::Database).await;
    assert_eq!(settled.expect("settled"), [Settled::Done]);
    assert_eq!(claimed.jobs[0].id, ids.0[0]);
    (batch, ids.0, ids.1)
}

/// I-B1: a retry that meets the end of its batch waits for it and revives the batch, which then ends again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_meets_the_end_of_its_batch_revives_it() {
    let shared = Shared::open().await;
    let (batch, [first, last], then) = half_failed(&shared).await;
    let end =
        format!("select windlass.tell_ends(1, array['{}'::uuid], 5::smallint)", last.as_uuid());
    let stranger = shared.begun(&end).await;
    let client = shared.client.clone();
    let retry = tokio::runtime::Handle::current()
        .spawn(async move { client.retry(&[first]).await.expect("retried") });
    waits_for(&shared.database, "transactionid").await;
    commit(&stranger).await;
    assert_eq!(retry.await.expect("it ran").len(), 1);
    let record = shared.client.batch(batch).await.expect("read").expect("there");
    assert_eq!(record.state, BatchState::Running, "it lives again");
    shared.claimed_and_completed(first).await;
    assert_eq!(state(&shared.client, then).await, State::Available);
}

/// The transactions that statements on this database wait for, until something is done.
async fn waited_for<T>(shared: &Shared, done: impl Future<Output = T>) -> (BTreeSet<String>, T) {
    let question = "select l.transactionid::text from pg_locks l join pg_stat_activity a using (pid) \
         where a.datname = current_database() and l.locktype = 'transactionid' and not l.granted";
    let observer = connect(&shared.database).await;
    let (mut seen, mut done) = (BTreeSet::new(), std::pin::pin!(done));
    loop {
        tokio::select! {
            done = &mut done => return (seen, done),
            rows = observer.client.query(question, &[]) => {
                seen.extend(rows.expect("asked").iter().map(|row| row.get::<_, String>(0)));
            }
        }
    }
}

/// Settles the jobs that are due while another transaction keeps each batch, with one of these locks; says how many were waited
/// for. The batches end with the sweep after those.
async fn settled_beside(locks: [&str; 2], new: &[NewJob], batches: &[BatchId]) -> usize {
    let shared = Shared::open().await;
    shared.store.enqueue(new, Now::Database).await.expect("written");
    let claim = request(&shared.registration, new.len());
    let claimed = shared.store.claim(&claim, Now::Database).await.expect("claimed");
    let mut strangers = Vec::new();
    for (batch, lock) in batches.iter().zip(locks.into_iter().cycle()) {
        let id = batch.as_uuid();
        let keep = format!("select from windlass.batch where id = '{id}' for {lock}");
        strangers.push(shared.begun(&keep).await);
    }
    let ends: Vec<_> =
        (0..claimed.jobs.len()).map(|nth| settlement(&claimed, nth, die())).collect();
    let settle = shared.store.settle(shared.registration.worker, &ends, Now::Database);
    let (waits, settled) = waited_for(&shared, settle).await;
    assert!(settled.expect("settled").iter().all(|one| *one == Settled::Done));
    for stranger in &strangers {
        commit(stranger).await;
    }
    let of = async |batch| shared.client.batch(batch).await.expect("read").expect("there");
    for batch in batches {
        let kept = of(*batch).await;
        assert_eq!((kept.state, kept.jobs.open), (BatchState::Running, 0));
    }
    shared.sweep().await;
    for batch in batches {
        assert_eq!(of(*batch).await.state, BatchState::Failed);
    }
    waits.len()
}

/// C4, I-B1: a settlement waits for one of the many transactions that keep its batches, and not for each of them: those that end
/// jobs of them, those that add some, and both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_waits_for_one_of_many_who_keep_its_batches() {
    let (ends, adds) = ("no key update", "key share");
    let mut waits = Vec::new();
    for locks in [[ends; 2], [adds; 2], [ends, adds]] {
        let batches: [BatchId; 12] = std::array::from_fn(|_| BatchId::new());
        let new = batches.map(|batch| job().begins(batch, Begins::default()).done());
        waits.push(settled_beside(locks, &new, &batches).await);
    }
    assert!(waits.iter().all(|waits| *waits <= 1), "so many were waited for: {waits:?}");
}

/// C4, T26: nor does it wait for one after the other where jobs are cancelled down a chain, each in a batch that somebody keeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_cancelled_waits_for_one_of_many_who_keep_batches() {
    let batches: [BatchId; 12] = std::array::from_fn(|_| BatchId::new());
    let mut new = vec![job().done()];
    for batch in batches {
        let after = Waits::all().job("before", new[new.len() - 1].id).or_cancel();
        new.push(job().waits(after).begins(batch, Begins::default()).done());
    }
    let waits = settled_beside(["no key update", "key share"], &new, &batches).await;
    assert!(waits <= 1, "{waits} were waited for");
}

/// I-B2: a job that comes while its batch is being sealed and ends is refused once that is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_meets_the_end_of_its_batch_is_refused() {
    let shared = Shared::open().await;
    let batch = shared.client.open_batch(&Begins::default()).await.expect("opened");
    let stranger =
        shared.begun(&format!("select windlass.seal_batch('{}')", batch.as_uuid())).await;
    let writer = connect(&shared.database).await;
    let options = format!(r#"{{"batch": "{}"}}"#, batch.as_uuid());
    let call = format!("select windlass.enqueue('work', '1', '{options}')");
    let write = tokio::runtime::Handle::current()
        .spawn(async move { writer.client.batch_execute(&call).await });
    waits_for(&shared.database, "transactionid").await;
    commit(&stranger).await;
    let error = write.await.expect("it ran").expect_err("it is refused");
    assert!(format!("{error:?}").contains("ended"), "{error:?}");
}

/// I-B2: nor does it join a batch that has ended since its transaction's snapshot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_an_older_snapshot_joins_no_batch_that_has_ended() {
    let shared = Shared::open().await;
    let batch = shared.client.open_batch(&Begins::default()).await.expect("opened");
    let writer = connect(&shared.database).await;
    let begin = "begin isolation level repeatable read; select from windlass.batch";
    writer.client.batch_execute(begin).await.expect("begun");
    shared.client.seal(batch).await.expect("sealed");
    let options = format!(r#"{{"batch": "{}"}}"#, batch.as_uuid());
    let call = format!("select windlass.enqueue('work', '1', '{options}')");
    let error = writer.client.batch_execute(&call).await.expect_err("it is refused");
    assert!(format!("{error:?}").contains("concurrent update"), "{error:?}");
}

/// T25: a job that ends while the transaction which waits for it is open is told of by the sweep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ends_before_the_commit_of_who_waits_is_not_missed() {
    let shared = Shared::open().await;
    let batch = shared.written_and_claimed().await;
    let second = JobId::new();
    let stranger = shared.begun(&enqueue_after(second, batch.jobs[0].id, "completed")).await;
    shared.settle(&batch, complete()).await;
    commit(&stranger).await;
    assert_eq!(state(&shared.client, second).await, State::Waiting, "it was not seen");
    shared.swept_until_available(second).await;
}

/// C4: an enqueue whose signal an open transaction tells waits for it, as one whose key is kept does, and goes on then: the first
/// one with a key, and one whose key others wait for already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enqueue_waits_for_who_signals_its_key() {
    let shared = Shared::open().await;
    shared.enqueue(go("known")).await.expect("written");
    for key in ["new", "known"] {
        let stranger = shared.begun(&format!("select windlass.signal('{key}')")).await;
        let enqueue = shared.enqueue(go(key));
        waits_for(&shared.database, "transactionid").await;
        commit(&stranger).await;
        let id = enqueue.await.expect("it ran");
        assert_eq!(state(&shared.client, id).await, State::Available, "{key}");
    }
}

/// C4: the other way round, a signal waits for the open transaction that writes a job with its key, and tells that job too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_waits_for_who_writes_a_job_with_its_key() {
    let shared = Shared::open().await;
    shared.enqueue(go("known")).await.expect("written");
    for key in ["new", "known"] {
        let id = JobId::new();
        let waits = format!(r#"[{{"name": "go", "signal": "{key}"}}]"#);
        let stranger = shared.begun(&enqueue_waiting(id, &waits)).await;
        let signal = shared.signal(key);
        waits_for(&shared.database, "transactionid").await;
        commit(&stranger).await;
        signal.await.expect("it ran");
        assert_eq!(state(&shared.client, id).await, State::Available, "{key}");
    }
}

/// C4: signals that are sent at the same moment share a statement, and one whose key an open transaction keeps does not hold up
/// the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_that_waits_holds_up_no_other_one() {
    let shared = Shared::open().await;
    let mut other = connect(&shared.database).await;
    let tx = other.client.transaction().await.expect("begun");
    shared.client.within(&tx).enqueue(go("kept")).await.expect("written");
    let waits = shared.signal("kept");
    let mut others = JoinSet::new();
    for nth in 0..80 {
        let (client, signal) = (shared.client.clone(), Signal::new(format!("free:{}", nth % 40)));
        others.spawn(async move { client.signal(signal).await.expect("told").answer });
    }
    let told = tokio::time::timeout(SOON, others.join_all()).await.expect("they do not wait");
    let kept = told.iter().filter(|answer| **answer == Kept).count();
    assert_eq!((kept, told.len()), (40, 80), "{told:?}");
    assert!(!waits.is_finished(), "the transaction is open");
    tx.commit().await.expect("committed");
    tokio::time::timeout(SOON, waits).await.expect("it goes on").expect("told");
}

/// I-Q2: a key that is tidied away while an enqueue waits for another one is written again, and held: who signals it waits for
/// that enqueue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_tidied_away_meanwhile_is_held() {
    let shared = Shared::open().await;
    shared.enqueue(go("a")).await.expect("written");
    shared.signal("b").await.expect("told");
    let id = JobId::new();
    let waits = r#"[{"name": "a", "signal": "a"}, {"name": "b", "signal": "b"}]"#;
    let stranger = shared.begun("select from windlass.signal where key = 'a' for update").await;
    let writer = connect(&shared.database).await;
    let call = format!("begin; {}", enqueue_waiting(id, waits));
    let writer = tokio::runtime::Handle::current().spawn(async move {
        writer.client.batch_execute(&call).await.expect("written");
        writer
    });
    waits_for(&shared.database, "transactionid").await;
    let in_weeks = Timestamp::wall_clock().after(windlass::limits::KEEP_FINISHED * 2);
    shared.store.tidy(Now::At(in_weeks)).await.expect("tidied");
    commit(&stranger).await;
    let writer = writer.await.expect("it ran");
    let signal = shared.signal("b");
    waits_for(&shared.database, "transactionid").await;
    commit(&writer).await;
    signal.await.expect("it ran");
    shared.signal("a").await.expect("told");
    assert_eq!(state(&shared.client, id).await, State::Available);
}

/// I-Q2: a job that runs when it is waited for, and waits again and ends before the transaction that waits is committed, is told
/// of by the sweep. So is one that ends in the moment after, which finds who waits by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_snoozed_meanwhile_is_not_missed() {
    let shared = Shared::open().await;
    let other = shared.enqueue(Link { number: 1 }.job().queue("elsewhere")).await.expect("written");
    for ends_in_time in [true, false] {
        let batch = shared.written_and_claimed().await;
        let (first, second) = (batch.jobs[0].id, JobId::new());
        // The call has seen where the other one is, and waits for this one.
        let keep =
            format!("select from windlass.pending where id = '{}' for update", other.as_uuid());
        let stranger = shared.begun(&keep).await;
        let waits = [first, other].map(|id| {
            format!(r#"{{"name": "{id}", "job": "{}", "ends": ["completed"]}}"#, id.as_uuid())
        });
        let waits = format!(r#"{{"for": [{}], "needed": 1}}"#, waits.join(", "));
        let writer = connect(&shared.database).await;
        let call = format!("begin; {}", enqueue_waiting(second, &waits));
        let writer = tokio::runtime::Handle::current().spawn(async move {
            writer.client.batch_execute(&call).await.expect("written");
            writer
        });
        waits_for(&shared.database, "transactionid").await;
        shared.settle(&batch, snooze(Duration::ZERO)).await;
        commit(&stranger).await;
        let writer = writer.await.expect("it ran");
        if ends_in_time {
            shared.claimed_and_completed(first).await;
        }
        commit(&writer).await;
        assert_eq!(state(&shared.client, second).await, State::Waiting, "it was not seen");
        if ends_in_time {
            shared.swept_until_available(second).await;
        } else {
            shared.sweep().await;
            shared.claimed_and_completed(first).await;
            assert_eq!(state(&shared.client, second).await, State::Available);
        }
    }
}

/// I-Q2: a cancel that met the open transaction which waits for its job tells that job once it is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_waited_for_who_waits_is_told() {
    let shared = Shared::open().await;
    let client = &shared.client;
    let first = client.enqueue(Link { number: 1 }).await.expect("written").id();
    let second = JobId::new();
    let stranger = shared.begun(&enqueue_after(second, first, "cancelled")).await;
    let cancel = {
        let client = client.clone();
        tokio::runtime::Handle::current()
            .spawn(async move { client.cancel(&[first], "not wanted").await })
    };
    waits_for(&shared.database, "transactionid").await;
    commit(&stranger).await;
    cancel.await.expect("it ran").expect("cancelled");
    assert_eq!(state(client, second).await, State::Available);
}

/// A2: a signal or a waiver in a snapshot that would not show what others have told is refused.
#[tokio::test]
async fn what_meets_a_condition_in_an_older_snapshot_is_refused() {
    let shared = Shared::open().await;
    let id = shared.enqueue(link(Waits::all().signal("go", "go"))).await.expect("written");
    for call in ["signal('go')".to_owned(), format!("waive('{}', 'go')", id.as_uuid())] {
        let sql = connect(&shared.database).await;
        let call = format!("begin isolation level repeatable read; select windlass.{call}");
        let error = sql.client.batch_execute(&call).await.expect_err("it is refused");
        assert!(format!("{error:?}").contains("read committed"), "{error:?}");
    }
}

/// C4, A6: a thousand jobs that an open transaction has locked keep no deadline of another, and no tidying waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_have_locked_keeps_no_deadline() {
    let shared = Shared::open().await;
    let within = |key: &str, ms| {
        Waits::all().signal("a", key).deadline(Duration::from_millis(ms), Overdue::Cancel)
    };
    let many = (0..1_100).map(|number| Link { number }.job().waits(within("many", 1)));
    shared.client.enqueue_all(many).await.expect("written");
    let other = shared.client.enqueue(link(within("other", 2))).await.expect("written").id();
    let stranger = shared.begun("select windlass.signal('many')").await;
    for _ in 0..3 {
        let sweep = shared.store.sweep(shared.registration.worker, Now::Database);
        tokio::time::timeout(SOON, sweep).await.expect("it waits").expect("swept");
        let tidy = shared.store.tidy(Now::Database);
        tokio::time::timeout(SOON, tidy).await.expect("it waits").expect("tidied");
    }
    assert_eq!(state(&shared.client, other).await, State::Cancelled);
    commit(&stranger).await;
    // Deadlines of jobs that do not wait any more are over, also where another transaction keeps some.
    let keep = "select from windlass.condition where overdue is not null for update";
    let stranger = shared.begun(keep).await;
    shared.sweep().await;
    commit(&stranger).await;
}

/// I-Q2: where completed jobs are not kept, an end that was not seen is still told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unseen_end_is_told_where_completed_jobs_are_not_kept() {
    let mut shared = Shared::open().await;
    let separator = if shared.database.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}history=off", shared.database.url());
    shared.store = windlass::open(&url).await.expect("opened");
    let batch = shared.written_and_claimed().await;
    let second = job().waits(Waits::all().job("first", batch.jobs[0].id)).done();
    let written = shared.store.enqueue(std::slice::from_ref(&second), Now::Database).await;
    written.expect("written");
    let lock = format!(
        "select from windlass.pending where id = '{}' for no key update",
        second.id.as_uuid()
    );
    let stranger = shared.begun(&lock).await;
    shared.settle(&batch, complete()).await;
    stranger.client.batch_execute("rollback").await.expect("ended");
    shared.swept_until_available(second.id).await;
}
