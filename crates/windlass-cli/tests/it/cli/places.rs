//! Stores that are not there, not ours, too old, too new; and PostgreSQL.

use windlass_testkit::database::{Database, PostgresDatabase};

use super::fixture::CliFixture;

#[test]
fn looking_does_not_create_a_database() {
    let cli = CliFixture::new();
    for args in [
        &["status"][..],
        &["job", "list"],
        &["queue", "pause", "a"],
        &["worker", "list"],
        &["migrate", "status"],
    ] {
        let ran = cli.run(args);
        assert_eq!(ran.code, 6, "{args:?}");
        assert!(ran.error().contains("there is no database at"), "{}", ran.stderr);
    }
    assert!(!cli.path("windlass.db").exists());
}

/// A call that makes a store says where, once, and not where a program reads.
#[test]
fn who_makes_a_store_is_told_where() {
    for args in [
        &["publish", "order.paid"][..],
        &["enqueue", "k"],
        &["subscription", "add", "a", "--kind", "k"],
        &["event", "keep", "90d"],
    ] {
        let cli = CliFixture::new();
        let folder = std::fs::canonicalize(cli.path(".")).expect("a folder");
        let told = format!("! made a new store at {}\n", folder.join("windlass.db").display());
        let ran = cli.run(args);
        assert_eq!((ran.code, ran.stderr.contains(&told)), (0, true), "{args:?}: {}", ran.stderr);
        assert!(!ran.stdout.contains("made a new store"), "{}", ran.stdout);
        assert!(!cli.run(args).stderr.contains("made a new store"), "it is there");
        let other = [args, &["--store", "sqlite:other.db", "--json"]].concat();
        assert_eq!(cli.run(&other).stderr, "");
        assert!(cli.path("other.db").exists());
    }
}

/// T41: a store in memory is refused, with the reason.
#[test]
fn a_url_that_makes_no_sense_is_wrong_usage() {
    let cli = CliFixture::new();
    for (url, said) in [
        ("app.db", "did you mean --store sqlite:app.db?"),
        ("mysql://me:secret@h/d", "expected sqlite:PATH or postgres://user@host/database"),
        ("sqlite::memory:", "a store in memory is not durable: name a file"),
        ("sqlite:a.db?synchronous=off", "`synchronous=off` is not an option"),
    ] {
        let ran = cli.run(&["enqueue", "k", "--store", url]);
        assert_eq!(ran.code, 2, "{url}: {}", ran.stderr);
        assert!(ran.error().contains(said), "{}", ran.stderr);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
}

#[test]
fn a_place_that_cannot_be_reached_is_6() {
    let cli = CliFixture::new();
    let ran = cli.run(&["enqueue", "k", "--store", "sqlite:none/app.db"]);
    assert_eq!(ran.code, 6);
    assert!(ran.error().contains("there is no folder none"), "{}", ran.stderr);
    let ran = cli.run(&["status", "--json", "--store", "postgres://me:secret@127.0.0.1:1/d"]);
    assert_eq!(ran.code, 6);
    let problem = ran.problem();
    assert_eq!((&problem["code"], &problem["status"]), (&"unreachable".into(), &503.into()));
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_no_database_is_1() {
    let cli = CliFixture::new();
    cli.file("windlass.db", &b"this is not a database, ".repeat(100));
    let ran = cli.run(&["status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.error().contains("file is not a database"), "{}", ran.stderr);
}

#[test]
fn a_schema_that_does_not_fit_is_11() {
    let cli = CliFixture::new();
    cli.file("windlass.db", b"");
    let ran = cli.run(&["status"]);
    assert_eq!(ran.code, 11);
    assert!(ran.error().contains("run `windlass migrate`"), "{}", ran.stderr);
    assert_eq!(cli.run(&["migrate", "status"]).code, 11);
    cli.ok(&["migrate"]);
    assert_eq!(cli.run(&["migrate", "status"]).code, 0);
    rusqlite::Connection::open(cli.path("windlass.db"))
        .and_then(|connection| connection.execute("update windlass_schema set version = 99", []))
        .expect("the version is changed");
    for args in [&["status"][..], &["enqueue", "k"], &["migrate"]] {
        let ran = cli.run(args);
        assert_eq!(ran.code, 11, "{args:?}");
        assert!(ran.error().contains("newer than this program knows"), "{}", ran.stderr);
    }
}

#[test]
fn migrating_again_changes_nothing() {
    let cli = CliFixture::new();
    let first = cli.json(&["migrate"]);
    let second = cli.json(&["migrate", "up"]);
    assert!(first["applied"].as_u64() >= Some(1));
    assert_eq!((&second["schema"], &second["applied"]), (&"migration.v1".into(), &0.into()));
    assert!(cli.ok(&["migrate"]).contains("is up to date"));
}

#[test]
fn the_environment_names_the_store_and_the_option_wins() {
    let cli = CliFixture::new();
    cli.ok(&["migrate", "--store", "sqlite:other.db"]);
    let code = |args: &[&str]| {
        let mut command = cli.command(args);
        super::fixture::Ran::of(command.env("WINDLASS_STORE", "sqlite:other.db")).code
    };
    assert_eq!(code(&["status"]), 0);
    assert_eq!(code(&["status", "--store", "sqlite:none.db"]), 6);
}

#[test]
fn postgresql_answers_the_same_questions() {
    let (cli, database) = (CliFixture::new(), PostgresDatabase::fresh());
    let url = database.url();
    let ran = |args: &[&str]| cli.run(&[args, &["--store", &url]].concat());
    assert_eq!(ran(&["status"]).code, 11);
    assert_eq!(ran(&["enqueue", "k", "n=1", "--queue", "mail"]).code, 0);
    let list = ran(&["job", "list", "queue:mail", "--no-header"]);
    assert!(list.stdout.contains("\tk\tmail\tavailable\t0\t"), "{}", list.stdout);
    assert_eq!(ran(&["job", "cancel", "queue:mail", "--yes", "--expect", "1"]).code, 0);
    assert_eq!(ran(&["status"]).code, 0);
    assert_eq!(ran(&["publish", "order.paid", "order=42"]).code, 0);
    let list = ran(&["event", "list", "--no-header"]);
    assert!(
        list.stdout.starts_with("1\tevt_"),
        "no worker has given it its position: {}",
        list.stdout
    );
    assert_eq!(ran(&["publish", "order.paid", "order=43"]).code, 0);
    assert!(ran(&["event", "show", "2"]).stdout.contains(r#"{"order":43}"#));
}

#[test]
fn a_role_that_may_not_is_5() {
    let (cli, database) = (CliFixture::new(), PostgresDatabase::fresh());
    let url = with_user(&database.url(), "nobody_here");
    let ran = cli.run(&["status", "--store", &url]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.error().contains("nobody_here"), "{}", ran.stderr);
}

/// The URL with another user in it.
fn with_user(url: &str, user: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("postgres://{user}@{host}")
}
