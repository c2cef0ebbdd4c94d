//! Remove: a declaration does not bring back what a person removed.

use windlass_core::client::Client;
use windlass_core::schedule::{Schedule, declare};

use super::{HOUR, by, declared, fire, read, start};
use crate::draft::job;
use crate::fixture::StoreFixture;

/// T49: a schedule that nobody declares is gone once it is removed; its jobs stay.
pub async fn a_schedule_that_nobody_declares_is_gone(fixture: StoreFixture) {
    let client = Client::new(fixture.shared_store());
    let hourly = Schedule::cron("0 * * * *").expect("a line");
    client.put_schedule("hourly", hourly, job().done()).await.expect("it is put");
    assert!(remove(&fixture).await);
    assert!(fixture.store().schedule("hourly").await.expect("answered").is_none());
    assert!(!remove(&fixture).await);
}

/// T49: one that a program declares stays on the list as removed, and does not come back with the next start; removed
/// once more it is forgotten.
pub async fn a_declared_schedule_does_not_come_back_once_it_is_removed(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    assert!(remove(&fixture).await);
    for rule in ["0 * * * *", "30 * * * *"] {
        let one = [declared("hourly", by(rule), "app")];
        declare(fixture.store(), &one, fixture.now()).await.expect("it is declared");
        fixture.advance(2 * HOUR);
        assert_eq!(fire(&fixture).await.jobs, 0, "{rule}");
        assert!(read(&fixture, "hourly").await.removed_at.is_some());
    }
    assert!(remove(&fixture).await);
    assert!(fixture.store().schedule("hourly").await.expect("answered").is_none());
    start(&fixture, "hourly", by("0 * * * *")).await;
    fixture.advance(HOUR);
    assert_eq!(fire(&fixture).await.jobs, 1);
}

/// T49: a person who puts it again brings a removed schedule back, from then on.
pub async fn a_removed_schedule_comes_back_when_a_person_puts_it(fixture: StoreFixture) {
    start(&fixture, "hourly", by("0 * * * *")).await;
    assert!(remove(&fixture).await);
    let client = Client::new(fixture.shared_store());
    let hourly = Schedule::cron("0 * * * *").expect("a line");
    client.put_schedule("hourly", hourly, job().done()).await.expect("it is put");
    let record = read(&fixture, "hourly").await;
    assert!(record.removed_at.is_none() && record.next_at().is_some());
}

async fn remove(fixture: &StoreFixture) -> bool {
    let removed = fixture.store().remove_schedule("hourly", fixture.now()).await;
    removed.expect("a removal reaches the store")
}
