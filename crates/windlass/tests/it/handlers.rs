//! What applications write as handlers, and what stands around them.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use windlass::AttemptContext;
use windlass::prelude::*;
use windlass::{HandlerFuture, HandlerLayer, Next, State};

use crate::probes::Okay;
use crate::test_database::{TestDatabase, ended, on_both_stores};

on_both_stores! {
    /// O3: a plain `async fn` runs a job; with anyhow the record has the whole chain of causes.
    an_async_fn_is_a_handler;
    /// T34: layers begin from the outermost inwards and end in reverse, also where one of them fails
    /// before the handler.
    layers_stand_around_each_attempt;
    /// T30: what a handler enqueues in a transaction of its own, or through its client, is its job's child.
    everything_a_handler_enqueues_is_its_child;
    /// The client stops, starts, cancels and counts.
    a_client_acts_on_jobs_and_queues;
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "handlers.half", max_attempts = 1)]
struct Half {
    of: String,
}

struct App {
    unit: &'static str,
}

async fn half(job: Half, cx: Context<App>) -> anyhow::Result<String> {
    let number: i64 = job.of.parse().with_context(|| format!("`{}` cannot be halved", job.of))?;
    Ok(format!("{} {}", number / 2, cx.app().unit))
}

async fn an_async_fn_is_a_handler(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store.clone());
    let worker = Worker::new(store, App { unit: "kg" }).handle_fn(half).start().await;
    let worker = worker.expect("started");
    let job = client.enqueue(Half { of: "42".into() }).await.expect("written").id();
    let job = ended(&client, job).await;
    assert_eq!(job.output.map(|output| output.to_string()).as_deref(), Some("\"21 kg\""));
    let job = client.enqueue(Half { of: "x".into() }).await.expect("written").id();
    let job = ended(&client, job).await;
    assert_eq!(job.state, State::Dead);
    let error = "`x` cannot be halved: invalid digit found in string";
    assert_eq!(job.history[0].error.as_deref(), Some(error));
    assert_eq!(job.reason.as_deref(), Some("gave up after 1 failed attempt"));
    worker.stop().await;
}

type Calls = Arc<Mutex<Vec<String>>>;

/// Notes when it begins and how it ends.
struct Notes {
    name: &'static str,
    fails: bool,
    calls: Calls,
}

impl HandlerLayer for Notes {
    fn around(&self, attempt: Arc<AttemptContext>, next: Next) -> HandlerFuture {
        let (name, fails, calls) = (self.name, self.fails, Arc::clone(&self.calls));
        let note = move |what: &str| calls.lock().expect("whole").push(format!("{name} {what}"));
        Box::pin(async move {
            note("before");
            if fails {
                return Err(JobError::dead("not today"));
            }
            let result = next.run(attempt).await;
            note(if result.is_ok() { "after" } else { "on error" });
            result
        })
    }
}

async fn layers_stand_around_each_attempt(database: TestDatabase) {
    let client = Client::new(database.open().await);
    for (c_fails, of, expected) in [
        (false, "4", &["A before", "B before", "C before", "C after", "B after", "A after"][..]),
        (
            false,
            "x",
            &["A before", "B before", "C before", "C on error", "B on error", "A on error"],
        ),
        (true, "4", &["A before", "B before", "C before", "B on error", "A on error"]),
    ] {
        let calls = Calls::default();
        let layer = |name, fails| Notes { name, fails, calls: Arc::clone(&calls) };
        let worker = Worker::new(Arc::clone(client.store()), App { unit: "" }).handle_fn(half);
        let worker = worker.handler_layer(layer("A", false)).handler_layer(layer("B", false));
        let worker = worker.handler_layer(layer("C", c_fails)).start().await.expect("started");
        let job = client.enqueue(Half { of: of.into() }).await.expect("written").id();
        ended(&client, job).await;
        worker.stop().await;
        assert_eq!(*calls.lock().expect("whole"), expected);
    }
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "handlers.family", max_attempts = 1)]
struct Family {
    url: String,
}

/// Three children: through the context, through its client, and in a transaction.
async fn family(job: Family, cx: Context) -> anyhow::Result<Vec<JobId>> {
    let mut ids = vec![cx.enqueue(Okay { number: 1 }).await?.id()];
    ids.push(cx.client().enqueue(Okay { number: 2 }).await?.id());
    if let Some(path) = job.url.strip_prefix("sqlite:") {
        let connection = rusqlite::Connection::open(path)?;
        ids.push(cx.within(&connection).enqueue_blocking(Okay { number: 3 })?.id());
    } else {
        let pool = sqlx::PgPool::connect(&job.url).await?;
        let mut tx = pool.begin().await?;
        ids.push(cx.within(&mut tx).enqueue(Okay { number: 3 }).await?.id());
        tx.commit().await?;
    }
    Ok(ids)
}

async fn everything_a_handler_enqueues_is_its_child(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store.clone()).with_origin("web");
    let worker = Worker::new(store, ()).handle_fn(family).start().await.expect("started");
    let parent = Family { url: database.url() }.job().traceparent("00-1-2-01");
    let parent = client.enqueue(parent).await.expect("written").id();
    let done = ended(&client, parent).await;
    worker.stop().await;
    let children: Vec<JobId> = done.output.expect("an output").read().expect("ids");
    assert_eq!(children.len(), 3);
    for child in children {
        let child = client.job(child).await.expect("read").expect("there");
        assert_eq!((child.parent, child.root), (Some(parent), Some(parent)));
        assert_eq!(child.meta.traceparent.as_deref(), Some("00-1-2-01"));
        assert_eq!(child.origin, None, "its parent says where it comes from");
    }
}

async fn a_client_acts_on_jobs_and_queues(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    client.pause_with_note("default", "a move").await.expect("paused");
    let queues = client.queues().await.expect("listed");
    assert_eq!(queues[0].note.as_deref(), Some("a move"));
    assert!(client.resume("default").await.expect("resumed"));
    assert!(!client.resume("default").await.expect("asked"), "it was not paused any more");
    assert_eq!(
        client.cancel(&[id], "not wanted").await.expect("asked"),
        [windlass::job::Cancelled::Now]
    );
    assert_eq!(client.counts().await.expect("counted").of(State::Cancelled), 1);
    assert_eq!(client.retry(&[id]).await.expect("asked"), [windlass::job::Retried::Now]);
    assert_eq!(client.job(id).await.expect("read").expect("there").state, State::Available);
    assert_eq!(client.unserved().await.expect("listed")[0].kind, "probe.ok");
    assert_eq!(client.workers().await.expect("listed").len(), 0);
    let refused = client.pause("a b").await.expect_err("refused");
    assert!(matches!(refused, windlass::StoreError::Refused(_)), "{refused}");
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "handlers.span")]
struct InSpan {}

/// E17: what a handler logs is in a span that names its attempt, and the trace and span of who enqueued it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_runs_in_a_span_of_its_attempt() {
    use tracing_subscriber::prelude::*;
    let spans = FieldsOfSpans::default();
    tracing_subscriber::registry().with(spans.clone()).init();
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let client = Client::new(store.clone());
    let in_span = async |_: InSpan, _: Context| {
        let name = tracing::Span::current().metadata().map(tracing::Metadata::name);
        Ok::<_, JobError>(name.map(str::to_owned))
    };
    let worker = Worker::new(store, ()).handle_fn(in_span).start().await;
    let worker = worker.expect("started");
    let id = client.enqueue(InSpan {}).await.expect("written").id();
    let job = ended(&client, id).await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traced = InSpan {}.job().traceparent(format!("00-{trace}-{parent}-01"));
    let traced = client.enqueue(traced).await.expect("written").id();
    ended(&client, traced).await;
    worker.stop().await;
    assert_eq!(job.output.map(|output| output.to_string()).as_deref(), Some("\"attempt\""));
    let expected =
        |id: JobId| format!("job={id} kind=\"handlers.span\" queue=\"default\" attempt=1");
    let with_trace = format!(" trace_id=\"{trace}\" parent_span_id=\"{parent}\"");
    let spans = spans.0.lock().expect("whole");
    assert_eq!(spans[..], [expected(id), expected(traced) + &with_trace]);
}

/// The fields of every span named `attempt`.
#[derive(Clone, Default)]
struct FieldsOfSpans(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for FieldsOfSpans {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _id: &tracing::span::Id,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        struct Fields(Vec<String>);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push(format!("{}={value:?}", field.name()));
            }
        }
        if attributes.metadata().name() == "attempt" {
            let mut fields = Fields(Vec::new());
            attributes.record(&mut fields);
            self.0.lock().expect("whole").push(fields.0.join(" "));
        }
    }
}
