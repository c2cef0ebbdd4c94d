//! Acts of the command line: what a person does with it is entered in the audit, as what is done over HTTP is.

pub(crate) mod declared;

use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use clap::ArgMatches;
use serde_json::{Value, json};
use windlass::StoreError;
use windlass::audit::{Act, Via};
use windlass::store::{Now, Store};
use windlass::token::{Grant, Scope};
use windlass_http::Caller;
use windlass_http::audit::{Change, Objects};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::store;

/// A command that is an act: its noun and verb, what it is called in the audit, and which argument names its object.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// All commands that change what is there. What only brings data, such as `enqueue`, is none.
const ACTS: [Row; 56] = [
    ("alert", "mute", "alerts.mute", "name"),
    ("alert", "unmute", "alerts.unmute", "name"),
    ("batch", "cancel", "batches.cancel", "batch"),
    ("batch", "retry", "batches.retry", "batch"),
    ("batch", "seal", "batches.seal", "batch"),
    ("condition", "waive", "jobs.waive", "job"),
    ("event", "keep", "events.put_keep", "at_least"),
    ("event", "renew", "events.renew", NO_ARGUMENT),
    ("job", "cancel", "jobs.cancel", "words"),
    ("job", "delete", "jobs.delete", "words"),
    ("job", "move", "jobs.move", "words"),
    ("job", "retry", "jobs.retry", "words"),
    ("kind", "pause", "kinds.pause", "kind"),
    ("kind", "resume", "kinds.resume", "kind"),
    ("lane", "open", "lanes.open", "lane"),
    ("limit", "close", "limits.close", "on"),
    ("limit", "remove", "limits.remove", "on"),
    ("limit", "set", "limits.set", "on"),
    ("op", "pause", "operations.pause", "operation"),
    ("op", "resume", "operations.resume", "operation"),
    ("op", "stop", "operations.stop", "operation"),
    ("op", "undo", "operations.undo", "operation"),
    ("queue", "age", "queues.age", "name"),
    ("queue", "bound", "queues.bound", "name"),
    ("queue", "pause", "queues.pause", "name"),
    ("queue", "resume", "queues.resume", "name"),
    ("queue", "unbound", "queues.unbound", "name"),
    ("schedule", "add", "schedules.put", "name"),
    ("schedule", "pause", "schedules.pause", "name"),
    ("schedule", "remove", "schedules.remove", "name"),
    ("schedule", "resume", "schedules.resume", "name"),
    ("schedule", "run", "schedules.run_now", "name"),
    ("source", "close", "sources.close_gaps", "name"),
    ("source", "pause", "sources.pause", "name"),
    ("source", "quarantine", "sources.discard_quarantine", "discard"),
    ("source", "reimport", "sources.reimport", "name"),
    ("source", "remove", "sources.remove", "name"),
    ("source", "reset", "sources.reset", "name"),
    ("source", "resume", "sources.resume", "name"),
    ("subscription", "add", "subscriptions.put", "name"),
    ("subscription", "pause", "subscriptions.pause", "name"),
    ("subscription", "remove", "subscriptions.remove", "name"),
    ("subscription", "replay", "subscriptions.replay", "name"),
    ("subscription", "resume", "subscriptions.resume", "name"),
    ("subscription", "undo", "subscriptions.undo_replay", "name"),
    ("token", "create", "tokens.create", "name"),
    ("token", "remove", "tokens.remove", "name"),
    ("user", "change", "users.change", "name"),
    ("user", "create", "users.create", "name"),
    ("user", "remove", "users.remove", "name"),
    ("user", "sign-out", "users.end_sessions", "name"),
    ("worker", "allow", "builds.allow", "program"),
    ("worker", "quiet", "workers.quiet", "worker"),
    ("worker", "require", "builds.require", "build"),
    ("worker", "resume", "workers.resume", "worker"),
    ("worker", "stop", "workers.stop", "worker"),
];
/// Workflows are batches, and named as these.
const WORKFLOWS: [Row; 2] = [
    ("workflow", "cancel", "workflows.cancel", "batch"),
    ("workflow", "retry", "workflows.retry", "workflow"),
];
const NO_ARGUMENT: &str = "";
/// What stands in the place of what is not for the audit.
const LEFT_OUT: &str = "…";

/// An act that a command line asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    action: &'static str,
    target: String,
    command: String,
}

impl Asked {
    /// What a command line asks for, where it is an act.
    pub(crate) fn by(matches: &ArgMatches, words: &[String]) -> Option<Self> {
        let (noun, of_noun) = matches.subcommand()?;
        let (verb, of_verb) = of_noun.subcommand()?;
        let (.., action, argument) =
            ACTS.into_iter().chain(WORKFLOWS).find(|row| (row.0, row.1) == (noun, verb))?;
        if matches!(of_verb.try_get_one::<bool>("dry_run"), Ok(Some(true))) {
            return None;
        }
        let values = raw(of_verb, argument);
        if argument != NO_ARGUMENT && values.is_empty() {
            return None;
        }
        let objects = action.split('.').next().unwrap_or_default();
        let target = match (argument, values.as_slice()) {
            (NO_ARGUMENT, _) => objects.to_owned(),
            ("at_least", _) => "events/keep".to_owned(),
            ("discard", _) => format!("{objects}/{}", raw(of_verb, "name").concat()),
            ("words", [one]) if one.starts_with("job_") => format!("{objects}/{one}"),
            ("words", _) => objects.to_owned(),
            ("build", [build, ..]) => {
                format!("{objects}/{}", build.split(' ').next().unwrap_or_default())
            }
            (_, values) => format!("{objects}/{}", values.concat()),
        };
        Some(Self { action, target, command: command(words, &raw(of_verb, "args")) })
    }

    /// What a key of `windlass top` asks for, as the command that does the same.
    pub(crate) const fn by_key(action: &'static str, target: String, command: String) -> Self {
        Self { action, target, command }
    }
}

fn raw(matches: &ArgMatches, argument: &str) -> Vec<String> {
    let values = matches.try_get_raw(argument).ok().flatten().into_iter().flatten();
    values.map(|value| value.to_string_lossy().into_owned()).collect()
}

/// The command line without the store's URL, which may have a password, and without args of jobs.
fn command(words: &[String], args: &[String]) -> String {
    let mut command = vec!["windlass".to_owned()];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--store" {
            words.next();
        } else if args.contains(word) {
            command.push(LEFT_OUT.to_owned());
        } else if !word.starts_with("--store=") {
            command.push(word.clone());
        }
    }
    command.join(" ")
}

/// An act that is being done.
pub(crate) struct Doing {
    asked: Asked,
    store: Option<Arc<dyn Store>>,
    before: Option<Value>,
}

impl Doing {
    /// Looks at the object before the command changes it.
    pub(crate) async fn begin(asked: Asked, globals: &Globals) -> Self {
        Self::begin_on(asked, store::existing(&globals.store).await.ok()).await
    }

    /// The same on a store that is open.
    pub(crate) async fn begin_on(asked: Asked, store: Option<Arc<dyn Store>>) -> Self {
        let before = look(store.as_ref(), &asked.target).await;
        Self { asked, store, before }
    }

    /// Enters the act once it is done. That it could not be entered is said, and does not undo it.
    pub(crate) async fn end(self, exit: Exit, globals: &Globals) {
        if !matches!(exit, Exit::Done | Exit::PartlyFailed) {
            return;
        }
        // A command may have made the store.
        let store = match &self.store {
            Some(store) => Some(Arc::clone(store)),
            None => store::existing(&globals.store).await.ok(),
        };
        let Some(store) = store else { return };
        if let Err(error) = self.enter(&store).await {
            globals.out.warn(&not_entered(&error));
        }
    }

    /// Enters the act, which is done.
    pub(crate) async fn enter(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let after = look(Some(store), &self.asked.target).await;
        let asked = Some(json!({ "command": self.asked.command }));
        let act = act(Via::Cli, self.asked.action, self.asked.target);
        let act = Change { asked, before: self.before, after }.of(act);
        store.add_act(&act, Now::Database).await.map(drop)
    }
}

/// An act of the user of this machine.
fn act(via: Via, action: &str, target: String) -> Act {
    Act {
        actor: user(),
        via,
        origin: machine(),
        action: action.to_owned(),
        target,
        asked: None,
        before: None,
        after: None,
    }
}

/// That an act was done and is not in the audit.
pub(crate) fn not_entered(error: &StoreError) -> String {
    format!("done, but it could not be entered in the audit: {error}")
}

/// The object that an act is done to: a noun, and a name in which anything may stand.
async fn look(store: Option<&Arc<dyn Store>>, target: &str) -> Option<Value> {
    let (noun, name) = target.split_once('/')?;
    Objects::of(Arc::clone(store?)).named(noun, name, &anybody()).await
}

/// Who sees every object.
fn anybody() -> Caller {
    Caller::new(user(), Grant::everywhere([Scope::Admin]))
}

fn machine() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Who sits there: as the machine says, and before that who became root.
fn user() -> String {
    let named = ["WINDLASS_ACTOR", "SUDO_USER", "USER", "LOGNAME"];
    let found = named.iter().filter_map(|name| std::env::var(name).ok());
    let found = found.into_iter().find(|name| !name.is_empty());
    found.or_else(owner).unwrap_or_else(|| "unknown".to_owned())
}

/// Whose process this is, as the list of the machine's users names them.
fn owner() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = users.find(|fields| fields.get(2) == Some(&uid.as_str()));
    Some(own.map_or(format!("uid {uid}"), |fields| fields[0].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands that only look, bring data or start something: whatever is added is here or among the acts.
    const NO_ACTS: [&str; 46] = [
        "alert list",
        "audit list",
        "audit verify",
        "batch list",
        "batch open",
        "batch show",
        "condition list",
        "docs problem",
        "error list",
        "error show",
        "event list",
        "event show",
        "event tail",
        "event types",
        "event verify",
        "export events",
        "export jobs",
        "job duplicates",
        "job list",
        "job show",
        "key list",
        "key new",
        "kind list",
        "lane list",
        "limit list",
        "migrate status",
        "migrate up",
        "op list",
        "op show",
        "op wait",
        "queue list",
        "schedule list",
        "schedule preview",
        "schedule show",
        "source list",
        "source show",
        "subscription backtest",
        "subscription explain",
        "subscription list",
        "subscription show",
        "token list",
        "user list",
        "worker list",
        "worker required",
        "workflow list",
        "workflow show",
    ];

    /// A command that is added is an act, or is named here as none.
    #[test]
    fn each_command_is_an_act_or_none() {
        let acts = ACTS.into_iter().chain(WORKFLOWS);
        let known: Vec<String> = acts.map(|row| format!("{} {}", row.0, row.1)).collect();
        for noun in
            crate::cli::definition().get_subcommands().filter(|noun| noun.get_name() != "bench")
        {
            for verb in noun.get_subcommands() {
                let name = format!("{} {}", noun.get_name(), verb.get_name());
                let is_known = known.contains(&name) || NO_ACTS.contains(&name.as_str());
                assert!(is_known, "`{name}` is neither among the acts nor among the others");
            }
        }
    }

    fn asked(words: &[&str]) -> Option<(String, String, String)> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let line = std::iter::once("windlass".to_owned()).chain(words.iter().cloned());
        let matches = crate::cli::definition().try_get_matches_from(line).expect("a command line");
        let asked = Asked::by(&matches, &words)?;
        Some((asked.action.to_owned(), asked.target, asked.command))
    }

    #[test]
    fn what_is_asked_for_is_told() {
        let of =
            |words: &[&str]| asked(words).map(|(action, target, _)| format!("{action} {target}"));
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(of(&["queue", "pause", "mail"]), told("queues.pause queues/mail"));
        assert_eq!(
            of(&["limit", "set", "queue:mail", "--running", "3"]),
            told("limits.set limits/queue:mail")
        );
        assert_eq!(
            of(&["job", "retry", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]),
            told("jobs.retry jobs/job_01KAHT5V3X5W9GNQ6D4R3ZCE7M")
        );
        assert_eq!(of(&["job", "retry", "state:dead"]), told("jobs.retry jobs"));
        assert_eq!(of(&["job", "retry", "state:dead", "--dry-run"]), None);
        assert_eq!(of(&["event", "keep", "7d"]), told("events.put_keep events/keep"));
        assert_eq!(of(&["event", "keep"]), None);
        assert_eq!(of(&["worker", "require", "shop 2.1.0"]), told("builds.require builds/shop"));
        assert_eq!(of(&["workflow", "cancel", "bat_1"]), told("workflows.cancel workflows/bat_1"));
        assert_eq!(of(&["queue", "list"]), None);
    }

    /// S-45 in small: neither the store's password nor args are kept.
    #[test]
    fn secrets_of_the_command_line_are_left_out() {
        let line = [
            "--store",
            "postgres://app:pw@db/app",
            "schedule",
            "add",
            "nightly",
            "0 2 * * *",
            "report",
            "pin=8251",
        ];
        let (.., command) = asked(&line).expect("an act");
        assert_eq!(command, "windlass schedule add nightly 0 2 * * * report …");
    }
}
