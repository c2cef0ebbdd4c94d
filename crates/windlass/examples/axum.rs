//! A web program with its worker inside: one process, one database file.
//!
//! ```console
//! $ cargo run -p windlass --example axum
//! $ curl -X POST localhost:3000/welcome -H 'content-type: application/json' -d '{"user_id": 42}'
//! ```
//!
//! The answer comes when the job is committed, the greeting when the worker has got to it. Ctrl-C or
//! SIGTERM ends both: first the requests, then the jobs; what is left of these runs at the next start.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use windlass::prelude::*;

/// What is to be done. The same struct is read from the request and stored as the job's args.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome", queue = "mail", max_attempts = 8, timeout = "30s")]
struct Welcome {
    user_id: i64,
}

/// What handlers share: connection pools, clients, settings.
struct App {
    greeting: String,
}

impl Run<App> for Welcome {
    type Output = ();

    async fn run(self, cx: &Context<App>) -> Result<(), JobError> {
        // A mail would be sent here. An error is tried again; given to the mail service,
        // `cx.idempotency_key()` keeps a second attempt from sending a second mail.
        println!("{}, user {} (attempt {})", cx.app().greeting, self.user_id, cx.attempt());
        Ok(())
    }
}

/// Enqueues inside the request: once the client has its answer, no crash can lose the job.
async fn welcome(
    State(client): State<Client>,
    Json(due): Json<Welcome>,
) -> Result<(StatusCode, String), (StatusCode, String)> {
    match client.enqueue(due).await {
        Ok(job) => Ok((StatusCode::ACCEPTED, format!("{}\n", job.id()))),
        Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, format!("not enqueued: {error}\n"))),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = windlass::open("sqlite:welcome.db").await?;
    let client = Client::new(store.clone());
    let app = App { greeting: "welcome".into() };
    let worker = Worker::new(store, app).handle::<Welcome>().queue("mail", 20).start().await?;

    let router = Router::new().route("/welcome", post(welcome)).with_state(client);
    let served = serve(router).await;

    // Also after an error of the server: running jobs get their grace, the others go back at once.
    let report = worker.stop().await;
    println!("stopped; {} jobs were handed back", report.released);
    served
}

/// Serves until Ctrl-C or SIGTERM, then lets the requests end that have begun.
async fn serve(router: Router) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}/welcome", listener.local_addr()?);
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}
