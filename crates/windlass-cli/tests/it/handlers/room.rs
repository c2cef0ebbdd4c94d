//! Programs that the machine has no room for at the moment.

use std::collections::BTreeSet;

use windlass::{Outcome, State};

use crate::work_fixture::{PATIENCE, WorkFixture, until};

/// Lets a process open no more files than have numbers below this one; without it as many as it may.
fn limit_files(pid: i32, below: Option<u64>) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both point to a limit of this function's own, or nowhere; the process is this test's own.
    let set = unsafe {
        let got = libc::prlimit(pid, libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut limit);
        limit.rlim_cur = below.unwrap_or(limit.rlim_max);
        got + libc::prlimit(pid, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut())
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

/// The limit with which a process may open so many more files.
fn room_for(pid: i32, files: usize) -> u64 {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives");
    let number = |name: std::ffi::OsString| name.to_str().and_then(|name| name.parse().ok());
    let open: BTreeSet<u64> =
        entries.filter_map(|entry| number(entry.expect("an entry").file_name())).collect();
    (0..).filter(|number| !open.contains(number)).nth(files).expect("there is always one more")
}

/// How many connections have opened the write-ahead log.
fn open_logs(pid: i32) -> usize {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives");
    let files = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    files.filter(|file| file.to_string_lossy().ends_with("-wal")).count()
}

/// Runs a job with room for so many files, and for one more each time until it is enough. However far it comes, no failure is
/// counted, and it runs when there is room.
async fn runs_when_there_is_room(script: &str, more: &str) {
    let fixture = WorkFixture::with_script(script, more).await;
    let work = fixture.start(&[]);
    // The store opens its files as it needs them: the writer and two readers.
    while open_logs(work.pid()) < 3 {
        fixture.enqueue("k", "1").await;
        assert_eq!(work.event("finished")["outcome"], "ok");
    }
    let mut outcomes = Vec::new();
    let mut jobs = Vec::new();
    while outcomes.last().is_none_or(|last| last != "ok") {
        limit_files(work.pid(), Some(room_for(work.pid(), outcomes.len())));
        jobs.push(fixture.enqueue("k", "1").await);
        let finished = work.event("finished");
        outcomes.push(finished["outcome"].as_str().expect("a text").to_owned());
    }
    // A file for the result, the pipe for reports, two for each stream of the program, and what tells that it has started.
    assert!(outcomes.len() > 5, "it was short of room too seldom: {outcomes:?}");
    limit_files(work.pid(), None);
    fixture.client().retry(&jobs).await.expect("hurried");
    for id in jobs {
        let ended = tokio::time::timeout(PATIENCE, fixture.client().ended(id)).await;
        let job = ended.expect("soon").expect("read");
        assert_eq!((job.state, job.failures), (State::Completed, 0), "{outcomes:?}");
        assert!(job.history.iter().all(|one| one.outcome == Outcome::Snoozed), "{job:?}");
    }
}

/// A program that cannot be started since its worker may open no more files is tried again soon, and no failure is counted.
#[tokio::test]
async fn a_program_without_room_is_tried_again_uncounted() {
    runs_when_there_is_room("cat > $WINDLASS_RESULT_FILE", "").await;
}

/// O38: the same of one that takes chunks.
#[tokio::test]
async fn a_program_of_a_chunk_without_room_is_tried_again_uncounted() {
    runs_when_there_is_room("cat > lines", "chunk = { jobs = 1 }").await;
}

/// A result that cannot be read since the worker may open no more files is not taken for none.
#[tokio::test]
async fn a_result_that_cannot_be_read_becomes_a_note() {
    let script = "cat > $WINDLASS_RESULT_FILE; echo > ready; until test -e go; do sleep 0.05; done";
    let fixture = WorkFixture::with_script(script, "").await;
    let work = fixture.start(&[]);
    let id = fixture.enqueue("k", "1").await;
    until("the program runs", || fixture.path("ready").exists());
    limit_files(work.pid(), Some(0));
    std::fs::write(fixture.path("go"), "").expect("written");
    assert_eq!(work.event("finished")["outcome"], "ok");
    limit_files(work.pid(), None);
    let ended = tokio::time::timeout(PATIENCE, fixture.client().ended(id)).await;
    let output = ended.expect("soon").expect("read").output.expect("a note").to_string();
    assert!(output.contains("windlass_output_not_stored"), "{output}");
}
