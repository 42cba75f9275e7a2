//! How does a visitor keep its place without an account? By a ticket that only we can write: a cookie that says when
//! it joined, signed (HMAC-SHA-256). Whoever holds the key can read it, so it lasts over a restart.

use std::fmt::Write;

use http::{HeaderMap, header};
use ring::hmac;

/// More than any ticket of ours.
const LONGEST: usize = 192;

/// Whose place it is: first come, first served, and the serial number tells apart who came in one millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Visitor {
    /// In milliseconds of Unix time.
    pub(super) joined: u64,
    pub(super) serial: u64,
}

/// What a cookie says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) visitor: Visitor,
    /// Let in, or still waiting.
    pub(super) inside: bool,
    /// When it was written, in milliseconds of Unix time.
    pub(super) at: u64,
}

/// Writes and reads the tickets of one listener.
#[derive(Debug)]
pub(super) struct Office {
    key: hmac::Key,
    /// The cookie's name: of the listener's own, since cookies do not tell ports apart.
    name: String,
}

impl Office {
    /// The office of `listener`, with a secret that may be shared with others.
    pub(super) fn new(listener: &str, secret: &[u8]) -> Office {
        let shared = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let own = hmac::sign(&shared, listener.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, own.as_ref());
        let named = hmac::sign(&key, b"name");
        Office {
            name: format!("waiting-{}", hex(&named.as_ref()[..4])),
            key,
        }
    }

    /// `NAME=VALUE`, for a cookie.
    pub(super) fn write(&self, ticket: Ticket) -> String {
        let Ticket { visitor, at, .. } = ticket;
        let kind = if ticket.inside { 'i' } else { 'w' };
        let text = format!("{kind}.{}.{}.{at}", visitor.joined, visitor.serial);
        let signature = hmac::sign(&self.key, text.as_bytes());
        format!("{}={text}.{}", self.name, hex(signature.as_ref()))
    }

    /// The first ticket of ours among a request's cookies.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<Ticket> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        let cookies = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        let values =
            cookies.filter_map(|cookie| cookie.trim().strip_prefix(&self.name)?.strip_prefix('='));
        values
            .filter(|value| value.len() <= LONGEST)
            .find_map(|value| self.read(value))
    }

    fn read(&self, value: &str) -> Option<Ticket> {
        let (text, signature) = value.rsplit_once('.')?;
        hmac::verify(&self.key, text.as_bytes(), &unhex(signature)?).ok()?;
        let mut words = text.split('.');
        let inside = words.next()? == "i";
        let mut number = || words.next()?.parse().ok();
        Some(Ticket {
            inside,
            visitor: Visitor {
                joined: number()?,
                serial: number()?,
            },
            at: number()?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn found(office: &Office, cookies: &str) -> Option<Ticket> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::try_from(cookies).unwrap());
        office.find(&headers)
    }

    #[test]
    fn only_what_was_written_here_is_believed() {
        let office = Office::new("site", b"secret");
        let ticket = Ticket {
            visitor: Visitor {
                joined: 1_700_000_000_123,
                serial: 42,
            },
            inside: false,
            at: 1_700_000_001_000,
        };
        let cookie = office.write(ticket);
        let among_others = format!("a=b; {cookie};c=d");
        assert_eq!(found(&office, &among_others), Some(ticket));
        let again = Office::new("site", b"secret");
        assert_eq!(found(&again, &cookie), Some(ticket), "after a restart");
        assert_eq!(found(&Office::new("site", b"other"), &cookie), None);
        assert_eq!(found(&Office::new("tiles", b"secret"), &cookie), None);
        let (name, value) = cookie.split_once('=').unwrap();
        let elsewhere = Office::new("tiles", b"secret").write(ticket);
        let stolen = elsewhere.split_once('=').unwrap().1;
        let last = if value.ends_with('0') { "1" } else { "0" };
        for forged in [
            value.replacen('w', "i", 1),
            value.replacen("1700000000123", "1600000000123", 1),
            value.replacen(".42.", ".1.", 1),
            format!("{}{last}", &value[..value.len() - 1]),
            stolen.to_owned(),
            "w.1.1.1.".to_owned(),
            "w.1.1.1".to_owned(),
            "é".to_owned(),
            String::new(),
        ] {
            assert_eq!(
                found(&office, &format!("{name}={forged}")),
                None,
                "{forged}"
            );
        }
    }
}
