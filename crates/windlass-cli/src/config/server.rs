//! `[server]`: where `windlass serve` listens, and what stands before it.

use std::net::SocketAddr;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 3] = ["listen", "open", "behind_proxy"];

/// What a file says of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ServerConfig {
    /// The address and port.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether nobody is asked for a token.
    pub(crate) open: bool,
    /// Whether a proxy stands before it that ends TLS.
    pub(crate) behind_proxy: bool,
}

pub(super) fn read(table: &Table<'_, '_>) -> Result<ServerConfig, ConfigError> {
    let listen = table.text("listen")?.map(|text| text.parse()).transpose();
    let listen = listen.map_err(|_| {
        table.error("listen", "is an address and a port, such as \"127.0.0.1:7700\"")
    })?;
    let (open, behind_proxy) = (table.flag("open")?, table.flag("behind_proxy")?);
    Ok(ServerConfig { listen, open, behind_proxy })
}
