//! Help, wrong words, colours, pipes.

use std::process::Stdio;

use super::fixture::{CliFixture, Ran};

#[test]
fn windlass_alone_prints_the_first_steps() {
    let cli = CliFixture::new();
    insta::assert_snapshot!(cli.ok(&[]));
}

#[test]
fn help_begins_with_examples() {
    let cli = CliFixture::new();
    let help = |args: &[&str]| Ran::of(cli.command(args).env("COLUMNS", "100")).stdout;
    insta::assert_snapshot!("help", help(&["--help"]));
    insta::assert_snapshot!("help_job_list", help(&["job", "list", "--help"]));
    insta::assert_snapshot!("help_explain", help(&["explain", "--help"]));
}

#[test]
fn a_wrong_word_gets_a_suggestion() {
    let cli = CliFixture::new();
    let ran = cli.run(&["jobs"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.error(),
        "windlass: unrecognized subcommand 'jobs'; a similar subcommand exists: 'job'; see `windlass --help`"
    );
    let ran = cli.run(&["enqueue", "a", "--prioriti", "3"]);
    assert!(ran.error().contains("a similar argument exists: '--priority'"), "{}", ran.stderr);
    assert!(ran.error().ends_with("see `windlass enqueue --help`"), "{}", ran.stderr);
}

#[test]
fn wrong_usage_under_json_is_a_problem_document() {
    let cli = CliFixture::new();
    for args in [&["job", "lst", "--json"][..], &["job", "lst", "-o", "json"]] {
        let ran = cli.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        insta::assert_json_snapshot!("problem_usage", ran.problem());
    }
}

#[test]
fn completions_know_every_command() {
    let cli = CliFixture::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = cli.ok(&["completions", shell]);
        assert!(script.contains("doctor") && script.contains("enqueue"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let cli = CliFixture::with_jobs();
    let mut command = cli.command(&["completions", "bash"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn colour_is_used_when_asked_for_and_never_in_a_pipe() {
    let cli = CliFixture::with_jobs();
    let list = ["job", "list", "-o", "table"];
    let colored = |command: &mut std::process::Command| Ran::of(command).stdout.contains('\u{1b}');
    assert!(!colored(&mut cli.command(&list)));
    assert!(colored(cli.command(&list).args(["--color", "always"])));
    assert!(colored(cli.command(&list).env("CLICOLOR_FORCE", "1")));
    assert!(!colored(cli.command(&list).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(!colored(cli.command(&list).env("CLICOLOR_FORCE", "1").args(["--color", "never"])));
}

#[test]
fn glyphs_are_ascii_where_the_locale_has_no_others() {
    let cli = CliFixture::with_jobs();
    let mut command = cli.command(&["job", "list", "-o", "table"]);
    let ran = Ran::of(command.env("LANG", "C").env("COLUMNS", "90"));
    assert!(ran.stdout.is_ascii() && ran.stdout.contains("x dead"), "{}", ran.stdout);
}
