//! Tree: what has come of what.

use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::event::{Keep, NewEvent};
use windlass_core::id::JobId;
use windlass_core::job::{NewJob, State, Verdict};
use windlass_core::json::Json;
use windlass_core::subscription::{Feed, Filter, Start, Subscription};
use windlass_core::trace::{Trace, What};

use super::publish;
use crate::fixture::StoreFixture;
use crate::worker::worker;

const HOUR: Duration = Duration::from_secs(3_600);

async fn child(fixture: &StoreFixture, parent: JobId, root: JobId) -> JobId {
    let mut job = NewJob::new("child", Json::stored("{}"));
    (job.parent, job.root) = (Some(parent), Some(root));
    fixture.try_enqueue(std::slice::from_ref(&job)).await.expect("written");
    job.id
}

/// An event, and the job that has come of it.
async fn fed(fixture: &StoreFixture) -> (JobId, JobId) {
    let paid = Subscription::new(Filter::of_types(["paid"]).build().expect("a filter"), "receipt");
    let put = fixture.store().put_subscription("paid", &paid, Start::Now, fixture.now());
    assert!(put.await.expect("put"));
    let event = NewEvent::bare("paid");
    publish(fixture, std::slice::from_ref(&event)).await;
    let mut feed = Feed::default();
    while feed.round(fixture.store(), fixture.now()).await.expect("fed").is_behind {}
    let job = fixture.find("kind:receipt").await[0];
    (JobId::from_uuid(event.id.as_uuid()), job)
}

async fn trace(fixture: &StoreFixture, member: JobId) -> Trace {
    let client = Client::new(fixture.shared_store());
    client.trace(member).await.expect("read").expect("it is there")
}

fn shown(trace: &Trace) -> Vec<(usize, bool, Option<State>)> {
    let state = |what: &What| match what {
        What::Job(job) => Some(job.state),
        What::Event(_) => None,
    };
    trace.members.iter().map(|one| (one.level, one.is_torn_off, state(&one.what))).collect()
}

/// T30: jobs of a tree are found while they wait, while they run and when they have ended, those of events and others, and none of
/// another tree.
pub async fn a_tree_is_whole_wherever_its_jobs_are(fixture: StoreFixture) {
    let (root, receipt) = fed(&fixture).await;
    let below = child(&fixture, receipt, root).await;
    child(&fixture, JobId::new(), JobId::new()).await;
    let first = fixture.start(worker().knowing(&[("receipt", 1)])).await;
    let second = fixture.start(worker().knowing(&[("child", 1)])).await;
    let all = |states: [State; 2]| {
        let [first, second] = states.map(Some);
        [(0, false, None), (1, false, first), (2, false, second)]
    };
    assert_eq!(shown(&trace(&fixture, below).await), all([State::Available, State::Available]));
    let batch = first.claim(1).await;
    assert_eq!(shown(&trace(&fixture, root).await), all([State::Running, State::Available]));
    first.settle(&batch, 0, Verdict::Complete { output: None }).await;
    let batch = second.claim(1).await;
    assert_eq!(shown(&trace(&fixture, receipt).await), all([State::Completed, State::Running]));
    second.settle(&batch, 0, Verdict::Complete { output: None }).await;
    assert_eq!(shown(&trace(&fixture, below).await), all([State::Completed, State::Completed]));
    // The root, which is none of them, takes no place of theirs.
    let of = [(receipt, receipt)];
    let most =
        async |most| fixture.store().jobs_of_tree(root, &of, most).await.expect("read").len();
    assert_eq!([most(1).await, most(2).await, most(9).await], [1, 2, 2]);
}

/// T30: an event that was removed before the jobs that came of it leaves those in the tree that something came of.
pub async fn what_came_of_a_removed_event_is_found(fixture: StoreFixture) {
    let (root, receipt) = fed(&fixture).await;
    let worker = fixture.start(worker().knowing(&[("receipt", 1), ("child", 1)])).await;
    let batch = worker.claim(1).await;
    worker.settle(&batch, 0, Verdict::Complete { output: None }).await;
    let below = child(&fixture, receipt, root).await;
    fixture.store().keep_events(Keep::at_least(HOUR)).await.expect("kept");
    fixture.advance(2 * HOUR);
    let mut looks = 0;
    while !fixture.store().events(0, 1).await.expect("read").is_empty() {
        fixture.tidy().await;
        looks += 1;
        assert!(looks < 10, "it is not removed");
    }
    let expected = [(0, true, Some(State::Completed)), (1, false, Some(State::Available))];
    for member in [below, receipt, root] {
        assert_eq!(shown(&trace(&fixture, member).await), expected);
    }
}
