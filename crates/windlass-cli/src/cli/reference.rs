//! `docs/cli.md`: the reference of the command line, written from its definition.

mod words;

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, iter};

use clap::{Arg, Command};

use self::words::{cell, list, prose, sentence};
use super::definition;

const HEAD: &str = "# Command line: reference

Written from the definition of the commands; a test fails when the two differ. The same stands in `windlass COMMAND --help`, and
`windlass completions SHELL` prints a script that completes all of it.

A command is a noun and a verb, such as `windlass job list`. `<NAME>` has to be given, `[NAME]` may be left out, `…` stands behind
what may be given several times. With `--json` a command prints one document, and a failure is a problem document on stderr.
";

/// The reference is that of the definition. `WINDLASS_WRITE_CLI=1` writes it again.
#[test]
fn the_reference_is_that_of_the_definition() {
    let expected = reference();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    if std::env::var_os("WINDLASS_WRITE_CLI").is_some() {
        fs::write(&file, &expected).expect("written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "docs/cli.md is not what the command line says; write it with WINDLASS_WRITE_CLI=1, and look at what changes"
    );
}

#[test]
fn every_command_and_option_is_in_the_reference() {
    let text = reference();
    for command in iter::once(whole()).flat_map(|root| all(&root)) {
        let name = called(&command);
        assert!(text.contains(&format!("# {name}\n")), "{name} has no section");
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
        for option in shown.filter_map(Arg::get_long) {
            assert!(text.contains(&format!("`--{option}")), "{name}: --{option}");
        }
    }
}

/// The commands with the names that they are called by.
fn whole() -> Command {
    let mut root = definition();
    root.build();
    root
}

/// A command and all below it.
fn all(command: &Command) -> Vec<Command> {
    let below = verbs(command).flat_map(all);
    iter::once(command.clone()).chain(below).collect()
}

/// The commands below one; `help` is the same everywhere.
fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    let shown = |command: &&Command| command.get_name() != "help" && !command.is_hide_set();
    command.get_subcommands().filter(shown)
}

fn reference() -> String {
    let root = whole();
    let mut text = HEAD.to_owned();
    text.push_str("\n## Commands\n\n| command | |\n|---|---|\n");
    for command in verbs(&root) {
        let below: Vec<String> = verbs(command).map(link).collect();
        let about = cell(&about(command));
        let below =
            if below.is_empty() { below.concat() } else { format!(": {}", below.join(", ")) };
        let _ = writeln!(text, "| {} | {about}{below} |", link(command));
    }
    text.push_str("\n## windlass\n");
    text.push_str(&usage(&root));
    text.push_str("\nAlone it prints the first steps.\n");
    text.push_str("\n## Global options\n\nBehind every command.\n");
    text.push_str(&rows("option", root.get_arguments().filter(|arg| !arg.is_positional())));
    text.push_str(&environment(&root));
    text.push_str(&exit_codes());
    for command in verbs(&root) {
        text.push_str(&section("##", command));
    }
    text
}

/// A command's name in the index, which leads to its section.
fn link(command: &Command) -> String {
    let whole = called(command);
    format!("[`{}`](#{})", command.get_name(), whole.replace(' ', "-"))
}

/// What somebody types for it; only those below the first have a whole name.
fn called(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn section(level: &str, command: &Command) -> String {
    let name = called(command);
    let mut text = format!("\n{level} {name}\n\n{}\n", sentence(&about(command)));
    text.push_str(&usage(command));
    for more in [command.get_before_help(), command.get_after_help()].into_iter().flatten() {
        text.push_str(&prose(&more.to_string()));
    }
    let own = || command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set());
    text.push_str(&rows("argument", own().filter(|arg| arg.is_positional())));
    text.push_str(&rows("option", own().filter(|arg| !arg.is_positional())));
    for verb in verbs(command) {
        text.push_str(&section(&format!("{level}#"), verb));
    }
    text
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace("...", "…");
    format!("\n```text\n{usage}\n```\n")
}

/// A table of arguments, where there are any.
fn rows<'a>(what: &str, args: impl Iterator<Item = &'a Arg>) -> String {
    let rows: String = args.map(row).collect();
    if rows.is_empty() { rows } else { format!("\n| {what} | |\n|---|---|\n{rows}") }
}

fn row(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut told = vec![sentence(&help)];
    // Of a switch clap knows values too, which nobody gives.
    if arg.get_action().takes_values() {
        let values = arg.get_possible_values();
        let names = values
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| value.get_name().to_owned());
        told.extend(list("One of", names));
        let unless =
            arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
        told.extend(list("Unless given:", unless));
    }
    told.extend(list(
        "Environment:",
        arg.get_env().map(|name| name.to_string_lossy().into_owned()),
    ));
    format!(
        "| {short}`{}` | {} |\n",
        arg.to_string().replace("...", "…").replace('|', "\\|"),
        cell(&told.join(" "))
    )
}

/// The variables that stand for options, and where.
fn environment(root: &Command) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for command in all(root) {
        // Global options are those of each command, too.
        let below = command.get_name() != root.get_name();
        for arg in command.get_arguments().filter(|arg| !(below && arg.is_global_set())) {
            let Some(name) = arg.get_env() else { continue };
            let of = if arg.is_global_set() {
                String::new()
            } else {
                format!(" of `{}`", called(&command))
            };
            rows.push((
                name.to_string_lossy().into_owned(),
                format!("`--{}`{of}", arg.get_long().unwrap_or_default()),
            ));
        }
    }
    let rows: String = rows
        .iter()
        .map(|(name, option)| format!("| `{name}` | Instead of {option}. |\n"))
        .collect();
    format!("\n## Environment\n\n| variable | |\n|---|---|\n{rows}{OTHERS}")
}

/// What is read without an option; the pages say more.
const OTHERS: &str = "| `WINDLASS_KEYS` | The [keys](encryption.md) that args are encrypted with. |
| `PGPASSWORD` | The password of a PostgreSQL server, where the URL of the store has none. |
| `WINDLASS_LOG` | What `work`, `serve` and `dev` log, such as `debug`. |
| `WINDLASS_ACTOR` | Who the [audit](audit.md) says has done it; the system's user unless given. |
| `NO_COLOR`, `CLICOLOR_FORCE` | Instead of `--color`. |
| `COLUMNS` | How wide a table may be; as wide as the terminal unless given. |

What a program is given that a worker starts: [without Rust](without-rust.md).
";

/// The table of `exit.rs`, without where in the code each comes from.
fn exit_codes() -> String {
    let rows = include_str!("../exit.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let coded = cells.filter(|cells| cells.first().is_some_and(|code| code.parse::<u8>().is_ok()));
    let rows: String = coded.map(|cells| format!("| {} | {} |\n", cells[0], cells[1])).collect();
    assert!(rows.lines().count() > 10, "the table of exit.rs: {rows}");
    format!("\n## Exit codes\n\nThey do not change.\n\n| code | when |\n|---|---|\n{rows}")
}
