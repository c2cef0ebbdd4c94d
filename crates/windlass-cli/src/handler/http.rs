//! HTTP targets: a signed POST for each attempt, the answer decides.
//!
//! | answer | meaning |
//! |---|---|
//! | 2xx but 202 | completed; a JSON body is the output |
//! | 429, 503 with `Retry-After` | again after that long, not counted |
//! | 408, 425, 429, 5xx, no answer | failed, retry |
//! | 202 | it runs on until somebody settles it over HTTP, where there is a `settle_url`; dead otherwise: it could not be finished, and asking again would begin the work again |
//! | 410 | dead: the target is gone |
//! | other 4xx | dead, unless `retry_4xx = true` |
//! | 3xx | failed, retry: redirects are not followed |
//!
//! `webhook-id` is the job's id, the same on every attempt: a target that remembers it has each
//! effect once.

mod answer;
mod later;
mod wait;

pub(crate) use wait::retry_after;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};
use serde::Serialize;
use windlass::AttemptContext;
use windlass::Json;
use windlass::Timestamp;
use windlass::event::CloudEventBody;
use windlass::{Handler, HandlerFuture, JobError};

use super::event;
use crate::config::HttpTarget;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request may take from beginning to end, unless the handler says otherwise.
const TOTAL: Duration = Duration::from_secs(30);

/// Posts each job to a target.
#[derive(Debug)]
pub(crate) struct HttpHandler {
    client: Client,
    target: Arc<HttpTarget>,
    /// The handler's own limit, where it has one.
    timeout: Option<Duration>,
}

/// What a target is sent.
#[derive(Serialize)]
struct Body<'a> {
    id: String,
    kind: &'a str,
    attempt: u32,
    deadline: Timestamp,
    correlation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<CloudEventBody<'a>>,
    args: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle: Option<Settle<'a>>,
}

/// How a target settles the job later.
#[derive(Serialize)]
struct Settle<'a> {
    url: &'a str,
    lease: String,
    /// Until when, by this process's clock.
    until: Timestamp,
}

/// A client for all targets.
///
/// # Errors
/// When the system's root certificates make no usable TLS configuration.
pub(crate) fn client() -> anyhow::Result<Client> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!("the system has no root certificates: https targets cannot be reached");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")));
    Ok(client.build()?)
}

impl HttpHandler {
    pub(crate) fn new(client: Client, target: HttpTarget, timeout: Option<Duration>) -> Self {
        Self { client, target: Arc::new(target), timeout }
    }
}

impl Handler for HttpHandler {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let (client, target) = (self.client.clone(), Arc::clone(&self.target));
        let total = self.timeout.unwrap_or(TOTAL).min(attempt.timeout());
        Box::pin(async move {
            tokio::select! {
                result = post(&client, &target, &attempt, total) => result,
                // The request is dropped and with it the connection.
                () = attempt.cancelled() => Err(JobError::cancelled("asked to stop")),
            }
        })
    }
}

async fn post(
    client: &Client,
    target: &HttpTarget,
    attempt: &AttemptContext,
    total: Duration,
) -> Result<Option<Json>, JobError> {
    super::check_args(attempt)?;
    let now = Timestamp::wall_clock();
    let id = attempt.idempotency_key();
    let body = serde_json::to_vec(&Body {
        id: id.clone(),
        kind: attempt.kind(),
        attempt: attempt.attempt(),
        deadline: now.after(total),
        correlation_id: attempt.root().to_string(),
        event: event::of(attempt),
        args: attempt.args(),
        settle: target.settle_url.as_ref().map(|url| Settle {
            url: url.as_str(),
            lease: windlass_http::lease_text(&attempt.fence()),
            until: now.after(attempt.timeout()),
        }),
    })?;
    let timestamp = now.as_micros() / 1_000_000;
    let mut request = client
        .post(target.url.clone())
        .timeout(total)
        .header("content-type", "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", timestamp);
    if let Some(secrets) = &target.secrets {
        request = request.header("webhook-signature", secrets.sign(&id, timestamp, &body));
    }
    if let Some(traceparent) = attempt.traceparent() {
        request = request.header("traceparent", traceparent);
    }
    match request.body(body).send().await {
        Ok(response)
            if response.status() == StatusCode::ACCEPTED && target.settle_url.is_some() =>
        {
            later::settled(attempt).await
        }
        Ok(response) => answer::verdict(response, target.retry_4xx).await,
        Err(error) => Err(no_answer(&error.without_url(), total)),
    }
}

fn no_answer(error: &reqwest::Error, total: Duration) -> JobError {
    if error.is_connect() && error.is_timeout() {
        return JobError::retry(format_args!("no connection within {CONNECT:?}"));
    }
    if error.is_timeout() {
        return JobError::retry(format_args!("no answer within {total:?}"));
    }
    // The innermost cause says it; those around it only repeat that a request failed.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    JobError::retry(format_args!("no answer: {cause}"))
}
