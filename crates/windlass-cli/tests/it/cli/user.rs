//! `windlass user`, on both stores.

use serde_json::json;

use super::archive::Stores;
use super::fixture::CliFixture;

on_both_stores! {
    /// A user is added with a password on the standard input, shown, changed and removed, and each of that is in the audit.
    a_user_is_added_changed_and_removed;
    /// S-14: tokens and users are limited to tags, and lists say so.
    a_tenant_has_a_tag;
    /// Bad input: who makes no sense is refused with what to do, and nothing is written.
    a_user_that_makes_no_sense_is_refused;
    /// S-39: a backup has users where it is asked for tokens, and no sessions.
    a_backup_has_users_where_it_is_asked;
}

const PASSWORD: &str = "correct horse battery";

fn create(stores: &Stores, args: &[&str], stdin: &str) -> (i32, String) {
    let url = stores.from.url();
    let args = [&["user", "create"], args, &["--store", &url]].concat();
    let ran = stores.cli.run_with_stdin(&args, stdin.as_bytes());
    (ran.code, ran.stderr)
}

fn users(stores: &Stores) -> serde_json::Value {
    let said = stores.ok(&["user", "list", "--json"], &stores.from.url());
    serde_json::from_str(&said).expect("a document")
}

fn a_user_is_added_changed_and_removed(stores: &Stores) {
    let url = &stores.from.url();
    let line = format!("{PASSWORD}\n");
    let ana = ["ana", "--role", "operator", "--queue", "mail"];
    assert_eq!(create(stores, &ana, &line).0, 0);
    assert_eq!(create(stores, &["eve", "--role", "viewer", "--no-password"], "").0, 0);
    let listed = users(stores);
    let (ana, eve) = (&listed[0], &listed[1]);
    assert_eq!((&ana["name"], &ana["role"]), (&json!("ana"), &json!("operator")));
    assert_eq!((&ana["queues"], &ana["has_password"]), (&json!(["mail"]), &json!(true)));
    assert_eq!((&eve["name"], &eve["has_password"]), (&json!("eve"), &json!(false)));
    stores.ok(&["user", "change", "ana", "--role", "viewer"], url);
    let ana = &users(stores)[0];
    assert_eq!((&ana["role"], &ana["queues"]), (&json!("viewer"), &json!(["mail"])), "limits stay");
    stores.ok(&["user", "change", "ana", "--everywhere"], url);
    let ana = &users(stores)[0];
    assert_eq!((&ana["role"], &ana["queues"]), (&json!("viewer"), &json!([])));
    let said = stores.ok(&["user", "sign-out", "ana", "--json"], url);
    assert!(said.contains(r#""sessions": 0"#), "{said}");
    stores.ok(&["user", "remove", "eve"], url);
    assert_eq!(users(stores).as_array().expect("a list").len(), 1);
    let audit = stores.ok(&["audit", "list", "--json"], url);
    for action in ["users.create", "users.change", "users.end_sessions", "users.remove"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    assert!(!audit.contains(PASSWORD) && !audit.contains("argon2"), "{audit}");
}

fn a_tenant_has_a_tag(stores: &Stores) {
    let url = &stores.from.url();
    let acme = [
        "token",
        "create",
        "acme",
        "--scope",
        "read",
        "--tag",
        "tenant:acme",
        "--tag",
        "vip",
        "--json",
    ];
    let made: serde_json::Value = serde_json::from_str(&stores.ok(&acme, url)).expect("a document");
    assert_eq!(made["tags"], json!(["tenant:acme", "vip"]));
    let listed = stores.ok(&["token", "list"], url);
    assert!(listed.contains("tag:tenant:acme,vip"), "{listed}");
    let ada = ["ada", "--role", "viewer", "--queue", "mail", "--tag", "tenant:acme"];
    assert_eq!(create(stores, &ada, &format!("{PASSWORD}\n")).0, 0);
    assert_eq!(users(stores)[0]["tags"], json!(["tenant:acme"]));
    let listed = stores.ok(&["user", "list"], url);
    assert!(listed.contains("queue:mail tag:tenant:acme"), "{listed}");
    stores.ok(&["user", "change", "ada", "--tag", "tenant:beta"], url);
    let ada = &users(stores)[0];
    assert_eq!((&ada["tags"], &ada["queues"]), (&json!(["tenant:beta"]), &json!(["mail"])));
    let both = stores.run(&["user", "change", "ada", "--everywhere", "--tag", "x"], url);
    assert_eq!(both.code, 2, "{}", both.stderr);
    stores.ok(&["user", "change", "ada", "--everywhere"], url);
    let ada = &users(stores)[0];
    assert_eq!((&ada["tags"], &ada["queues"]), (&json!([]), &json!([])));
    let pattern =
        stores.run(&["token", "create", "x", "--scope", "read", "--tag", "tenant:*"], url);
    assert!(pattern.code == 2 && pattern.stderr.contains("tenant:*"), "{}", pattern.stderr);
}

fn a_user_that_makes_no_sense_is_refused(stores: &Stores) {
    let url = &stores.from.url();
    for (args, stdin, expected) in [
        (&["ana"][..], PASSWORD, "say what they may: --role viewer, operator or admin"),
        (&["ana", "--role", "operater"], PASSWORD, "did you mean `operator`?"),
        (
            &["ana", "--role", "viewer"],
            "short\n",
            "a password has 12 to 1024 bytes; this one has 5",
        ),
        (&["", "--role", "viewer"], PASSWORD, "a user's name"),
    ] {
        let (code, said) = create(stores, args, stdin);
        assert_eq!(code, 2, "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    assert_eq!(create(stores, &["ana", "--role", "viewer"], PASSWORD).0, 0);
    let (code, said) = create(stores, &["ana", "--role", "admin"], PASSWORD);
    assert!(code == 4 && said.contains("already"), "{code} {said}");
    for args in [&["user", "change", "eve", "--role", "viewer"][..], &["user", "remove", "eve"]] {
        let ran = stores.run(args, url);
        assert!(ran.code == 3 && ran.stderr.contains("windlass user list"), "{}", ran.stderr);
    }
    let nothing = stores.run(&["user", "change", "ana"], url);
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);
    assert_eq!(users(stores)[0]["role"], "viewer");
}

fn a_backup_has_users_where_it_is_asked(stores: &Stores) {
    let url = &stores.from.url();
    assert_eq!(create(stores, &["ana", "--role", "viewer"], PASSWORD).0, 0);
    for (args, has) in
        [(&["backup", "a.windlass"][..], false), (&["backup", "b.windlass", "--with-tokens"], true)]
    {
        stores.ok(args, url);
        let text = std::fs::read_to_string(stores.cli.path(args[1])).expect("read");
        assert_eq!(text.contains("$argon2id$"), has, "{args:?}");
    }
    stores.ok(&["move", url, &stores.to.url()], url);
    let moved = stores.ok(&["user", "list"], &stores.to.url());
    assert!(moved.contains("ana"), "{moved}");
}

/// Where nothing else says who sits there, the audit has the name of whose process it was.
#[test]
fn who_is_not_named_by_the_environment_is_named_by_the_machine() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    let mut command = cli.command(&["queue", "pause", "mail"]);
    for name in ["WINDLASS_ACTOR", "SUDO_USER", "USER", "LOGNAME"] {
        command.env_remove(name);
    }
    assert!(command.status().expect("it runs").success());
    let own = std::process::Command::new("id").arg("-un").output().expect("it runs");
    let own = String::from_utf8(own.stdout).expect("a name");
    assert_eq!(cli.json(&["audit", "list"])[0]["actor"], own.trim());
}
