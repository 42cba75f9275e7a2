//! Which algorithms are there, what are they called in settings, and what do those that hash go by?

use std::fmt;
use std::str::FromStr;

use http::HeaderName;

/// How a pool chooses the server of a request. None of them sends a server more than its capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// The server with the fewest requests in flight for its weight; ties take turns.
    #[default]
    LeastConnections,
    /// Each server in turn; with weights the same as [`Algorithm::WeightedRoundRobin`].
    RoundRobin,
    /// Turns in proportion to weights, those of the heavy spread among those of the light.
    WeightedRoundRobin,
    /// The less loaded of two that are drawn by their weights.
    TwoChoices,
    /// A client goes to the same server while that has room.
    IpHash,
    /// A [`HashKey`] goes to the same server while that has no more than 1.25 times its share of what is in flight.
    ConsistentHash,
    /// The server with the smallest (in flight + 1) × average latency for its weight.
    LeastTime,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 7] = [
        Algorithm::LeastConnections,
        Algorithm::RoundRobin,
        Algorithm::WeightedRoundRobin,
        Algorithm::TwoChoices,
        Algorithm::IpHash,
        Algorithm::ConsistentHash,
        Algorithm::LeastTime,
    ];
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::LeastConnections => "least-connections",
            Algorithm::RoundRobin => "round-robin",
            Algorithm::WeightedRoundRobin => "weighted-round-robin",
            Algorithm::TwoChoices => "two-choices",
            Algorithm::IpHash => "ip-hash",
            Algorithm::ConsistentHash => "consistent-hash",
            Algorithm::LeastTime => "least-time",
        })
    }
}

impl FromStr for Algorithm {
    type Err = String;

    /// The error says which names are accepted.
    fn from_str(text: &str) -> Result<Algorithm, String> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.to_string() == text)
            .ok_or_else(|| {
                Algorithm::ALL
                    .map(|algorithm| algorithm.to_string())
                    .join(" or ")
            })
    }
}

/// What of a request [`Algorithm::ConsistentHash`] goes by. A request that lacks it goes by its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HashKey {
    /// The path, without the query.
    #[default]
    Path,
    /// The value of a field.
    Header(HeaderName),
    /// The value of a cookie.
    Cookie(String),
}

/// What [`HashKey`] accepts, for messages.
pub(super) const HASH_KEYS: &str = "path, header:NAME or cookie:NAME";

impl FromStr for HashKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<HashKey, &'static str> {
        match text.split_once(':') {
            None if text == "path" => Ok(HashKey::Path),
            Some(("header", name)) => name.parse().map(HashKey::Header).map_err(|_| HASH_KEYS),
            // A cookie's name is a token (RFC 6265 §4.1.1), as that of a field is.
            Some(("cookie", name)) if name.parse::<HeaderName>().is_ok() => {
                Ok(HashKey::Cookie(name.to_owned()))
            }
            _ => Err(HASH_KEYS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hashes_go_by_is_named() {
        assert_eq!("path".parse(), Ok(HashKey::Path));
        let header = HeaderName::from_static("x-user");
        assert_eq!("header:X-User".parse(), Ok(HashKey::Header(header)));
        assert_eq!("cookie:Sid".parse(), Ok(HashKey::Cookie("Sid".into())));
        for text in [
            "",
            "header",
            "header:",
            "cookie:a b",
            "cookie:",
            "query",
            "path:x",
        ] {
            assert_eq!(text.parse::<HashKey>(), Err(HASH_KEYS), "{text}");
        }
    }
}
