//! `[server]`: where `windlass serve` listens, and what stands before it.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use windlass::user::Role;
use windlass_http::IpNet;

use super::ConfigError;
use super::reader::Table;
use super::stores::url_at;

pub(super) const KEYS: [&str; 11] = [
    "listen",
    "open",
    "behind_proxy",
    "proxies",
    "user_header",
    "other_users",
    "requests_per_second",
    "burst",
    "read_url",
    "read_url_file",
    "read_max_age",
];

/// A standby is asked once a second how it is.
const SHORTEST_AGE: Duration = Duration::from_secs(1);

/// Requests of one caller in a second, which no server answers.
const MOST_REQUESTS: u64 = 1_000_000;

/// What a file says of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerConfig {
    /// The address and port.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether nobody is asked for a token.
    pub(crate) open: bool,
    /// Whether a proxy stands before it that ends TLS.
    pub(crate) behind_proxy: bool,
    /// Where the proxies are that are believed.
    pub(crate) proxies: Vec<IpNet>,
    /// The header in which they name the user.
    pub(crate) user_header: Option<String>,
    /// What somebody is whom they name and nobody knows.
    pub(crate) other_users: Option<Role>,
    /// How many requests each caller may make in a second.
    pub(crate) requests_per_second: Option<NonZeroU32>,
    /// How many of them at once.
    pub(crate) burst: Option<NonZeroU32>,
    /// The standby that answers reads.
    pub(crate) read_url: Option<String>,
    /// How old its answers may be.
    pub(crate) read_max_age: Option<Duration>,
}

pub(super) fn read(table: &Table<'_, '_>) -> Result<ServerConfig, ConfigError> {
    let listen = table.text("listen")?.map(|text| text.parse()).transpose();
    let listen = listen.map_err(|_| {
        table.error("listen", "is an address and a port, such as \"127.0.0.1:7700\"")
    })?;
    let (open, behind_proxy) = (table.flag("open")?, table.flag("behind_proxy")?);
    let (requests_per_second, burst) =
        (positive(table, "requests_per_second")?, positive(table, "burst")?);
    if burst.is_some() && requests_per_second.is_none() {
        return Err(table.error("burst", "needs requests_per_second beside it"));
    }
    let proxies = networks(table)?;
    let user_header = user_header(table)?;
    let other_users = table.text("other_users")?.map(|text| text.parse::<Role>()).transpose();
    let other_users = other_users.map_err(|error| table.error("other_users", error))?;
    check(table, behind_proxy)?;
    let read_max_age = table.duration("read_max_age")?;
    if read_max_age.is_some_and(|age| age < SHORTEST_AGE) {
        return Err(table.error("read_max_age", "has to be 1s at least"));
    }
    Ok(ServerConfig {
        listen,
        open,
        behind_proxy,
        proxies,
        user_header,
        other_users,
        requests_per_second,
        burst,
        read_url: url_at(table, "read_url", "read_url_file")?,
        read_max_age,
    })
}

/// What is said of proxies means something together alone.
fn check(table: &Table<'_, '_>, behind_proxy: bool) -> Result<(), ConfigError> {
    for (key, needs) in [("user_header", "proxies"), ("other_users", "user_header")] {
        if table.has(key) && !table.has(needs) {
            return Err(table.error(key, format!("needs {needs} beside it")));
        }
    }
    if table.has("proxies") && table.texts("proxies")?.is_some_and(|proxies| proxies.is_empty()) {
        return Err(table.error("proxies", "names no address"));
    }
    if table.has("proxies") && !behind_proxy {
        return Err(table.error("proxies", "needs behind_proxy = true beside it"));
    }
    Ok(())
}

fn networks(table: &Table<'_, '_>) -> Result<Vec<IpNet>, ConfigError> {
    let one = |text: String| {
        let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
        let what = "is not an address or a network, such as \"10.0.0.1\" or \"10.0.0.0/8\"";
        network.map_err(|_| table.error("proxies", format!("\"{text}\" {what}")))
    };
    table.texts("proxies")?.unwrap_or_default().into_iter().map(one).collect()
}

fn user_header(table: &Table<'_, '_>) -> Result<Option<String>, ConfigError> {
    let name = table.text("user_header")?;
    let is_name = |name: &String| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !name.is_empty() && name.bytes().all(fits)
    };
    if name.as_ref().is_some_and(|name| !is_name(name)) {
        let what = "is not the name of a header, such as \"X-Forwarded-User\"";
        return Err(table.error("user_header", what));
    }
    let name = name.map(|name| name.to_ascii_lowercase());
    let other = ["authorization", "cookie", "host", "x-forwarded-for"];
    if name.as_deref().is_some_and(|name| other.contains(&name)) {
        return Err(table.error("user_header", "means something else already"));
    }
    Ok(name)
}

fn positive(table: &Table<'_, '_>, key: &str) -> Result<Option<NonZeroU32>, ConfigError> {
    let number = table.number(key, 1..=MOST_REQUESTS)?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<ServerConfig, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        std::fs::write(&file, format!("[server]\n{text}")).expect("written");
        Config::server(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let text = "behind_proxy = true\nproxies = [\"10.0.0.7\", \"10.1.0.0/16\", \"::1\"]\n\
                    user_header = \"X-Forwarded-User\"\nother_users = \"viewer\"";
        let said = read(text).expect("it can be read");
        let proxies: Vec<String> = said.proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["10.0.0.7/32", "10.1.0.0/16", "::1/128"]);
        assert_eq!(said.user_header.as_deref(), Some("x-forwarded-user"));
        assert_eq!(said.other_users, Some(Role::Viewer));
    }

    /// Bad input: two places of one URL, and an age that nobody can tell.
    #[test]
    fn a_standby_has_one_url_and_an_age() {
        let said = read("read_url = \"postgres://db2/app\"\nread_max_age = \"30s\"");
        let said = said.expect("it can be read");
        assert_eq!(said.read_url.as_deref(), Some("postgres://db2/app"));
        assert_eq!(said.read_max_age, Some(Duration::from_secs(30)));
        for (text, expected) in [
            ("read_url = \"a\"\nread_url_file = \"b\"", "one of read_url and read_url_file alone"),
            ("read_url_file = \"none.url\"", "cannot be read"),
            ("read_max_age = \"500ms\"", "has to be 1s at least"),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(expected) && refused.contains("windlass.toml:"), "{refused}");
        }
    }

    /// Bad input: what would let in more than somebody meant.
    #[test]
    fn what_lets_in_more_than_was_meant_is_refused() {
        let proxy = "behind_proxy = true\nproxies = [\"10.0.0.7\"]\n";
        for (text, expected) in [
            ("proxies = [\"10.0.0.7\"]".to_owned(), "needs behind_proxy = true"),
            ("behind_proxy = true\nproxies = []".to_owned(), "names no address"),
            ("behind_proxy = true\nproxies = [\"proxy\"]".to_owned(), "is not an address"),
            ("behind_proxy = true\nuser_header = \"x-user\"".to_owned(), "needs proxies"),
            (format!("{proxy}user_header = \"Authorization\""), "means something else"),
            (format!("{proxy}user_header = \"X-Forwarded-For\""), "means something else"),
            (format!("{proxy}user_header = \"x user\""), "is not the name of a header"),
            (format!("{proxy}other_users = \"viewer\""), "needs user_header"),
            (format!("{proxy}user_header = \"x-user\"\nother_users = \"all\""), "is not a role"),
        ] {
            let refused = read(&text).expect_err(&text);
            assert!(refused.contains(expected) && refused.contains("windlass.toml:"), "{refused}");
        }
    }
}
