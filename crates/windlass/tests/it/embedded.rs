//! A worker inside a web program: T6, T39.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use windlass::State;
use windlass::prelude::*;

use crate::probes::{Okay, StoreFixture};
use crate::test_database::{TestDatabase, ended, on_both_stores};

on_both_stores! {
    /// T6, T39, C1: the request answers when the job is committed; the worker beside it runs it;
    /// stopping the server drains both.
    a_web_program_runs_its_own_jobs;
}

async fn a_web_program_runs_its_own_jobs(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = crate::engine::worker(&store, &StoreFixture::new(), 5).await;
    let app = axum::Router::new()
        .route(
            "/sign-up",
            post(async |Shared(client): Shared<Client>| {
                client
                    .enqueue(Okay { number: 1 })
                    .await
                    .map_or_else(|e| e.to_string(), |job| job.id().to_string())
            }),
        )
        .with_state(client.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let stop: Arc<tokio::sync::Notify> = Arc::default();
    let mut served = tokio::task::JoinSet::new();
    served.spawn({
        let stop = Arc::clone(&stop);
        async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async move { stop.notified().await })
                .await
        }
    });
    let id: JobId = request(address).await.parse().expect("an id");
    assert_eq!(ended(&client, id).await.state, State::Completed);
    stop.notify_one();
    let ended = served.join_next().await.expect("it was started").expect("the server ends");
    ended.expect("without an error");
    assert_eq!(worker.stop().await.released, 0);
}

/// The body of the answer to a POST.
async fn request(address: std::net::SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
    let head =
        "POST /sign-up HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer.rsplit("\r\n").next().unwrap_or_default().to_owned()
}
