//! What does a hash go by? Of a request what the pool's settings name, and the client where the request lacks it.
//! Only algorithms that hash need it.

use http::header::COOKIE;
use http::{HeaderMap, Request};

use crate::client::ClientKey;
use crate::settings::{Algorithm, HashKey, Pool};
use crate::upstream::hash;

/// The key of a request, the same for the same content; 0 where nobody asks for it.
pub(crate) fn of<B>(pool: &Pool, request: &Request<B>, client: ClientKey) -> u64 {
    let content = match (pool.algorithm, &pool.hash) {
        (Algorithm::IpHash, _) => None,
        (Algorithm::ConsistentHash, HashKey::Path) => Some(request.uri().path().as_bytes()),
        (Algorithm::ConsistentHash, HashKey::Header(name)) => {
            request.headers().get(name).map(|value| value.as_bytes())
        }
        (Algorithm::ConsistentHash, HashKey::Cookie(name)) => cookie(request.headers(), name),
        _ => return 0,
    };
    match content {
        Some(content) => hash::of(content),
        None => hash::of(&client.octets()),
    }
}

/// The value of a cookie (RFC 6265 §4.2.1).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let lines = headers.get_all(COOKIE).into_iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        rest.strip_prefix(b"=")
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn key(hash: &str, path: &str, fields: &[(&str, &str)], client: &str) -> u64 {
        let mut pool = Pool::new("a", Vec::new());
        pool.algorithm = Algorithm::ConsistentHash;
        pool.hash = hash.parse().unwrap();
        let mut request = Request::get(path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let client = ClientKey::from(client.parse::<IpAddr>().unwrap());
        of(&pool, &request.body(()).unwrap(), client)
    }

    #[test]
    fn the_same_content_has_the_same_key_and_another_one_has_not() {
        let (a, b) = ("192.0.2.1", "192.0.2.2");
        assert_eq!(key("path", "/x?1", &[], a), key("path", "/x?2", &[], b));
        assert_ne!(key("path", "/x", &[], a), key("path", "/y", &[], a));
        let user = |name| key("header:x-user", "/", &[("x-user", name)], a);
        assert_eq!(
            user("me"),
            key("header:x-user", "/z", &[("x-user", "me")], b)
        );
        assert_ne!(user("me"), user("you"));
        let session = |line| key("cookie:sid", "/", &[("cookie", line)], a);
        assert_eq!(session("sid=1"), session("other=2; sid=1"));
        assert_ne!(session("sid=1"), session("sid=2; xsid=1"));
    }

    #[test]
    fn a_request_without_the_content_goes_by_its_client() {
        for hash in ["header:x-user", "cookie:sid"] {
            let from = |client| key(hash, "/", &[("cookie", "sidx=1")], client);
            assert_eq!(from("192.0.2.1"), from("192.0.2.1"));
            assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
        }
    }
}
