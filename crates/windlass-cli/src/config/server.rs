//! `[server]`: where `windlass serve` listens, and what stands before it.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 5] =
    ["listen", "open", "behind_proxy", "requests_per_second", "burst"];

/// Requests of one caller in a second, which no server answers.
const MOST_REQUESTS: u64 = 1_000_000;

/// What a file says of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ServerConfig {
    /// The address and port.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether nobody is asked for a token.
    pub(crate) open: bool,
    /// Whether a proxy stands before it that ends TLS.
    pub(crate) behind_proxy: bool,
    /// How many requests each caller may make in a second.
    pub(crate) requests_per_second: Option<NonZeroU32>,
    /// How many of them at once.
    pub(crate) burst: Option<NonZeroU32>,
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
    Ok(ServerConfig { listen, open, behind_proxy, requests_per_second, burst })
}

fn positive(table: &Table<'_, '_>, key: &str) -> Result<Option<NonZeroU32>, ConfigError> {
    let number = table.number(key, 1..=MOST_REQUESTS)?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new))
}
