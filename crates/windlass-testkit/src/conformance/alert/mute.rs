//! What is muted is not told, and says so.

use std::time::Duration;

use windlass_core::alert::{Alerted, Mute, MuteName};
use windlass_core::health::Thresholds;

use super::{look_by, pair, subscribe, told};
use crate::draft::{KIND, job};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die, retry};
use crate::worker::Worker;

const FIRED: Alerted = Alerted { fired: 1, resolved: 0 };
const NOTHING: Alerted = Alerted { fired: 0, resolved: 0 };

fn name(text: &str) -> MuteName {
    text.parse().expect("a name")
}

async fn mute(fixture: &StoreFixture, text: &str, time: Option<Duration>) {
    let mute = Mute::new(name(text)).note("ana knows");
    let mute = time.map_or(mute.clone(), |time| mute.until(fixture.moment().after(time)));
    fixture.store().mute_alerts(&mute, fixture.now()).await.expect("muted");
}

fn strict() -> Thresholds {
    Thresholds { failures: 1, ..Thresholds::alerting() }
}

async fn failing<'f>(fixture: &'f StoreFixture) -> Worker<'f> {
    subscribe(fixture, "windlass.*").await;
    let worker = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    worker
}

/// C20: what is muted, by its type, its key or its kind, is not told; it is listed as muted, and told once the mute has ended.
pub async fn what_is_muted_is_told_once_it_is_not_any_more(fixture: StoreFixture) {
    let _worker = failing(&fixture).await;
    let key = format!("job.failing/{KIND}");
    for muted in ["job.failing", &key, &format!("kind/{KIND}")] {
        mute(&fixture, muted, None).await;
        assert_eq!(look_by(&fixture, &strict()).await, NOTHING, "{muted}");
        assert_eq!(look_by(&fixture, &strict()).await, NOTHING, "{muted}");
        let round = async || fixture.store().alerts().await.expect("read").round;
        let before = round().await;
        assert_eq!(look_by(&fixture, &strict()).await, NOTHING, "{muted}");
        assert_eq!(round().await, before, "nothing is written while it is as it was");
        let alerts = fixture.store().alerts().await.expect("read");
        let [one] = &alerts.open[..] else { panic!("{alerts:?}") };
        assert_eq!((one.key.as_str(), one.fired_at, one.event), (&*key, None, None));
        let by = alerts.mute_of(&key, Some(KIND), fixture.moment()).expect("it is muted");
        assert_eq!((by.name.as_str(), by.note.as_deref()), (muted, Some("ana knows")));
        assert!(fixture.store().unmute_alerts(&name(muted)).await.expect("unmuted"));
        assert!(!fixture.store().unmute_alerts(&name(muted)).await.expect("nothing is there"));
    }
    assert_eq!(told(&fixture).await, []);
    assert_eq!(look_by(&fixture, &strict()).await, FIRED);
    assert_eq!(look_by(&fixture, &strict()).await, NOTHING);
}

/// A mute ends by itself at its moment; another one in its place has another end.
pub async fn a_mute_ends_at_its_moment(fixture: StoreFixture) {
    let _worker = failing(&fixture).await;
    mute(&fixture, "job.failing", None).await;
    mute(&fixture, "job.failing", Some(20 * MINUTE)).await;
    fixture.advance(20 * MINUTE - Duration::from_secs(1));
    assert_eq!(look_by(&fixture, &strict()).await, NOTHING);
    fixture.advance(Duration::from_secs(1));
    assert_eq!(look_by(&fixture, &strict()).await, FIRED);
}

/// I-A1: what was told before it was muted is told to be over; what was not told has no end that is told.
pub async fn the_end_of_what_was_told_is_told(fixture: StoreFixture) {
    let worker = failing(&fixture).await;
    assert_eq!(look_by(&fixture, &strict()).await, FIRED);
    mute(&fixture, "job.failing", None).await;
    mute(&fixture, "queue.stalled", None).await;
    assert_eq!(look_by(&fixture, &strict()).await, NOTHING);
    fixture.enqueue_one(job().queue("mail")).await;
    fixture.advance(20 * MINUTE);
    mute(&fixture, "queue.unserved", None).await;
    assert_eq!(look_by(&fixture, &strict()).await, NOTHING);
    worker.beat().await;
    let another = fixture.worker().await;
    another.sweep().await;
    another.run_one(complete()).await;
    fixture.cancel(fixture.find("queue:mail").await[0]).await;
    assert_eq!(look_by(&fixture, &strict()).await, Alerted { fired: 0, resolved: 1 });
    let key = format!("job.failing/{KIND}");
    let job = |event: &&(String, String)| event.0.starts_with("job.");
    let told = told(&fixture).await;
    let of_jobs: Vec<_> = told.iter().filter(job).cloned().collect();
    assert_eq!(of_jobs, [pair("job.failing", &key), pair("job.failing.resolved", &key)]);
    assert!(fixture.store().alerts().await.expect("read").open.is_empty());
}

/// C20: the kinds that workers leave out are listed as muted, and nothing is told of their jobs, deaths neither.
pub async fn kinds_that_workers_leave_out_are_listed(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.*").await;
    let muted = Thresholds { mute: vec![KIND.to_owned(), "other".to_owned()], ..strict() };
    let worker = fixture.worker().await;
    assert_eq!(look_by(&fixture, &muted).await, NOTHING);
    fixture.enqueue([job(), job()]).await;
    worker.run_one(retry(MINUTE)).await;
    worker.run_one(die()).await;
    assert_eq!(look_by(&fixture, &muted).await, NOTHING);
    let listed = async || {
        let alerts = fixture.store().alerts().await.expect("read");
        assert!(alerts.muted.iter().all(|mute| mute.is_declared && mute.until.is_none()));
        alerts.muted.iter().map(|mute| mute.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, ["kind/other".to_owned(), format!("kind/{KIND}")]);
    assert_eq!(told(&fixture).await, []);
    // A program that says something else.
    let other = Thresholds { mute: vec!["other".to_owned()], ..strict() };
    assert_eq!(look_by(&fixture, &other).await, FIRED);
    assert_eq!(listed().await, ["kind/other"]);
    assert_eq!(look_by(&fixture, &strict()).await, NOTHING);
    assert_eq!(listed().await, Vec::<String>::new());
}

/// C20: a death is not told while its type, its kind or all that is said of the kind is muted; nor later.
pub async fn a_muted_death_is_not_told(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.job.dead").await;
    let worker = fixture.worker().await;
    let dies = async || {
        fixture.enqueue_one(job()).await;
        worker.run_one(die()).await;
        told(&fixture).await.len()
    };
    for muted in ["job.dead".to_owned(), format!("job.dead/{KIND}"), format!("kind/{KIND}")] {
        mute(&fixture, &muted, Some(MINUTE)).await;
        assert_eq!(dies().await, 0, "{muted}");
        assert!(fixture.store().unmute_alerts(&name(&muted)).await.expect("unmuted"));
    }
    mute(&fixture, "job.dead/another", None).await;
    mute(&fixture, "job.dead", Some(MINUTE)).await;
    fixture.advance(MINUTE);
    worker.beat().await;
    assert_eq!(dies().await, 1, "the mute is over");
}
