//! `windlass dev`: a worker and the API in one process, which use a changed file at once.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use windlass::State;
use windlass::limits::KEYED_NAME_BYTES;

use crate::work_fixture::{PATIENCE, Work, WorkFixture, until};

/// The file of a worker whose only handler runs this script for kind `k`.
fn config(script: &str) -> String {
    format!("[[handler]]\nkind = \"k\"\nexec = [{script:?}]\nshell = true\nslots = 4\n")
}

/// `windlass dev` on the fixture's folder, telling its events; and the address of its API.
fn dev(fixture: &WorkFixture) -> (Work, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(["dev", "--listen", "127.0.0.1:0", "--store", &fixture.url(), "--config"]);
    command.arg(fixture.path("windlass.toml")).env_remove("WINDLASS_LOG").stdin(Stdio::null());
    let log = fixture.path("dev.log");
    command.env("TMPDIR", fixture.path("tmp")).stderr(fs::File::create(&log).expect("a log"));
    let work = WorkFixture::told(&mut command);
    let mut address = None;
    until("it says where it serves", || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        let found = said.lines().find_map(|line| line.split("serving http://").nth(1));
        address = found.map(str::to_owned);
        address.is_some()
    });
    (work, address.expect("it was found"))
}

/// The status and the body of an answer.
fn request(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let length = body.len();
    let text = format!(
        "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).expect("sent");
    let (mut answer, mut line) = (BufReader::new(stream), String::new());
    answer.read_line(&mut line).expect("answered");
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
    let mut rest = String::new();
    answer.read_to_string(&mut rest).expect("answered");
    (status, rest)
}

/// A job that is enqueued over HTTP without a token is run by the worker beside the API; a changed file is used for the next one, and a
/// file that cannot be used runs nothing until it is repaired.
#[tokio::test]
async fn a_changed_file_is_used_at_once() {
    let fixture = WorkFixture::with(&config("echo one >> ran")).await;
    let (work, address) = dev(&fixture);
    work.event("started");
    let enqueue = || {
        let (status, said) = request(&address, "POST /v1/jobs", "{\"kind\":\"k\"}");
        assert_eq!(status, 201, "{said}");
    };
    enqueue();
    work.event("finished");
    assert_eq!(fixture.read("ran"), "one\n");

    fs::write(fixture.path("windlass.toml"), config("echo two >> ran")).expect("written");
    work.event("reloading");
    work.event("started");
    enqueue();
    work.event("finished");
    assert_eq!(fixture.read("ran"), "one\ntwo\n");

    fs::write(fixture.path("windlass.toml"), "[[handler]]\nkin = \"k\"\n").expect("written");
    let why = work.event("unusable")["error"].to_string();
    assert!(why.contains("windlass.toml:2"), "{why}");
    work.event("started");
    enqueue();
    fs::write(fixture.path("windlass.toml"), config("echo three >> ran")).expect("written");
    work.event("finished");
    assert_eq!(fixture.read("ran"), "one\ntwo\nthree\n");

    work.signal(libc::SIGTERM);
    let ended = work.wait();
    assert!(ended.status.success(), "{:?}", ended.status);
    assert_eq!(fixture.jobs("state:completed").await.len(), 3);
}

/// What the store refuses of a file is told, and waited for, as a mistake in it is.
#[tokio::test]
async fn what_the_store_refuses_is_told() {
    let fixture = WorkFixture::with(&config("echo ran >> ran")).await;
    let (work, _) = dev(&fixture);
    work.event("started");
    // Of a name that the file may have and a subscription with a lane may not.
    let name = "n".repeat(KEYED_NAME_BYTES + 1);
    let books =
        format!("[subscription.{name}]\nkind = \"k\"\ntypes = [\"*\"]\nlane = \"subject\"\n");
    let refused = format!("{}{books}", config("echo ran >> ran"));
    fs::write(fixture.path("windlass.toml"), refused).expect("written");
    let why = work.event("unusable")["error"].to_string();
    assert!(why.contains("the name of a subscription"), "{why}");
    work.event("started");
    fs::write(fixture.path("windlass.toml"), config("echo ran >> ran")).expect("written");
    work.event("started");
    fixture.enqueue("k", "null").await;
    work.event("finished");
}

/// What runs when the file changes may end, with the program that it was started with.
#[tokio::test]
async fn a_change_waits_for_what_runs() {
    let script = "touch began; while [ ! -e go ]; do sleep 0.01; done; echo old >> ran";
    let fixture = WorkFixture::with(&config(script)).await;
    let (work, _) = dev(&fixture);
    work.event("started");
    let id = fixture.enqueue("k", "null").await;
    until("it runs", || fixture.path("began").exists());
    fs::write(fixture.path("windlass.toml"), config("echo new >> ran")).expect("written");
    work.event("reloading");
    fs::write(fixture.path("go"), "").expect("written");
    work.event("started");
    assert_eq!(
        (fixture.job(id).await.state, fixture.read("ran").as_str()),
        (State::Completed, "old\n")
    );
    work.signal(libc::SIGINT);
    assert!(work.wait().status.success());
}

/// The file may come later.
#[tokio::test]
async fn a_file_that_is_not_there_yet_is_waited_for() {
    let fixture = WorkFixture::with(&config("echo ran >> ran")).await;
    fs::remove_file(fixture.path("windlass.toml")).expect("removed");
    let (work, address) = dev(&fixture);
    let why = work.event("unusable")["error"].to_string();
    assert!(why.contains("yet"), "{why}");
    work.event("started");
    fixture.enqueue("k", "null").await;
    let (status, said) = request(&address, "GET /v1/jobs", "");
    assert!(status == 200 && said.contains("available"), "{said}");
    fs::write(fixture.path("windlass.toml"), config("echo ran >> ran")).expect("written");
    work.event("finished");
}

/// Nobody is asked for a token, so others must not reach it.
#[test]
fn it_listens_on_this_machine_alone() {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["dev", "--listen", "0.0.0.0:0", "--store", "sqlite:never-made.db"])
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("windlass serve"), "{error}");
}

/// `windlass dev --sample` in this fixture's folder, with these words more; its process and the address of its API.
fn sample(fixture: &WorkFixture, more: &[&str]) -> (std::process::Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(["dev", "--sample", "--listen", "127.0.0.1:0"]).args(more);
    let log = fixture.path("sample.log");
    // What the environment names is for daily work.
    command.env("WINDLASS_STORE", fixture.url()).env("TMPDIR", fixture.path("tmp"));
    command.stdin(Stdio::null()).stderr(fs::File::create(&log).expect("a log"));
    let child = command.spawn().expect("started");
    let mut address = None;
    until("it says where it serves", || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        address =
            said.lines().find_map(|line| line.strip_prefix("serving http://").map(str::to_owned));
        address.is_some()
    });
    (child, address.expect("it was found"))
}

/// The sample has something of everything, in a store of its own that goes with it; what somebody retries is run.
#[tokio::test]
async fn a_sample_shows_a_shop_and_leaves_nothing() {
    let fixture = WorkFixture::with(&config("true")).await;
    let (mut child, address) = sample(&fixture, &[]);
    let get = |path: &str| {
        let (status, said) = request(&address, &format!("GET {path}"), "");
        assert_eq!(status, 200, "{path}: {said}");
        said
    };
    for state in ["dead", "retryable", "running", "available", "waiting", "completed", "cancelled"]
    {
        let jobs = get(&format!("/v1/jobs?filter=state:{state}&limit=1"));
        assert!(jobs.contains("\"id\""), "no job is {state}: {jobs}");
    }
    for (path, has) in [
        ("/v1/workflows", "supplier.onboard"),
        ("/v1/schedules", "sitemap"),
        ("/v1/sources", "nordlicht-stock"),
        ("/v1/subscriptions", "receipts"),
        ("/v1/operations", "marketing"),
        ("/v1/limits", "payment.capture"),
    ] {
        let said = get(path);
        assert!(said.contains(has), "{path}: {said}");
    }
    let dead = get("/v1/jobs?filter=state:dead%20kind:invoice.create&limit=1");
    let at = dead.find("job_").expect("an id");
    let id = &dead[at..at + 30];
    let (status, said) = request(&address, &format!("POST /v1/jobs/{id}/retry"), "");
    assert_eq!(status, 200, "{said}");
    until("a worker of the shop has run it", || {
        get(&format!("/v1/jobs/{id}")).contains("\"completed\"")
    });
    assert!(fixture.jobs("").await.is_empty(), "nothing comes into the store of daily work");

    // SAFETY: a plain call on the process that this test has started.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    assert!(child.wait().expect("it ended").success());
    let left = fs::read_dir(fixture.path("tmp")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "its store is removed");
}

/// What contradicts itself in the times of a sample: a question that finds nothing, and what it is about.
const CONTRADICTIONS: [(&str, &str); 5] = [
    (
        "select count(*) as n from windlass_attempt a join windlass_job j on j.id = a.job where a.started_at < j.created_at",
        "an attempt began before its job was written",
    ),
    (
        "select count(*) as n from windlass_attempt a join windlass_job j on j.id = a.job where a.started_at > j.created_at + 60000000 and a.number = 1 and j.run_at <= j.created_at and j.queue <> 'media'",
        "a job waited for a minute while workers had nothing to do",
    ),
    (
        "select count(*) as n from windlass_attempt a join windlass_workers w on w.label = a.worker where a.started_at < w.started_at",
        "a worker began after what it ran",
    ),
    (
        "select count(*) as n from windlass_job where finished_at < created_at or finished_at < started_at or started_at < created_at",
        "a job ended before it began",
    ),
    (
        "select count(*) as n from windlass_events where at > recorded_at or recorded_at > at + 900000000",
        "an event was recorded before, or long after, it happened",
    ),
];

/// What `windlass dev --sample` says first is where the shop is: in a browser, and for commands in another terminal.
#[tokio::test]
async fn the_times_of_a_sample_do_not_contradict_each_other() {
    let fixture = WorkFixture::with(&config("true")).await;
    let (mut child, address) = sample(&fixture, &[]);
    let log = fixture.read("sample.log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("serving http://"), "{log}");
    assert_eq!(lines[1], "a made-up shop, in a store that is removed when this ends");
    let url = lines[2].strip_prefix("in another terminal: windlass status --store ").expect(&log);
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        let ran = command.args(words).args(["--store", url]).output().expect("run");
        assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("UTF-8")
    };
    assert!(run(&["status"]).contains("completed"));
    for (question, what) in CONTRADICTIONS {
        let found: serde_json::Value =
            serde_json::from_str(&run(&["sql", question, "--json"])).expect("JSON");
        assert!(found.to_string().contains("\"n\":0"), "{what}: {found}");
    }
    let now = windlass::Timestamp::wall_clock();
    for list in ["/v1/sources", "/v1/schedules"] {
        let (_, said) = request(&address, &format!("GET {list}"), "");
        let said = said.find('{').map(|at| &said[at..]).expect("a document");
        let said: serde_json::Value = serde_json::from_str(said).expect("JSON");
        for one in said["items"].as_array().expect("a list") {
            let next = one["next_at"]
                .as_str()
                .map(|at| at.parse::<windlass::Timestamp>().expect("a time"));
            assert!(next.is_none_or(|next| next > now), "{list}: it is overdue: {one}");
        }
    }
    // SAFETY: a plain call on the process that this test has started.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    assert!(child.wait().expect("it ended").success());
}

/// Nobody wants a made-up shop among jobs of their own.
#[tokio::test]
async fn a_sample_fills_an_empty_store_alone() {
    let fixture = WorkFixture::with(&config("true")).await;
    fixture.enqueue("k", "null").await;
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["dev", "--sample", "--listen", "127.0.0.1:0", "--store", &fixture.url()])
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--sample fills an empty one"), "{error}");
    assert_eq!(fixture.jobs("").await.len(), 1);
}
