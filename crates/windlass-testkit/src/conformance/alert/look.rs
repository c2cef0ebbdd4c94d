//! Of those who look at the same time one tells.

use windlass_core::alert::{AlertChange, AlertType, NewAlert, Watch, own_id};
use windlass_core::event::NewEvent;
use windlass_core::health::Thresholds;
use windlass_core::json::Json;

use super::{events, look, pair, subscribe, told};
use crate::draft::job;
use crate::fixture::{MINUTE, StoreFixture};

fn change(fixture: &StoreFixture, queue: &str) -> AlertChange {
    let data = Json::args(format!(r#"{{"alert":"queue.stalled/{queue}"}}"#)).expect("JSON");
    let mut event = NewEvent::new("windlass.queue.stalled", data.clone()).source("/windlass");
    event = event
        .subject(format!("queue/{queue}"))
        .extension("alert", format!("queue.stalled/{queue}"));
    event.id = own_id();
    let alert = NewAlert {
        key: format!("queue.stalled/{queue}"),
        alert: AlertType::QueueStalled,
        subject: format!("queue/{queue}"),
        since: fixture.moment(),
        data,
        jobs: Vec::new(),
    };
    AlertChange::Open { alert, event: Some(event) }
}

/// I-A1: who has looked before another one wrote writes nothing: neither what has begun or ended since, nor the same once more.
pub async fn who_saw_less_writes_nothing(fixture: StoreFixture) {
    let store = fixture.store();
    let seen = store.alerts().await.expect("read").round;
    let first = [change(&fixture, "mail")];
    assert!(store.alert(&first, seen, fixture.now()).await.expect("written"));
    for late in [change(&fixture, "mail"), change(&fixture, "video")] {
        assert!(!store.alert(&[late], seen, fixture.now()).await.expect("refused"));
    }
    let key = "queue.stalled/mail".to_owned();
    let close = AlertChange::Close { key: key.clone(), event: None };
    assert!(!store.alert(&[close], seen, fixture.now()).await.expect("refused"));
    assert_eq!(told(&fixture).await, [pair("queue.stalled", &key)]);
    let open = store.alerts().await.expect("read").open;
    assert_eq!(open.iter().map(|one| &one.key).collect::<Vec<_>>(), [&key]);
}

/// I-A1: what is there already and told is not told again, and what is not there has no end.
pub async fn a_change_that_changes_nothing_tells_nothing(fixture: StoreFixture) {
    let store = fixture.store();
    let again = [change(&fixture, "mail"), change(&fixture, "mail")];
    assert!(store.alert(&again, 0, fixture.now()).await.expect("written"));
    let AlertChange::Open { event, .. } = change(&fixture, "video") else { panic!("it opens") };
    let close = AlertChange::Close { key: "queue.stalled/video".to_owned(), event };
    assert!(store.alert(&[close], 1, fixture.now()).await.expect("written"));
    assert_eq!(told(&fixture).await.len(), 1);
}

/// I-A1: however many processes look at the same moment, each thing is told once, and its end too.
pub async fn of_many_who_look_one_tells(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.queue.stalled").await;
    subscribe(&fixture, "windlass.queue.stalled.resolved").await;
    let queues: Vec<String> = (0..20).map(|nth| format!("q{nth:02}")).collect();
    fixture.enqueue(queues.iter().map(|queue| job().queue(queue))).await;
    fixture.advance(20 * MINUTE);
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(fixture.another_store().await);
    }
    let look_at_once = async || {
        let now = fixture.now();
        let looks = others.iter().map(|store| async move {
            let mut watch = Watch::new(Thresholds::alerting());
            watch.round(&**store, now).await.expect("a look reaches the store")
        });
        futures_util::future::join_all(looks).await
    };
    let looks = look_at_once().await;
    assert_eq!(looks.iter().map(|look| look.fired).sum::<u64>(), 20);
    assert_eq!(look_at_once().await.iter().map(|look| look.fired).sum::<u64>(), 0);
    for queue in &queues {
        let ids = fixture.find(&format!("queue:{queue}")).await;
        fixture.cancel(ids[0]).await;
    }
    let looks = look_at_once().await;
    assert_eq!(looks.iter().map(|look| look.resolved).sum::<u64>(), 20);
    assert_eq!(look(&fixture).await.resolved, 0);
    let mut told = told(&fixture).await;
    assert_eq!(told.len(), 40);
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 40, "each once");
    assert_eq!(events(&fixture).await.len(), 40);
}

/// A look is bounded: what is more than one does, the next ones do.
pub async fn many_alerts_are_told_one_part_after_the_other(fixture: StoreFixture) {
    subscribe(&fixture, "windlass.queue.stalled").await;
    fixture.enqueue((0..700).map(|nth| job().queue(&format!("q{nth}")))).await;
    fixture.advance(20 * MINUTE);
    let fired =
        [look(&fixture).await.fired, look(&fixture).await.fired, look(&fixture).await.fired];
    assert_eq!(fired, [500, 200, 0]);
}
