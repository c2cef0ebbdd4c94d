//! Commands without a database, and with the store that keeps nothing.

use super::fixture::{CliFixture, Ran};

/// E15: an address that is empty, as an unset variable of a script makes it, is not a store: nothing is published, and the error says
/// what can be named.
#[test]
fn no_address_is_wrong_usage() {
    let cli = CliFixture::new();
    let before = files(&cli);
    for args in [&["publish", "order.paid"][..], &["enqueue", "k"], &["status"]] {
        for empty in [
            Ran::of(cli.command(args).env("WINDLASS_STORE", "")),
            cli.run(&[args, &["--store", ""]].concat()),
        ] {
            assert_eq!(empty.code, 2, "{args:?}: {}", empty.stderr);
            let error = empty.error();
            assert!(error.contains("no store is named: expected sqlite:PATH"), "{error}");
            assert!(error.contains("discard:"), "{error}");
        }
    }
    assert_eq!(files(&cli), before, "nothing was created");
}

fn files(cli: &CliFixture) -> usize {
    std::fs::read_dir(cli.path(".")).expect("listed").count()
}

/// The command on the store that keeps nothing.
fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--store", "discard:"]].concat()
}

/// E15: what goes to the store that keeps nothing is said to be discarded, in every form.
#[test]
fn what_is_discarded_is_said_to_be() {
    let cli = CliFixture::new();
    let before = files(&cli);
    let publish = with(&["publish", "order.paid", "order=42"]);
    assert!(cli.ok(&publish).ends_with("\torder.paid\t/\tdiscarded\n"));
    assert_eq!(cli.json(&publish)["answer"], "discarded");
    let said = "discarded: the store discard: keeps nothing";
    assert!(cli.table(&publish, "120").contains(said));
    let enqueue = with(&["enqueue", "mail.welcome", "user=42"]);
    assert!(cli.ok(&enqueue).ends_with("\tmail.welcome\tdefault\tdiscarded\n"));
    let document = cli.json(&enqueue);
    assert_eq!(
        (&document["schema"], &document["kind"]),
        (&"discarded.v1".into(), &"mail.welcome".into())
    );
    assert!(cli.table(&enqueue, "120").contains(said));
    assert!(cli.ok(&with(&["signal", "done"])).contains(said));
    let lines = b"{\"type\":\"a\"}\n{\"type\":\"b\"}\n";
    let ran = cli.run_with_stdin(&with(&["publish", "-"]), lines);
    assert_eq!((ran.code, ran.stdout), (0, format!("2 events {said}\n")));
    let ran = cli.run_with_stdin(&with(&["publish", "-", "--json"]), lines);
    let sent: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!((&sent["new"], &sent["discarded"]), (&0.into(), &2.into()));
    assert_eq!(files(&cli), before, "nothing was created");
}

/// E15: there is nothing to look at, to wait for or to run.
#[test]
fn a_store_that_keeps_nothing_can_do_nothing_else() {
    let cli = CliFixture::new();
    cli.file("windlass.toml", b"[[handler]]\nkind = \"k\"\nexec = [\"true\"]\n");
    for args in [
        &["status"][..],
        &["job", "list"],
        &["event", "list"],
        &["publish", "a", "--dry-run"],
        &["enqueue", "k", "--wait"],
        &["work", "--once"],
        &["migrate"],
    ] {
        let ran = cli.run(&with(args));
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("keeps nothing"), "{args:?}: {}", ran.stderr);
    }
}
