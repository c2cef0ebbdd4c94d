//! The URL: what of it is the driver's and what is ours.

use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config as Driver;
use tokio_postgres::config::LoadBalanceHosts;
use windlass_core::error::{StoreError, Unusable};
use windlass_core::name::DEFAULT_SCHEMA;

/// Connections a worker process needs: claims, settlements, and the one that listens.
pub const CONNECTIONS: u32 = 3;
/// How long connecting to an address may take, unless the URL says it.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// The variable that clients of PostgreSQL take the password from where nothing else says one.
const PASSWORD: &str = "PGPASSWORD";

/// What stands between us and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Nothing: sessions are ours.
    Direct,
    /// A pooler in transaction mode: no prepared statements, no LISTEN, no session locks.
    TransactionPooler,
}

/// Where the store is and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) driver: Driver,
    /// The same for each server alone.
    servers: Vec<Driver>,
    pub(crate) schema: String,
    pub(crate) path: Path,
    pub(crate) connections: u32,
    pub(crate) history: History,
    /// How long one of its statements may take, where that is bounded.
    pub(crate) statement_time: Option<Duration>,
}

/// What is kept of completed jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum History {
    /// The whole job with its output, until its time of keeping ends.
    Kept,
    /// Only their number. An answer to a completion that got lost cannot be told from a lost lease.
    Counted,
}

fn refuse(reason: String) -> StoreError {
    StoreError::Unusable { reason, kind: Unusable::Url }
}

impl FromStr for Config {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut config = Self {
            driver: Driver::new(),
            servers: Vec::new(),
            schema: DEFAULT_SCHEMA.to_owned(),
            path: Path::Direct,
            connections: CONNECTIONS,
            history: History::Kept,
            statement_time: None,
        };
        let mut theirs = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("schema", name)) => {
                    config.schema = check_schema(name).map(|()| name.to_owned())?
                }
                Some(("pooler", "transaction")) => config.path = Path::TransactionPooler,
                Some(("pooler", "none")) => config.path = Path::Direct,
                Some(("pooler", other)) => {
                    return Err(refuse(format!("pooler={other}: expected transaction or none")));
                }
                Some(("history", "on")) => config.history = History::Kept,
                Some(("history", "off")) => config.history = History::Counted,
                Some(("connections", number)) => config.connections = connections(number)?,
                _ => theirs.push(option),
            }
        }
        let rest = if theirs.is_empty() { String::new() } else { format!("?{}", theirs.join("&")) };
        config.driver = driver(&format!("{base}{rest}"))?;
        // Where the order is the driver's to choose, or addresses stand in a list of their own, it tries all of them.
        let is_a_list = |option: &&str| option.starts_with("host") || option.starts_with("port=");
        let is_whole = config.driver.get_load_balance_hosts() != LoadBalanceHosts::Disable
            || theirs.iter().any(is_a_list);
        let hosts = if is_whole { vec![base.to_owned()] } else { each_host(base) };
        let each = hosts.iter().map(|base| driver(&format!("{base}{rest}")));
        config.servers = each.collect::<Result<_, _>>()?;
        Ok(config)
    }
}

impl Config {
    /// The same for each server that the URL names, in its order, so that one that is silent does not keep us from the next.
    pub(crate) fn servers(&self) -> Vec<Self> {
        let alone = |driver: &Driver| Self { driver: driver.clone(), ..self.clone() };
        self.servers.iter().map(alone).collect()
    }

    /// How long it may take until a server has let us in: the driver bounds only the way there, and a frozen server accepts
    /// connections and says nothing.
    pub(crate) fn patience(&self) -> Duration {
        let each = self.driver.get_connect_timeout().copied().unwrap_or(CONNECT_TIME) * 2;
        each * u32::try_from(self.driver.get_hosts().len()).unwrap_or(1).max(1)
    }
}

/// What the driver is told, with our defaults.
fn driver(url: &str) -> Result<Driver, StoreError> {
    let mut driver: Driver = url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |c| format!(": {c}"));
        refuse(format!("the URL cannot be read: {error}{cause}; expected postgres://user@host/database with options schema, pooler, connections, history and the driver's"))
    })?;
    if driver.get_connect_timeout().is_none() {
        driver.connect_timeout(CONNECT_TIME);
    }
    if driver.get_application_name().is_none() {
        driver.application_name("windlass");
    }
    with_password(&mut driver, std::env::var(PASSWORD).ok());
    // A host that vanished without a word is noticed within half a minute, not in two hours.
    driver.keepalives_idle(Duration::from_secs(10));
    driver.keepalives_interval(Duration::from_secs(5));
    driver.keepalives_retries(3);
    driver.tcp_user_timeout(Duration::from_secs(30));
    Ok(driver)
}

/// The password of the environment, where the URL has none.
fn with_password(driver: &mut Driver, password: Option<String>) {
    if let Some(password) = password.filter(|_| driver.get_password().is_none()) {
        driver.password(password);
    }
}

/// A URL without its options, once for each host that it names.
fn each_host(base: &str) -> Vec<String> {
    let named = || {
        let (scheme, rest) = base.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let at = if authority.contains('@') { "@" } else { "" };
        let each = |host: &str| format!("{scheme}://{user}{at}{host}{path}");
        Some(hosts.split(',').map(each).collect::<Vec<_>>())
    };
    named().unwrap_or_else(|| vec![base.to_owned()])
}

/// Whether a schema can have this name; it becomes part of statements, so only plain ones can.
///
/// # Errors
/// When it cannot.
pub fn check_schema(name: &str) -> Result<(), StoreError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if starts && name.len() <= 63 && name.chars().all(fits) {
        Ok(())
    } else {
        Err(refuse(format!("schema `{name}` cannot be used: small letters, digits and _ only")))
    }
}

fn connections(number: &str) -> Result<u32, StoreError> {
    number
        .parse()
        .ok()
        .filter(|number| *number >= 1)
        .ok_or_else(|| refuse(format!("connections={number}: expected a number of at least 1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_options_are_ours_and_the_rest_is_the_drivers() {
        let config: Config =
            "postgres://u@h/d?schema=jobs&pooler=transaction&connections=2&application_name=x"
                .parse()
                .expect("a URL");
        assert_eq!(config.schema, "jobs");
        assert_eq!(config.path, Path::TransactionPooler);
        assert_eq!(config.connections, 2);
        assert_eq!(config.driver.get_application_name(), Some("x"));
    }

    #[test]
    fn the_password_of_the_environment_is_for_a_url_without_one() {
        for (url, expected) in [("postgres://u@h/d", "env"), ("postgres://u:own@h/d", "own")] {
            let mut driver: Driver = url.parse().expect("a URL");
            with_password(&mut driver, Some("env".to_owned()));
            assert_eq!(driver.get_password(), Some(expected.as_bytes()), "{url}");
            with_password(&mut driver, None);
            assert_eq!(driver.get_password(), Some(expected.as_bytes()), "{url}");
        }
    }

    #[test]
    fn each_server_of_a_url_has_its_own_time() {
        let hosts = |url: &str| -> Vec<String> {
            let config: Config = url.parse().expect("a URL");
            let alone =
                |one: &Config| format!("{:?} {:?}", one.driver.get_hosts(), one.driver.get_ports());
            config.servers().iter().map(alone).collect()
        };
        let three =
            hosts("postgres://u:p%40w@db1:1,[::1]:2,db3:3/d?target_session_attrs=read-write");
        assert_eq!(three, [r#"[Tcp("db1")] [1]"#, r#"[Tcp("::1")] [2]"#, r#"[Tcp("db3")] [3]"#]);
        assert_eq!(
            hosts("postgres://db1,db2"),
            [r#"[Tcp("db1")] [5432]"#, r#"[Tcp("db2")] [5432]"#]
        );
        assert_eq!(hosts("postgres://u@%2Ftmp%2Fa/d"), [r#"[Unix("/tmp/a")] [5432]"#]);
        for whole in ["postgres://a,b/d?load_balance_hosts=random", "postgres:///d?host=a,b"] {
            assert_eq!(hosts(whole).len(), 1, "{whole}");
        }
        let patience = |url: &str| url.parse::<Config>().expect("a URL").servers()[0].patience();
        assert_eq!(patience("postgres://a,b/d"), Duration::from_secs(10));
        let both = "postgres://a,b/d?load_balance_hosts=random&connect_timeout=1";
        assert_eq!(patience(both), Duration::from_secs(4));
    }

    #[test]
    fn nonsense_is_refused() {
        for url in [
            "postgres://h/d?schema=a-b",
            "postgres://h/d?pooler=session",
            "postgres://h/d?connections=0",
            "postgres://h/d?wrong=1",
        ] {
            assert!(url.parse::<Config>().is_err(), "{url}");
        }
    }
}
