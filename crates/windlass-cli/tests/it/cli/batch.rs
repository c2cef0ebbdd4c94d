//! `windlass batch`, `windlass workflow`, and jobs that are in one.

use super::fixture::CliFixture;

fn id(enqueued: &serde_json::Value) -> String {
    enqueued["id"].as_str().or(enqueued["job"].as_str()).expect("an id").to_owned()
}

/// B, O36: a batch is opened, filled, waited for, sealed and cancelled.
#[test]
fn a_batch_from_its_opening_to_its_end() {
    let cli = CliFixture::with_jobs();
    let batch = id(&cli.json(&["batch", "open", "--name", "prices", "--key", "p"]));
    cli.ok(&["enqueue", "import.row", "--batch", &batch]);
    let report = id(&cli.json(&["enqueue", "import.report", "--after-batch", &batch]));
    let explained = cli.ok(&["explain", &report]);
    assert!(explained.contains(&format!("waits for {batch}, which has not ended")), "{explained}");
    let page = cli.ok(&["batch", "show", "p"]);
    for line in ["open", "prices", "1 open", &format!("windlass batch seal {batch}")] {
        assert!(page.contains(line), "{line}: {page}");
    }
    let member = cli.json(&["job", "list", &format!("batch:{batch}")])[0]["id"].clone();
    let member = member.as_str().expect("an id");
    assert!(page.ends_with(&format!("\n{member}\timport.row\tdefault\tavailable\n")), "{page}");
    assert_eq!(cli.run(&["batch", "open", "--key", "p"]).code, 4);
    cli.ok(&["batch", "seal", "p"]);
    assert_eq!(cli.run(&["batch", "seal", "p"]).code, 4);
    assert_eq!(cli.run(&["batch", "retry", "p"]).code, 4);
    let cancelled = cli.json(&["batch", "cancel", "p", "--reason", "wrong file"]);
    assert_eq!((&cancelled["cancelled"], &cancelled["told"]), (&1.into(), &0.into()));
    let shown = cli.json(&["batch", "show", &batch]);
    assert_eq!((&shown["schema"], &shown["state"]), (&"batch.v1".into(), &"failed".into()));
    assert_eq!(shown["jobs"]["cancelled"], 1);
    assert_eq!(cli.json(&["job", "show", &report])["state"], "available");
    assert_eq!(cli.run(&["enqueue", "import.row", "--batch", &batch]).code, 4);
    let listed = cli.json(&["batch", "list", "--ended", "--name", "prices"]);
    assert_eq!(listed[0]["id"], batch.as_str());
    assert_eq!(cli.json(&["batch", "list", "--live"]), serde_json::json!([]));
}

/// T27: a workflow is drawn with its states, what each step comes after, and what blocks it.
#[test]
fn a_workflow_is_drawn() {
    let cli = CliFixture::with_jobs();
    let batch = id(&cli.json(&["batch", "open", "--name", "vm.provision", "--key", "vm-42"]));
    let within = |step: &str| ["--batch", &batch, "--step", step].map(str::to_owned);
    let enqueue = |kind: &str, step: &str, after: &[&str]| {
        let mut words = vec!["enqueue".to_owned(), kind.to_owned()];
        words.extend(within(step));
        for job in after {
            words.extend(["--after".to_owned(), (*job).to_owned()]);
        }
        id(&cli.json(&words.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let volume = enqueue("vm.volume", "volume", &[]);
    let boot = enqueue("vm.boot", "boot", &[&volume]);
    enqueue("vm.announce", "announce", &[&boot]);
    cli.ok(&["batch", "seal", "vm-42"]);
    cli.ok(&["job", "cancel", &volume]);
    let drawn = cli.ok(&["workflow", "show", "vm-42"]);
    for line in ["vm.provision", "blocked", "volume", "after boot", "waits for volume", "1 of 3"] {
        assert!(drawn.contains(line), "{line}: {drawn}");
    }
    let shown = cli.json(&["workflow", "show", "vm-42"]);
    assert_eq!((&shown["schema"], &shown["state"]), (&"workflow.v1".into(), &"blocked".into()));
    let announce = &shown["steps"][2];
    assert_eq!((&announce["step"], &announce["depth"]), (&"announce".into(), &2.into()));
    assert_eq!(announce["blocked_by"], serde_json::json!(["volume"]));
    assert_eq!(cli.json(&["workflow", "list", "--live"])[0]["key"], "vm-42");
    let cancelled = cli.json(&["workflow", "cancel", "vm-42"]);
    assert_eq!(cancelled["cancelled"], 2);
}

/// B, O11: the jobs of a batch are shown in pages, each with its state, and found by a filter.
#[test]
fn the_jobs_of_a_batch_are_shown_in_pages() {
    let cli = CliFixture::with_jobs();
    let batch = id(&cli.json(&["batch", "open", "--key", "rows"]));
    let jobs: Vec<String> = ["a", "b", "c"]
        .map(|step| id(&cli.json(&["enqueue", "row", "--batch", &batch, "--step", step])))
        .into();
    cli.ok(&["job", "cancel", &jobs[1]]);
    let first = cli.json(&["batch", "show", "rows", "--limit", "2"]);
    assert_eq!(first["more"], true);
    let expected = serde_json::json!([
        { "job": jobs[0], "step": "a", "kind": "row", "queue": "default", "state": "available" },
        { "job": jobs[1], "step": "b", "kind": "row", "queue": "default", "state": "cancelled" },
    ]);
    assert_eq!(first["members"], expected);
    let rest = cli.json(&["batch", "show", "rows", "--limit", "2", "--cursor", &jobs[1]]);
    assert_eq!((&rest["more"], &rest["members"][0]["job"]), (&false.into(), &jobs[2][..].into()));
    let page = cli.table(&["batch", "show", "rows", "--limit", "2"], "120");
    assert!(page.contains("2 of 3") && page.contains("next page: --cursor job_"), "{page}");
    let found = cli.json(&["job", "list", &format!("batch:{batch} -state:cancelled")]);
    let found: Vec<_> = found.as_array().expect("a list").iter().map(|job| &job["id"]).collect();
    assert_eq!(found, [&jobs[2][..], &jobs[0][..]]);
    assert_eq!(cli.run(&["job", "list", "batch:rows"]).code, 2);
}

/// Bad input: what is not there, and names that cannot be kept.
#[test]
fn what_is_no_batch_is_refused() {
    let cli = CliFixture::with_jobs();
    let missing = "bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M";
    for words in [
        &["batch", "show", missing][..],
        &["batch", "seal", missing],
        &["batch", "cancel", "nothing"],
        &["workflow", "retry", missing],
        &["enqueue", "a", "--batch", missing],
        &["enqueue", "a", "--after-batch", missing],
    ] {
        assert_eq!(cli.run(words).code, 3, "{words:?}");
    }
    for words in [
        &["enqueue", "a", "--step", "x"][..],
        &["enqueue", "a", "--batch", "x"],
        &["batch", "open", "--name", ""],
    ] {
        assert_eq!(cli.run(words).code, 2, "{words:?}");
    }
}
