//! A consumer of every event: examples/audit_log.rs.

use crate::test_database::{SOON, TestDatabase, on_both_stores};

#[path = "../../examples/audit_log.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod example;

on_both_stores! {
    /// E21, O10: the example's log has each event once, from the beginning on, those of one subject in their order, also where
    /// attempts fail before and behind their write.
    the_log_of_the_example_is_whole_and_in_order;
}

async fn the_log_of_the_example_is_whole_and_in_order(database: TestDatabase) {
    let run = example::run(database.open().await, 30);
    let done = tokio::time::timeout(3 * SOON, run).await.expect("it comes to an end");
    done.expect("nothing fails for good");
}
