//! The list of limits.

use windlass_core::limit::{Limit, LimitOn, SetBy};

use super::set::{on_kind, set};
use crate::draft::{KIND, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::retry;

/// O9, C38: the list says what is set, by whom and why, and what of it is used.
pub async fn limits_are_listed_with_what_is_used(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(9)).await;
    let limit = on_kind(KIND).running(5).rate(10, MINUTE).break_after(1, MINUTE, MINUTE);
    let (by, note) = (SetBy::Config, Some("the vendor says so"));
    fixture.store().set_limit(&limit, by, note, fixture.now()).await.expect("it is set");
    let on_queue = Limit::on(LimitOn::Queue("mail".to_owned())).running(2);
    set(&fixture, &on_queue).await;
    assert_eq!(worker.claim(3).await.jobs.len(), 3);
    fixture.advance(6 * SECOND);
    let limits = fixture.store().limits(fixture.now()).await.expect("listed");
    assert_eq!(limits.len(), 2);
    let (mail, kind) = (&limits[0], &limits[1]);
    assert_eq!((&mail.limit, mail.set_by, mail.running_now), (&on_queue, SetBy::Person, Some(0)));
    assert_eq!((&kind.limit, kind.set_by, kind.note.as_deref()), (&limit, by, note));
    assert_eq!(kind.running_now, Some(3));
    assert!((kind.tokens_now.expect("a rate") - 8.0).abs() < 0.01, "{:?}", kind.tokens_now);
    assert_eq!(kind.open_since, None);
    worker.run_one(retry(MINUTE)).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    let limits = fixture.store().limits(fixture.now()).await.expect("listed");
    assert_eq!(limits[1].open_since, Some(fixture.moment()));
}
