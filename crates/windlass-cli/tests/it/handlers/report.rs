//! What programs say of themselves, and what they are told of earlier attempts.

use std::process::Command;

use serde_json::{Value, json};
use windlass::progress::Level;
use windlass::{JobId, State};

use crate::work_fixture::WorkFixture;

/// T37: a program records steps, its checkpoint, its progress and log lines by lines of JSON; the next attempt finds what is recorded;
/// a line that cannot be read is told, and harms nothing.
#[tokio::test]
async fn a_program_reports_and_is_told_what_is_recorded() {
    let script = r#"
cp $WINDLASS_RECALL_FILE recall$WINDLASS_ATTEMPT
report() { echo "$1" > $WINDLASS_REPORT_FILE; }
report '{"progress": {"percent": 50, "note": "half", "done": 1, "total": 2}}'
report '{"step": "fetch", "output": {"rows":  7}}'
report '{"step": "store"}'
report 'no JSON'
report '{"checkpoint": {"row": 7}}'
report '{"unknown": 1}'
report '{"log": "one row was empty", "level": "warn"}'
[ $WINDLASS_ATTEMPT = 2 ]
"#;
    let fixture = WorkFixture::with_script(script, "").await;
    let id = fixture.enqueue("k", "null").await;
    fixture.run_once();
    assert_eq!(fixture.job(id).await.state, State::Retryable);
    fixture.client().retry(&[id]).await.expect("retried");
    fixture.run_once();
    assert_eq!(fixture.job(id).await.state, State::Completed);

    let recalled = |name| serde_json::from_str::<Value>(&fixture.read(name)).expect("JSON");
    assert_eq!(recalled("recall1"), json!({ "checkpoint": null, "steps": {} }));
    let expected =
        json!({ "checkpoint": { "row": 7 }, "steps": { "fetch": { "rows": 7 }, "store": null } });
    assert_eq!(recalled("recall2"), expected);
    let client = fixture.client();
    let steps = client.steps(id).await.expect("read");
    let names: Vec<_> = steps.iter().map(|step| (step.nth, step.name.as_str())).collect();
    assert_eq!(names, [(1, "fetch"), (2, "store")]);
    assert_eq!(steps[0].output.as_ref().map(|one| one.as_str()), Some(r#"{"rows":  7}"#));
    let progress = client.progress(id).await.expect("read").expect("it has told");
    assert_eq!((progress.progress.percent, progress.progress.done), (Some(50.0), Some(1)));
    assert_eq!(progress.attempt, Some(2));
    let lines = client.log(id, 100).await.expect("read");
    let first: Vec<_> = lines.iter().filter(|line| line.attempt == 1).collect();
    assert_eq!(first.len(), 3, "{lines:?}");
    assert!(first[0].text.contains("is left out") && first[1].text.contains("unknown"));
    assert_eq!((first[2].text.as_str(), first[2].level), ("one row was empty", Level::Warn));
    assert!(fixture.temporary().is_empty(), "{:?}", fixture.temporary());
}

/// What `windlass job show` prints.
fn show(fixture: &WorkFixture, id: JobId, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(["job", "show", &id.to_string(), "--store", &fixture.url()]).args(more);
    String::from_utf8(command.output().expect("it runs").stdout).expect("text")
}

/// T37: all that a program has said is shown with its job.
#[tokio::test]
async fn what_a_program_said_is_shown_with_its_job() {
    let script = r#"
echo '{"progress": 50}' > $WINDLASS_REPORT_FILE
echo '{"checkpoint": 7}' > $WINDLASS_REPORT_FILE
echo '{"step": "fetch", "output": "all"}' > $WINDLASS_REPORT_FILE
echo '{"log": "one row was empty"}' > $WINDLASS_REPORT_FILE
"#;
    let fixture = WorkFixture::with_script(script, "").await;
    let id = fixture.enqueue("k", "null").await;
    fixture.run_once();
    let page = show(&fixture, id, &[]);
    for part in [
        "PROGRESS",
        "50 %",
        "checkpoint  7",
        "STEPS",
        "1  fetch",
        "\"all\"",
        "LOG",
        "one row was empty",
    ] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    let document: Value = serde_json::from_str(&show(&fixture, id, &["--json"])).expect("JSON");
    assert_eq!(document["schema"], "job.v1");
    assert_eq!(document["progress"]["percent"], 50.0);
    assert_eq!(document["steps"][0]["output"], "all");
    assert_eq!(document["log"][0]["text"], "one row was empty");
}
