//! Which algorithms are there, and what are they called in settings?

use std::fmt;
use std::str::FromStr;

/// How a pool chooses the server of a request. None of them sends a server more than its capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// The server with the fewest requests in flight; ties take turns.
    #[default]
    LeastConnections,
    /// Each server in turn.
    RoundRobin,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 2] = [Algorithm::LeastConnections, Algorithm::RoundRobin];
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::LeastConnections => "least-connections",
            Algorithm::RoundRobin => "round-robin",
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
