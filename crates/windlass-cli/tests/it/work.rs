//! `windlass work` as a process: its start, its signals, its end.

use std::process::Output;
use std::time::{Duration, Instant};

use windlass::limits::{GRACE, POLL_WAITS};
use windlass::{Outcome, State};
use windlass_testkit::cluster::Cluster;

use crate::work_fixture::{WorkFixture, until};

const LONGEST_POLL: Duration = POLL_WAITS[POLL_WAITS.len() - 1];

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// T19, E12: what can end in time does, the rest is handed back, and the end comes soon.
#[tokio::test]
async fn a_stop_lets_short_jobs_end_and_hands_the_others_back() {
    let fixture = WorkFixture::with_script(
        "read args; echo > ready.$args; test $args = 1 && { while ! test -e go; do sleep 0.05; done; exit 0; }; sleep 300",
        "grace = \"200ms\"",
    )
    .await;
    let short = fixture.enqueue("k", "1").await;
    let long = fixture.enqueue("k", "2").await;
    let work = fixture.start(&[]);
    until("both run", || fixture.path("ready.1").exists() && fixture.path("ready.2").exists());

    let asked = Instant::now();
    work.signal(libc::SIGTERM);
    work.event("stopping");
    std::fs::write(fixture.path("go"), "").expect("written");
    assert_eq!(work.event("finished")["outcome"], "ok");
    work.signal(libc::SIGINT);
    let ended = work.wait();

    assert_eq!(ended.status.code(), Some(0));
    assert!(asked.elapsed() < GRACE, "the second signal ends the grace: {:?}", asked.elapsed());
    assert_eq!(fixture.job(short).await.state, State::Completed);
    let long = fixture.job(long).await;
    assert_eq!((long.state, long.failures), (State::Available, 0));
    assert_eq!(long.history[0].outcome, Outcome::Released);
}

/// T20: no new work while quiet, and work again after.
#[tokio::test]
async fn a_quiet_worker_takes_nothing_until_it_is_resumed() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&[]);
    fixture.enqueue("k", "null").await;
    work.event("finished");

    work.signal(libc::SIGTSTP);
    work.event("quiet");
    let waiting = fixture.enqueue("k", "null").await;
    // Only this worker is there to make the other one available: later than its longest poll.
    let later = fixture.enqueue_after(LONGEST_POLL + Duration::from_millis(200), "k").await;
    fixture.until_available(later).await;
    assert_eq!(fixture.job(waiting).await.state, State::Available);
    work.signal(libc::SIGUSR2);
    work.event("resumed");

    for _ in [waiting, later] {
        assert_eq!(work.event("finished")["outcome"], "ok");
    }
    work.signal(libc::SIGINT);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// E19: only what the patterns leave is run.
#[tokio::test]
async fn patterns_choose_the_kinds_that_are_run() {
    let handler = |kind: &str| format!("[[handler]]\nkind = \"{kind}\"\nexec = [\"true\"]\n");
    let patterns = "[worker]\nkinds = { include = [\"a.*\"], exclude = [\"*.slow\"] }\n";
    let fixture = WorkFixture::with(
        &[&handler("a.x"), &handler("a.slow"), &handler("b.x"), patterns].concat(),
    )
    .await;
    for kind in ["a.x", "a.slow", "b.x"] {
        fixture.enqueue(kind, "null").await;
    }

    let ended = fixture.run_once();

    assert_eq!(ended.events[0]["kinds"], serde_json::json!(["a.x"]));
    let completed = fixture.jobs("state:completed").await;
    assert_eq!(completed.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["a.x"]);
}

#[tokio::test]
async fn once_runs_everything_that_is_due() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    for _ in 0..30 {
        fixture.enqueue("k", "null").await;
    }
    let ended = fixture.run_once();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(fixture.jobs("state:completed").await.len(), 30);
    assert_eq!(ended.events.last().map(|event| event["done"].clone()), Some(30.into()));
}

/// A log for people and files has a line for each attempt and what the program printed.
#[tokio::test]
async fn attempts_and_what_programs_print_are_logged() {
    let fixture = WorkFixture::with_script("echo resizing; echo trouble >&2; exit 3", "").await;
    fixture.enqueue("k", "null").await;
    let output = fixture.command(&["--once"]).output().expect("run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output));
    assert!(out.contains(" error k ") && out.contains("exited with 3: trouble"), "{out}");
    assert!(err.contains("resizing") && err.contains("trouble"), "{err}");
    fixture.enqueue("k", "null").await;
    let quiet = fixture.command(&["--once", "--quiet-logs"]).output().expect("run");
    assert!(String::from_utf8_lossy(&quiet.stdout).contains(" error k "), "{quiet:?}");
    assert!(!stderr(&quiet).contains("resizing"), "{}", stderr(&quiet));
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_one_line_and_exit_6() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let output = fixture.command_on("sqlite:/nowhere/at/all.db", &[]).output().expect("run");
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}

/// C36: too few connections end the start with the number needed and the code of a wrong setting.
#[tokio::test]
async fn too_few_connections_are_one_line_and_exit_2() {
    let cluster = Cluster::shared();
    let database = cluster.database();
    let fixture = WorkFixture::with_script("exit 0", "").await;
    for allowed in [1, 2] {
        let url = format!("{}?connections={allowed}", cluster.url(&database.name));
        let began = Instant::now();
        let output = fixture.command_on(&url, &[]).output().expect("run");
        let (error, took) = (stderr(&output), began.elapsed());
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains("needs 3 connections"), "{error}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

/// E16: a program is told since when and why; a person by the log.
#[tokio::test]
async fn a_store_that_goes_away_is_told_once_and_so_is_its_return() {
    let cluster = Cluster::private();
    let database = cluster.database();
    let url = cluster.url(&database.name);
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start_on(&url, &[]);
    work.event("started");

    cluster.stop_at_once();
    let failing = work.event("store-fails");
    assert!(failing["since"].is_string() && failing["error"].is_string(), "{failing}");
    cluster.start();
    let mut told = work.events_until("store-answers");
    work.signal(libc::SIGTERM);

    let ended = work.wait();
    assert_eq!(ended.status.code(), Some(0));
    told.extend(ended.events);
    let told = told.iter().map(|event| event["event"].as_str().unwrap_or_default());
    assert_eq!(told.collect::<Vec<_>>(), ["store-answers", "stopping", "stopped"]);
}

/// Programs need a place for their results, and the message says how to give one.
#[tokio::test]
async fn a_temporary_folder_that_cannot_be_used_is_one_line_and_exit_2() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    for unusable in ["nowhere", "windlass.toml"] {
        let mut command = fixture.command(&["--once"]);
        let output = command.env("TMPDIR", fixture.path(unusable)).output().expect("run");
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(unusable) && error.contains("set TMPDIR to a folder"), "{error}");
    }
}

/// The colours of the log and of errors are those that were asked for.
#[tokio::test]
async fn colours_are_those_asked_for() {
    let fixture = WorkFixture::with_script("echo hello", "").await;
    let is_colored = |args: &[&str]| {
        let mut command = fixture.command(args);
        let forced = command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
        let output = forced.output().expect("run");
        stderr(&output).contains('\u{1b}')
    };
    fixture.enqueue("k", "null").await;
    assert!(is_colored(&["--once", "--color", "always"]), "the log");
    fixture.enqueue("k", "null").await;
    assert!(!is_colored(&["--once", "--color", "never"]), "the log");
    for (asked, wanted) in [("--color=always", true), ("--color=never", false)] {
        assert_eq!(is_colored(&["--slots", "0", asked]), wanted, "{asked}");
        assert_eq!(is_colored(&["--config", "nowhere.toml", asked]), wanted, "{asked}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_one_line_and_exit_2() {
    let fixture =
        WorkFixture::with("[[handler]]\nkind = \"a\"\nexec = [\"./no-such-file\"]\n").await;
    let output = fixture.command(&[]).output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("windlass.toml:3: exec: `./no-such-file` does not exist"), "{error}");
}
