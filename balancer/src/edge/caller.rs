//! Who is the client? Whoever connects, unless that is a proxy that we trust: then the last address in
//! `X-Forwarded-For` that is not such a proxy's. What anybody else writes there is not believed.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use ipnet::IpNet;

use super::tunnel::Entrance;
use crate::client::ClientKey;
use crate::headers::{FORWARDED_FOR, Peer};

/// Sixteen hexadecimal digits and a dash.
const NAME: usize = 17;
/// A connection's name and a number of 64 bits in decimal digits.
const LONGEST_ID: usize = NAME + 20;

/// The proxies whose word is believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trusted(Vec<IpNet>);

impl Trusted {
    pub(crate) fn new(networks: &[IpNet]) -> Trusted {
        Trusted(networks.to_vec())
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind a trusted proxy: from the right, the first address that is not trusted. What is no
    /// address ends the search, since whatever is left of it may be made up.
    fn behind(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = proxy;
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            for word in line.as_bytes().rsplit(|byte| *byte == b',') {
                let Some(address) = address(word) else {
                    return client;
                };
                client = address;
                if !self.contains(address) {
                    return client;
                }
            }
        }
        client
    }
}

/// An address as proxies write it, with or without a port.
fn address(word: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(word).ok()?.trim();
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || Some(text.parse::<std::net::SocketAddr>().ok()?.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = bare().or_else(with_port).or_else(bracketed)?;
    Some(address.to_canonical())
}

/// Whoever is at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    address: IpAddr,
    key: ClientKey,
    /// Begins the names of its requests; random. Written once, and not for each of them.
    name: [u8; NAME],
    requests: AtomicU64,
    pub(crate) tunnel: Entrance,
}

impl Caller {
    /// `connection` tells it apart from all others.
    pub(crate) fn new(address: IpAddr, trusted: &Trusted, tls: bool, connection: u64) -> Caller {
        let address = address.to_canonical();
        let mut name = [b'-'; NAME];
        for (i, digit) in name[..NAME - 1].iter_mut().enumerate() {
            let nibble = connection >> (60 - 4 * i) & 0xf;
            *digit = b"0123456789abcdef"[nibble as usize];
        }
        Caller {
            peer: Peer::new(address, trusted.contains(address), tls),
            key: address.into(),
            address,
            name,
            requests: AtomicU64::new(0),
            tunnel: Entrance::default(),
        }
    }

    /// Of whoever connected.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// The client of a request.
    pub(crate) fn client(&self, trusted: &Trusted, headers: &HeaderMap) -> ClientKey {
        if self.peer.is_trusted() {
            trusted.behind(self.address, headers).into()
        } else {
            self.key
        }
    }

    /// A name for the next request: the connection's number, and how many came before on it.
    pub(crate) fn next_id(&self) -> RequestId {
        let mut count = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; LONGEST_ID];
        let mut start = LONGEST_ID;
        loop {
            start -= 1;
            text[start] = b'0' + (count % 10) as u8;
            count /= 10;
            if count == 0 {
                break;
            }
        }
        start -= self.name.len();
        text[start..][..self.name.len()].copy_from_slice(&self.name);
        RequestId { text, start }
    }
}

/// The name of a request.
#[derive(Debug)]
pub(crate) struct RequestId {
    text: [u8; LONGEST_ID],
    /// Of what is used.
    start: usize,
}

impl RequestId {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(text: &str) -> ClientKey {
        ClientKey::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn the_client_is_the_last_that_no_trusted_proxy_has_written_of_itself() {
        let trusted = Trusted::new(&["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let client = |peer: &str, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            }
            let caller = Caller::new(peer.parse().unwrap(), &trusted, false, 1);
            caller.client(&trusted, &headers)
        };
        let far = key("192.0.2.7");
        assert_eq!(client("10.0.0.1", &["192.0.2.7"]), far);
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.7"]), far);
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 192.0.2.7, 10.9.9.9"]), far);
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1", "192.0.2.7:99 ,[fd00::1]:5"]),
            far
        );
        assert_eq!(client("192.0.2.7", &["1.1.1.1"]), far, "not believed");
        assert_eq!(client("10.0.0.1", &[]), key("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &["10.0.0.2"]), key("10.0.0.2"));
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.3"]),
            key("10.0.0.3")
        );
    }

    #[test]
    fn requests_of_a_connection_have_names_of_their_own() {
        let caller = Caller::new([127, 0, 0, 1].into(), &Trusted::default(), false, 0xabc);
        assert_eq!(caller.next_id().as_bytes(), b"0000000000000abc-0");
        assert_eq!(caller.next_id().as_bytes(), b"0000000000000abc-1");
    }
}
