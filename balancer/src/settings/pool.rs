//! Which servers can stand in for each other, and how long may what take with them?

use std::time::Duration;

use service::Mistakes;

use super::{Address, Algorithm, HashKey, Statuses, file};

/// Servers that can stand in for each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// What listeners, logs and answers call it.
    pub name: String,
    /// Its servers.
    pub servers: Vec<Server>,
    /// Which server a request goes to.
    pub algorithm: Algorithm,
    /// What [`Algorithm::ConsistentHash`] goes by.
    pub hash: HashKey,
    /// How many requests each server runs at once; `None` asks its health answer
    /// (a member `capacity`), and takes [`UNKNOWN_CAPACITY`] when that does not say.
    pub capacity: Option<u32>,
    /// Whether answers carry `X-Pool-Capacity`, the sum of the known capacities of servers that are up.
    pub advertise_capacity: bool,
    /// How servers are probed.
    pub health: Health,
    /// Where requests wait while all servers are full.
    pub queue: Queue,
    /// When a request is tried again.
    pub retry: Retry,
    /// When a request is sent to a second server too.
    pub hedge: Hedge,
    /// How long servers may take.
    pub timeouts: Timeouts,
    /// How long a server that comes up takes to get its whole share; zero is no time. Never at the start of the process.
    pub slow_start: Duration,
    /// Idle connections to servers.
    pub idle: Idle,
    /// Between two questions for the names of its servers.
    pub resolve_interval: Duration,
}

impl Pool {
    /// A pool with all defaults.
    pub fn new(name: impl Into<String>, servers: Vec<Server>) -> Pool {
        Pool {
            name: name.into(),
            servers,
            algorithm: Algorithm::default(),
            hash: HashKey::default(),
            capacity: None,
            advertise_capacity: true,
            health: Health::default(),
            queue: Queue::default(),
            retry: Retry::default(),
            hedge: Hedge::default(),
            timeouts: Timeouts::default(),
            slow_start: Duration::ZERO,
            idle: Idle::default(),
            resolve_interval: Duration::from_secs(1),
        }
    }
}

/// One entry of a pool's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: Address,
    /// Its own capacity, before the pool's.
    pub capacity: Option<u32>,
    /// How much it gets, compared with the others.
    pub weight: u32,
    /// Whether it gets requests only while no server is up that is not a backup.
    pub backup: bool,
}

/// What an operator changes of a server; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) capacity: Option<u32>,
    pub(crate) weight: Option<u32>,
    /// Whether it gets nothing new.
    pub(crate) drain: Option<bool>,
}

impl Change {
    /// A change, as an operator sends it in JSON.
    pub(crate) fn from_text(file: &str, text: &str) -> Result<Change, Mistakes> {
        file::read_change(file, text)
    }
}

impl From<Address> for Server {
    fn from(address: Address) -> Server {
        Server {
            address,
            capacity: None,
            weight: 1,
            backup: false,
        }
    }
}

/// A capacity for servers that do not tell theirs: as many connections as event-driven servers
/// commonly take from one peer, so that even an unknown server is bounded by something.
pub const UNKNOWN_CAPACITY: u32 = 1024;

/// How servers are probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether they are probed at all; without probes a server is up until a connection to it fails.
    pub probes: bool,
    /// What is asked with `GET`.
    pub path: String,
    /// What passes. Of the others, 503 means "up, but send me nothing".
    pub status: Statuses,
    /// Between two probes of a server whose state is settled.
    pub interval: Duration,
    /// Between two probes of a server that is not up, or about not to be.
    pub fast_interval: Duration,
    /// For a whole probe, connecting included.
    pub timeout: Duration,
    /// So many failures in a row take a server down.
    pub fall: u32,
    /// So many passes in a row bring it up again; the first pass of a new server is enough.
    pub rise: u32,
    /// How long a server is ejected, times the ejections in a row, if no probe passes before.
    pub ejection: Duration,
    /// No ejection is longer.
    pub longest_ejection: Duration,
    /// So many failed answers in a row (5xx, or none in time) eject a server.
    pub errors: u32,
}

impl Default for Health {
    fn default() -> Health {
        Health {
            probes: true,
            path: "/readyz".into(),
            status: Statuses::success(),
            interval: Duration::from_secs(1),
            // A server that is killed has failed three probes within two seconds, and one that is back has passed two in one.
            fast_interval: Duration::from_millis(400),
            timeout: Duration::from_secs(2),
            fall: 3,
            rise: 2,
            ejection: Duration::from_secs(30),
            longest_ejection: Duration::from_secs(300),
            errors: 5,
        }
    }
}

/// Where requests wait while all servers are full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// So many wait at most; the next one gets 503.
    pub length: usize,
    /// So long a request waits at most, then it gets 503.
    pub wait: Duration,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            length: 1024,
            wait: Duration::from_secs(60),
        }
    }
}

/// When a request is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often a request is sent at most, the first time included.
    pub tries: u32,
    /// Bodies up to this size are held so that they can be sent again; larger ones stream and are sent once.
    pub body_bytes: usize,
    /// Bytes that held bodies may take in all; past it bodies stream and are sent once.
    pub held_bytes: usize,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            tries: 3,
            body_bytes: 1 << 20,
            held_bytes: 256 << 20,
        }
    }
}

/// When a request is sent to a second server too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hedge {
    /// When its answer takes so many times what 95 % of the pool's answers take; 0 is never.
    pub factor: f64,
}

/// How long servers may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To take a connection.
    pub connect: Duration,
    /// From the request's end, or what went out of it last, to the answer's head.
    pub head: Duration,
    /// Between two pieces of a body, in both directions.
    pub body_idle: Duration,
    /// Bytes a second that a client's body has to come with, after its first 5 s; 0 is any. Less gets 408.
    pub body_rate: u32,
    /// From a request's head to the head of its answer, with its body, its wait and its tries; `None` is as
    /// long as these may take.
    pub request: Option<Duration>,
    /// Between two pieces either way, once a connection has been switched to another protocol.
    pub tunnel_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(1),
            head: Duration::from_secs(600),
            body_idle: Duration::from_secs(60),
            body_rate: 240,
            request: None,
            tunnel_idle: Duration::from_secs(3600),
        }
    }
}

/// Idle connections to servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Kept per server.
    pub connections: usize,
    /// Older ones are closed; shorter than servers commonly keep theirs, so that they rarely close first.
    pub time: Duration,
}

impl Default for Idle {
    fn default() -> Idle {
        Idle {
            connections: 128,
            time: Duration::from_secs(30),
        }
    }
}
