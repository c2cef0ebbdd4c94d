//! The list of schedules.

use super::{by, start};
use crate::fixture::StoreFixture;

/// Schedules are listed by name.
pub async fn schedules_are_listed_by_name(fixture: StoreFixture) {
    for name in ["b", "c", "a"] {
        start(&fixture, name, by("0 * * * *")).await;
    }
    let listed = fixture.store().schedules().await.expect("they are listed");
    assert_eq!(listed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(fixture.store().schedule("d").await.expect("it is answered").is_none());
}
