//! `windlass work --processes`: children that die, signals, rolling restarts, the end of the supervisor.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use windlass::State;

use crate::work_fixture::{PATIENCE, Work, WorkFixture, is_alive, number_in, until};

/// What T17 promises.
const ALL_AGAIN: Duration = Duration::from_secs(5);

/// Waits until so many workers have said that they are ready; their process ids.
fn ready(work: &Work, number: usize) -> Vec<i32> {
    (0..number).map(|_| pid(&work.event("worker-ready"))).collect()
}

fn pid(event: &Value) -> i32 {
    event["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a process id")
}

fn kill(pid: i32, signal: i32) {
    // SAFETY: plain numbers; a child of a supervisor that the test started and that is not ended yet.
    unsafe { libc::kill(pid, signal) };
}

fn counted(event: &Value) -> (u64, u64) {
    let number = |name: &str| event[name].as_u64().expect("a number");
    (number("actual"), number("wanted"))
}

async fn until_completed(fixture: &WorkFixture, number: u64) {
    let done = async {
        while fixture.client().counts().await.expect("counted").of(State::Completed) < number {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("all complete");
}

/// T17: eight children, of which three are killed: eight again within five seconds, each of them a worker of its own.
#[tokio::test]
async fn killed_children_are_made_up_for_in_time() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&["--processes", "8"]);
    let pids = ready(&work, 8);
    let listed = fixture.client().workers().await.expect("listed").len();
    assert_eq!(listed, 8);

    let killed = Instant::now();
    pids[..3].iter().for_each(|pid| kill(*pid, libc::SIGKILL));
    let mut whole = Value::Null;
    for _ in 0..3 {
        whole = work.event("worker-ready");
    }
    let took = killed.elapsed();

    assert_eq!(counted(&whole), (8, 8));
    assert!(took <= ALL_AGAIN, "{took:?}");
    fixture.enqueue("k", "null").await;
    assert_eq!(work.event("finished")["outcome"], "ok");
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
}

/// T17: a child that dies five times in a minute makes the process unhealthy, and there are no two starts within a second.
#[tokio::test]
async fn a_child_that_keeps_dying_is_unhealthy_and_not_started_in_circles() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&["--processes", "1"]);
    let mut starts = Vec::new();
    for _ in 0..5 {
        let ready = work.event("worker-ready");
        starts.push(Instant::now());
        kill(pid(&ready), libc::SIGKILL);
    }
    let told = work.events_until("unhealthy");
    for pair in starts.windows(2) {
        // What is measured is when each was ready; those moments are not as even as the starts.
        assert!(pair[1] - pair[0] > Duration::from_millis(700), "{starts:?}");
    }
    let again: Vec<u64> = told.iter().filter_map(|event| event["wait_ms"].as_u64()).collect();
    assert!(again.last().is_some_and(|wait| *wait > 7_000), "{told:?}");
    assert_eq!(told.last().expect("the last")["unhealthy"], true);
    assert_eq!(counted(told.last().expect("the last")), (0, 1));
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// T18: SIGHUP replaces the children one after the other, with what the file says by then; no job is lost and none fails.
#[tokio::test]
async fn a_reload_takes_up_a_changed_file_and_loses_nothing() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&["--processes", "2"]);
    let old: HashSet<i32> = ready(&work, 2).into_iter().collect();
    let changed = "[[handler]]\nkind = \"k\"\nexec = [\"true\"]\n[[handler]]\nkind = \"new\"\nexec = [\"true\"]\n";
    std::fs::write(fixture.path("windlass.toml"), changed).expect("written");
    for _ in 0..40 {
        fixture.enqueue("k", "null").await;
    }
    work.signal(libc::SIGHUP);
    fixture.enqueue("new", "null").await;

    let told = work.events_until("reloaded");

    let now: HashSet<i32> =
        told.iter().filter(|event| event["event"] == "worker-ready").map(pid).collect();
    assert_eq!(now.len(), 2);
    assert!(now.is_disjoint(&old), "{now:?} {old:?}");
    let fewest = told.iter().filter_map(|event| event["actual"].as_u64()).min();
    assert_eq!(fewest, Some(2), "never fewer: {told:?}");
    until_completed(&fixture, 41).await;
    assert!(fixture.jobs("state:completed").await.iter().all(|job| job.failures == 0));
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
    assert!(old.iter().all(|pid| !is_alive(*pid)));
}

/// A file that cannot be used, or a new child that does not become ready, leaves the old ones as they are.
#[tokio::test]
async fn a_reload_that_cannot_be_leaves_the_old_ones() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&["--processes", "2"]);
    let pids = ready(&work, 2);
    let kept = fixture.read("windlass.toml");

    std::fs::write(fixture.path("windlass.toml"), "[[handler]]\nkind = 3\n").expect("written");
    work.signal(libc::SIGHUP);
    let refused = work.event("not-reloaded");
    assert!(
        refused["why"].as_str().is_some_and(|why| why.contains("windlass.toml:2")),
        "{refused}"
    );

    // The file is right, and nothing can be started with it.
    std::fs::write(fixture.path("windlass.toml"), kept).expect("written");
    std::fs::rename(fixture.path("tmp"), fixture.path("away")).expect("moved");
    work.signal(libc::SIGHUP);
    let refused = work.event("not-reloaded");
    assert_eq!((counted(&refused), &refused["place"]), ((2, 2), &Value::from(1)));
    assert!(pids.iter().all(|pid| is_alive(*pid)));

    std::fs::rename(fixture.path("away"), fixture.path("tmp")).expect("moved");
    work.signal(libc::SIGHUP);
    work.event("reloaded");
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// T19: a stop reaches the children, which let what runs end; a second one ends that.
#[tokio::test]
async fn a_stop_is_passed_on_and_a_second_one_too() {
    let script = "read args; echo > ready.$args; test $args = 1 && { while ! test -e go; do sleep 0.05; done; exit 0; }; sleep 300";
    let fixture = WorkFixture::with_script(script, "grace = \"200ms\"").await;
    let short = fixture.enqueue("k", "1").await;
    let long = fixture.enqueue("k", "2").await;
    let work = fixture.start(&["--processes", "2"]);
    until("both run", || fixture.path("ready.1").exists() && fixture.path("ready.2").exists());

    work.signal(libc::SIGTERM);
    work.event("supervisor-stopping");
    std::fs::write(fixture.path("go"), "").expect("written");
    assert_eq!(work.event("finished")["outcome"], "ok");
    work.signal(libc::SIGTERM);
    let ended = work.wait();

    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(
        ended.events.last().map(|event| event["event"].clone()),
        Some("supervisor-stopped".into())
    );
    assert_eq!(fixture.job(short).await.state, State::Completed);
    let long = fixture.job(long).await;
    assert_eq!((long.state, long.failures), (State::Available, 0));
}

/// T20: quiet and resume reach all children, and those that are started meanwhile.
#[tokio::test]
async fn quiet_is_passed_on_to_those_that_come_later_too() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let work = fixture.start(&["--processes", "2"]);
    let pids = ready(&work, 2);
    work.signal(libc::SIGUSR1);
    work.event("quiet");
    work.event("quiet");
    kill(pids[0], libc::SIGKILL);
    work.event("worker-ready");
    work.event("quiet");
    work.signal(libc::SIGUSR2);
    work.event("resumed");
    work.event("resumed");
    fixture.enqueue("k", "null").await;
    assert_eq!(work.event("finished")["outcome"], "ok");
}

/// A supervisor that is killed leaves no worker behind, and what runs is waited for.
#[tokio::test]
async fn children_of_a_killed_supervisor_end_in_order() {
    let script = "echo $$ > runs; while ! test -e go; do sleep 0.05; done";
    let fixture = WorkFixture::with_script(script, "").await;
    let job = fixture.enqueue("k", "null").await;
    let work = fixture.start(&["--processes", "2"]);
    let pids = ready(&work, 2);
    until("it runs", || number_in(&fixture.path("runs")).is_some());

    work.signal(libc::SIGKILL);
    until("the idle one ends", || pids.iter().filter(|pid| is_alive(**pid)).count() == 1);
    std::fs::write(fixture.path("go"), "").expect("written");
    until("all end", || pids.iter().all(|pid| !is_alive(*pid)));

    let job = fixture.job(job).await;
    assert_eq!((job.state, job.attempt), (State::Completed, 1));
    assert_eq!(fixture.client().workers().await.expect("listed").len(), 0);
}

/// A child whose loop stands still is killed and made up for, as soon as a watchdog's time is over.
#[tokio::test]
async fn a_child_that_hangs_is_replaced() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let mut command = fixture.command(&["--processes", "1"]);
    let work = WorkFixture::told(command.env("WATCHDOG_USEC", "1000000"));
    let hung = ready(&work, 1)[0];
    kill(hung, libc::SIGSTOP);
    assert_eq!(pid(&work.event("worker-silent")), hung);
    let next = ready(&work, 1)[0];
    assert!(next != hung && !is_alive(hung));
    work.signal(libc::SIGTERM);
    assert_eq!(work.wait().status.code(), Some(0));
}

/// What no start can repair is told once by a child, and ends the supervisor with its code.
#[tokio::test]
async fn settings_that_cannot_be_used_end_it_with_2() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let mut command = fixture.command(&["--processes", "2"]);
    let output = command.env("TMPDIR", fixture.path("nowhere")).output().expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("set TMPDIR to a folder"), "{error}");

    std::fs::write(fixture.path("windlass.toml"), "[worker]\nprocesses = 0\n").expect("written");
    let output = fixture.command(&[]).output().expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
}

/// The file says how many there are; what ends when all is done is always one process.
#[tokio::test]
async fn the_file_says_how_many_and_once_is_one() {
    let fixture = WorkFixture::with_script("exit 0", "[worker]\nprocesses = 2").await;
    let work = fixture.start(&[]);
    assert_eq!(counted(&work.event("supervising")), (0, 2));
    ready(&work, 2);
    work.signal(libc::SIGINT);
    assert_eq!(work.wait().status.code(), Some(0));

    fixture.enqueue("k", "null").await;
    let ended = fixture.run_once();
    assert_eq!(ended.events[0]["event"], "started");
    let both = fixture.command(&["--once", "--processes", "2"]).output().expect("run");
    assert_eq!(both.status.code(), Some(2));
}

/// What children print comes line by line, however many print at once.
#[tokio::test]
async fn lines_of_children_are_whole() {
    let script = "head -c 3000 /dev/zero | tr '\\0' x; echo; head -c 3000 /dev/zero | tr '\\0' y >&2; exit 3";
    let fixture = WorkFixture::with_script(script, "max_attempts = 1").await;
    for _ in 0..40 {
        fixture.enqueue("k", "null").await;
    }
    let mut command = fixture.command(&["--processes", "3"]);
    // SAFETY: a system call that is safe between fork and exec: both streams are one pipe.
    unsafe {
        command.pre_exec(|| {
            if libc::dup2(1, 2) < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        })
    };
    let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let began = Instant::now();
    let mut attempts = 0;
    for line in out.lines().map_while(Result::ok) {
        assert!(began.elapsed() < PATIENCE, "{attempts} attempts");
        let runs: Vec<&str> =
            line.split(|c| c != 'x' && c != 'y').filter(|run| run.len() > 20).collect();
        assert!(
            runs.iter().all(|run| run.bytes().all(|byte| byte == run.as_bytes()[0])),
            "torn: {line}"
        );
        assert!(!line.starts_with(['x', 'y']), "cut: {line}");
        attempts += usize::from(line.contains(" error k "));
        if attempts == 40 {
            break;
        }
    }
    assert_eq!(attempts, 40);
    kill(i32::try_from(child.id()).expect("a process id"), libc::SIGTERM);
    assert!(child.wait().expect("waited").success());
}
