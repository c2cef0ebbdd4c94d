//! A proxy before the server: it ends TLS, says where a request comes from, and perhaps who sends it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::request::Parts;
use ipnet::IpNet;
use windlass::limits::TOKEN_NAME_BYTES;
use windlass::store::Store;
use windlass::token::Grant;

use super::{Caller, Credential};
use crate::audit::watch::Peer;
use crate::problem::{Code, Problem};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Debug, Clone)]
pub struct Proxies {
    networks: Vec<IpNet>,
    user_header: Option<HeaderName>,
    others: Option<Grant>,
}

impl Proxies {
    /// Proxies at these addresses. Where a request comes from is what they say in `X-Forwarded-For`: its last address.
    pub fn at(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self { networks: networks.into_iter().collect(), user_header: None, others: None }
    }

    /// They say in this header who a request comes from, by the name of a user. They must take it out of what they are sent.
    #[must_use]
    pub fn naming_users_in(self, header: HeaderName) -> Self {
        Self { user_header: Some(header), ..self }
    }

    /// What somebody may do whom a proxy names and no user has the name of; nothing unless said.
    #[must_use]
    pub fn with_others(self, grant: Grant) -> Self {
        Self { others: Some(grant), ..self }
    }

    fn has(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Where a request comes from that this address sends: the last address that is not one of a proxy of ours.
    fn client(&self, peer: IpAddr, request: &Parts) -> IpAddr {
        if !self.has(peer) {
            return peer;
        }
        let said = request.headers.get_all(FORWARDED_FOR).iter();
        let said: Vec<_> = said.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let said = said.join(",");
        let mut addresses = said.rsplit(',').map(|text| address(text.trim()));
        let mut last = peer;
        while let Some(Some(address)) = addresses.next() {
            last = address.to_canonical();
            if !self.has(last) {
                break;
            }
        }
        last
    }

    /// Whether a believed proxy says anything of who sends a request.
    pub(super) fn names(&self, request: &Parts) -> bool {
        let is_said =
            self.user_header.as_ref().is_some_and(|name| request.headers.contains_key(name));
        is_said && peer(request).is_some_and(|peer| self.has(peer))
    }

    /// Whom a proxy says to send this request; nobody where it says nothing, or the request comes by no proxy.
    pub(super) async fn caller(
        &self,
        request: &Parts,
        store: &dyn Store,
    ) -> Result<Option<Caller>, Problem> {
        let is_believed = peer(request).is_some_and(|peer| self.has(peer));
        let Some(header) = self.user_header.as_ref().filter(|_| is_believed) else {
            return Ok(None);
        };
        let mut said = request.headers.get_all(header).iter();
        let Some(name) = said.next() else { return Ok(None) };
        let is_one = |name: &&str| (1..=TOKEN_NAME_BYTES).contains(&name.len());
        let name = name.to_str().ok().filter(is_one).filter(|_| said.next().is_none());
        let unclear = || {
            Problem::new(Code::Unauthorized, format!("{header} does not name one user in ASCII"))
        };
        let name = name.ok_or_else(unclear)?;
        let user = store.user(name).await?;
        let unknown = || {
            let detail = format!("there is no user {name}; an administrator can add one");
            Problem::new(Code::Unauthorized, detail)
        };
        let (name, grant) = match (user, &self.others) {
            (Some(record), _) => (name.to_owned(), record.user.grant),
            // A token may have the name.
            (None, Some(grant)) => (format!("proxy:{name}"), grant.clone()),
            (None, None) => return Err(unknown()),
        };
        Ok(Some(Caller::by(Credential::Proxy, Arc::from(name), grant)))
    }
}

/// An address, where some proxies say the port too.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// Where a request comes from, as its connection and a believed proxy say it.
pub(crate) fn client_address(request: &Parts, proxies: Option<&Proxies>) -> Option<IpAddr> {
    let peer = peer(request)?;
    Some(proxies.map_or(peer, |proxies| proxies.client(peer, request)))
}

fn peer(request: &Parts) -> Option<IpAddr> {
    request.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn client(peer: &str, said: &[&str]) -> String {
        let proxies = Proxies::at(["10.0.0.0/8", "::1/128"].map(|n| n.parse().expect("a network")));
        let mut request = Request::builder();
        for one in said {
            request = request.header(FORWARDED_FOR, one.as_bytes());
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let peer: IpAddr = peer.parse().expect("an address");
        parts.extensions.insert(Peer((peer, 1).into()));
        client_address(&parts, Some(&proxies)).expect("known").to_string()
    }

    /// Of the header only what our own proxies added counts.
    #[test]
    fn a_proxy_says_where_a_request_comes_from() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 192.0.2.1, 10.0.0.2"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), "192.0.2.9", "not one of ours");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["\u{e9}, 192.0.2.1"]), "192.0.2.1");
    }
}
