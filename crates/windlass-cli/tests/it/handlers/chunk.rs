//! Programs that take many jobs at a time.

use serde_json::Value;
use windlass::{JobId, JobRecord, Outcome, State};

use crate::work_fixture::{Work, WorkFixture, until};

/// Reports the end that the args of each job ask for, and exits with what the file `exit` says.
const SCRIPT: &str = r#"
echo "call of $WINDLASS_JOBS" >> calls
while read -r line; do
  echo "$line" >> lines
  job=$(echo "$line" | sed 's/.*"job":"\([^"]*\)".*/\1/')
  case "$line" in
    *'"attempt":2'*) echo "{\"job\": \"$job\", \"output\": null}" ;;
    *output*) echo "{\"job\": \"$job\", \"output\": {\"rows\": 7}}" ;;
    *bad*) echo "{\"job\": \"$job\", \"error\": \"not now\"}" ;;
    *gone*) echo "{\"job\": \"$job\", \"dead\": \"no such user\"}" ;;
    *said*) echo "{\"job\": \"$job\", \"progress\": 40}" ;;
    *lied*) echo "{\"job\": \"$job\", \"error\": \"refused\", \"code\": 502}" ;;
  esac > "$WINDLASS_REPORT_FILE"
done
echo "the server is gone" >&2
exit $(cat exit)
"#;
const CHUNKS: &str =
    "retry = { backoff = \"fixed\", delay = \"0s\" }\nchunk = { jobs = 4, within = \"1s\" }";

async fn fixture(exit: &str) -> WorkFixture {
    let fixture = WorkFixture::with_script(SCRIPT, CHUNKS).await;
    std::fs::write(fixture.path("exit"), exit).expect("written");
    fixture
}

async fn enqueued(fixture: &WorkFixture, args: [&str; 4]) -> [JobId; 4] {
    let mut ids = Vec::new();
    for args in args {
        ids.push(fixture.enqueue("k", args).await);
    }
    ids.try_into().expect("as many")
}

fn ends(job: &JobRecord) -> Vec<(Outcome, &str)> {
    job.history.iter().map(|one| (one.outcome, one.error.as_deref().unwrap_or_default())).collect()
}

/// O38: each job of a program's chunk ends as its line says, the others as the program does.
#[tokio::test]
async fn each_job_of_a_programs_chunk_has_its_own_end() {
    let fixture = fixture("0").await;
    let args = ["\"output\"", "{\"a\":\n \"bad\"}", "\"gone\"", "\"said\""];
    let [output, bad, gone, said] = enqueued(&fixture, args).await;
    fixture.run_once();
    let done = fixture.job(output).await;
    assert_eq!(done.output.as_ref().map(windlass::Json::as_str), Some(r#"{"rows": 7}"#));
    let failed = fixture.job(bad).await;
    assert_eq!(ends(&failed), [(Outcome::Error, "not now")]);
    let dead = fixture.job(gone).await;
    assert_eq!((dead.state, ends(&dead)), (State::Dead, vec![(Outcome::Error, "no such user")]));
    let rest = fixture.job(said).await;
    assert_eq!((rest.state, rest.output), (State::Completed, None));
    let progress = fixture.client().progress(said).await.expect("read").expect("it has told");
    assert_eq!(progress.progress.percent, Some(40.0));

    let lines = fixture.read("lines");
    let first: Vec<Value> =
        lines.lines().take(4).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let line = first.iter().find(|line| line["job"] == bad.to_string()).expect("it was given");
    assert_eq!(line["args"]["a"], "bad");
    assert_eq!((line["attempt"].as_u64(), line["max_attempts"].as_u64()), (Some(1), Some(25)));
    assert!(fixture.read("calls").starts_with("call of 4\n"));
    assert!(fixture.temporary().is_empty(), "{:?}", fixture.temporary());
}

/// O10: the line of an event's job has the event too, and no other line has one.
#[tokio::test]
async fn a_line_has_the_event_of_its_job() {
    let fixture = fixture("0").await;
    let plain = fixture.enqueue("k", "\"output\"").await;
    let id = fixture.of_event("k", 42, "\"output\"").await;
    fixture.run_once();
    let lines = fixture.read("lines");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let line = |id: JobId| lines.iter().find(|line| line["job"] == id.to_string());
    assert_eq!(line(plain).expect("it was given").get("event"), None);
    let line = line(id).expect("it was given");
    assert_eq!((&line["args"], &line["event"]["id"]), (&"output".into(), &"42-paid".into()));
    assert_eq!(line["event"]["position"], 1);
}

/// O38: where a line cannot be read, a job that nothing else was said of is not taken for completed.
#[tokio::test]
async fn a_line_that_cannot_be_read_completes_nothing() {
    let fixture = fixture("0").await;
    let args = ["\"output\"", "\"lied\"", "\"gone\"", "1"];
    let [output, lied, _, rest] = enqueued(&fixture, args).await;
    fixture.run_once();
    assert_eq!(fixture.job(output).await.state, State::Completed);
    for id in [lied, rest] {
        let job = fixture.job(id).await;
        let (outcome, error) = ends(&job)[0];
        assert_eq!(outcome, Outcome::Error);
        assert!(error.contains("is left out") && error.contains("code"), "{error}");
    }
}

/// O38: a program that fails is the end of what it has not reported.
#[tokio::test]
async fn a_program_that_fails_is_the_end_of_the_rest() {
    let fixture = fixture("1").await;
    let [output, rest, ..] = enqueued(&fixture, ["\"output\"", "1", "\"gone\"", "\"gone\""]).await;
    fixture.run_once();
    assert_eq!(fixture.job(output).await.state, State::Completed);
    let failed = fixture.job(rest).await;
    assert_eq!(ends(&failed), [(Outcome::Error, "exited with 1: the server is gone")]);
    fixture.client().retry(&[rest]).await.expect("it may have run again by itself");
    fixture.run_once();
    assert_eq!(fixture.job(rest).await.state, State::Completed);
    assert_eq!(fixture.read("calls"), "call of 4\ncall of 1\n");
}

/// C28: a program whose other jobs have their ends is told to end when the time of the last one is over.
#[tokio::test]
async fn a_program_of_a_chunk_is_told_to_end() {
    let script = r#"
trap 'echo told > told; exit 0' TERM
read -r line
job=$(echo "$line" | sed 's/.*"job":"\([^"]*\)".*/\1/')
echo "{\"job\": \"$job\", \"output\": 1}" > "$WINDLASS_REPORT_FILE"
sleep 60 & wait
"#;
    let more = "timeout = \"4s\"\nmax_attempts = 1\nchunk = { jobs = 2, within = \"100ms\" }";
    let fixture = WorkFixture::with_script(script, more).await;
    let ids = [fixture.enqueue("k", "1").await, fixture.enqueue("k", "2").await];
    fixture.run_once();
    assert_eq!(fixture.read("told"), "told\n");
    let mut states = Vec::new();
    for id in ids {
        states.push(fixture.job(id).await.state);
    }
    assert!(states.contains(&State::Completed), "{states:?}");
}

/// Tells that it runs, and ends when the file `go` is there.
const HELD: &str = r#"
read -r line
echo "$line" >> ran
until test -e go; do sleep 0.05; done
"#;

/// Jobs that come one after the other, of which so many have a program that runs, and `others` have none yet: these may be one
/// call or several.
async fn with_and_without_turn(
    fixture: &WorkFixture,
    work: &Work,
    (turns, others): (usize, usize),
) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for number in 1..=turns + others {
        jobs.push(fixture.enqueue("k", "1").await);
        work.event("attempt");
        until("its program runs", || fixture.read("ran").lines().count() >= number.min(turns));
    }
    jobs
}

/// O38: as many programs run at once as chunks fit into the slots, also for jobs that come alone; a stop does not wait for one that
/// has no turn: it is handed back while the others run, and no failure is counted.
#[tokio::test]
async fn a_stop_hands_back_what_has_no_turn() {
    let fixture = WorkFixture::with_script(HELD, "chunk = { jobs = 2, within = \"1ms\" }").await;
    let work = fixture.start(&[]);
    let jobs = with_and_without_turn(&fixture, &work, (2, 2)).await;
    work.signal(libc::SIGTERM);
    for _ in &jobs[2..] {
        assert_eq!(work.event("finished")["outcome"], "released");
    }
    assert_eq!(fixture.read("ran").lines().count(), 2, "{}", fixture.read("ran"));
    std::fs::write(fixture.path("go"), "").expect("written");
    assert_eq!(work.wait().status.code(), Some(0));
    for (nth, id) in jobs.into_iter().enumerate() {
        let job = fixture.job(id).await;
        let expected = if nth < 2 { State::Completed } else { State::Available };
        assert_eq!((job.state, job.failures), (expected, 0));
    }
}

/// O38: a job whose program has no turn is cancelled without it, and keeps no turn from the next.
#[tokio::test]
async fn what_has_no_turn_is_cancelled_without_a_program() {
    // Nobody waits until an attempt that does not end is abandoned.
    let more = "chunk = { jobs = 4, within = \"1ms\" }\ngrace = \"1h\"";
    let fixture = WorkFixture::with_script(HELD, more).await;
    let work = fixture.start(&[]);
    let jobs = with_and_without_turn(&fixture, &work, (1, 1)).await;
    fixture.client().cancel(&jobs[1..], "not wanted").await.expect("asked");
    let cancelled = work.event("finished");
    assert_eq!(
        (&cancelled["outcome"], &cancelled["error"]),
        (&"cancelled".into(), &"not wanted".into())
    );
    fixture.enqueue("k", "1").await;
    work.event("attempt");
    std::fs::write(fixture.path("go"), "").expect("written");
    for _ in 0..2 {
        assert_eq!(work.event("finished")["outcome"], "ok");
    }
    let ran = fixture.read("ran");
    assert_eq!(ran.lines().count(), 2, "{ran}");
    assert!(!ran.contains(&jobs[1].to_string()), "{ran}");
}
