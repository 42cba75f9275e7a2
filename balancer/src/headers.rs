//! Which fields end at this hop, and which are added? RFC 9110 §7.6.1: what belongs to the connection stays
//! with it, and so does what the `Connection` field names. What tells who the client is and how it came is believed
//! of trusted proxies, and of nobody else; the rest is passed on as it came.

mod found;

use std::net::IpAddr;

use bytes::BytesMut;

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, Entry, FORWARDED, HOST, HeaderName, HeaderValue,
    TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, Version};

use self::found::{Field, Found};
use crate::http1::encode;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Room for the fields that [`forward`] adds.
const ADDED: usize = 256;

/// What `Via` calls us (RFC 9110 §7.6.3 allows a pseudonym).
const VIA_1_1: HeaderValue = HeaderValue::from_static("1.1 balancer");
const VIA_2: HeaderValue = HeaderValue::from_static("2 balancer");
const VIA_1_0: HeaderValue = HeaderValue::from_static("1.0 balancer");

/// Takes out the fields that end at this hop.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let found = Found::among(headers);
    strip(headers, found);
}

fn strip(headers: &mut HeaderMap, found: Found) {
    if found.has(Field::Connection) {
        for name in nominated(headers) {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    if found.has(Field::TransferEncoding) && headers.remove(TRANSFER_ENCODING).is_some() {
        // It went before any length (RFC 9112 §6.3), which therefore says nothing about the body that goes on.
        headers.remove(CONTENT_LENGTH);
    }
    if found.has(Field::KeepAlive) {
        headers.remove(KEEP_ALIVE);
        headers.remove(PROXY_CONNECTION);
    }
    if found.has(Field::Te) {
        headers.remove(TE);
    }
    if found.has(Field::Upgrade) {
        headers.remove(UPGRADE);
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

/// Whoever connects, as fields tell it; made once per connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    address: IpAddr,
    text: Option<HeaderValue>,
    trusted: bool,
    scheme: &'static str,
    /// What servers are told of it, when nobody before it is believed.
    way: BytesMut,
}

/// Fields that are added to a request, as they are written behind its own: a map would grow for them, for every request.
#[derive(Debug, Default)]
pub(crate) struct Added(BytesMut);

impl Added {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn field(&mut self, name: &HeaderName, value: &[u8]) {
        encode::field(&mut self.0, name, value);
    }
}

impl Peer {
    /// `trusted` is a proxy whose word is believed.
    pub(crate) fn new(address: IpAddr, trusted: bool, tls: bool) -> Peer {
        let text = address.to_string();
        let scheme = if tls { "https" } else { "http" };
        let mut way = BytesMut::new();
        encode::field(&mut way, &FORWARDED_FOR, text.as_bytes());
        encode::field(&mut way, &FORWARDED_PROTO, scheme.as_bytes());
        Peer {
            address,
            text: HeaderValue::try_from(text).ok(),
            trusted,
            scheme,
            way,
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted
    }
}

/// Makes a client's fields those of the request to a server, together with those that are added. `id` is the request's name,
/// if nobody who is believed has named it.
pub(crate) fn forward(headers: &mut HeaderMap, peer: &Peer, id: &[u8], version: Version) -> Added {
    let mut added = Added(BytesMut::with_capacity(ADDED));
    let found = Found::among(headers);
    let trailers = found.has(Field::Te) && takes_trailers(headers);
    strip(headers, found);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    // Our server side has answered `100 Continue` by the time the body is read.
    if found.has(Field::Expect) {
        headers.remove(EXPECT);
    }
    let via = match version {
        Version::HTTP_10 => VIA_1_0,
        Version::HTTP_2 => {
            if found.has(Field::Cookie) {
                join_cookies(headers);
            }
            VIA_2
        }
        _ => VIA_1_1,
    };
    if found.has(Field::Via) {
        append(headers, VIA, via);
    } else {
        added.field(&VIA, via.as_bytes());
    }
    if peer.trusted {
        extend_way(headers, peer);
    } else {
        begin_way(headers, peer, found, &mut added);
    }
    // It may have been named as one that ends here.
    if !found.has(Field::RequestId) || !headers.contains_key(REQUEST_ID) {
        added.field(&REQUEST_ID, id);
    }
    added
}

/// HTTP/2 may cut cookies into fields of their own, which HTTP/1.1 may not (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// The way of a request begins here, whatever the client says.
fn begin_way(headers: &mut HeaderMap, peer: &Peer, found: Found, added: &mut Added) {
    let unbelieved = [
        (Field::Forwarded, FORWARDED),
        (Field::RealIp, REAL_IP),
        (Field::RequestId, REQUEST_ID),
    ];
    for (field, name) in unbelieved {
        if found.has(field) {
            headers.remove(name);
        }
    }
    if found.has(Field::XForwarded) {
        let forwarded = |name: &&HeaderName| name.as_str().starts_with("x-forwarded-");
        while let Some(name) = headers.keys().find(forwarded).cloned() {
            headers.remove(name);
        }
    }
    added.0.extend_from_slice(&peer.way);
    // HTTP/1.1 has to have a host, and where it is not known it is empty (RFC 9112 §3.2).
    match headers.get(HOST) {
        Some(host) => added.field(&FORWARDED_HOST, host.as_bytes()),
        None => {
            added.field(&HOST, b"");
            added.field(&FORWARDED_HOST, b"");
        }
    }
}

/// A proxy before us knows better than we do how the client came.
fn extend_way(headers: &mut HeaderMap, peer: &Peer) {
    if let Some(text) = peer.text.clone() {
        append(headers, FORWARDED_FOR, text);
    }
    if headers.contains_key(FORWARDED)
        && let Ok(node) = HeaderValue::try_from(match peer.address {
            IpAddr::V4(address) => format!("for={address}"),
            IpAddr::V6(address) => format!("for=\"[{address}]\""),
        })
    {
        append(headers, FORWARDED, node);
    }
    headers
        .entry(FORWARDED_PROTO)
        .or_insert(HeaderValue::from_static(peer.scheme));
    let host = headers
        .entry(HOST)
        .or_insert(HeaderValue::from_static(""))
        .clone();
    headers.entry(FORWARDED_HOST).or_insert(host);
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

    fn forwarded_by(trusted: bool, fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = headers(fields);
        let peer = Peer::new(IpAddr::from([192, 0, 2, 7]), trusted, false);
        let added = forward(&mut headers, &peer, b"made-here", Version::HTTP_11);
        let lines = std::str::from_utf8(added.as_bytes()).unwrap();
        for line in lines.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            // Nobody is told the same thing twice.
            assert!(!headers.contains_key(&name), "{name}");
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn forwarded(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        forwarded_by(false, fields)
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
    fn the_way_of_a_request_begins_here() {
        let fresh = forwarded(&[("host", "example.org")]);
        assert_eq!(fresh["x-forwarded-for"], "192.0.2.7");
        assert_eq!(fresh["x-forwarded-proto"], "http");
        assert_eq!(fresh["x-forwarded-host"], "example.org");
        assert_eq!(fresh["via"], "1.1 balancer");
    }

    #[test]
    fn what_a_client_says_of_its_way_is_not_believed() {
        let made_up = forwarded(&[
            ("host", "example.org"),
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-prefix", "/admin"),
            ("forwarded", "for=198.51.100.1"),
            ("x-real-ip", "198.51.100.1"),
            ("x-request-id", "theirs"),
            (
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
        ]);
        assert_eq!(made_up["x-forwarded-for"], "192.0.2.7");
        assert_eq!(made_up["x-forwarded-proto"], "http");
        assert_eq!(made_up["x-forwarded-host"], "example.org");
        assert_eq!(made_up["x-request-id"], "made-here");
        assert!(made_up.contains_key("traceparent"));
        for name in [
            "x-forwarded-port",
            "x-forwarded-prefix",
            "forwarded",
            "x-real-ip",
        ] {
            assert!(!made_up.contains_key(name), "{name}");
        }
    }

    #[test]
    fn what_a_trusted_proxy_says_is_extended() {
        let behind_another = forwarded_by(
            true,
            &[
                ("host", "inner"),
                ("x-forwarded-for", "198.51.100.1"),
                ("x-forwarded-for", "198.51.100.2"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "outer"),
                ("via", "2 edge"),
                ("forwarded", "for=198.51.100.1"),
                ("x-request-id", "theirs"),
                ("x-forwarded-port", "443"),
            ],
        );
        let expected = "198.51.100.1, 198.51.100.2, 192.0.2.7";
        assert_eq!(behind_another["x-forwarded-for"], expected);
        assert_eq!(behind_another.get_all("x-forwarded-for").iter().count(), 1);
        assert_eq!(behind_another["x-forwarded-proto"], "https");
        assert_eq!(behind_another["x-forwarded-host"], "outer");
        assert_eq!(behind_another["x-forwarded-port"], "443");
        assert_eq!(behind_another["x-request-id"], "theirs");
        assert_eq!(behind_another["via"], "2 edge, 1.1 balancer");
        let forwarded = "for=198.51.100.1, for=192.0.2.7";
        assert_eq!(behind_another["forwarded"], forwarded);
    }

    #[test]
    fn trailers_may_be_asked_for() {
        assert_eq!(forwarded(&[("te", "gzip, trailers")])["te"], "trailers");
        assert!(!forwarded(&[("te", "gzip")]).contains_key("te"));
        assert!(!forwarded(&[("expect", "100-continue")]).contains_key("expect"));
    }
}
