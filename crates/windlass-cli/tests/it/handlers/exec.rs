//! Executables.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use windlass::NewJob;
use windlass::job::{Filter, Page};
use windlass::store::Now;
use windlass::{Client, Json, Outcome, State, Timestamp};
use windlass_testkit::database::{Database, PostgresDatabase};

use crate::work_fixture::{WorkFixture, is_alive, number_in, until};

#[tokio::test]
async fn a_program_gets_its_args_and_environment_and_leaves_a_result() {
    let script = "cat > stdin; env > env; echo '{\"n\": 7}' > $WINDLASS_RESULT_FILE";
    let more = "env = { COLOUR = \"red\" }\ntimeout = \"90s\"\nmax_attempts = 3";
    let fixture = WorkFixture::with_script(script, more).await;
    let id = fixture.enqueue("k", r#"{"user":42}"#).await;

    assert!(fixture.run_once().status.success());

    let job = fixture.job(id).await;
    assert_eq!(job.state, State::Completed);
    assert_eq!(job.output.expect("an output").to_string(), r#"{"n": 7}"#);
    assert_eq!(fixture.read("stdin"), r#"{"user":42}"#);
    let env = fixture.read("env");
    let value = |name: &str| {
        let line = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is missing in {env}")).to_owned()
    };
    assert_eq!(value("WINDLASS_JOB_ID"), id.to_string());
    assert_eq!((value("WINDLASS_KIND").as_str(), value("COLOUR").as_str()), ("k", "red"));
    assert_eq!(value("WINDLASS_ATTEMPT"), "1");
    assert_eq!(value("WINDLASS_MAX_ATTEMPTS"), "3");
    assert_eq!(value("WINDLASS_CORRELATION_ID"), id.to_string());
    assert_eq!(value("WINDLASS_DEPTH"), "0");
    assert_eq!(value("WINDLASS_STORE"), fixture.url());
    let deadline: Timestamp = value("WINDLASS_DEADLINE").parse().expect("a moment");
    let limit = Duration::from_secs(90);
    let finished = job.finished_at.expect("it ended");
    // A text has milliseconds.
    assert!(deadline.after(Duration::from_millis(1)) >= job.created_at.after(limit), "{deadline}");
    assert!(deadline <= finished.after(limit), "{deadline}");
    assert!(!value("WINDLASS_LEASE").is_empty());
    assert!(value("WINDLASS_RESULT_FILE").starts_with(fixture.path("tmp").to_str().expect("text")));
    assert!(fixture.temporary().is_empty(), "{:?}", fixture.temporary());
}

/// O10: the program of an event's job gets its data as args and the rest of it in a variable, which no other job has.
#[tokio::test]
async fn a_program_gets_the_event_of_its_job() {
    let script =
        "cat > stdin-$WINDLASS_JOB_ID; echo \"${WINDLASS_EVENT-none}\" > event-$WINDLASS_JOB_ID";
    let fixture = WorkFixture::with_script(script, "").await;
    let plain = fixture.enqueue("k", "7").await;
    let id = fixture.of_event("k", 42, r#"{"total":1299}"#).await;
    // A worker may be a program of a job itself.
    let mut command = fixture.command(&["--once"]);
    assert!(command.env("WINDLASS_EVENT", "another").status().expect("it runs").success());
    assert_eq!(fixture.read(&format!("event-{plain}")), "none\n");
    assert_eq!(fixture.read(&format!("stdin-{id}")), r#"{"total":1299}"#);
    let event = fixture.read(&format!("event-{id}"));
    let mut event: serde_json::Value = serde_json::from_str(&event).expect("JSON");
    let time = event["time"].take();
    assert!(time.as_str().expect("a text").parse::<Timestamp>().is_ok(), "{time}");
    assert_eq!(
        event,
        serde_json::json!({
            "specversion": "1.0", "id": "42-paid", "source": "/shop", "type": "order.paid",
            "subject": "order/42", "time": null, "tenant": "acme", "urgent": true, "position": 1,
        })
    );
}

#[tokio::test]
async fn the_exit_code_decides() {
    let fixture = WorkFixture::with_script("echo reason >&2; exit $(cat)", "").await;
    let mut jobs = Vec::new();
    for code in [0, 1, 3, 10, 64, 65, 75] {
        jobs.push((code, fixture.enqueue("k", &code.to_string()).await));
    }

    fixture.run_once();

    for (code, id) in jobs {
        let job = fixture.job(id).await;
        let expected = match code {
            0 => State::Completed,
            64 | 65 => State::Dead,
            _ => State::Retryable,
        };
        assert_eq!(job.state, expected, "of exit code {code}");
        if code != 0 {
            let error = job.history[0].error.as_deref().unwrap_or_default();
            assert_eq!(error, format!("exited with {code}: reason"));
            assert_eq!(job.failures, 1);
        }
    }
}

/// E22: dead at the first attempt, and the program is not even asked.
#[tokio::test]
async fn args_that_are_no_json_are_dead_at_once_and_harm_no_others() {
    let fixture = WorkFixture::with_script("cat >> seen", "").await;
    let broken = NewJob::new("k", Json::stored("{broken"));
    let broken = fixture.client().enqueue(broken).await.expect("enqueued").id();
    let sound = fixture.enqueue("k", "1").await;

    fixture.run_once();

    let job = fixture.job(broken).await;
    assert_eq!((job.state, job.attempt), (State::Dead, 1));
    assert!(job.reason.expect("a reason").contains("malformed args"));
    assert_eq!(fixture.job(sound).await.state, State::Completed);
    assert_eq!(fixture.read("seen"), "1");
}

#[tokio::test]
async fn a_death_by_signal_is_an_unclean_end() {
    let fixture = WorkFixture::with_script("kill -9 $$", "").await;
    let id = fixture.enqueue("k", "null").await;
    fixture.run_once();
    let job = fixture.job(id).await;
    assert_eq!(job.state, State::Retryable);
    assert_eq!(job.history[0].error.as_deref(), Some("unclean end: signal 9"));
}

#[tokio::test]
async fn a_result_that_cannot_be_stored_becomes_a_note() {
    let large = "head -c 300000 /dev/zero | tr '\\0' 1 > $WINDLASS_RESULT_FILE";
    for script in [
        "echo '{\"a\":' > $WINDLASS_RESULT_FILE",
        "printf '\"\\377\"' > $WINDLASS_RESULT_FILE",
        large,
    ] {
        let fixture = WorkFixture::with_script(script, "").await;
        let id = fixture.enqueue("k", "null").await;
        fixture.run_once();
        let job = fixture.job(id).await;
        assert_eq!(job.state, State::Completed, "{script}");
        let output = job.output.expect("a note").to_string();
        assert!(output.contains("windlass_output_not_stored"), "{output}");
    }
}

/// The pipe holds 64 KiB: the writer of 200 to a program that never reads must not wait for it.
#[tokio::test]
async fn a_program_that_does_not_read_its_args_and_prints_much_is_no_deadlock() {
    let fixture = WorkFixture::with_script("head -c 1000000 /dev/zero; echo end >&2", "").await;
    let id = fixture.enqueue("k", &format!("\"{}\"", "x".repeat(200_000))).await;
    assert!(fixture.run_once().status.success());
    assert_eq!(fixture.job(id).await.state, State::Completed);
}

#[tokio::test]
async fn what_a_program_leaves_behind_holds_nothing_up() {
    let fixture = WorkFixture::with_script("sleep 60 & echo $! > left", "").await;
    let id = fixture.enqueue("k", "null").await;
    fixture.run_once();
    assert_eq!(fixture.job(id).await.state, State::Completed);
    let left = number_in(&fixture.path("left")).expect("its number");
    // SAFETY: plain numbers; the process was started by this test's own script.
    unsafe { libc::kill(left, libc::SIGKILL) };
}

#[tokio::test]
async fn a_timeout_asks_first_and_kills_after_the_grace() {
    let script = "trap 'echo asked > asked' TERM; echo $$ > pid; while :; do sleep 1; done";
    let fixture = WorkFixture::with_script(script, "timeout = \"500ms\"\ngrace = \"300ms\"").await;
    let id = fixture.enqueue("k", "null").await;

    fixture.run_once();

    let job = fixture.job(id).await;
    assert_eq!((job.state, job.history[0].outcome), (State::Retryable, Outcome::Timeout));
    assert_eq!(fixture.read("asked"), "asked\n");
    let pid = number_in(&fixture.path("pid")).expect("its number");
    until("the program is gone", || !is_alive(pid));
}

#[tokio::test]
async fn a_program_that_ends_at_a_safe_point_is_handed_back_uncounted() {
    let fixture = WorkFixture::with_script(
        "trap 'exit 10' TERM; echo > ready; while :; do sleep 0.05; done",
        "",
    )
    .await;
    let id = fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("the program runs", || fixture.path("ready").exists());

    work.signal(libc::SIGTERM);
    work.event("stopping");
    work.signal(libc::SIGTERM);
    let ended = work.wait();

    assert_eq!(ended.status.code(), Some(0));
    let job = fixture.job(id).await;
    assert_eq!((job.state, job.failures), (State::Available, 0));
    assert_eq!(job.history[0].outcome, Outcome::Released);
}

#[tokio::test]
async fn a_cancel_reaches_the_program() {
    let fixture = WorkFixture::with_script(
        "trap 'echo > asked; exit 1' TERM; echo > ready; while :; do sleep 0.05; done",
        "",
    )
    .await;
    let id = fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("the program runs", || fixture.path("ready").exists());

    fixture.client().store().cancel(&[id], "not needed", Now::Database).await.expect("asked");
    let finished = work.event("finished");

    assert_eq!(finished["outcome"], "cancelled");
    assert!(fixture.path("asked").exists());
    assert_eq!(fixture.job(id).await.state, State::Cancelled);
}

/// What it has started and what does not heed SIGTERM ends with it.
#[tokio::test]
async fn a_program_that_was_told_to_end_leaves_nothing_behind() {
    let script = "trap 'exit 1' TERM; sh -c \"trap '' TERM; echo > ready; exec sleep 300\" &
        echo $! > left; while :; do sleep 0.05; done";
    let fixture = WorkFixture::with_script(script, "").await;
    let id = fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("the program runs", || {
        fixture.path("ready").exists() && number_in(&fixture.path("left")).is_some()
    });

    fixture.client().store().cancel(&[id], "not needed", Now::Database).await.expect("asked");

    assert_eq!(work.event("finished")["outcome"], "cancelled");
    let left = number_in(&fixture.path("left")).expect("its number");
    until("what it started is gone", || !is_alive(left));
}

#[tokio::test]
async fn a_program_does_not_outlive_a_killed_worker_and_its_job_is_run_again() {
    let script = "test $WINDLASS_ATTEMPT = 1 || exit 0; echo $$ > pid; while :; do sleep 60; done";
    let fixture = WorkFixture::with_script(script, "").await;
    let id = fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("the program runs", || number_in(&fixture.path("pid")).is_some());

    work.signal(libc::SIGKILL);
    assert_eq!(work.wait().status.code(), None);

    let pid = number_in(&fixture.path("pid")).expect("its number");
    until("the program is gone", || !is_alive(pid));
    let other = fixture.start(&[]);
    assert_eq!(other.event("finished")["outcome"], "ok");
    let job = fixture.job(id).await;
    assert_eq!((job.attempt, job.losses), (2, 1));
}

/// A killed worker removes nothing; the next one does, before it is started.
#[tokio::test]
async fn a_killed_workers_result_files_are_removed_by_the_next_start() {
    let script = "test $WINDLASS_ATTEMPT = 1 || exit 0
        echo $WINDLASS_RESULT_FILE > path; echo > ready; while :; do sleep 60; done";
    let fixture = WorkFixture::with_script(script, "").await;
    fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("the program runs", || fixture.path("ready").exists());
    work.signal(libc::SIGKILL);
    work.wait();
    let path = PathBuf::from(fixture.read("path").trim());
    assert!(path.exists(), "{}", path.display());

    let next = fixture.start(&[]);
    next.event("started");

    assert!(!path.parent().expect("a folder").exists(), "{}", path.display());
    assert_eq!(next.event("finished")["outcome"], "ok");
    next.signal(libc::SIGINT);
    assert_eq!(next.wait().status.code(), Some(0));
    assert!(fixture.temporary().is_empty(), "{:?}", fixture.temporary());
}

#[tokio::test]
async fn a_starting_worker_leaves_the_result_files_of_living_ones_alone() {
    let script = "test $(cat) = 1 || exit 0; echo > ready
        until test -e go; do sleep 0.05; done; echo '\"mine\"' > $WINDLASS_RESULT_FILE";
    let fixture = WorkFixture::with_script(script, "").await;
    let id = fixture.enqueue("k", "1").await;
    let work = fixture.start(&[]);
    until("the program runs", || fixture.path("ready").exists());

    let another_store = format!("sqlite:{}", fixture.path("another.db").display());
    assert!(fixture.start_on(&another_store, &["--once"]).wait().status.success());
    assert!(fixture.run_once().status.success());

    std::fs::write(fixture.path("go"), "").expect("written");
    work.event("finished");
    let output = fixture.job(id).await.output.expect("an output");
    assert_eq!(output.to_string(), "\"mine\"");
}

/// What a program left behind writes on where nobody reads it: it gets an error, and nothing stays.
#[tokio::test]
async fn what_outlives_a_killed_worker_leaves_no_result_file() {
    let script = "test $WINDLASS_ATTEMPT = 1 || exit 0
        (while echo late > $WINDLASS_RESULT_FILE; do echo > ready; done; echo > ended) 2>&- &
        while :; do sleep 60; done";
    let fixture = WorkFixture::with_script(script, "").await;
    fixture.enqueue("k", "null").await;
    let work = fixture.start(&[]);
    until("it writes", || fixture.path("ready").exists());
    work.signal(libc::SIGKILL);
    work.wait();

    assert!(fixture.run_once().status.success());

    until("its writing fails", || fixture.path("ended").exists());
    assert!(fixture.temporary().is_empty(), "{:?}", fixture.temporary());
}

/// A program that enqueues its like up to the third, and the jobs this left on the store.
async fn a_family_of_three(fixture: &WorkFixture, url: &str) {
    let client = Client::new(windlass::open(url).await.expect("a store"));
    let job = NewJob::new("k", Json::args("1").expect("args"));
    let first = client.enqueue(job).await.expect("enqueued").id();

    assert!(fixture.start_on(url, &["--once"]).wait().status.success());

    let all = Page { before: None, limit: 10 };
    let mut jobs = client.jobs(&Filter::default(), all).await.expect("asked");
    jobs.sort_by_key(|job| job.args.to_string());
    let args: Vec<_> = jobs.iter().map(|job| job.args.to_string()).collect();
    assert_eq!(args, ["1", "2", "3"]);
    assert!(jobs.iter().all(|job| job.state == State::Completed), "{jobs:?}");
    let family: Vec<_> = jobs.iter().map(|job| (job.parent, job.root)).collect();
    let second = jobs[1].id;
    assert_eq!(
        family,
        [(None, None), (Some(first), Some(first)), (Some(second), Some(first))],
        "parent and root"
    );
}

/// O10: what a program publishes comes of its job, one event or many.
#[tokio::test]
async fn what_a_program_publishes_comes_of_its_job() {
    let windlass = env!("CARGO_BIN_EXE_windlass");
    let script = format!("{windlass} publish a; echo '{{\"type\":\"b\"}}' | {windlass} publish -");
    let fixture = WorkFixture::with_script(&script, "").await;
    let id = fixture.enqueue("k", "1").await;
    assert!(fixture.run_once().status.success());
    let events = fixture.client().events(0, 10).await.expect("read");
    let of: Vec<_> =
        events.iter().map(|one| (one.event_type.as_str(), one.parent, one.root)).collect();
    assert_eq!(of, [("a", Some(id), Some(id)), ("b", Some(id), Some(id))]);
}

fn enqueues_its_like() -> String {
    let windlass = env!("CARGO_BIN_EXE_windlass");
    format!("read n; test $n -ge 3 || {windlass} enqueue k $((n + 1))")
}

/// T30: what a program enqueues is its job's child, and of the tree of that one's root.
#[tokio::test]
async fn what_a_program_enqueues_is_its_jobs_child_on_sqlite() {
    let fixture = WorkFixture::with_script(&enqueues_its_like(), "").await;
    a_family_of_three(&fixture, &fixture.url()).await;
}

/// T30, on PostgreSQL.
#[tokio::test]
async fn what_a_program_enqueues_is_its_jobs_child_on_postgres() {
    let fixture = WorkFixture::with_script(&enqueues_its_like(), "").await;
    let database = PostgresDatabase::fresh();
    a_family_of_three(&fixture, &database.url()).await;
}

/// Outside of a program there is no parent; an environment that names none is refused, not ignored.
#[tokio::test]
async fn an_environment_that_names_no_job_is_refused() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let enqueue = |job: &str, root: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(["enqueue", "k", "--store", &fixture.url()]);
        command.env("WINDLASS_JOB_ID", job).env("WINDLASS_CORRELATION_ID", root);
        command.output().expect("run")
    };
    for (job, root) in [("soup", ""), ("job_0000000000000000000000000A", "soup")] {
        let refused = enqueue(job, root);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("`soup` is not a job id"), "{said}");
    }
    assert!(enqueue("", "").status.success());
    let jobs = fixture.jobs("").await;
    assert_eq!(jobs.iter().map(|job| job.parent).collect::<Vec<_>>(), [None]);
}
