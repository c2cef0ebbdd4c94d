//! `windlass queue` and `windlass worker`.

use super::fixture::CliFixture;
use crate::work_fixture::until;

#[test]
fn queues_are_listed_with_their_numbers() {
    let cli = CliFixture::with_jobs();
    cli.ok(&["queue", "pause", "media", "--note", "disk upgrade"]);
    insta::assert_snapshot!(cli.table(&["queue", "list"], "150"));
    let queues = cli.json(&["queue", "list"]);
    assert_eq!(queues[3]["schema"], "queue.v1");
    assert_eq!(
        (&queues[3]["note"], &queues[3]["jobs"]["dead"]),
        (&"disk upgrade".into(), &1.into())
    );
}

#[test]
fn a_pause_is_told_with_its_undoing() {
    let cli = CliFixture::with_jobs();
    insta::assert_snapshot!(cli.table(&["queue", "pause", "mail"], "100"));
    assert!(cli.json(&["queue", "pause", "mail"])["paused_at"].is_string());
    assert_eq!(cli.ok(&["queue", "resume", "mail"]), "queue mail goes on\n");
    assert_eq!(
        cli.ok(&["queue", "resume", "mail"]),
        "queue mail was not paused; nothing was changed\n"
    );
}

/// T42: a full queue has its own exit code, and doctor says it.
#[test]
fn a_queue_is_bounded() {
    let cli = CliFixture::new();
    cli.ok(&["enqueue", "k", "--queue", "import"]);
    let bound = cli.json(&["queue", "bound", "import", "--jobs", "2", "--when-full", "wait"]);
    assert_eq!((&bound["max_jobs"], &bound["when_full"]), (&2.into(), &"wait".into()));
    cli.ok(&["enqueue", "k", "--queue", "import"]);
    let ran = cli.run(&["enqueue", "k", "--queue", "import", "--room-within", "20ms"]);
    assert_eq!(ran.code, 12);
    assert!(ran.error().contains("queue import is full: 2 of its jobs wait"), "{}", ran.stderr);
    assert!(cli.run(&["doctor", "--json"]).stdout.contains("windlass queue bound import --jobs N"));
    assert_eq!(cli.json(&["queue", "list"])[0]["max_jobs"], 2);
    assert_eq!(cli.ok(&["queue", "unbound", "import"]), "queue import has no bound any more\n");
    cli.ok(&["enqueue", "k", "--queue", "import"]);
    assert_eq!(cli.run(&["queue", "bound", "import", "--jobs", "0"]).code, 2);
}

/// I-O4: set, shown where it is set, and taken away; a bound is shown too.
#[test]
fn jobs_of_a_queue_age() {
    let cli = CliFixture::with_jobs();
    let aging = cli.json(&["queue", "age", "mail", "--every", "5m"]);
    assert_eq!(aging["age_every_ms"], 300_000);
    cli.ok(&["queue", "bound", "mail", "--jobs", "1", "--when-full", "wait"]);
    cli.ok(&["queue", "bound", "crm", "--jobs", "20000"]);
    insta::assert_snapshot!(cli.table(&["queue", "list"], "150"));
    assert_eq!(cli.json(&["queue", "list"])[2]["age_every_ms"], 300_000);
    cli.ok(&["queue", "unbound", "mail"]);
    let id = cli.json(&["enqueue", "mail.welcome", "--queue", "mail", "--priority", "3"]);
    let id = id["id"].as_str().expect("it has an id").to_owned();
    let explained = cli.ok(&["explain", &id]);
    let expected = "written with priority 3, counts as 3: one less every 5m that it waits, 2 ";
    assert!(explained.contains(expected), "{explained}");
    let ended = "jobs of queue mail do not age any more\n";
    assert_eq!(cli.ok(&["queue", "age", "mail", "--none"]), ended);
    let unchanged = "jobs of queue mail did not age; nothing was changed\n";
    assert_eq!(cli.ok(&["queue", "age", "mail", "--none"]), unchanged);
}

#[test]
fn an_aging_that_cannot_be_is_refused() {
    let cli = CliFixture::new();
    cli.ok(&["enqueue", "k"]);
    let refused = |args: &[&str]| cli.run(&[&["queue", "age"], args].concat());
    for wrong in [&["a"][..], &["a", "--every", "5m", "--none"], &["a b", "--every", "5m"]] {
        assert_eq!(refused(wrong).code, 2, "{wrong:?}");
    }
    for every in ["0s", "500ms", "31d"] {
        let ran = refused(&["a", "--every", every]);
        assert_eq!(ran.code, 2, "{every}");
        assert!(ran.error().contains("each second at most"), "{}", ran.stderr);
    }
}

/// I-W3: with an end and a note, seen in every list.
#[test]
fn a_kind_is_paused_for_a_time() {
    let cli = CliFixture::with_jobs();
    let pause = ["kind", "pause", "mail.welcome", "--for", "2h", "--note", "provider is down"];
    let ran = cli.run(&[&pause[..], &["-o", "plain"]].concat());
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "kind mail.welcome is paused for 2h; what runs goes on\n")
    );
    assert_eq!(ran.stderr, "! no live worker knows kind mail.welcome now\n");
    let kinds = cli.json(&["kind", "list"]);
    let mut listed = kinds.as_array().expect("an array").iter();
    let paused = listed.find(|one| one["kind"] == "mail.welcome").expect("it is listed");
    assert_eq!(paused["schema"], "kind.v1");
    assert!(paused["paused_until"].is_string());
    assert_eq!(cli.json(&["status"])["paused_kinds"][0]["note"], "provider is down");
    assert!(cli.ok(&["status"]).contains("kind mail.welcome since"));
    let doctor = cli.run(&["doctor", "--json"]).stdout;
    assert!(doctor.contains("kind mail.welcome for"), "{doctor}");
    assert!(doctor.contains("windlass kind resume mail.welcome"), "{doctor}");
    assert_eq!(cli.ok(&["kind", "resume", "mail.welcome"]), "kind mail.welcome goes on\n");
    assert_eq!(
        cli.ok(&["kind", "resume", "mail.welcome"]),
        "kind mail.welcome was not paused; nothing was changed\n"
    );
    assert_eq!(cli.run(&["kind", "pause", "a b"]).code, 2);
    assert_eq!(
        cli.run(&["queue", "pause", "a", "--for", "1h", "--until", "2040-01-01T00:00:00Z"]).code,
        2
    );
    assert!(
        cli.json(&["queue", "pause", "mail", "--until", "2040-01-01T00:00:00Z"])["paused_until"]
            .is_string()
    );
}

#[test]
fn a_slip_of_the_finger_is_pointed_out() {
    let cli = CliFixture::with_jobs();
    let ran = cli.run(&["queue", "pause", "maill"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr, "! no job or worker knows queue maill yet; did you mean `mail`?\n");
    assert_eq!(cli.run(&["queue", "pause", "a b"]).code, 2);
    for args in [
        &["queue", "unbound", "mial"][..],
        &["limit", "set", "queue:mial", "--running", "1"],
        &["schedule", "add", "s", "every 15m", "k", "--queue", "mial"],
    ] {
        let ran = cli.run(args);
        assert!(ran.stderr.contains("did you mean `mail`?"), "{args:?}: {}", ran.stderr);
    }
}

/// O24: of a kind, a queue or a version that nobody knows the near name is told, and the versions that are known.
#[test]
fn a_job_under_a_wrong_name_is_told_the_near_one() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    let _worker = cli.work();
    until("a worker registers", || !cli.ok(&["worker", "list", "--no-header"]).is_empty());
    let handler = cli.json(&["worker", "list"])[0]["handlers"][0].clone();
    let handler = handler.as_str().expect("a handler").to_owned();
    let (kind, _) = handler.rsplit_once('@').expect("a kind and a version");
    let queue = cli.json(&["worker", "list"])[0]["queues"][0].clone();
    let queue = queue.as_str().expect("a queue");
    let wrong = format!("{kind}x");
    let limit = cli.run(&["limit", "set", &format!("kind:{wrong}"), "--running", "1"]);
    assert!(limit.stderr.contains(&format!("did you mean `{kind}`?")), "{}", limit.stderr);
    let explained = |args: &[&str]| {
        let line = cli.ok(&[&["enqueue"], args].concat());
        cli.table(&["explain", line.split('\t').next().expect("an id")], "200")
    };
    let near = explained(&[kind, "--queue", &format!("{queue}x")]);
    assert!(near.contains(&format!("was queue `{queue}` meant? windlass job move")), "{near}");
    let near = explained(&[&wrong, "--queue", queue]);
    assert!(near.contains(&format!("was kind `{kind}` meant?")), "{near}");
    let other = explained(&[kind, "--queue", queue, "--version", "7"]);
    assert!(other.contains(&format!("other versions are known: {handler} by ")), "{other}");
}

#[test]
fn a_worker_is_kept_from_new_work_by_its_name() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    assert_eq!(cli.ok(&["worker", "list", "--json"]), "[]\n");
    let _worker = cli.work();
    until("a worker registers", || !cli.ok(&["worker", "list", "--no-header"]).is_empty());
    let worker = cli.json(&["worker", "list"])[0].clone();
    assert_eq!((&worker["schema"], &worker["quiet"]), (&"worker.v1".into(), &false.into()));
    let (label, id) =
        (worker["label"].as_str().expect("a name"), worker["id"].as_str().expect("an id"));
    assert_eq!(cli.json(&["worker", "quiet", label])["quiet"], true);
    assert_eq!(cli.json(&["worker", "list"])[0]["quiet"], true);
    assert!(cli.ok(&["worker", "resume", id]).contains("takes work again"));
    assert_eq!(cli.json(&["worker", "list"])[0]["quiet"], false);
}

/// T55: a worker that is asked to stop ends its process as a signal does.
#[test]
fn a_worker_is_stopped_by_its_name() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    let mut worker = cli.work();
    until("a worker registers", || !cli.ok(&["worker", "list", "--no-header"]).is_empty());
    let label = cli.json(&["worker", "list"])[0]["label"].clone();
    let label = label.as_str().expect("a name");
    assert_eq!(cli.json(&["worker", "stop", label])["stopping"], true);
    assert!(worker.ended().success(), "it ends as where it is told to stop");
    assert_eq!(cli.ok(&["worker", "list", "--json"]), "[]\n");
    let audited = cli.json(&["audit", "list"]);
    assert_eq!(audited[0]["action"], "workers.stop", "{audited}");
    assert_eq!(cli.run(&["worker", "stop", label]).code, 3);
}

#[test]
fn a_worker_that_is_not_there_is_3() {
    let cli = CliFixture::with_jobs();
    let ran = cli.run(&["worker", "quiet", "web-9"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.error(), "windlass: no worker is called web-9; see `windlass worker list`");
}
