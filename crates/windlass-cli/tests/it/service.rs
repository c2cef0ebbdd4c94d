//! What systemd hears of `windlass work` and `windlass serve`, and what it hands over.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Output, Stdio};

use crate::terminal::pair;
use crate::work_fixture::{PATIENCE, WorkFixture, until};

/// systemd's end of a service.
struct Systemd {
    folder: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Systemd {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("bound");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        Self { folder, socket }
    }

    /// This command as a service of it, with a watchdog of this many milliseconds.
    fn service<'c>(&self, command: &'c mut Command, watchdog_ms: u32) -> &'c mut Command {
        command
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("WATCHDOG_USEC", (watchdog_ms * 1_000).to_string())
    }

    fn next(&self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).expect("a message in time");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Waits for a message that has this; all that came by then, it is the last one.
    fn until(&self, part: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while !heard.last().is_some_and(|message: &String| message.contains(part)) {
            heard.push(self.next());
        }
        heard
    }
}

/// A process that is killed when it is dropped.
struct Process(Child);

impl Process {
    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.0.id()).expect("a process id");
        // SAFETY: plain numbers; the child is ours and not yet waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "it is there");
    }

    fn ends_well(mut self) {
        assert!(self.0.wait().expect("waited for").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(command: &mut Command) -> Process {
    Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started"))
}

/// Once the start is done it is ready, then it is alive, a reload is answered, and its stop is told before it ends.
#[tokio::test]
async fn a_worker_tells_systemd_how_it_is() {
    let (fixture, systemd) = (WorkFixture::with_script("exit 0", "").await, Systemd::new());
    let work = started(systemd.service(&mut fixture.command(&[]), 100));
    assert!(systemd.next().starts_with("READY=1\nSTATUS=working\n"));
    hears_of_a_life(&systemd, work);
}

/// Everything between a start and an end.
fn hears_of_a_life(systemd: &Systemd, process: Process) {
    systemd.until("WATCHDOG=1");
    systemd.until("WATCHDOG=1");
    process.signal(libc::SIGHUP);
    let reloading = systemd.until("RELOADING=1").pop().expect("the last");
    let moment = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(moment.is_some_and(|moment| moment.parse::<u64>().is_ok()), "{reloading}");
    systemd.until("READY=1");
    systemd.until("WATCHDOG=1");
    process.signal(libc::SIGTERM);
    systemd.until("STOPPING=1");
    process.ends_well();
}

/// A server is ready when it is reached.
#[tokio::test]
async fn a_server_tells_systemd_how_it_is() {
    let (fixture, systemd) = (WorkFixture::with_script("exit 0", "").await, Systemd::new());
    let serve = started(systemd.service(&mut serve(&fixture), 100));
    let ready = systemd.until("READY=1").pop().expect("the last");
    let address = ready.lines().find_map(|line| line.strip_prefix("STATUS=serving http://"));
    assert!(TcpStream::connect(address.expect("where it serves")).is_ok());
    let workers = fixture.client().workers().await.expect("listed");
    assert_eq!(workers.iter().map(|one| one.slots).collect::<Vec<_>>(), [0], "it runs no jobs");
    hears_of_a_life(&systemd, serve);
}

/// `windlass serve` on a free port.
fn serve(fixture: &WorkFixture) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--store", &fixture.url()]);
    command.current_dir(fixture.path("tmp"));
    command
}

/// A supervisor is ready when all its workers are, who say nothing to systemd; a reload ends when it has.
#[tokio::test]
async fn a_supervisor_tells_systemd_how_all_are() {
    let (fixture, systemd) = (WorkFixture::with_script("exit 0", "").await, Systemd::new());
    let mut command = fixture.command(&["--processes", "2"]);
    let work = started(systemd.service(&mut command, 5_000));
    let heard = systemd.until("READY=1");
    assert!(heard.last().is_some_and(|last| last.contains("STATUS=2 of 2 workers")), "{heard:?}");
    let is_before = |part: &str| heard.iter().any(|message| message.contains(part));
    assert!(is_before("STATUS=1 of 2 workers"), "{heard:?}");
    work.signal(libc::SIGHUP);
    let heard = systemd.until("RELOADING=1");
    assert!(!heard.iter().any(|message| message.contains("READY=1")), "{heard:?}");
    let heard = systemd.until("READY=1");
    assert!(!heard.iter().any(|message| message.contains("0 of 2")), "{heard:?}");
    work.signal(libc::SIGTERM);
    systemd.until("STOPPING=1");
    work.ends_well();
}

/// What is said to a worker by its environment is not said to the programs that it runs.
#[tokio::test]
async fn programs_hear_nothing_of_systemd() {
    let script = "env > seen.part; mv seen.part seen";
    let (fixture, systemd) = (WorkFixture::with_script(script, "").await, Systemd::new());
    for args in [&[][..], &["--processes", "1"]] {
        fixture.enqueue("k", "null").await;
        let mut command = fixture.command(args);
        let work = started(systemd.service(&mut command, 5_000));
        until("it has run", || fixture.path("seen").exists());
        let seen = fixture.read("seen");
        assert!(seen.contains("WINDLASS_JOB_ID="), "{seen}");
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WINDLASS_SUPERVISED"] {
            assert!(!seen.contains(name), "{args:?}: {seen}");
        }
        work.signal(libc::SIGTERM);
        work.ends_well();
        std::fs::remove_file(fixture.path("seen")).expect("removed");
    }
}

/// A command that is handed this as its third file, as systemd does it.
fn handed(command: &Command, socket: OwnedFd, count: u32) -> Command {
    // LISTEN_PID is the process that the shell becomes.
    let mut shell = Command::new("sh");
    shell.args(["-c", "LISTEN_PID=$$ exec \"$@\"", "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env("LISTEN_FDS", count.to_string());
    shell.current_dir(command.get_current_dir().expect("a folder"));
    // SAFETY: only system calls that are safe between fork and exec; the socket lives in the closure.
    unsafe {
        shell.pre_exec(move || {
            for place in 3..3 + i32::try_from(count).unwrap_or(0) {
                if libc::dup2(socket.as_raw_fd(), place) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        })
    };
    shell
}

/// The socket that is handed over is served, whatever address is named.
#[tokio::test]
async fn a_server_serves_the_socket_it_is_handed() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("known");
    // Waits in the queue of the socket, since before the server has begun.
    let mut early = TcpStream::connect(address).expect("connected");
    let ask = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    early.write_all(ask.as_bytes()).expect("sent");
    let serve = started(&mut handed(&serve(&fixture), listener.into(), 1));
    let mut answer = String::new();
    early.set_read_timeout(Some(PATIENCE)).expect("set");
    early.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serve.signal(libc::SIGTERM);
    serve.ends_well();
}

/// What may not be served by its address may not be handed over either, nor what is not one socket of TCP.
#[tokio::test]
async fn a_socket_that_may_not_be_served_is_refused() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let run = |socket: OwnedFd, count: u32| -> (Option<i32>, String) {
        let Output { status, stderr, .. } =
            handed(&serve(&fixture), socket, count).output().expect("run");
        (status.code(), String::from_utf8_lossy(&stderr).into_owned())
    };
    let everywhere = TcpListener::bind("0.0.0.0:0").expect("bound");
    let (code, error) = run(everywhere.into(), 1);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("0.0.0.0 can be reached from elsewhere"), "{error}");
    let unix = UnixListener::bind(fixture.path("socket")).expect("bound");
    let (code, error) = run(unix.into(), 1);
    assert_eq!((code, error.lines().count()), (Some(2), 1), "{error}");
    assert!(error.contains("not one of TCP; write an address and a port"), "{error}");
    let two = TcpListener::bind("127.0.0.1:0").expect("bound");
    let (code, error) = run(two.into(), 2);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("2 sockets"), "{error}");
}

/// S-36: who runs it as root is warned, once, and nobody else.
#[tokio::test]
async fn root_is_warned_once() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    // SAFETY: a plain system call.
    let times = usize::from(unsafe { libc::geteuid() } == 0);
    let of_worker = fixture.command(&["--once"]).output().expect("run");
    assert_eq!(warnings(&of_worker.stderr), times);

    let systemd = Systemd::new();
    for command in [&mut fixture.command(&["--processes", "2"]), &mut serve(&fixture)] {
        let log = std::fs::File::create(fixture.path("log")).expect("a log");
        let command = systemd.service(command, 5_000).stdout(Stdio::null()).stderr(log);
        let process = Process(command.spawn().expect("started"));
        systemd.until("READY=1");
        process.signal(libc::SIGTERM);
        process.ends_well();
        let mut heard = Vec::new();
        std::fs::File::open(fixture.path("log"))
            .and_then(|mut log| log.read_to_end(&mut heard))
            .expect("read");
        assert_eq!(warnings(&heard), times, "{}", String::from_utf8_lossy(&heard));
    }
}

fn warnings(stderr: &[u8]) -> usize {
    String::from_utf8_lossy(stderr).matches("this runs as root").count()
}

/// What a program has written to its terminal, until this is in it.
fn read_until(terminal: &mut File, part: &str) {
    let (mut shown, mut bytes) = (String::new(), [0; 4_096]);
    while !shown.contains(part) {
        let read = terminal.read(&mut bytes).expect("it writes");
        shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

/// SIGHUP asks to reload at a terminal too, and to stop once that is closed.
#[tokio::test]
async fn a_terminal_that_closes_ends_what_runs_on_it() {
    let fixture = WorkFixture::with_script("exit 0", "").await;
    let (mut own, terminal) = pair();
    let mut command = serve(&fixture);
    let end = || Stdio::from(terminal.try_clone().expect("another one"));
    command.stdin(end()).stdout(end()).stderr(end());
    // SAFETY: both calls are safe after fork, and allocate nothing.
    unsafe {
        command.pre_exec(|| match (libc::setsid(), libc::ioctl(0, libc::TIOCSCTTY, 0)) {
            (1.., 0) => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let mut server = Process(command.spawn().expect("it starts"));
    drop((command, terminal));
    read_until(&mut own, "serving http://");
    server.signal(libc::SIGHUP);
    read_until(&mut own, "SIGHUP changes nothing here");
    assert!(server.0.try_wait().expect("asked").is_none(), "it goes on");
    drop(own);
    server.ends_well();
}
