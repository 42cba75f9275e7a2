//! Which fields end at this hop, and which are added? RFC 9110 §7.6.1: what belongs to the connection stays
//! with it, and so does what the `Connection` field names; the rest is passed on as it came.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, Entry, HOST, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, Version};

use crate::client::ClientKey;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How many fields [`forward`] adds.
const ADDED: usize = 4;

/// What `Via` calls us (RFC 9110 §7.6.3 allows a pseudonym).
const VIA_1_1: HeaderValue = HeaderValue::from_static("1.1 balancer");
const VIA_1_0: HeaderValue = HeaderValue::from_static("1.0 balancer");

/// Takes out the fields that end at this hop.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        for name in nominated(headers) {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    if headers.remove(TRANSFER_ENCODING).is_some() {
        // It went before any length (RFC 9112 §6.3), which therefore says nothing about the body that goes on.
        headers.remove(CONTENT_LENGTH);
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, TE, UPGRADE] {
        headers.remove(name);
    }
}

/// The fields that `Connection` names. Naming `Host` or `Content-Length` would change what the
/// request means to the next hop, so those stay.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(|text| text.split(','));
    names
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
        .collect()
}

/// A client's address as a field value, made once per connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    shown: Option<HeaderValue>,
    pub(crate) client: ClientKey,
}

impl Peer {
    pub(crate) fn new(address: IpAddr) -> Peer {
        Peer {
            shown: HeaderValue::try_from(address.to_canonical().to_string()).ok(),
            client: ClientKey::from(address),
        }
    }
}

/// Makes a client's fields those of the request to a server.
pub(crate) fn forward(headers: &mut HeaderMap, peer: &Peer, version: Version) {
    // All that is added below, in one step.
    headers.reserve(ADDED);
    let trailers = takes_trailers(headers);
    strip_hop_by_hop(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    // Our server side has answered `100 Continue` by the time the body is read.
    headers.remove(EXPECT);
    append(
        headers,
        VIA,
        if version == Version::HTTP_10 {
            VIA_1_0
        } else {
            VIA_1_1
        },
    );
    if let Some(peer) = &peer.shown {
        append(headers, FORWARDED_FOR, peer.clone());
    }
    // A proxy before us knows better than we do how the client came.
    headers
        .entry(FORWARDED_PROTO)
        .or_insert(HeaderValue::from_static("http"));
    match headers.get(HOST).cloned() {
        Some(host) => {
            headers.entry(FORWARDED_HOST).or_insert(host);
        }
        // HTTP/1.1 has to have one, and where it is not known it is empty (RFC 9112 §3.2).
        None => {
            headers.insert(HOST, HeaderValue::from_static(""));
        }
    }
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(TE).into_iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

/// Adds a member to a list field, in one line with what is there: some servers read only the first.
fn append(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    match headers.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(value);
        }
        Entry::Occupied(mut entry) => {
            let mut line = Vec::new();
            for known in entry.iter() {
                line.extend_from_slice(known.as_bytes());
                line.extend_from_slice(b", ");
            }
            line.extend_from_slice(value.as_bytes());
            if let Ok(line) = HeaderValue::from_bytes(&line) {
                entry.insert(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn forwarded(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = headers(fields);
        let peer = Peer::new(IpAddr::from([192, 0, 2, 7]));
        forward(&mut headers, &peer, Version::HTTP_11);
        headers
    }

    #[test]
    fn what_belongs_to_the_connection_stays_with_it() {
        let mut left = headers(&[
            ("connection", "close, X-Mine"),
            ("connection", "x-other"),
            ("x-mine", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-kept", "1"),
        ]);
        strip_hop_by_hop(&mut left);
        assert_eq!(left, headers(&[("x-kept", "1")]));
    }

    #[test]
    fn a_length_beside_chunks_is_not_believed() {
        let mut left = headers(&[("transfer-encoding", "chunked"), ("content-length", "3")]);
        strip_hop_by_hop(&mut left);
        assert!(left.is_empty());
    }

    #[test]
    fn host_and_length_stay_whatever_connection_names() {
        let fields = [("host", "a"), ("content-length", "3")];
        let mut left = headers(&fields);
        left.insert(CONNECTION, HeaderValue::from_static("Host, Content-Length"));
        strip_hop_by_hop(&mut left);
        assert_eq!(left, headers(&fields));
    }

    #[test]
    fn the_way_of_a_request_is_appended() {
        let fresh = forwarded(&[("host", "example.org")]);
        assert_eq!(fresh["x-forwarded-for"], "192.0.2.7");
        assert_eq!(fresh["x-forwarded-proto"], "http");
        assert_eq!(fresh["x-forwarded-host"], "example.org");
        assert_eq!(fresh["via"], "1.1 balancer");

        let behind_another = forwarded(&[
            ("host", "inner"),
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "198.51.100.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer"),
            ("via", "2 edge"),
        ]);
        let expected = "198.51.100.1, 198.51.100.2, 192.0.2.7";
        assert_eq!(behind_another["x-forwarded-for"], expected);
        assert_eq!(behind_another.get_all("x-forwarded-for").iter().count(), 1);
        assert_eq!(behind_another["x-forwarded-proto"], "https");
        assert_eq!(behind_another["x-forwarded-host"], "outer");
        assert_eq!(behind_another["via"], "2 edge, 1.1 balancer");
    }

    #[test]
    fn trailers_may_be_asked_for() {
        assert_eq!(forwarded(&[("te", "gzip, trailers")])["te"], "trailers");
        assert!(!forwarded(&[("te", "gzip")]).contains_key("te"));
        assert!(!forwarded(&[("expect", "100-continue")]).contains_key("expect"));
    }
}
