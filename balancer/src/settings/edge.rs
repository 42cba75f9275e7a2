//! What may a listener's clients do, and how do they come? The checked settings of rate limits, TLS and the waiting room.

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

/// Where visitors of a listener wait when they cannot be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRoom {
    /// So many visitors are inside at most; `None` is any number.
    pub active: Option<usize>,
    /// Nobody is let in while so many requests wait in the pool's queue; `None` is any number.
    pub queue: Option<usize>,
    /// So many visitors wait at most.
    pub length: usize,
    /// Who has asked for nothing for so long is no longer inside.
    pub session: Duration,
    /// How often those who wait ask again.
    pub refresh: Duration,
    /// Who has not asked again for so long has lost the place.
    pub abandon: Duration,
    /// A page with `{{place}}`, `{{wait}}` and, if wanted, `{{refresh}}` and `{{reason}}`.
    pub page: Option<PathBuf>,
    /// At least 32 random bytes that sign tickets, which then hold over a restart.
    pub key_file: Option<PathBuf>,
}

impl Default for WaitingRoom {
    fn default() -> WaitingRoom {
        WaitingRoom {
            active: None,
            queue: None,
            length: 10_000,
            session: Duration::from_secs(300),
            refresh: Duration::from_secs(5),
            abandon: Duration::from_secs(30),
            page: None,
            key_file: None,
        }
    }
}
