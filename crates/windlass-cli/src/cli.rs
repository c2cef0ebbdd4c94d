//! The command line: one noun, one verb.

#[cfg(test)]
mod deploy;
#[cfg(test)]
mod reference;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::acts::Asked;
use crate::command;
use crate::exit::{Exit, Failure};
use crate::globals::GlobalArgs;
use crate::output::color::When;
use crate::output::problem::{self, Errors};

/// Examples stand before the options: they are what people look for.
const HELP: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}";

const EXAMPLES: &str = "\
Start with:
  windlass demo                                a tour on real files
  windlass enqueue mail.welcome user_id=42     one job
  windlass work                                run workers for windlass.toml
  windlass publish order.paid order=42         one event, for who subscribes
  windlass status                              how things are
  windlass job list state:dead                 what went wrong
  windlass doctor                              what to fix";

/// What `windlass` alone prints.
pub(crate) const FIRST_STEPS: &str = "\
windlass hauls work that must not be lost: durable jobs in SQLite or PostgreSQL.

  windlass demo                              a tour on real files
  windlass enqueue mail.welcome user_id=42   one job
  windlass work                              run workers for windlass.toml
  windlass status                            how things are
  windlass job list state:dead               what went wrong
  windlass doctor                            what to fix

All commands: windlass --help
";

/// Hauls work that must not be lost: durable jobs in SQLite or PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, disable_help_flag = true, before_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A tour on real files: work, a retry, a killed worker, and nothing is lost
    Demo(command::demo::Args),
    /// A worker and the HTTP API in one process, for who writes handlers
    Dev(command::dev::Args),
    /// Write one job
    Enqueue(Box<command::enqueue::Args>),
    /// Run workers for the handlers in windlass.toml
    Work(command::work::Args),
    /// How things are, in ten lines
    Status(command::status::Args),
    /// What jobs did over time: how many came, ended and failed, and how long they took
    Stats(command::stats::Args),
    /// How things are, live, on the whole terminal
    Top(command::top::Args),
    /// List, show, retry, cancel, move and delete jobs
    Job(command::job::Args),
    /// Why a job is where it is, and what happens next; who gets an event, and why not
    Explain(command::explain::Args),
    /// Jobs and events as they come, until it is ended
    Tail(command::tail::Args),
    /// The tree of jobs and events that one of them belongs to, drawn
    Trace(command::trace::Args),
    /// List, pause and resume queues
    Queue(command::queue::Args),
    /// List, make, pause, preview and run schedules
    Schedule(command::schedule::Args),
    /// List, pause and resume kinds of jobs
    Kind(command::kind::Args),
    /// List, set and remove limits: how many run at once, rates, breakers
    Limit(command::limit::Args),
    /// What a job waits for, and what a person lets it pass
    Condition(command::condition::Args),
    /// Tell all who wait for a key that it has come
    Signal(command::signal::Args),
    /// Publish an event: say what has happened
    Publish(Box<command::publish::Args>),
    /// List and show events, and their types
    Event(command::event::Args),
    /// List, make, pause, explain and try subscriptions: which events become which jobs
    Subscription(command::subscription::Args),
    /// What Windlass tells of itself: list and mute alerts
    Alert(command::alert::Args),
    /// List, pause and reset sources: feeds that become events
    Source(command::source::Args),
    /// Jobs that belong together, and whether all of them have ended
    Batch(command::batch::Args),
    /// Jobs with names that wait for each other, drawn
    Workflow(command::workflow::Args),
    /// Operations over many jobs: watch, pause, stop and undo them
    Op(command::op::Args),
    /// Jobs that failed, by what they say
    Error(command::error::Args),
    /// Open a lane that stands still
    Lane(command::lane::Args),
    /// List workers, keep them from new work
    Worker(command::worker::Args),
    /// Look for problems and say what fixes them
    Doctor(command::doctor::Args),
    /// Write what somebody needs who helps you, without args, errors and secrets
    Bundle(command::bundle::Args),
    /// Make keys that args are encrypted with, and see which are in use
    Key(command::key::Args),
    /// Make, list and remove tokens: programs that may use the HTTP API
    Token(command::token::Args),
    /// Add, list, change and remove users: people who may use the HTTP API
    User(command::user::Args),
    /// Who has done what, and whether that list is whole
    Audit(command::audit::Args),
    /// What a code of a problem means, and what to do
    Docs(command::docs::Args),
    /// Serve the HTTP API
    Serve(command::serve::Args),
    /// Write jobs or events as lines of JSON
    Export(command::export::Args),
    /// Read lines of jobs and events, each of which is there once
    Import(command::import::Args),
    /// Ask a question in SQL, which writes nothing
    Sql(command::sql::Args),
    /// Write all that the store holds to a file
    Backup(command::backup::Args),
    /// Bring a store back to what a file has
    Restore(command::restore::Args),
    /// Move all that one store holds into another one
    Move(command::move_store::Args),
    /// Hold a worker of any language against the worker protocol, with faults
    Conformance(command::conformance::Args),
    /// Bring the store's schema up to date
    Migrate(command::migrate::Args),
    /// Measure this machine and this store
    Bench(command::bench::Args),
    /// Print a script that completes commands in a shell
    Completions(command::completions::Args),
}

/// The whole command line with its help in our order.
pub(crate) fn definition() -> clap::Command {
    with_template(Cli::command())
}

fn with_template(command: clap::Command) -> clap::Command {
    command.help_template(HELP).mut_subcommands(with_template)
}

/// Reads the command line, and which act it is. Help, versions and errors are printed here; they end the program.
pub(crate) fn parse() -> Result<(Cli, Option<Asked>), Exit> {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let guarded = words.iter().map(|word| guard_negation(word));
    let matches =
        definition().try_get_matches_from(std::iter::once("windlass".to_owned()).chain(guarded));
    let read = |matches: ArgMatches| {
        let asked = Asked::by(&matches, &words);
        Ok((Cli::from_arg_matches(&matches)?, asked))
    };
    matches.and_then(read).map_err(|error| {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                // A reader that went away does not want the help.
                let _ = error.print();
                Exit::Done
            }
            _ => problem::report(
                &Failure::usage(in_one_line(&error, &words)).into(),
                asked_for(&words),
            ),
        }
    })
}

/// A negated filter term such as `-queue:bulk` begins as an option does; behind a space, which
/// filters ignore, it does not.
fn guard_negation(word: &str) -> String {
    let name = word.strip_prefix('-').and_then(|term| term.split_once(':')).map(|(name, _)| name);
    // Behind a dot stands a path.
    let name = name.map(|name| name.split_once('.').map_or(name, |(name, _)| name));
    let is_term =
        name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()));
    if is_term { format!(" {word}") } else { word.to_owned() }
}

/// How errors are to be shown, on a command line that could not be read.
fn asked_for(words: &[String]) -> Errors {
    const JOINED: [&str; 4] = ["--json", "-ojson", "-o=json", "--output=json"];
    let apart = |pair: &[String]| matches!(pair, [o, json] if (o == "-o" || o == "--output") && json == "json");
    let asked = words.iter().any(|word| JOINED.contains(&word.as_str()));
    if asked || words.windows(2).any(apart) {
        Errors::Documents
    } else {
        Errors::Lines(color_of(words))
    }
}

/// The colour asked for there, if it can be told.
fn color_of(words: &[String]) -> When {
    let apart = words.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1].as_str());
    let joined = words.iter().filter_map(|word| word.strip_prefix("--color="));
    let asked = apart.chain(joined).next_back();
    asked.and_then(|word| When::from_str(word, false).ok()).unwrap_or(When::Auto)
}

/// The parser's report on one line: what is wrong, what may have been meant, where help is.
fn in_one_line(error: &clap::Error, words: &[String]) -> String {
    let help = format!("see `{} --help`", command_of(words));
    if matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return format!("a command is missing; {help}");
    }
    let text = error.render().to_string();
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        let line = line.strip_prefix("error: ").or(line.strip_prefix("tip: ")).unwrap_or(line);
        match parts.last_mut() {
            Some(last) if last.ends_with(':') || line.starts_with('[') => {
                last.push(' ');
                last.push_str(line);
            }
            _ => parts.push(line.to_owned()),
        }
    }
    parts.push(help);
    parts.join("; ")
}

/// The command that was meant, as far as its words are known, such as `windlass job list`.
fn command_of(words: &[String]) -> String {
    let mut command = definition();
    let mut name = "windlass".to_owned();
    for word in words {
        let Some(next) = command.find_subcommand(word).cloned() else { continue };
        name = format!("{name} {word}");
        command = next;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        definition().debug_assert();
    }

    #[test]
    fn a_wrong_word_gets_a_suggestion_on_one_line() {
        let words = ["job", "lst"].map(str::to_owned);
        let error = definition()
            .try_get_matches_from(
                std::iter::once("windlass").chain(words.iter().map(String::as_str)),
            )
            .expect_err("wrong");
        assert_eq!(
            in_one_line(&error, &words),
            "unrecognized subcommand 'lst'; a similar subcommand exists: 'list'; see `windlass job --help`"
        );
    }
}
