//! The demo's worker processes: this same program, started again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::DemoStore;
use super::worker::Said;

/// Lines of workers that wait to be heard.
const LINES: usize = 1_024;

/// Something from a worker, by its number.
#[derive(Debug)]
pub(super) enum Heard {
    /// It said something.
    Said(Said),
    /// It is gone.
    Gone,
}

/// The processes. Dropping it kills them.
#[derive(Debug)]
pub(super) struct WorkerProcesses {
    url: String,
    queue: String,
    folder: PathBuf,
    members: Vec<Member>,
    readers: JoinSet<()>,
    says: mpsc::Sender<(usize, Heard)>,
    hears: mpsc::Receiver<(usize, Heard)>,
}

#[derive(Debug)]
struct Member {
    child: Child,
    pid: u32,
    /// Closing it asks the worker to end.
    stdin: Option<ChildStdin>,
}

impl WorkerProcesses {
    pub(super) fn new(place: &DemoStore) -> Self {
        let (says, hears) = mpsc::channel(LINES);
        Self {
            url: place.url.clone(),
            queue: place.queue.clone(),
            folder: place.folder.clone(),
            members: Vec::new(),
            readers: JoinSet::new(),
            says,
            hears,
        }
    }

    /// Starts one more; its number, from 0.
    pub(super) fn hire(&mut self) -> io::Result<usize> {
        let number = self.members.len();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["demo", "--as-worker", &self.queue, "--store", &self.url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(self.log(number))?)
            // A Ctrl-C is for the demo, which then ends its workers.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            self.readers.spawn(listen(number, stdout, self.says.clone()));
        }
        let pid = child.id().unwrap_or_default();
        self.members.push(Member { child, pid, stdin });
        Ok(number)
    }

    /// The process id of one.
    pub(super) fn pid(&self, number: usize) -> u32 {
        self.members.get(number).map_or(0, |member| member.pid)
    }

    /// How many were ever started.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Kills one with SIGKILL: it gets no chance to hand anything back.
    pub(super) fn kill(&mut self, number: usize) -> io::Result<()> {
        match self.members.get_mut(number) {
            Some(member) => member.child.start_kill(),
            None => Ok(()),
        }
    }

    /// Waits for the next word of any of them.
    pub(super) async fn next(&mut self) -> (usize, Heard) {
        match self.hears.recv().await {
            Some(heard) => heard,
            // Never: this side holds a sender too.
            None => std::future::pending().await,
        }
    }

    /// The last thing one of them complained of.
    pub(super) fn last_words(&self, number: usize) -> String {
        let text = std::fs::read_to_string(self.log(number)).unwrap_or_default();
        text.lines().next_back().unwrap_or("it said nothing").to_owned()
    }

    /// Asks all to end and waits until they have.
    pub(super) async fn dismiss(&mut self) {
        for member in &mut self.members {
            member.stdin = None;
        }
        for member in &mut self.members {
            // One that was killed has been waited for here as well.
            let _ = member.child.wait().await;
        }
    }

    fn log(&self, number: usize) -> PathBuf {
        Path::new(&self.folder).join(format!("worker-{}.log", number + 1))
    }
}

async fn listen(number: usize, stdout: ChildStdout, says: mpsc::Sender<(usize, Heard)>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(said) = serde_json::from_str(&line) else { continue };
        if says.send((number, Heard::Said(said))).await.is_err() {
            return;
        }
    }
    // Nobody listens any more when this fails.
    let _ = says.send((number, Heard::Gone)).await;
}
