//! What do a client's bytes come through? A socket, TLS if the listener has it, and a look at where each request ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::framing::Framing;
use super::stream::Activity;

/// What the bytes come from.
#[derive(Debug)]
pub(super) enum Socket {
    Plain(TcpStream),
    Tls {
        stream: Box<TlsStream<TcpStream>>,
        /// HTTP/2 was agreed on, which frames requests itself.
        h2: bool,
    },
}

/// A client's connection, from which only clear requests come.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    framing: Framing,
    /// hyper was told that the client ended, because of a head that is not for it.
    ended_unclear: bool,
    activity: Arc<Activity>,
}

impl Wire {
    pub(super) fn new(socket: Socket, activity: Arc<Activity>) -> Wire {
        let mut framing = Framing::default();
        if matches!(socket, Socket::Tls { h2: true, .. }) {
            framing.open_tunnel();
        }
        Wire {
            socket,
            framing,
            ended_unclear: false,
            activity,
        }
    }

    /// Whether bytes that TLS has taken still wait for the socket.
    pub(super) fn has_more_to_write(&self) -> bool {
        match &self.socket {
            Socket::Plain(_) => false,
            Socket::Tls { stream, .. } => stream.get_ref().1.wants_write(),
        }
    }

    pub(super) fn ended_unclear(&self) -> bool {
        self.ended_unclear
    }

    /// Waits until there is something to read, or the end. Of TLS that is known when it has given all that it had.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Plain(stream) => stream.readable().await,
            Socket::Tls { stream, .. } => stream.get_ref().0.readable().await,
        }
    }

    /// Whether many requests go on at once.
    pub(super) fn is_h2(&self) -> bool {
        matches!(self.socket, Socket::Tls { h2: true, .. })
    }
}

/// Calls the same of whichever stream there is.
macro_rules! on {
    ($wire:ident, $method:ident($($argument:ident),*)) => {
        match &mut $wire.socket {
            Socket::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Socket::Tls { stream, .. } => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.framing.is_refused() {
            // As if the client had ended.
            self.ended_unclear = self.framing.is_refused_in_head();
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(on!(self, poll_read(cx, buf)))?;
        if self.activity.is_tunnel() {
            self.framing.open_tunnel();
        }
        let kept = self.framing.check(&mut buf.filled_mut()[before..]);
        buf.set_filled(before + kept);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on!(self, poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Plain(stream) => stream.is_write_vectored(),
            Socket::Tls { stream, .. } => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, poll_shutdown(cx))
    }
}
