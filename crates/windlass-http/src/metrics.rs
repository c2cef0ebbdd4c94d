//! `/metrics`: numbers of the store and of the server, as Prometheus reads them. Their names are a contract: `docs/metrics.md`.

mod measured;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use tokio::sync::Mutex;

use crate::access::{May, Read};
use crate::api::Api;
use crate::limits::MEASURED_EVERY;
use crate::problem::{Code, Problem};

/// The form of Prometheus' text.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";
const REQUESTS: &str = "windlass_http_requests_total";
const SECONDS: &str = "windlass_http_request_duration_seconds";
/// Upper ends of the histogram's buckets, in seconds: from a look at an index to a long poll.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What a server counts of its own, and what it has asked the store for lately.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    /// One asks at a time; the others wait for its numbers.
    measured: Mutex<Option<(Instant, String)>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_counter!(REQUESTS, "Requests answered, by route and status.");
            describe_histogram!(SECONDS, Unit::Seconds, "How long requests took, by route.");
        });
        Self(Arc::new(Inner { recorder, measured: Mutex::new(None) }))
    }
}

/// A recorder of its own, so that a program that nests the API keeps its metrics apart.
fn recorder() -> PrometheusRecorder {
    let builder = PrometheusBuilder::new();
    match builder.set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS) {
        Ok(builder) => builder.build_recorder(),
        Err(_) => PrometheusBuilder::new().build_recorder(),
    }
}

impl Metrics {
    fn answered(&self, labels: [(&'static str, String); 3], seconds: f64) {
        let [method, route, _] = labels.clone();
        metrics::with_local_recorder(&self.0.recorder, || {
            counter!(REQUESTS, &labels).increment(1);
            histogram!(SECONDS, &[method, route]).record(seconds);
        });
    }

    async fn text(&self, api: &Api) -> String {
        let mut measured = self.0.measured.lock().await;
        let is_fresh = |since: Instant| since.elapsed() < MEASURED_EVERY;
        let known = measured.as_ref().filter(|(since, _)| is_fresh(*since));
        let of_store = match known {
            Some((_, text)) => text.clone(),
            None => {
                let text = measured::of(api, recorder()).await;
                *measured = Some((Instant::now(), text.clone()));
                text
            }
        };
        let handle = self.0.recorder.handle();
        // What histograms have taken in is summed up by this.
        handle.run_upkeep();
        handle.render() + &of_store
    }
}

/// Counts a request when it is answered.
pub(crate) async fn counted(State(api): State<Api>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let route = route.unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_str().to_owned();
    let labels = [("method", method), ("route", route), ("status", status)];
    api.metrics().answered(labels, began.elapsed().as_secs_f64());
    response
}

/// The numbers. They name queues and subscriptions, so that they are for who may read all. Where the store cannot say who that is,
/// everybody is told that it is away, and nothing else.
pub(crate) async fn show(
    may: Result<May<Read>, Problem>,
    State(api): State<Api>,
) -> Result<Response, Problem> {
    let text = match may {
        Ok(_) => api.metrics().clone().text(&api).await,
        Err(problem) if problem.code().status().is_server_error() => measured::AWAY.to_owned(),
        Err(problem) => return Err(problem),
    };
    let form =
        FORM.parse().map_err(|_| Problem::new(Code::Internal, "the type is not a header"))?;
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, form);
    Ok(response)
}
