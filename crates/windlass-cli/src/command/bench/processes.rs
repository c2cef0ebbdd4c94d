//! Processes of a drain or a rendezvous: this same program, started again, all released at once.

use std::process::Stdio;
use std::time::Instant;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::as_worker::{Order, Said};
use super::signaller::WORDS;
use super::{Args, Finding, noop};

/// Lines of workers that wait to be read.
const LINES: usize = 1_024;

/// The processes. Dropping it kills them.
#[derive(Debug)]
pub(super) struct WorkerProcesses {
    members: Vec<Member>,
    hears: mpsc::Receiver<(usize, Heard)>,
    #[expect(dead_code, reason = "held, never asked: the readers end with the workers' stdout")]
    readers: JoinSet<()>,
}

#[derive(Debug)]
struct Member {
    child: Child,
    stdin: ChildStdin,
}

/// Something from a worker.
#[derive(Debug)]
enum Heard {
    Said(Said),
    /// Its stdout has ended.
    Gone,
}

impl WorkerProcesses {
    /// Starts the processes of a drain and waits until each has opened the store.
    pub(super) async fn start(args: &Args, url: &str) -> anyhow::Result<Self> {
        let (slots, steps) = (args.slots.to_string(), args.steps().to_string());
        let queue = noop::queue();
        let worker =
            ["bench", "drain", "--as-worker", &queue, "--slots", &slots, "--steps", &steps];
        Self::each(&vec![worker.map(str::to_owned).to_vec(); usize::from(args.processes)], url)
            .await
    }

    /// Starts the two processes of a rendezvous, likewise.
    pub(super) async fn signallers(args: &Args, url: &str) -> anyhow::Result<Self> {
        let (jobs, clients) = (args.jobs.to_string(), args.clients().to_string());
        let queue = noop::queue();
        let signaller = |word: &str| {
            let rendezvous = ["bench", "rendezvous", "--jobs", &jobs, "--clients", &clients];
            let role = ["--as-signaller", word, &queue];
            rendezvous.iter().chain(&role).map(|&word| word.to_owned()).collect::<Vec<_>>()
        };
        Self::each(&WORDS.map(signaller), url).await
    }

    async fn each(commands: &[Vec<String>], url: &str) -> anyhow::Result<Self> {
        let (says, hears) = mpsc::channel(LINES);
        let (mut members, mut readers) = (Vec::new(), JoinSet::new());
        for (number, command) in commands.iter().enumerate() {
            let (member, stdout) = Member::start(command, url).context("starting a process")?;
            members.push(member);
            readers.spawn(listen(number, stdout, says.clone()));
        }
        let mut processes = Self { members, hears, readers };
        for _ in 0..processes.members.len() {
            processes.next().await?;
        }
        Ok(processes)
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.members.iter().filter_map(|member| member.child.id()).collect()
    }

    /// Releases the workers and waits until they have completed so many jobs. Afterwards their
    /// workers have stopped, as the one of a single process has.
    pub(super) async fn drain(&mut self, jobs: u64) -> anyhow::Result<Finding> {
        let started = Instant::now();
        self.tell(&Order::Start).await?;
        let mut completed = vec![0; self.members.len()];
        while completed.iter().sum::<u64>() < jobs {
            let (number, said) = self.next().await?;
            if let (Some(total), Said::Completed { jobs }) = (completed.get_mut(number), said) {
                *total = jobs;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let times_ms = self.times_ms().await?;
        Ok(Finding::new(completed.iter().sum(), seconds, times_ms))
    }

    /// Has each do one more round, and waits until all have.
    pub(super) async fn round(&mut self) -> anyhow::Result<()> {
        self.tell(&Order::Start).await?;
        let mut left = self.members.len();
        while left > 0 {
            if let (_, Said::Completed { .. }) = self.next().await? {
                left -= 1;
            }
        }
        Ok(())
    }

    /// Lets all end and waits until they have.
    pub(super) async fn dismiss(self) -> anyhow::Result<()> {
        for Member { mut child, stdin } in self.members {
            drop(stdin);
            let status = child.wait().await?;
            anyhow::ensure!(status.success(), "a worker process ended with {status}");
        }
        Ok(())
    }

    /// Stops them; how long what they measure took.
    pub(super) async fn times_ms(&mut self) -> anyhow::Result<Vec<f64>> {
        self.tell(&Order::Stop).await?;
        let (mut all_ms, mut running) = (Vec::new(), self.members.len());
        while running > 0 {
            if let (_, Said::Stopped { claims_ms }) = self.next().await? {
                all_ms.extend(claims_ms);
                running -= 1;
            }
        }
        Ok(all_ms)
    }

    async fn tell(&mut self, order: &Order) -> anyhow::Result<()> {
        for member in &mut self.members {
            member.stdin.write_all(order.line().as_bytes()).await?;
        }
        Ok(())
    }

    /// The next word of any of them.
    async fn next(&mut self) -> anyhow::Result<(usize, Said)> {
        match self.hears.recv().await {
            Some((number, Heard::Said(said))) => Ok((number, said)),
            Some((_, Heard::Gone)) | None => {
                anyhow::bail!("a worker process ended early; stderr says why")
            }
        }
    }
}

impl Member {
    fn start(command: &[String], url: &str) -> anyhow::Result<(Self, ChildStdout)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(command)
            // Everybody may read arguments, and the URL may have a password.
            .env("WINDLASS_STORE", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("its stdin is a pipe")?;
        let stdout = child.stdout.take().context("its stdout is a pipe")?;
        Ok((Self { child, stdin }, stdout))
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
    // Nobody listens when this fails.
    let _ = says.send((number, Heard::Gone)).await;
}
