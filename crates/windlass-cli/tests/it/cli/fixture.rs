//! A folder of a test's own, and the binary run in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::work_fixture::until;

/// Handlers whose ends are known: `good` completes, `bad` is dead at once, `flaky` is retried
/// much later, `slow` runs until it is stopped.
const HANDLERS: &str = r#"
[[handler]]
kind = "good"
queue = "mail"
exec = ["sh", "-c", "echo '{\"sent\":true}' > $WINDLASS_RESULT_FILE"]
[[handler]]
kind = "bad"
queue = "media"
exec = ["sh", "-c", "echo 'Decode: unexpected end of file' >&2; exit 65"]
[[handler]]
kind = "flaky"
queue = "crm"
exec = ["sh", "-c", "echo 'connection refused' >&2; exit 3"]
[[handler]]
kind = "slow"
queue = "slow"
exec = ["sleep", "600"]
"#;

/// A folder with handlers and, once something was enqueued, a store.
#[derive(Debug)]
pub(super) struct CliFixture {
    folder: tempfile::TempDir,
}

/// How a command ended and what it printed.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A worker process, killed when it is dropped.
#[derive(Debug)]
pub(super) struct Working(Child);

impl CliFixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("windlass.toml"), HANDLERS).expect("the handlers");
        Self { folder }
    }

    /// A cli with a job in most states, told apart by their kinds.
    pub(super) fn with_jobs() -> Self {
        let cli = Self::new();
        for (kind, queue) in [("good", "mail"), ("bad", "media"), ("flaky", "crm")] {
            cli.ok(&["enqueue", kind, "n=1", "--queue", queue]);
        }
        cli.work_once();
        cli.ok(&["enqueue", "report.nightly", "--delay", "5h"]);
        cli.ok(&["enqueue", "good", "--queue", "mail", "--priority=-3"]);
        cli
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its name behind an @.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("a file");
        format!("@{name}")
    }

    /// The binary with these arguments, in this folder, as if by ana in a UTF-8 locale.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in [
            "WINDLASS_STORE",
            "WINDLASS_JOB_ID",
            "WINDLASS_LOG",
            "WINDLASS_KEYS",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "LC_ALL",
            "COLUMNS",
        ] {
            command.env_remove(name);
        }
        command.env("LANG", "C.UTF-8").env("USER", "ana");
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// The same with more in its environment.
    pub(super) fn run_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Ran {
        Ran::of(self.command(args).envs(environment.iter().copied()))
    }

    /// A command that is expected to succeed; what it printed.
    pub(super) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran.stdout
    }

    /// What a command prints as JSON.
    pub(super) fn json(&self, args: &[&str]) -> Value {
        let stdout = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&stdout).expect("a document")
    }

    /// The same as a table, as wide as asked.
    pub(super) fn table(&self, args: &[&str], columns: &str) -> String {
        let mut command = self.command(args);
        let ran = Ran::of(command.args(["-o", "table"]).env("COLUMNS", columns));
        redacted(&format!("{}{}", ran.stdout, self.without_folder(&ran.stderr)))
    }

    /// Each test has a folder of its own, also in what is said of it.
    fn without_folder(&self, text: &str) -> String {
        let folder = std::fs::canonicalize(self.folder.path()).expect("a folder");
        text.replace(&folder.display().to_string(), "FOLDER")
    }

    /// A command with this on its stdin.
    pub(super) fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        // A command that has read enough closes its stdin.
        let _ = child.stdin.take().expect("piped").write_all(stdin);
        Ran::from(child.wait_with_output().expect("it ends"))
    }

    /// Enqueues a job and gives its id.
    pub(super) fn enqueue(&self, kind: &str, queue: &str) -> String {
        let line = self.ok(&["enqueue", kind, "--queue", queue]);
        line.split('\t').next().expect("an id").to_owned()
    }

    /// The id of a job that matches.
    pub(super) fn id(&self, filter: &str) -> String {
        let jobs = self.json(&["job", "list", filter]);
        jobs[0]["id"].as_str().expect("a job").to_owned()
    }

    /// Runs what is due.
    pub(super) fn work_once(&self) {
        self.ok(&["work", "--once"]);
    }

    /// Starts a worker.
    pub(super) fn work(&self) -> Working {
        let mut command = self.command(&["work"]);
        Working(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
    }
}

impl Working {
    /// How it ends by itself.
    pub(super) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the worker ends", || {
            status = self.0.try_wait().expect("it is ours");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ran {
    pub(super) fn of(command: &mut Command) -> Self {
        command.output().expect("it runs").into()
    }

    /// The error as one line, which it must be.
    pub(super) fn error(&self) -> &str {
        let line = self.stderr.trim_end_matches('\n');
        assert!(line.starts_with("windlass: ") && !line.contains('\n'), "{:?}", self.stderr);
        line
    }

    /// The error as a problem document.
    pub(super) fn problem(&self) -> Value {
        serde_json::from_str(&self.stderr).expect("a problem document")
    }
}

impl From<std::process::Output> for Ran {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().expect("it was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// The text with what differs from run to run replaced, by something of the same width where
/// columns depend on it.
pub(super) fn redacted(text: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let mut redacted = String::new();
    let is_part = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    let mut rest = text;
    let mut before = "";
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let bare = word.trim_end_matches(':');
        redacted.push_str(&match before {
            "SQLite" => "VERSION".to_owned(),
            _ => stand_in(bare, host),
        });
        redacted.push_str(&word[bare.len()..]);
        before = bare;
        let gap = behind.find(is_part).unwrap_or(behind.len());
        redacted.push_str(&behind[..gap]);
        rest = &behind[gap..];
    }
    without_sizes(&redacted)
}

/// `73 kB` as `SIZE`.
fn without_sizes(text: &str) -> String {
    match text.split_once(" kB") {
        Some((before, behind)) => {
            let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            format!("{before}SIZE{behind}")
        }
        None => text.to_owned(),
    }
}

fn stand_in(word: &str, host: &str) -> String {
    let is_id =
        word.len() == 30 && ["job_", "wkr_", "evt_"].iter().any(|prefix| word.starts_with(prefix));
    let is_time = word.len() == 24 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_span = !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit() || c == '.')
        && ["ms", "s"].contains(&&word[number.len()..]);
    match word {
        _ if is_id => format!("{}{}", &word[..4], "X".repeat(26)),
        _ if is_time => "2026-01-01T00:00:00.000Z".to_owned(),
        _ if is_span => "SPAN".to_owned(),
        _ if word.starts_with(&format!("{host}:")) => "WORKER".to_owned(),
        _ if word == host => "HOST".to_owned(),
        _ => word.to_owned(),
    }
}
