//! What may a listener's clients do, and how do they come? The checked settings of rate limits and TLS.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// How often each client of a listener may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second.
    pub requests: NonZeroU32,
    /// So many at once, after a pause.
    pub burst: NonZeroU32,
    /// Who is refused more often than so many times a minute is banned; 0 bans nobody.
    pub ban_after: u32,
    /// For how long.
    pub ban: Duration,
    /// Clients that are remembered at most; those that come least often are forgotten first.
    pub clients: usize,
}

impl Rate {
    /// `requests` a second, twice as many at once, and all else at its default.
    pub fn new(requests: NonZeroU32) -> Rate {
        Rate {
            requests,
            burst: requests.saturating_add(requests.get()),
            ban_after: 1000,
            ban: Duration::from_secs(600),
            clients: 100_000,
        }
    }
}

/// Files in PEM form, which are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The listener's certificate, and those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// The private key of the first one.
    pub key: PathBuf,
}
