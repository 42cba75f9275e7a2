//! Where a service listens, and what it says when it cannot: one line with the address, the cause and
//! the way out.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

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

/// Binds `address` (`HOST:PORT`, port 0 for any free one).
///
/// # Errors
/// [`ListenError`], whose message is fit for the terminal.
pub async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), ListenError> {
    let unusable = |cause| ListenError::Unusable {
        address: address.to_owned(),
        cause,
    };
    let listener = match TcpListener::bind(address).await {
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
