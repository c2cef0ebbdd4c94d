//! One server and its folder: `data`, `log`, `password`, and the socket.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::account::Account;
use super::binaries::Binaries;

const SUPERUSER: &str = "windlass";
/// What differs from PostgreSQL's defaults. Durability stays as in production: tests of what
/// survives a crash run here.
const SETTINGS: &str = "fsync = on\nshared_buffers = 16MB\nmax_connections = 200\n\
     listen_addresses = '127.0.0.1'\ntimezone = 'UTC'\nlog_checkpoints = off\n\
     client_min_messages = warning\n";
/// The name by which a standby is known to its primary.
const STANDBY: &str = "standby";
/// How long a start may take. After a kill, the dead server's children must vanish first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Looks of five seconds each without a user, after which the watchdog stops the server.
const IDLE_LOOKS: u32 = 12;

#[derive(Debug)]
pub(super) struct Server {
    binaries: Binaries,
    account: Account,
    folder: PathBuf,
}

impl Server {
    pub(super) fn new(binaries: Binaries, account: Account, folder: PathBuf) -> Self {
        Self { binaries, account, folder }
    }

    /// Whether somebody answers at the socket.
    pub(super) fn is_up(&self) -> bool {
        self.port().is_some_and(|port| UnixStream::connect(self.socket(port)).is_ok())
    }

    /// Makes the cluster's files unless they are there.
    pub(super) fn init(&self) {
        if self.folder.join("data/windlass.conf").exists() {
            return;
        }
        // What an interrupted run left half done.
        let _ = fs::remove_dir_all(self.folder.join("data"));
        let password = self.folder.join("password");
        write_private(&password, &Uuid::new_v4().simple().to_string());
        self.account.own(&password);
        let mut initdb = self.binaries.program("initdb");
        initdb.arg("--pgdata").arg(self.folder.join("data")).arg("--pwfile").arg(&password);
        initdb.args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.args(["--encoding=UTF8", "--locale=C", "--no-instructions"]);
        self.must_run(initdb);
        append(&self.folder.join("data/postgresql.conf"), "include 'windlass.conf'\n");
    }

    /// Makes the files of a standby of another server.
    pub(super) fn copy(&self, primary: &Self) {
        let mut copy = self.binaries.program("pg_basebackup");
        let from = format!("{} application_name={STANDBY}", primary.socket_keywords("postgres"));
        copy.args(["--checkpoint=fast", "--write-recovery-conf", "--dbname", &from, "--pgdata"]);
        copy.arg(self.folder.join("data"));
        self.must_run(copy);
    }

    /// Asks for the standby's word at each commit, from when it can give it.
    pub(super) fn wait_for_standby(&self) {
        let asked = format!("alter system set synchronous_standby_names = '{STANDBY}'");
        self.ask("postgres", &asked);
        self.ask("postgres", "select pg_reload_conf()");
        self.wait_until("select sync_state from pg_stat_replication", "sync");
    }

    /// Asks until this is the answer.
    pub(super) fn wait_until(&self, question: &str, answer: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask("postgres", question).trim() != answer {
            let lines = self.last_lines();
            assert!(Instant::now() < deadline, "{question} is never {answer}:\n{lines}");
        }
    }

    pub(super) fn promote(&self) {
        self.must_run(self.control("promote"));
    }

    /// Starts, and waits until connections are accepted.
    pub(super) fn start(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.write_settings();
            let mut start = self.control("start");
            start.arg("--log").arg(self.folder.join("log"));
            start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let started = start.status().expect("pg_ctl can be run");
            if started.success() {
                return;
            }
            assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{}", self.last_lines());
        }
    }

    pub(super) fn stop(&self, mode: &str) {
        let mut stop = self.control("stop");
        stop.args(["--mode", mode]);
        self.must_run(stop);
    }

    pub(super) fn kill(&self) {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"));
        let pid = file.ok().and_then(|text| text.lines().next().map(str::to_owned));
        let pid = pid.expect("a running server has written its process id");
        self.signal(pid.parse().expect("a process id"), "KILL");
    }

    /// Sends a signal to one of the server's processes.
    pub(super) fn signal(&self, pid: u32, signal: &str) {
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", "kill -\"$0\" \"$1\"", signal, &pid.to_string()]);
        self.must_run(kill);
    }

    /// Leaves a process behind that stops the server once nobody holds `users.lock` any more.
    #[expect(
        clippy::zombie_processes,
        reason = "it outlives us: no test knows that it is the last"
    )]
    pub(super) fn watch_for_idleness(&self) {
        const WATCH: &str = r#"
            looks=0
            while [ -e data/postmaster.pid ]; do
              sleep 5
              if flock -xn users.lock true; then looks=$((looks + 1)); else looks=0; fi
              if [ $looks -ge "$1" ] && flock -xn users.lock "$0" stop -D data -m fast; then exit; fi
            done"#;
        let mut watchdog = Command::new("/bin/sh");
        watchdog.args(["-c", WATCH]).arg(self.binaries.path("pg_ctl")).arg(IDLE_LOOKS.to_string());
        self.account.runs(&mut watchdog);
        watchdog.current_dir(&self.folder).process_group(0);
        watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        watchdog.spawn().expect("a shell can be started");
    }

    /// Makes a database, or empties the one of that name, ending whatever is still connected.
    pub(super) fn empty_database(&self, name: &str) {
        const EMPTY: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid(); \
             do $$ declare s text; begin \
               for s in select nspname from pg_namespace \
                        where nspname !~ '^pg_' and nspname <> 'information_schema' \
               loop execute format('drop schema %I cascade', s); end loop; \
               create schema public; \
             end $$";
        let mut empty = self.psql(name, EMPTY);
        empty.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !empty.status().is_ok_and(|status| status.success()) {
            self.must_run(self.psql("postgres", &format!("create database {name}")));
        }
    }

    /// The rows that answer one question, columns with a bar between them.
    pub(super) fn ask(&self, database: &str, question: &str) -> String {
        let mut psql = self.psql(database, question);
        let output = psql.args(["--tuples-only", "--no-align"]).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("psql cannot be run: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{question} failed: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn psql(&self, database: &str, statements: &str) -> Command {
        let mut psql = self.binaries.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statements]);
        psql.arg(self.socket_url(database));
        self.account.runs(&mut psql);
        psql
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// How a pooler is told of a database.
    pub(super) fn socket_keywords(&self, database: &str) -> String {
        let (folder, port) = (self.folder.display(), self.written_port());
        format!("host={folder} port={port} dbname={database} user={SUPERUSER}")
    }

    pub(super) fn socket_url(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{SUPERUSER}@{host}:{}/{database}", self.written_port())
    }

    pub(super) fn tcp_url(&self, database: &str) -> String {
        let password = fs::read_to_string(self.folder.join("password"));
        let password = password.expect("the password was written with the cluster");
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{}/{database}", self.written_port())
    }

    fn control(&self, verb: &str) -> Command {
        let mut command = self.binaries.program("pg_ctl");
        command.args([verb, "--wait", "--silent", "--timeout=60", "--pgdata"]);
        command.arg(self.folder.join("data"));
        self.account.runs(&mut command);
        command
    }

    fn must_run(&self, mut command: Command) {
        self.account.runs(&mut command);
        let output = command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?} failed: {said}\n{}", self.last_lines());
    }

    fn socket(&self, port: u16) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{port}"))
    }

    fn port(&self) -> Option<u16> {
        let settings = fs::read_to_string(self.folder.join("data/windlass.conf")).ok()?;
        settings.lines().find_map(|line| line.strip_prefix("port = ")?.parse().ok())
    }

    fn written_port(&self) -> u16 {
        self.port().expect("the port was written with the cluster")
    }

    /// Keeps the port unless somebody has taken it meanwhile.
    fn write_settings(&self) {
        let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = self.port().filter(is_free).unwrap_or_else(free_port);
        let folder = self.folder.display();
        let settings = format!("{SETTINGS}unix_socket_directories = '{folder}'\nport = {port}\n");
        let file = self.folder.join("data/windlass.conf");
        write_private(&file, &settings);
        self.account.own(&file);
    }

    fn last_lines(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback interface has a free port")
        .port()
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write;
    let file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    let file = fs::File::options().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
