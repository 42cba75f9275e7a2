//! Who is a client? Whoever shares an IPv4 address, or the first 64 bits of an IPv6 one: the least that a network
//! hands out (RFC 6177 §2), so that nobody becomes many by changing the rest.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// What of an IPv6 address tells clients apart.
const NETWORK: u128 = !0 << 64;

/// Tells clients apart, and is the same however they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey(Ipv6Addr);

impl From<IpAddr> for ClientKey {
    fn from(address: IpAddr) -> ClientKey {
        ClientKey(match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK),
        })
    }
}

impl ClientKey {
    /// The bytes that hashes are made of.
    pub(crate) fn octets(&self) -> [u8; 16] {
        self.0.octets()
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_ipv4_mapped() {
            Some(address) => address.fmt(f),
            None => write!(f, "{}/64", self.0),
        }
    }
}

impl FromStr for ClientKey {
    type Err = &'static str;

    /// The error says what is accepted.
    fn from_str(text: &str) -> Result<ClientKey, &'static str> {
        let address = text.strip_suffix("/64").unwrap_or(text).parse::<IpAddr>();
        address
            .map(ClientKey::from)
            .map_err(|_| "an IP address, or the /64 of an IPv6 address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> ClientKey {
        ClientKey::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_an_address_of_ipv4_is_one() {
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }

    #[test]
    fn a_client_is_shown_as_its_address_or_network() {
        assert_eq!(key("192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(key("2001:db8:0:1::1").to_string(), "2001:db8:0:1::/64");
        for text in ["192.0.2.1", "2001:db8:0:1::/64"] {
            assert_eq!(text.parse::<ClientKey>().unwrap().to_string(), text);
        }
        assert!("example.org".parse::<ClientKey>().is_err());
    }
}
