//! `windlass schedule`, `[schedule.NAME]`, and what the doctor says of schedules.

use super::fixture::CliFixture;
use crate::work_fixture::until;

const NIGHTLY: [&str; 9] = [
    "schedule",
    "add",
    "nightly",
    "30 2 * * *",
    "report.nightly",
    "to=office",
    "--zone",
    "Europe/Berlin",
    "--missed=all",
];

/// T49: a schedule is made, shown, previewed by its zone's clocks, and removed.
#[test]
fn a_schedule_is_made_shown_previewed_and_removed() {
    let cli = CliFixture::new();
    assert!(cli.ok(&NIGHTLY).starts_with("schedule nightly enqueues report.nightly by 30 2 * * *"));
    let shown = cli.json(&["schedule", "show", "nightly"]);
    assert_eq!(shown["schema"], "schedule.v1");
    assert_eq!((&shown["missed"], &shown["overlap"]), (&"all".into(), &"skip".into()));
    assert_eq!((&shown["owner"], &shown["args"]["to"]), (&"person".into(), &"office".into()));
    assert!(shown["changed_by"].as_str().is_some_and(|by| by.ends_with("windlass schedule")));
    assert!(shown["next_at"].is_string(), "known before a leader has computed it");
    let after = "2026-03-28T12:00:00Z";
    let preview = ["schedule", "preview", "nightly", "-n", "2", "--after", after];
    let preview = cli.json(&preview);
    assert_eq!(
        (&preview["schema"], &preview["zone"]),
        (&"preview.v1".into(), &"Europe/Berlin".into())
    );
    assert_eq!(preview["due"][0]["at"], "2026-03-29T01:00:00.000Z");
    assert_eq!(preview["due"][0]["local"], "2026-03-29T03:00:00+02:00[Europe/Berlin]");
    assert_eq!(preview["due"][1]["local"], "2026-03-30T02:30:00+02:00[Europe/Berlin]");
    assert_eq!(cli.json(&["schedule", "list"])[0]["name"], "nightly");
    assert!(cli.ok(&["schedule", "show", "nightly"]).contains("by the clocks of Europe/Berlin"));
    assert!(cli.ok(&["schedule", "list"]).contains("nightly\t30 2 * * *\tEurope/Berlin"));
    assert_eq!(
        cli.ok(&["schedule", "remove", "nightly"]),
        "schedule nightly is gone; its jobs stay\n"
    );
    assert_eq!(cli.json(&["schedule", "list"]), serde_json::json!([]));
}

/// T49: what cannot be a schedule is wrong usage, on one line, and nothing is written.
#[test]
fn what_cannot_be_a_schedule_is_refused() {
    let cli = CliFixture::new();
    for (args, told) in [
        (&["a b", "* * * * *", "work"][..], "schedule `a b`"),
        (&["a", "* * * *", "work"], "`* * * *`"),
        (&["a", "0 0 30 2 *", "work"], "no date fits"),
        (&["a", "every 5", "work"], "is not a duration"),
        (&["a", "every 10ms", "work"], "between one second"),
        (&["a", "* * * * *", "wo rk"], "kind `wo rk`"),
        (&["a", "* * * * *", "work", "--zone", "Europe/Atlantis"], "Europe/Atlantis"),
        (
            &["a", "* * * * *", "work", "--missed", "some"],
            "--missed: `some` is not one of: none one all",
        ),
        (&["a", "* * * * *", "work", "--overlap", "wait"], "skip queue allow"),
        (&["a", "* * * * *", "work", "{"], "not JSON"),
    ] {
        let ran = cli.run(&[&["schedule", "add"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.error().contains(told), "{args:?}: {}", ran.stderr);
    }
    assert!(!cli.path("windlass.db").exists());
    cli.ok(&["migrate"]);
    for verb in ["show", "pause", "resume", "run", "preview", "remove"] {
        assert_eq!(cli.run(&["schedule", verb, "nightly"]).code, 3, "{verb}");
    }
}

/// O31: a run by hand is marked, and ends with 4 where the last job has not ended.
#[test]
fn a_run_by_hand_is_marked_and_not_beside_another() {
    let cli = CliFixture::new();
    cli.ok(&["schedule", "add", "good", "@yearly", "good", "--queue", "mail"]);
    let job = cli.json(&["schedule", "run", "good"]);
    assert_eq!(
        (&job["schedule"]["name"], &job["schedule"]["cause"]),
        (&"good".into(), &"hand".into())
    );
    let ran = cli.run(&["schedule", "run", "good"]);
    assert_eq!(ran.code, 4);
    assert!(ran.error().contains("has not ended"), "{}", ran.stderr);
    cli.work_once();
    let id = cli.ok(&["schedule", "run", "good"]);
    assert!(cli.ok(&["job", "show", id.trim()]).contains("good of "));
    assert_eq!(cli.json(&["schedule", "show", "good"])["fired"], 2);
}

/// T49: a pause is told with its undoing, and the doctor reminds of it.
#[test]
fn a_pause_is_told_and_the_doctor_reminds_of_it() {
    let cli = CliFixture::new();
    cli.ok(&NIGHTLY);
    assert!(cli.ok(&["doctor"]).contains("1 schedule, each with its next due time"));
    let paused = cli.json(&["schedule", "pause", "nightly", "--note", "stocktaking"]);
    assert_eq!(
        (&paused["note"], &paused["next_at"]),
        (&"stocktaking".into(), &serde_json::Value::Null)
    );
    assert!(cli.ok(&["doctor"]).contains("stocktaking"));
    assert!(cli.ok(&["schedule", "resume", "nightly"]).starts_with("schedule nightly goes on"));
    assert!(cli.ok(&["schedule", "resume", "nightly"]).contains("was not paused"));
}

/// T49: a file declares schedules; what a person changes stays; two files that declare one differently are told of.
#[test]
fn a_file_declares_schedules_and_two_that_disagree_are_told_of() {
    let cli = CliFixture::new();
    let handlers = std::fs::read_to_string(cli.path("windlass.toml")).expect("the handlers");
    let declare = |name: &str, cron: &str| {
        let schedule = format!(
            "[schedule.nightly]\ncron = \"{cron}\"\nzone = \"Europe/Berlin\"\nkind = \"good\"\n\
                                queue = \"mail\"\nargs = {{ to = \"office\", copies = 2 }}\n"
        );
        cli.file(name, format!("{handlers}{schedule}").as_bytes());
        let mut worker = cli.command(&["work", "--config", name]).spawn().expect("it starts");
        let named = |value: &serde_json::Value| value.as_str().is_some_and(|by| by.contains(name));
        until("it is declared", || {
            cli.run(&["migrate"]);
            named(&cli.json(&["schedule", "list"])[0]["declared"]["by"])
        });
        worker.kill().expect("it ends");
        worker.wait().expect("it has ended");
        cli.json(&["schedule", "show", "nightly"])
    };
    let first = declare("a.toml", "30 2 * * *");
    assert_eq!(
        (&first["owner"], &first["args"]),
        (&"config".into(), &serde_json::json!({"copies": 2, "to": "office"}))
    );
    assert_eq!(declare("b.toml", "30 3 * * *")["rule"], "30 3 * * *");
    let third = declare("a.toml", "30 2 * * *");
    assert_eq!((&third["rule"], third["contested_at"].is_string()), (&"30 2 * * *".into(), true));
    let doctor = cli.run(&["doctor"]).stdout;
    assert!(doctor.contains("two programs declare a schedule differently"), "{doctor}");
    assert!(doctor.contains("a.toml") && doctor.contains("b.toml"), "{doctor}");
    cli.ok(&["schedule", "add", "nightly", "0 5 * * *", "good"]);
    let changed = declare("b.toml", "30 3 * * *");
    assert_eq!((&changed["rule"], &changed["owner"]), (&"0 5 * * *".into(), &"person".into()));
    assert_eq!(changed["differs_from_declaration"], true);
    assert!(cli.ok(&["schedule", "list"]).contains("person, declared otherwise"));
    assert!(cli.ok(&["schedule", "remove", "nightly"]).contains("stays so though it is declared"));
    assert!(declare("a.toml", "30 2 * * *")["removed_at"].is_string());
}
