//! Sources of `windlass.toml`, against a server in this process.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use windlass::source::{Lack, SourceRecord, SourceState};
use windlass::store::Now;

use crate::work_fixture::{PATIENCE, WorkFixture};

type Answer = Arc<dyn Fn(usize, &str, Option<&str>) -> Response + Send + Sync>;

/// A feed that answers as it was told, for as long as this lives.
struct Feed {
    url: String,
    /// The query and the `Authorization` of each request.
    asked: Asked,
    _serving: JoinSet<()>,
}

impl Feed {
    async fn answering(answer: impl Fn(usize, &str) -> Response + Send + Sync + 'static) -> Self {
        Self::serving(Arc::new(move |nth, query, _| answer(nth, query))).await
    }

    /// One that goes by the `Authorization` alone.
    async fn checking(answer: impl Fn(Option<&str>) -> Response + Send + Sync + 'static) -> Self {
        Self::serving(Arc::new(move |_, _, token| answer(token))).await
    }

    async fn serving(answer: Answer) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(take).with_state((answer, Arc::clone(&asked)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/feed", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { url, asked, _serving: serving }
    }

    fn asked(&self) -> Vec<(String, Option<String>)> {
        self.asked.lock().expect("whole").clone()
    }
}

type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

async fn take(
    Shared((answer, asked)): Shared<(Answer, Asked)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let nth = {
        let mut asked = asked.lock().expect("whole");
        asked.push((query.clone(), token.map(str::to_owned)));
        asked.len() - 1
    };
    answer(nth, &query, token)
}

fn source(url: &str, more: &str) -> String {
    format!(
        "[source.feed]\nurl = \"{url}\"\nreader = \"json-lines\"\nevery = \"20ms\"\nhold = \"600ms\"\n{more}\n"
    )
}

fn lines(numbers: impl IntoIterator<Item = u64>) -> String {
    let line =
        |number| format!("{{\"number\":{number},\"kind\":\"built\",\"project\":\"base\"}}\n");
    numbers.into_iter().map(line).collect()
}

async fn until(fixture: &WorkFixture, fits: impl Fn(&SourceRecord) -> bool) -> SourceRecord {
    let look = async {
        loop {
            let found = fixture.client().source("feed").await.expect("asked");
            if let Some(record) = found.filter(&fits) {
                return record;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("it comes to that")
}

/// `windlass source` with these arguments, as JSON.
async fn ask(fixture: &WorkFixture, args: &[&str]) -> Value {
    let output = run(fixture, &[args, &["--json"]].concat()).await;
    serde_json::from_slice(&output.stdout).expect("a document")
}

async fn run(fixture: &WorkFixture, args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.arg("source").args(args).args(["--store", &fixture.url()]);
    command.env_remove("WINDLASS_STORE");
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let output = output.await.expect("waited");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

async fn events(fixture: &WorkFixture) -> Vec<windlass::event::EventRecord> {
    fixture.client().store().sequence(1_000, Now::Database).await.expect("sequenced");
    fixture.client().events(0, 1_000).await.expect("read")
}

/// O18, O22: a feed is read by what the file says of it; what is not known is put aside, and read again once the file knows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_read_as_the_file_says() {
    let feed = Feed::answering(|_, query| {
        let body = match query {
            "limit=2&wait=0" => lines([1, 2]),
            "after=2&limit=2&wait=0" => {
                "{\"number\":3,\"kind\":\"new\",\"project\":\"base\"}\nno json\n".to_owned()
            }
            "after=3&limit=2&wait=0" => lines([4]),
            _ => String::new(),
        };
        ([("feed-head", "4")], body).into_response()
    })
    .await;
    let mapped = "page = 2\ntype = \"obs.{kind}\"\ntypes = [\"obs.built\"]\nsubject = \"project/{project}\"\n\
                  event_source = \"https://build.example.org\"\ntoken_file = \"token\"";
    let config =
        source(&format!("{}?after={{cursor}}&limit={{page}}&wait={{wait}}", feed.url), mapped);
    let folder = WorkFixture::with(&config).await;
    std::fs::write(folder.path("token"), "s3cret\n").expect("written");
    let _work = folder.start(&[]);
    let record = until(&folder, |one| one.position.number == Some(4)).await;
    assert_eq!((record.imported, record.quarantined, record.head), (3, 2, Some(4)));
    let all = events(&folder).await;
    assert_eq!(all[0].event_type, "obs.built");
    assert_eq!(
        (all[0].given.as_deref(), all[0].subject.as_deref()),
        (Some("1"), Some("project/base"))
    );
    assert_eq!(all[0].source, "https://build.example.org");
    assert!(feed.asked().iter().all(|(_, token)| token.as_deref() == Some("Bearer s3cret")));

    let listed = ask(&folder, &["list"]).await;
    assert_eq!((&listed[0]["schema"], &listed[0]["quarantined"]), (&"source.v1".into(), &2.into()));
    assert!(!listed.to_string().contains("limit"), "a query may have keys in it");
    let aside = ask(&folder, &["quarantine", "feed"]).await;
    assert_eq!(
        (&aside[0]["number"], &aside[0]["reason"]),
        (&3.into(), &"the type obs.new is not known".into())
    );
    let known = config.replace("[\"obs.built\"]", "[\"obs.*\"]");
    std::fs::write(folder.path("windlass.toml"), known).expect("written");
    let file = folder.path("windlass.toml").display().to_string();
    let done = ask(&folder, &["reimport", "feed", "--config", &file]).await;
    assert_eq!((&done["imported"], &done["kept"]), (&1.into(), &1.into()));
    assert!(events(&folder).await.iter().any(|event| event.given.as_deref() == Some("3")));
    let id = aside[1]["id"].to_string();
    let discarded = ask(&folder, &["quarantine", "feed", "--discard", &id]).await;
    assert_eq!(discarded["discarded"], 1);
    let shown = run(&folder, &["show", "feed", "-o", "table"]).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("4 imported, 0 there before, 0 put aside"), "{shown}");
}

/// O20, O21: a feed that answers 500, drips without an end, repeats what it gave and goes back in time: each has its answer, nothing is
/// lost, and a job is run beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_feeds_have_their_answers() {
    let feed = Feed::answering(|nth, query| {
        let at_the_end = query == "after=6";
        match nth {
            0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            1 => drip().into_response(),
            2 => lines(1..=3).into_response(),
            // Repeats, and two in the wrong order.
            3 => lines([2, 3, 5, 4, 3, 6]).into_response(),
            // An older server answers for a moment.
            4 => ([("feed-head", "2")], "").into_response(),
            _ if at_the_end => ([("feed-head", "6")], lines([6])).into_response(),
            _ => StatusCode::BAD_REQUEST.into_response(),
        }
    })
    .await;
    let url = format!("{}?after={{cursor}}", feed.url);
    let handler =
        "timeout = \"1s\"\ntype = \"obs.{kind}\"\n[[handler]]\nkind = \"k\"\nexec = [\"true\"]";
    let fixture = WorkFixture::with(&source(&url, handler)).await;
    let _work = fixture.start(&[]);
    let record = until(&fixture, |one| one.failures == 1).await;
    let error = record.error.expect("it says why");
    assert_eq!(error, "the feed answered 500 Internal Server Error");
    let dripping = async {
        while feed.asked().len() < 2 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(PATIENCE, dripping).await.expect("it is asked again");
    let job = fixture.enqueue("k", "null").await;
    tokio::time::timeout(PATIENCE, fixture.client().ended(job))
        .await
        .expect("soon")
        .expect("it ends");
    // Neither the older answer nor the repetitions behind it change anything.
    let asking = async {
        while feed.asked().len() < 9 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it is asked on");
    let record = until(&fixture, |one| one.error.is_none()).await;
    assert_eq!((record.imported, record.open_gaps, record.position.generation), (6, 0, 0));
    assert_eq!(record.position.number, Some(6));
    let given: Vec<_> = events(&fixture).await.into_iter().filter_map(|one| one.given).collect();
    assert_eq!(given, ["1", "2", "3", "4", "5", "6"]);
}

/// A byte now and then, without an end.
fn drip() -> Body {
    let bytes = tokio::time::interval(Duration::from_millis(100));
    let bytes = stream::unfold(bytes, |mut ticks| async {
        ticks.tick().await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ticks))
    });
    Body::from_stream(bytes.boxed())
}

/// O19: 410 Gone says that what was behind the cursor is lost: a gap, and what there is still. A person closes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_has_lost_something_says_so() {
    // Its cursors are not numbers: behind the loss it is asked from its beginning, for what it has still.
    let feed = Feed::answering(|nth, query| match query {
        "" if nth == 0 => ([("feed-cursor", "a")], lines(1..=3)).into_response(),
        "after=a" => (StatusCode::GONE, [("feed-oldest", "8")], "").into_response(),
        "" => ([("feed-cursor", "b"), ("feed-more", "false")], lines(8..=9)).into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let url = format!("{}?after={{cursor}}", feed.url);
    let fixture = WorkFixture::with(&source(&url, "type = \"obs.{kind}\"\ngap = \"resync\"")).await;
    let _work = fixture.start(&[]);
    let record = until(&fixture, |one| one.position.cursor.as_deref() == Some("b")).await;
    assert_eq!((record.imported, record.open_gaps), (6, 1), "what tells of the gap among them");
    let asked: Vec<_> = feed.asked().into_iter().map(|(query, _)| query).take(3).collect();
    assert_eq!(asked, ["", "after=a", ""]);
    let gaps = fixture.client().source_gaps("feed", 10).await.expect("read");
    assert_eq!((gaps[0].why, gaps[0].from, gaps[0].to), (Lack::Gap, Some(4), Some(7)));
    let shown = ask(&fixture, &["show", "feed"]).await;
    assert_eq!(
        (&shown["gaps"][0]["from"], &shown["gaps"][0]["answer"]),
        (&4.into(), &"resync".into())
    );
    assert_eq!(ask(&fixture, &["close", "feed"]).await["closed"], 1);
    assert_eq!(ask(&fixture, &["list"]).await[0]["open_gaps"], 0);
}

/// O20: a worker in the middle of a long poll ends within 2 s of SIGTERM; commands change what the next one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_ends_with_its_worker() {
    let feed = Feed::answering(|nth, _| match nth {
        0 => lines([1]).into_response(),
        _ => Body::from_stream(stream::pending::<std::io::Result<Bytes>>()).into_response(),
    })
    .await;
    let url = format!("{}?after={{cursor}}&wait={{wait}}", feed.url);
    let fixture = WorkFixture::with(&source(&url, "type = \"obs.{kind}\"\nwait = \"60s\"")).await;
    let work = fixture.start(&[]);
    let waiting = async {
        while feed.asked().len() < 2 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it waits");
    assert_eq!(feed.asked()[1].0, "after=1&wait=60");
    assert_eq!(ask(&fixture, &["pause", "feed", "--note", "why"]).await["state"], "paused");
    assert_eq!(ask(&fixture, &["resume", "feed"]).await["state"], "running");
    let reset = ask(&fixture, &["reset", "feed", "--to", "77"]).await;
    assert_eq!(reset["cursor"], "77");
    let again = async {
        while feed.asked().iter().all(|(query, _)| query != "after=77&wait=60") {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("it is asked there");
    let began = Instant::now();
    work.signal(libc::SIGTERM);
    let ended = tokio::task::spawn_blocking(move || work.wait()).await.expect("waited");
    assert!(ended.status.success() && began.elapsed() < Duration::from_secs(2));
    assert_eq!(until(&fixture, |one| one.holder.is_none()).await.error, None);
    assert_eq!(ask(&fixture, &["remove", "feed"]).await["name"], "feed");
    assert_eq!(ask(&fixture, &["list"]).await, serde_json::json!([]));
}

/// O20: a token that is exchanged while a worker runs is sent from then on; a file without one is an error that says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_exchanged_while_a_worker_runs() {
    let valid = Arc::new(Mutex::new("old".to_owned()));
    let known = Arc::clone(&valid);
    let feed = Feed::checking(move |token| {
        let is_known = token == Some(&*format!("Bearer {}", known.lock().expect("whole")));
        if is_known { lines([1]).into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
    })
    .await;
    let fixture =
        WorkFixture::with(&source(&feed.url, "type = \"obs.{kind}\"\ntoken_file = \"token\""))
            .await;
    std::fs::write(fixture.path("token"), "old\n").expect("written");
    let _work = fixture.start(&[]);
    until(&fixture, |one| one.imported == 1 && one.error.is_none()).await;
    "new".clone_into(&mut valid.lock().expect("whole"));
    let refused = until(&fixture, |one| one.error.is_some()).await;
    assert_eq!(refused.error.as_deref(), Some("the feed answered 401 Unauthorized"));
    std::fs::write(fixture.path("token"), "\n").expect("written");
    let no_token = |one: &SourceRecord| {
        one.error.as_ref().is_some_and(|why| why.ends_with("has no token of one line"))
    };
    until(&fixture, no_token).await;
    std::fs::write(fixture.path("token"), "new\n").expect("written");
    until(&fixture, |one| one.error.is_none()).await;
}

/// O22: what stands for nothing where it is in the address is told.
#[tokio::test]
async fn an_address_whose_cursor_is_not_in_its_query_is_refused() {
    for url in [
        "http://localhost/{cursor}/feed",
        "http://localhost/?a={page}#{wait}",
        "http://localhost/?{cursor}=1",
    ] {
        let config = format!("[source.feed]\nurl = \"{url}\"\nreader = \"json-lines\"\n");
        let fixture = WorkFixture::with(&config).await;
        let output = fixture.command(&[]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("stands for something only in a value of the query"),
            "{url}: {said}"
        );
    }
}

/// O19, O20: sources that have stopped or fail are in the status and in what the doctor finds, with what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_and_the_status_know_sources() {
    let feed = Feed::answering(|_, query| match query {
        "" => lines(1..=3).into_response(),
        "after=3" => ([("feed-oldest", "8")], lines(8..=9)).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
    .await;
    let url = format!("{}?after={{cursor}}", feed.url);
    let stops = source(&url, "type = \"obs.{kind}\"\ngap = \"stop\"");
    let fails = stops.replace("source.feed", "source.bad").replace("/feed?", "/feed?after=none&");
    let fixture = WorkFixture::with(&format!("{stops}{fails}")).await;
    let _work = fixture.start(&[]);
    until(&fixture, |one| one.state == SourceState::Stopped).await;
    let failing = async {
        while fixture.client().source("bad").await.expect("read").is_none_or(|one| one.failures < 3)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, failing).await.expect("it fails");
    let said = |args: &'static [&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(args).args(["--store", &fixture.url()]).env_remove("WINDLASS_STORE");
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
        async { String::from_utf8(output.await.expect("waited").stdout).expect("a text") }
    };
    let status: Value = serde_json::from_str(&said(&["status", "--json"]).await).expect("JSON");
    let sources =
        serde_json::json!({ "all": 2, "stopped": ["feed"], "failing": ["bad"], "paused": [] });
    assert_eq!(status["sources"], sources);
    let status = said(&["status", "-o", "table"]).await;
    assert!(status.contains("stopped: feed") && status.contains("failing: bad"), "{status}");
    let doctor: Value = serde_json::from_str(&said(&["doctor", "--json"]).await).expect("JSON");
    let checks = doctor["checks"].as_array().expect("checks");
    let sources = checks.iter().find(|one| one["check"] == "sources").expect("there is one");
    assert_eq!(sources["status"], "problem");
    let problems: Vec<_> =
        sources["about"].as_array().expect("some").iter().map(|one| &one["problem"]).collect();
    assert_eq!(problems, ["source_failing", "source_stopped"]);
    let doctor = said(&["doctor"]).await;
    assert!(doctor.contains(" failures in a row, the last "), "{doctor}");
    assert!(doctor.contains("windlass source resume feed"), "{doctor}");
}

/// O22: what cannot be a source is told with its place.
#[tokio::test]
async fn what_cannot_be_a_source_is_told() {
    for (more, told) in [
        ("reader = \"yaml\"", "`yaml` is not one of: json-lines, atom"),
        ("reader = \"atom\"\ngap = \"ignore\"", "`ignore` is not one of: stop, skip, resync"),
        ("reader = \"atom\"\ntype = \"a.{b\"", "opens a brace and does not close it"),
        ("reader = \"atom\"\nwait = \"1h\"", "is longer than"),
        ("reader = \"atom\"\npage = 1001", "expected a number from 1 to 1000"),
        ("reader = \"atom\"\nnumbers = \"odd\"", "`odd` is not one of: rising, dense"),
        ("reader = \"atom\"\nurls = \"a\"", "did you mean `url`?"),
        (
            "reader = \"atom\"\nwithin = \"20s\"",
            "is shorter than `timeout` and `wait` together, 30s",
        ),
        ("reader = \"atom\"\ntoken_file = \"none\"", "none: No such file"),
    ] {
        let config = format!("[source.feed]\nurl = \"http://localhost/\"\n{more}\n");
        let fixture = WorkFixture::with(&config).await;
        let output = fixture.command(&[]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(told), "{more}: {said}");
    }
}
