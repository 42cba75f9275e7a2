//! Where a service listens, and what it says when it cannot: one line with the address, the cause and
//! the way out.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel keeps until they are accepted, unless `net.core.somaxconn` is less (it is the same on Linux
/// since 5.4): thousands of clients that come at once are not turned away, which costs each a second at least.
const BACKLOG: u32 = 4096;

/// A listener that could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port.
    #[error(
        "{0} is taken by another process: stop it, or choose another address with --listen (port 0 takes any free one)"
    )]
    Taken(String),
    /// The host or port is not one of this machine's, or needs rights that the process lacks.
    #[error(
        "cannot listen on {address}: {cause}; give --listen HOST:PORT with an address of this machine"
    )]
    Unusable {
        /// What was asked for.
        address: String,
        /// The operating system's word.
        cause: io::Error,
    },
}

/// Listens on the first address of `address` (`HOST:PORT`) that can be had, as [`TcpListener::bind`] does, but with room for
/// as many new connections as come at once.
///
/// # Errors
/// The operating system's, for the last address.
pub async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    for address in tokio::net::lookup_host(address).await? {
        outcome = listen_on(address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Or a restart would wait until the connections of before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Binds `address` (`HOST:PORT`, port 0 for any free one).
///
/// # Errors
/// [`ListenError`], whose message is fit for the terminal.
pub async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), ListenError> {
    let unusable = |cause| ListenError::Unusable {
        address: address.to_owned(),
        cause,
    };
    let listener = match listen(address).await {
        Ok(listener) => listener,
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
            return Err(ListenError::Taken(address.to_owned()));
        }
        Err(e) => return Err(unusable(e)),
    };
    let bound = listener.local_addr().map_err(unusable)?;
    Ok((listener, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_clients_as_come_at_once_are_kept_until_they_are_accepted() {
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
        let most: usize = most.unwrap().trim().parse().unwrap();
        // They are this process's own files, more than many systems let it have unless it asks.
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let wider = rustix::process::Rlimit {
            current: files.maximum,
            ..files
        };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, wider).unwrap();
        let (listener, bound) = bind("127.0.0.1:0").await.unwrap();
        // More than `TcpListener::bind` keeps; nobody accepts meanwhile.
        let count = most.min(1500);
        let mut clients = Vec::new();
        for _ in 0..count {
            let connected = tokio::net::TcpStream::connect(bound);
            let patience = std::time::Duration::from_secs(60);
            let connected = tokio::time::timeout(patience, connected).await;
            clients.push(connected.expect("a place in the queue").unwrap());
        }
        for _ in 0..count {
            listener.accept().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_named_with_a_way_out() {
        let (_held, bound) = bind("127.0.0.1:0").await.unwrap();
        let message = bind(&bound.to_string()).await.unwrap_err().to_string();
        assert!(message.contains(&bound.to_string()), "{message}");
        assert!(message.contains("--listen"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_named() {
        let message = bind("nonsense").await.unwrap_err().to_string();
        assert!(message.contains("nonsense"), "{message}");
    }
}
