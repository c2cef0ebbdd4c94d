//! Who leads.

use windlass_core::health::{Overview, Thresholds};
use windlass_core::limits::LEADER_TTL;

use crate::fixture::StoreFixture;

async fn leader(fixture: &StoreFixture) -> Option<String> {
    let overview = Overview::of(fixture.store(), &Thresholds::default(), fixture.now()).await;
    overview.expect("a store can be asked").leader().map(|leader| leader.label.clone())
}

/// O24: who leads is told for as long as it sweeps; of one that has left, or is silent for too long, nothing.
pub async fn who_leads_is_told_while_it_does(fixture: StoreFixture) {
    assert_eq!(leader(&fixture).await, None);
    let (first, second) = (fixture.worker().await, fixture.worker().await);
    assert_eq!(leader(&fixture).await, None, "nobody has swept");
    assert!(first.sweep().await.leads);
    assert_eq!(leader(&fixture).await.as_deref(), Some(first.label()));
    fixture.advance(LEADER_TTL);
    assert_eq!(leader(&fixture).await, None, "its time is over");
    assert!(second.sweep().await.leads);
    assert_eq!(leader(&fixture).await.as_deref(), Some(second.label()));
    second.leave().await;
    assert_eq!(leader(&fixture).await, None);
}
