//! `windlass worker`: minimum builds.

use super::fixture::CliFixture;
use crate::work_fixture::until;

/// Names the build of the workers of this folder.
fn build(cli: &CliFixture, build: &str) {
    let path = cli.path("windlass.toml");
    let handlers = std::fs::read_to_string(&path).expect("the handlers");
    let handlers = handlers.split("[worker]").next().unwrap_or_default();
    std::fs::write(path, format!("{handlers}[worker]\nbuild = \"{build}\"\n")).expect("written");
}

/// T46, O24: an old build is held back, which every command that shows it says, until the minimum is removed.
#[test]
fn a_worker_below_the_minimum_is_shown_as_held_back() {
    let cli = CliFixture::new();
    build(&cli, "shop 2.13.9");
    cli.ok(&["migrate"]);
    let _worker = cli.work();
    until("a worker registers", || !cli.ok(&["worker", "list", "--no-header"]).is_empty());
    let said = cli.ok(&["worker", "require", "shop v2.14.0", "--note", "new columns, ana"]);
    assert!(said.contains("workers below shop 2.14.0 take no new work, 1 worker by now"), "{said}");
    let said =
        cli.table(&["worker", "require", "shop 2.14.0", "--note", "new columns, ana"], "160");
    assert!(said.contains("to undo it: windlass worker allow 'shop'"), "{said}");

    let listed = cli.json(&["worker", "list"]);
    let held = serde_json::json!({ "minimum": "shop 2.14.0", "note": "new columns, ana" });
    assert_eq!((&listed[0]["build"], &listed[0]["held_back"]), (&"shop 2.13.9".into(), &held));
    assert_eq!(listed[0]["quiet"], false);
    let list = cli.table(&["worker", "list"], "160");
    assert!(list.contains("! below shop 2.14.0"), "{list}");
    let required = cli.json(&["worker", "required"]);
    assert_eq!(required[0]["schema"], "required_build.v1");
    assert_eq!(
        (&required[0]["program"], &required[0]["minimum"]),
        (&"shop".into(), &"2.14.0".into())
    );
    assert_eq!(required[0]["below"][0], listed[0]["label"]);
    let table = cli.table(&["worker", "required"], "120");
    assert!(table.contains("shop") && table.contains("new columns, ana"), "{table}");

    let id = cli.enqueue("good", "mail");
    let why = cli.table(&["explain", &id], "200");
    assert!(
        why.contains(
            "held back by their build: WORKER (shop 2.13.9, below shop 2.14.0: new columns, ana)"
        ),
        "{why}"
    );
    assert!(why.contains("windlass worker required"), "{why}");
    let doctor = cli.table(&["doctor"], "200");
    assert!(doctor.contains("! builds      held back by their build"), "{doctor}");
    assert!(doctor.contains("! builds      minimum builds that no live worker meets"), "{doctor}");
    assert!(cli.table(&["status"], "120").contains("! 1 below the minimum build"));

    let ran = cli.run(&["work", "--once", "--json"]);
    assert_eq!(ran.code, 0, "one that is to run what is due does not wait: {}", ran.stderr);
    assert!(ran.stdout.contains(r#""event":"held-back""#), "{}", ran.stdout);
    assert_eq!(cli.json(&["job", "show", &id])["attempt"], 0);
    cli.ok(&["worker", "allow", "shop"]);
    until("the job is completed", || cli.json(&["job", "show", &id])["state"] == "completed");
    assert_eq!(cli.json(&["worker", "required"]), serde_json::json!([]));
}

/// Bad input: what is not a build is refused, and nothing is changed.
#[test]
fn what_is_not_a_minimum_build_is_refused() {
    let cli = CliFixture::with_jobs();
    let long = format!("{} 1", "x".repeat(10_000));
    for wrong in ["", "shop", "2.14.0", "shop dev", &long] {
        let ran = cli.run(&["worker", "require", wrong]);
        assert_eq!(ran.code, 2, "{wrong}: {}", ran.stderr);
        assert!(
            ran.error().contains("nothing was changed") && ran.error().len() < 300,
            "{}",
            ran.error()
        );
    }
    let note = "x".repeat(1_025);
    assert_eq!(cli.run(&["worker", "require", "shop 1", "--note", &note]).code, 2);
    assert_eq!(cli.run(&["worker", "allow", "shop"]).code, 3);
    assert_eq!(cli.json(&["worker", "required"]), serde_json::json!([]));
}
