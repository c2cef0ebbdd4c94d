//! Facts: what a store says about itself.

use crate::fixture::StoreFixture;

/// C33, T38: a store says what it is, and a fresh one is up to date and durable.
pub async fn a_store_says_what_it_is(fixture: StoreFixture) {
    let facts = fixture.store().facts().await.expect("it can be asked");
    assert!(facts.server.contains("SQL"), "{facts:?}");
    assert_eq!(facts.schema_version, facts.known_version);
    assert!(facts.durable, "{facts:?}");
    assert!(facts.bytes.is_none_or(|bytes| bytes > 0), "{facts:?}");
}
