//! What do a client's bytes come through? A socket, and TLS if the listener has it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What the bytes come from.
#[derive(Debug)]
pub(super) enum Socket {
    Plain(TcpStream),
    Tls {
        stream: Box<TlsStream<TcpStream>>,
        /// HTTP/2 was agreed on.
        h2: bool,
    },
}

impl Socket {
    /// Waits until there is something to read, or the end. Of TLS that is known when it has given all that it had.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match self {
            Socket::Plain(stream) => stream.readable().await,
            Socket::Tls { stream, .. } => stream.get_ref().0.readable().await,
        }
    }

    /// Breaks the connection off when it is dropped, and does not end it. TLS does, since it says no farewell then.
    pub(super) fn reset(&self) {
        if let Socket::Plain(stream) = self {
            // Without it the connection ends all the same.
            stream.set_zero_linger().ok();
        }
    }
}

/// Calls the same of whichever stream there is.
macro_rules! on {
    ($socket:ident, $method:ident($($argument:ident),*)) => {
        match $socket.get_mut() {
            Socket::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Socket::Tls { stream, .. } => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on!(self, poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on!(self, poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Socket::Plain(stream) => stream.is_write_vectored(),
            Socket::Tls { stream, .. } => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, poll_shutdown(cx))
    }
}
