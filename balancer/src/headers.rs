//! Which fields end at this hop, and which are added? RFC 9110 §7.6.1: what belongs to the connection stays
//! with it, and so does what the `Connection` field names. What tells who the client is and how it came is believed
//! of trusted proxies, and of nobody else; the rest is passed on as it came.

mod found;
#[cfg(test)]
mod tests;

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
    if found.has(Field::TransferEncoding) {
        headers.remove(TRANSFER_ENCODING);
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
    if found.has(Field::Underscored) {
        let alias = |name: &&HeaderName| is_alias(name.as_str());
        while let Some(name) = headers.keys().find(alias).cloned() {
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

/// Whether servers that know fields as CGI does (RFC 3875 §4.1.18), with underscores for dashes, would take a name for one that is not
/// believed.
fn is_alias(name: &str) -> bool {
    let meant = name.replace('_', "-");
    let unbelieved = meant.starts_with("x-forwarded-") || REAL_IP == *meant || REQUEST_ID == *meant;
    name.contains('_') && unbelieved
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
