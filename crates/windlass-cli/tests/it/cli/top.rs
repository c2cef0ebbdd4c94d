//! `windlass top`: one picture as text and as a document, and the whole of it on a terminal of a test's own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::fixture::CliFixture;
use crate::terminal::pair;
use crate::work_fixture::until;

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let cli = CliFixture::with_jobs();
    let ran = cli.run(&["top"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_eq!(
        ran.error(),
        "windlass: top draws on a terminal, and there is none; use `windlass status`, or `windlass top --once` for one picture"
    );
}

#[test]
fn one_picture_is_printed_as_text() {
    let cli = CliFixture::with_jobs();
    cli.ok(&["queue", "pause", "crm", "--note", "vendor is down"]);
    let picture = cli.ok(&["top", "--once"]);
    for part in [
        "  windlass · sqlite:windlass.db · SQLite ",
        "  ● 0 running of 0 slots · ✗ 1 dead · 1 available · oldest ",
        "\n  PROBLEMS 1\n! dying       bad: 1 job, the last ",
        "\n  QUEUES 4          RUNNING  RATE/s  AVAILABLE   OLDEST  P99 WAIT   DEAD  TREND\n! mail ",
        "\n! crm                     0       –          0        –         –      0\n",
        "\n  media                   0       –          0        –         –      1\n",
        "\n  no job runs\n",
        "\n  no worker is registered; start one: windlass work\n",
    ] {
        assert!(picture.contains(part), "{part:?} is not in\n{picture}");
    }
    assert!(picture.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn one_picture_is_a_document() {
    let cli = CliFixture::with_jobs();
    let id = cli.id("state:dead");
    let top = cli.json(&["top"]);
    assert_eq!((&top["schema"], &top["exact"]), (&"top.v1".into(), &true.into()));
    assert_eq!((&top["jobs"]["dead"], &top["jobs"]["running"]), (&1.into(), &0.into()));
    assert_eq!(top["problems"][0]["aspect"], "dying");
    assert_eq!(top["problems"][0]["about"]["job"], id.as_str());
    let queues = top["queues"].as_array().expect("queues");
    let mail = queues.iter().find(|queue| queue["name"] == "mail").expect("it is there");
    assert_eq!((&mail["available"], &mail["running"]), (&1.into(), &0.into()));
    assert_eq!((&mail["limit"], &mail["rate_per_second"]), (&().into(), &().into()));
}

#[test]
fn a_filter_narrows_what_is_printed() {
    let cli = CliFixture::with_jobs();
    let top = cli.json(&["top", "queue:m*"]);
    let names: Vec<_> = top["queues"].as_array().expect("queues").iter().collect();
    assert_eq!(names.len(), 2);
    assert_eq!(top["filter"], "queue:m*");
    let ran = cli.run(&["top", "--once", "stat:dead"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("did you mean `state`?"), "{}", ran.stderr);
}

#[test]
fn a_store_that_is_not_there_and_a_wrong_interval_are_told() {
    let cli = CliFixture::new();
    assert_eq!(cli.run(&["top", "--once"]).code, 6);
    for every in ["10ms", "2h", "soon"] {
        assert_eq!(cli.run(&["top", "--once", "--every", every]).code, 2, "{every}");
    }
}

/// A queue is paused by keys, and that is entered as the act that the command would be.
#[test]
fn on_a_terminal_keys_act_and_q_gives_it_back() {
    let cli = CliFixture::with_jobs();
    let mut top = Top::of(cli.command(&["top", "queue:mail"]));
    until("it is drawn", || top.shown().contains("QUEUES"));
    top.press("p");
    top.press("y");
    let is_paused = || {
        let queues = cli.json(&["queue", "list"]);
        let queues = queues.as_array().expect("queues").clone();
        queues.iter().any(|queue| queue["name"] == "mail" && !queue["paused_at"].is_null())
    };
    until("the queue is paused", is_paused);
    let acts = || cli.json(&["audit", "list"]).to_string();
    until("the act is entered", || acts().contains("windlass queue pause mail"));
    assert!(acts().contains("queues.pause") && acts().contains("queues/mail"), "{}", acts());
    top.press("q");
    assert_eq!(top.end(), Some(0));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let cli = CliFixture::with_jobs();
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        let mut top = Top::of(cli.command(&["top"]));
        until("it is drawn", || top.shown().contains("QUEUES"));
        top.signal(signal);
        assert_eq!(top.end(), Some(0), "signal {signal}");
    }
}

/// A terminal of 80 columns and 24 rows with `top` on it.
struct Top {
    child: Child,
    /// The test's end of it.
    keys: File,
    /// The end of the program, which tells how it is set.
    terminal: OwnedFd,
    before: libc::tcflag_t,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Top {
    fn of(mut command: Command) -> Self {
        let (master, terminal) = pair();
        let end = || Stdio::from(terminal.try_clone().expect("another one"));
        let before = local_flags(&terminal);
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .env("TERM", "xterm-256color")
            .spawn()
            .expect("it starts");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut screen = master.try_clone().expect("another one");
        let all = Arc::clone(&shown);
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4_096];
            while let Ok(read @ 1..) = screen.read(&mut part) {
                let mut all = all.lock().expect("nobody panicked");
                all.extend(&part[..read]);
                if all.ends_with(END) {
                    break;
                }
            }
        });
        Self { child, keys: master, terminal, before, shown, reader: Some(reader) }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("nobody panicked")).into_owned()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
    }

    fn signal(&self, signal: libc::c_int) {
        let id = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: the child has not been waited for, so that its id is its own.
        assert_eq!(unsafe { libc::kill(id, signal) }, 0);
    }

    /// Waits for its end; the terminal must be as it was, on its first screen and with its cursor.
    fn end(&mut self) -> Option<i32> {
        let status = self.child.wait().expect("it ends");
        self.keys_after_end();
        let shown = self.shown();
        let (taken, given) = (shown.rfind("\u{1b}[?1049h"), shown.rfind("\u{1b}[?1049l"));
        assert!(taken.is_some() && taken < given, "the other screen was not left: {shown:?}");
        assert!(shown.rfind("\u{1b}[?25l") < shown.rfind("\u{1b}[?25h"), "no cursor: {shown:?}");
        assert_eq!(local_flags(&self.terminal), self.before, "keys are not read line by line");
        status.code()
    }

    /// Reads what is left.
    fn keys_after_end(&mut self) {
        let mut end = File::from(self.terminal.try_clone().expect("another one"));
        end.write_all(END).expect("it is read");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it ends");
        }
    }
}

/// What the test itself writes behind all that the program has written.
const END: &[u8] = b"<the end>";

impl Drop for Top {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a terminal treats keys.
fn local_flags(terminal: &OwnedFd) -> libc::tcflag_t {
    // SAFETY: all zeros are a value of it.
    let mut termios: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the struct is written before it returns 0.
    let result = unsafe { libc::tcgetattr(terminal.as_raw_fd(), &raw mut termios) };
    assert_eq!(result, 0, "a terminal");
    termios.c_lflag
}
