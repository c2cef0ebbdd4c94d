//! A feed that loses events: examples/upstream_feed.rs.

use crate::test_database::{SOON, TestDatabase, on_both_stores};

#[path = "../../examples/upstream_feed.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod example;

on_both_stores! {
    /// O19, O16: the example's copy is whole though the feed has lost most of what it was not asked for in time.
    the_copy_of_the_example_is_whole;
}

async fn the_copy_of_the_example_is_whole(database: TestDatabase) {
    let run = example::run(database.open().await);
    let done = tokio::time::timeout(3 * SOON, run).await.expect("it comes to an end");
    done.expect("nothing fails for good");
}
