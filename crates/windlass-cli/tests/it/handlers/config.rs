//! What is said of a configuration that cannot be used: one line, with its place.

use std::process::Output;

use crate::work_fixture::WorkFixture;

/// What `windlass work` says of a configuration, without the folder's name.
async fn said_of(config: &str) -> String {
    let fixture = WorkFixture::with(config).await;
    let output: Output = fixture.command(&["--once"]).output().expect("run");
    assert_eq!(output.status.code(), Some(2), "of {config}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    let folder = fixture.path("").canonicalize().expect("there").display().to_string();
    let plain = fixture.path("").display().to_string();
    text.replace(&format!("{folder}/"), "").replace(&plain, "").trim_end().to_owned()
}

#[tokio::test]
async fn every_mistake_is_told_with_its_place() {
    let handler = "[[handler]]\nkind = \"a\"\nexec = [\"true\"]\n";
    let after = |line: &str| format!("{handler}{line}\n");
    let mistakes = [
        after("timout = \"60s\""),
        after("timeout = 60"),
        after("timeout = \"60 seconds\""),
        after("timeout = \"0s\""),
        after("slots = 0"),
        after("slots = \"4\""),
        after("queue = \"a b\""),
        after("max_attempts = 70000"),
        after("max_losses = -1"),
        after("http = { url = \"http://localhost\" }"),
        after("retry = { backoff = \"linear\", delay = \"1s\" }"),
        after("retry = { backoff = \"fixed\" }"),
        after("colour = \"red\""),
        after("dir = \"no-such-folder\""),
        after("chunk = 10"),
        after("chunk = { within = \"1s\" }"),
        after("chunk = { jobs = 0 }"),
        after("slots = 4\nchunk = { jobs = 5 }"),
        after("chunk = { jobs = 5, within = \"15m\" }"),
        "[[handler]]\nkind = \"a\"\nhttp = { url = \"http://localhost\" }\nchunk = { jobs = 2 }\n".to_owned(),
        after("[worker]\nqueus = {}"),
        after("[worker]\nbuild = \"shop\""),
        after("[worker]\nkinds = { include = [\"b.*\"] }"),
        after("[[schedule]]\ncron = \"0 2 * * *\""),
        after("[schedule.a]\nkind = \"a\""),
        after("[schedule.a]\ncron = \"0 2 * *\"\nkind = \"a\""),
        after("[schedule.a]\ncron = \"0 0 30 2 *\"\nkind = \"a\""),
        after("[schedule.a]\ncron = \"0 2 * * *\"\nzone = \"Europe/Atlantis\"\nkind = \"a\""),
        after("[schedule.a]\nevery = \"10ms\"\nkind = \"a\""),
        after("[schedule.a]\nevery = \"1h\"\ncron = \"0 2 * * *\"\nkind = \"a\""),
        after("[schedule.a]\nevery = \"1h\"\noverlap = \"wait\"\nkind = \"a\""),
        after("[schedule.a]\nevery = \"1h\"\nkind = \"a\"\nargs = { at = 2026-11-26 }"),
        after("[schedule.\"a b\"]\nevery = \"1h\"\nkind = \"a\""),
        format!("server = \"http://localhost\"\n{handler}"),
        format!("{handler}{handler}"),
        "[[handler]]\nexec = [\"true\"]\n".to_owned(),
        "[[handler]]\nkind = \"a\"\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nshell = \"exit 0\"\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nexec = \"true\"\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nexec = []\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nexec = [\"no-such-program-anywhere\"]\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nexec = [\"echo hello | wc\"]\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nexec = [\"./windlass.toml\"]\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nhttp = { url = \"localhost:80/x\" }\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nhttp = { url = \"http://x\", settle_url = \"x:80\" }\n".to_owned(),
        "[[handler]]\nkind = \"a\"\nhttp = { url = \"http://x\", signing_secret_file = \"none\" }\n".to_owned(),
        "[[handler]]\nkind = \"a\"\ngrace = \"1s\"\nhttp = { url = \"http://x\" }\n".to_owned(),
        "[[handler]\nkind = \"a\"\n".to_owned(),
        String::new(),
    ];
    let mut said = String::new();
    for mistake in mistakes {
        said.push_str(&said_of(&mistake).await);
        said.push('\n');
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_missing_file_says_how_to_name_another() {
    let fixture = WorkFixture::with("").await;
    std::fs::remove_file(fixture.path("windlass.toml")).expect("removed");
    let output = fixture.command(&[]).output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("windlass.toml cannot be read") && text.contains("--config FILE"),
        "{text}"
    );
}
