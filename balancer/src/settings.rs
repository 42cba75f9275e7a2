//! What will the balancer do, exactly? Checked settings: whoever holds them asks no more questions.
//! They come from a TOML or JSON file, from flags, or from code; the constants here are the documented defaults.

mod address;
mod algorithm;
mod edge;
mod file;
mod flags;
#[cfg(test)]
mod fuzz;
mod log;
mod notes;
mod pool;
mod reader;
mod statuses;
mod value;

use std::path::PathBuf;
use std::time::Duration;

pub use address::Address;
pub use algorithm::{Algorithm, HashKey};
pub use edge::{Rate, Tls, WaitingRoom};
pub use flags::Flags;
use ipnet::IpNet;
pub use log::{AccessFormat, Log};
pub(crate) use pool::Change;
pub use pool::{Health, Hedge, Idle, Pool, Queue, Retry, Server, Timeouts, UNKNOWN_CAPACITY};
use service::Mistakes;
pub use statuses::Statuses;

/// Everything the balancer does.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where clients connect, in the order in which the caller binds them.
    pub listeners: Vec<Listener>,
    /// What listeners send requests to.
    pub pools: Vec<Pool>,
    /// `HOST:PORT` of the admin pages, when they are wanted.
    pub admin: Option<String>,
    /// The Unix socket of the admin pages, when it is wanted.
    pub admin_socket: Option<PathBuf>,
    /// What clients may ask of the balancer.
    pub limits: Limits,
    /// What is written down.
    pub log: Log,
}

impl Settings {
    /// Settings from the text of a TOML or JSON file, which messages call `file`; `docs/balancer.md` lists the keys.
    ///
    /// # Errors
    /// All mistakes of the file, each with its line and the path of its key.
    pub fn from_text(file: &str, text: &str) -> Result<Settings, Mistakes> {
        file::read(file, text)
    }

    /// The servers that a file lists, which messages call `file`: one address a line, or JSON as under `pool.servers`.
    ///
    /// # Errors
    /// All mistakes of the file; a list without a server is one.
    pub(crate) fn servers_from_text(file: &str, text: &str) -> Result<Vec<Server>, Mistakes> {
        file::read_list(file, text)
    }

    /// One server, as an operator sends it in JSON.
    pub(crate) fn server_from_text(file: &str, text: &str) -> Result<Server, Mistakes> {
        file::read_server(file, text)
    }

    /// Settings of one listener before one pool, as the command line gives them.
    ///
    /// # Errors
    /// All mistakes of the flags.
    pub fn single(flags: &Flags) -> Result<Settings, Mistakes> {
        flags::check(flags)
    }

    /// Settings from code. `run` refuses them when a listener names a pool that is not there.
    pub fn new(listeners: Vec<Listener>, pools: Vec<Pool>) -> Settings {
        Settings {
            listeners,
            pools,
            admin: None,
            admin_socket: None,
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

/// A place where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What logs call it.
    pub name: String,
    /// `HOST:PORT`; the caller binds it.
    pub address: String,
    /// The pool that its requests go to.
    pub pool: String,
    /// How often each client may ask; `None` is as often as it likes.
    pub rate: Option<Rate>,
    /// TLS, with HTTP/2 for those who offer it; `None` is neither.
    pub tls: Option<Tls>,
    /// Whether every connection begins with a header of the PROXY protocol, which tells the client.
    pub proxy_protocol: bool,
    /// Where visitors wait; `None` answers 503 to those who cannot be served.
    pub waiting_room: Option<WaitingRoom>,
}

impl Listener {
    /// The listener `name` on `address`, in front of `pool`.
    pub fn new(
        name: impl Into<String>,
        address: impl Into<String>,
        pool: impl Into<String>,
    ) -> Self {
        Listener {
            name: name.into(),
            address: address.into(),
            pool: pool.into(),
            rate: None,
            tls: None,
            proxy_protocol: false,
            waiting_room: None,
        }
    }
}

/// What clients may ask of the balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open client connections over all listeners; more wait in the kernel's backlog.
    pub connections: usize,
    /// Open connections of one client, who is refused more. Trusted proxies may have any number.
    pub connections_per_client: Option<usize>,
    /// Proxies whose `X-Forwarded-*` and `Forwarded` fields are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bytes of a request's head, at least 8192; a longer one gets 431.
    pub header_bytes: usize,
    /// Bytes of a request's target; a longer one gets 414.
    pub url_bytes: usize,
    /// For a request's head to arrive.
    pub header_timeout: Duration,
    /// Between two requests on a connection.
    pub keep_alive: Duration,
    /// A client that takes nothing of its answer for so long, nor sends anything of its request, is given up.
    pub stall: Duration,
    /// How long new requests are still taken after shutdown began, while the health page says `draining`: whoever
    /// sends them needs that time to notice.
    pub shutdown_delay: Duration,
    /// How long requests in flight may go on after that.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            connections_per_client: None,
            trusted_proxies: Vec::new(),
            header_bytes: 64 << 10,
            url_bytes: 32 << 10,
            header_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(75),
            stall: Duration::from_secs(60),
            shutdown_delay: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}
