//! Who is told apart from others where each one may have so much.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;

use crate::access::Caller;
use crate::api::Api;

/// Bits of an IPv6 address that one customer of a network has at least.
const NETWORK_BITS: u32 = 64;

/// By name where somebody is known, by address otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    Caller(Arc<str>),
    Address(IpAddr),
    /// The API is nested in a program that says nothing of where a request comes from.
    Anybody,
}

impl Who {
    /// The sender of this request, where the API lets in whom it knows.
    pub(crate) fn of(api: &Api, request: &Parts, caller: Option<&Caller>) -> Self {
        let known = caller.filter(|_| !api.access().is_by_address());
        match (known, api.access().address(request)) {
            (Some(caller), _) => Self::Caller(caller.name().into()),
            (None, Some(address)) => Self::Address(network(address)),
            (None, None) => Self::Anybody,
        }
    }
}

/// An address, or the network that somebody has many of.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let bits = six.to_bits() & !(u128::MAX >> NETWORK_BITS);
            IpAddr::V6(bits.into())
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_a_network() {
        let of = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
