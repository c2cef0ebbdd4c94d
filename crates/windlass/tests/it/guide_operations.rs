//! The examples of docs/operations.md, line by line: `scripts/tidy` compares them.

use crate::test_database::{TestDatabase, on_both_stores};
use windlass::operation::{Action, NewOperation, OperationState};
use windlass::{Client, Json, NewJob, State};

on_both_stores! {
    /// E14: the page on operations, as it is told.
    the_page_on_operations;
}

async fn the_page_on_operations(database: TestDatabase) {
    page(&database).await.expect("it works");
}

async fn page(database: &TestDatabase) -> anyhow::Result<()> {
    let client = Client::new(windlass::open(&database.url()).await?);
    client.enqueue_all((0..20).map(|_| NewJob::new("img.thumb", Json::stored("null")))).await?;
    let all: Vec<_> = client.jobs(&"kind:img.*".parse()?, windlass::job::Page::default()).await?;
    let ids: Vec<_> = all.iter().map(|job| job.id).collect();
    client.cancel(&ids, "the decoder is broken").await?;
    let operation = retried(&client).await?;
    assert_eq!(operation.matched, Some(0), "they are not dead");
    let wanted = NewOperation::new(Action::Retry, "state:cancelled kind:img.*".parse()?);
    let operation = client.start_operation(&wanted.expect(20)).await?;
    let over = client.run_operation(operation.id).await?;
    assert_eq!((over.state, over.progress.done), (OperationState::Done, 20));
    undone(&client, &operation).await?;
    assert_eq!(client.counts().await?.of(State::Cancelled), 20);
    Ok(())
}

async fn retried(client: &Client) -> anyhow::Result<windlass::operation::OperationRecord> {
    let wanted = NewOperation::new(Action::Retry, "state:dead kind:img.*".parse()?);
    let found = client.preview_operation(&wanted).await?;
    let wanted = wanted.expect(found.jobs).pace("100/s".parse()?).note("the decoder is fixed");
    let operation = client.start_operation(&wanted).await?;
    Ok(operation)
}

async fn undone(
    client: &Client,
    operation: &windlass::operation::OperationRecord,
) -> anyhow::Result<()> {
    client.undo_operation(operation.id).await?;
    let over = client.run_operation(operation.id).await?;
    println!("{} are as before, {} are not", over.progress.undone, over.progress.kept.total());
    anyhow::ensure!(over.progress.undone == 20);
    Ok(())
}
