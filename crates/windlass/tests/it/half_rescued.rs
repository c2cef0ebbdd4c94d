//! A lease of which a sweep has taken back some jobs, and not yet the others.

use std::time::Duration;

use windlass::job::Settled;
use windlass::store::Now;
use windlass::{State, Timestamp};
use windlass_testkit::draft::job;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::{request, settlement, worker};

use crate::test_database::{TestDatabase, connect};

/// Refuses to take several jobs of a lease back at once, as where one of them is settled at the same moment, and then fails at
/// the job with this priority.
const HALF: &str = "create function windlass.refuse_several() returns trigger language plpgsql as $$ \
       begin if old.unsettled > 1 then return null; end if; return old; end $$; \
     create trigger refuse_several before delete on windlass.lease \
       for each row execute function windlass.refuse_several(); \
     create function windlass.fail_at_second() returns trigger language plpgsql as $$ \
       begin raise exception 'here it ends'; end $$; \
     create trigger fail_at_second before insert on windlass.pending \
       for each row when (new.priority = 2 and new.attempt > 0) execute function windlass.fail_at_second()";
const WHOLE: &str = "drop trigger refuse_several on windlass.lease; drop trigger fail_at_second on windlass.pending";

/// I-X2, I-L3: a worker that comes late with the end of a job which was taken back is not told that it has written that end, also where
/// its lease is still there because of other jobs.
#[tokio::test]
async fn who_comes_late_is_not_told_that_he_has_written_what_was_taken_back() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let now = Timestamp::from_micros(2_208_988_800_000_000);
    let late = Now::At(now.after(Duration::from_secs(3_600)));
    let jobs = [job().priority(1).done(), job().priority(2).done()];
    store.enqueue(&jobs, Now::At(now)).await.expect("written");
    let stale = worker().registration();
    store.register(&stale, Now::At(now)).await.expect("registered");
    let batch = store.claim(&request(&stale, 2), Now::At(now)).await.expect("claimed");
    assert_eq!(batch.jobs.len(), 2);
    let other = worker().registration();
    store.register(&other, late).await.expect("registered");
    let connection = connect(&database).await;
    connection.client.batch_execute(HALF).await.expect("made");
    store.sweep(other.worker, late).await.expect_err("it fails at the second job");
    let state = async |nth: usize| {
        let record = store.job(batch.jobs[nth].id).await.expect("read").expect("it is there");
        (record.state, record.losses)
    };
    assert_eq!((state(0).await, state(1).await), ((State::Available, 1), (State::Running, 0)));
    let end = [settlement(&batch, 0, complete())];
    let settle = async || store.settle(stale.worker, &end, late).await.expect("answered");
    assert_eq!(settle().await, [Settled::Busy], "its lease is there, and not its own");
    connection.client.batch_execute(WHOLE).await.expect("dropped");
    store.sweep(other.worker, late).await.expect("swept");
    assert_eq!(state(1).await, (State::Available, 1));
    assert_eq!(settle().await, [Settled::Lost]);
    assert_eq!(state(0).await, (State::Available, 1));
}
