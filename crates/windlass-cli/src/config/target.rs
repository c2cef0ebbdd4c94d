//! What runs a kind: an executable or an HTTP target.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::ConfigError;
use super::reader::Table;
use crate::handler::sign::Secrets;

const HTTP_KEYS: [&str; 4] = ["url", "signing_secret_file", "retry_4xx", "settle_url"];
/// Requests in flight to one target unless the file says otherwise.
const HTTP_SLOTS: usize = 10;

/// What runs a kind.
#[derive(Debug)]
pub(crate) enum Target {
    /// `exec = ["./thumb.sh"]`
    Exec(Executable),
    /// `http = { url = "https://…" }`
    Http(HttpTarget),
}

/// A program with its arguments and environment.
#[derive(Debug, Clone)]
pub(crate) struct Executable {
    /// The program, found and executable when the file was read.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Variables added to the worker's own environment.
    pub(crate) env: Vec<(String, String)>,
    /// The folder it starts in.
    pub(crate) dir: PathBuf,
}

/// Where a kind's jobs are posted to.
#[derive(Debug, Clone)]
pub(crate) struct HttpTarget {
    /// The address.
    pub(crate) url: Url,
    /// What requests are signed with.
    pub(crate) secrets: Option<Secrets>,
    /// Whether answers from 400 to 499 are worth another attempt.
    pub(crate) retry_4xx: bool,
    /// Where a target settles a job that it has accepted with 202; `None` where it cannot.
    pub(crate) settle_url: Option<Url>,
}

impl Target {
    /// Processes are as many as there are cores; requests mostly wait, so there may be more.
    pub(super) fn default_slots(&self) -> usize {
        match self {
            Self::Exec(_) => std::thread::available_parallelism().map_or(1, Into::into),
            Self::Http(_) => HTTP_SLOTS,
        }
    }
}

pub(super) fn read(table: &Table<'_, '_>) -> Result<Target, ConfigError> {
    if table.has_text("shell") {
        let message = "is true or false, and the line stands in exec: exec = [\"./thumb.sh | gzip\"], shell = true";
        return Err(table.error("shell", message));
    }
    let command = table.texts("exec")?;
    let http = table.table("http", "http", &HTTP_KEYS)?;
    match (command, http) {
        (Some(command), None) => executable(table, command).map(Target::Exec),
        (None, Some(http)) => {
            let foreign =
                ["shell", "env", "dir", "grace"].into_iter().find(|key| table.place(key).is_some());
            if let Some(key) = foreign {
                return Err(table.error(key, "belongs to exec; this handler has http"));
            }
            http_target(&http).map(Target::Http)
        }
        (Some(_), Some(_)) => {
            Err(table.error("http", "a handler has either exec or http, not both"))
        }
        (None, None) => {
            Err(table
                .error("kind", "a handler needs exec = [\"./program\"] or http = { url = \"…\" }"))
        }
    }
}

fn executable(table: &Table<'_, '_>, command: Vec<String>) -> Result<Executable, ConfigError> {
    let dir = folder(table)?;
    let env = table.pairs("env")?;
    let mut words = command.into_iter();
    let Some(first) = words.next().filter(|word| !word.trim().is_empty()) else {
        return Err(table.error("exec", "names no program"));
    };
    if table.flag("shell")? {
        // As `sh -c SCRIPT NAME ARGS…`: what follows the script becomes $1, $2, …
        let args =
            ["-c".to_owned(), first, "windlass".to_owned()].into_iter().chain(words).collect();
        return Ok(Executable { program: PathBuf::from("/bin/sh"), args, env, dir });
    }
    let path = env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.into());
    let path = path.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let program = find(&first, &dir, &path).map_err(|reason| {
        let shell = first.contains(char::is_whitespace);
        let hint = if shell { "; a line for a shell needs shell = true" } else { "" };
        table.error("exec", format!("`{first}` {reason}{hint}"))
    })?;
    Ok(Executable { program, args: words.collect(), env, dir })
}

fn folder(table: &Table<'_, '_>) -> Result<PathBuf, ConfigError> {
    let own = table.reader().folder();
    let own = if own.as_os_str().is_empty() { Path::new(".") } else { own };
    let dir = table.text("dir")?.map_or_else(|| own.to_owned(), |dir| own.join(dir));
    std::fs::canonicalize(&dir)
        .map_err(|error| table.error("dir", format!("{}: {error}", dir.display())))
}

/// Finds a program as a shell in `dir` would: by its path where it has a slash, otherwise in
/// PATH.
fn find(program: &str, dir: &Path, path: &std::ffi::OsStr) -> Result<PathBuf, String> {
    if program.contains('/') {
        let file = dir.join(program.strip_prefix("./").unwrap_or(program));
        return match (file.is_file(), is_executable(&file)) {
            (true, true) => Ok(file),
            (true, false) => Err(format!("is not executable: chmod +x {}", file.display())),
            (false, _) => Err(format!("does not exist: there is no file {}", file.display())),
        };
    }
    std::env::split_paths(path)
        .map(|folder| dir.join(folder).join(program))
        .find(|file| file.is_file() && is_executable(file))
        .ok_or_else(|| "is not found in PATH".to_owned())
}

fn is_executable(file: &Path) -> bool {
    let Ok(path) = std::ffi::CString::new(file.as_os_str().as_bytes()) else { return false };
    // SAFETY: `path` is a NUL-terminated string that outlives the call.
    unsafe { libc::access(path.as_ptr(), libc::X_OK) == 0 }
}

fn http_target(table: &Table<'_, '_>) -> Result<HttpTarget, ConfigError> {
    let url = http_url(table, "url", &table.required_text("url")?)?;
    let server = table.text("settle_url")?;
    let server = server.map(|text| http_url(table, "settle_url", &text)).transpose()?;
    let secrets = table.text("signing_secret_file")?.map(|file| {
        let file = table.reader().folder().join(file);
        Secrets::from_file(&file).map_err(|error| table.error("signing_secret_file", error))
    });
    Ok(HttpTarget {
        url,
        secrets: secrets.transpose()?,
        retry_4xx: table.flag("retry_4xx")?,
        settle_url: server.map(results_of),
    })
}

fn http_url(table: &Table<'_, '_>, key: &str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|error| table.error(key, format!("`{text}`: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(table.error(key, format!("`{text}` is neither http nor https")));
    }
    Ok(url)
}

/// The address that results are sent to, of a server's URL.
fn results_of(mut server: Url) -> Url {
    let path = format!("{}/v1/results", server.path().trim_end_matches('/'));
    server.set_path(&path);
    server
}
