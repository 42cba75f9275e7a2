//! What may a listener's clients do? The checked settings of rate limits.

use std::num::NonZeroU32;
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
