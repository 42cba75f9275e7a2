//! What happens on one connection of a client? It is opened (who is there, and by which protocol), asked for one request
//! after the other, and perhaps becomes a tunnel.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Request, Response, Version, header};
use service::Shutdown;
use tokio::net::TcpStream;

use super::http_1::Http1;
use super::http_2::{self, Busy};
use super::inlet::ClientBody;
use super::socket::Socket;
use super::{Gate, forwarder};
use crate::body::Body;
use crate::edge::Caller;
use crate::log::Entry;
use crate::refuse::Why;

/// Serves a connection to its end, which is soon when `shutdown` fires.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    gate: Arc<Gate>,
    shutdown: Shutdown,
) {
    let opening = tokio::time::timeout(gate.limits.header_timeout, open(stream, peer, &gate));
    let (socket, peer) = match opening.await {
        Ok(Ok(opened)) => opened,
        Ok(Err(e)) => return tracing::debug!(%peer, error = %e, "connection was not opened"),
        Err(_) => return tracing::debug!(%peer, "connection was not opened in time"),
    };
    let (is_tls, is_h2) = match &socket {
        Socket::Tls { h2, .. } => (true, *h2),
        Socket::Plain(_) => (false, false),
    };
    let number = gate.numbers.next();
    let caller = Caller::new(peer.ip(), &gate.edge.trusted, is_tls, number);
    let client = Arc::new(Client { gate, caller });
    let outcome = if is_h2 {
        Box::pin(http_2::serve(client, socket, shutdown))
            .await
            .map_err(io::Error::other)
    } else {
        Http1::new(client, socket, shutdown).serve().await
    };
    if let Err(e) = outcome {
        tracing::debug!(%peer, error = %e, "connection of a client ended");
    }
}

/// Who is there, and what bytes come through.
async fn open(
    mut stream: TcpStream,
    mut peer: SocketAddr,
    gate: &Gate,
) -> io::Result<(Socket, SocketAddr)> {
    stream.set_nodelay(true)?;
    if gate.behind_forwarder
        && let Some(client) = forwarder::read(&mut stream).await?
    {
        peer = client;
    }
    let Some(tls) = &gate.tls else {
        return Ok((Socket::Plain(stream), peer));
    };
    let (stream, h2) = Box::pin(tls.accept(stream)).await?;
    let stream = Box::new(stream);
    Ok((Socket::Tls { stream, h2 }, peer))
}

/// Whoever is at the other end, and what is there for them.
pub(super) struct Client {
    pub(super) gate: Arc<Gate>,
    pub(super) caller: Caller,
}

impl Client {
    /// Answers a request, which is `busy` until the answer's end.
    pub(super) async fn answer(
        &self,
        request: Request<ClientBody>,
        busy: Option<Busy>,
    ) -> Response<Body> {
        let Client { gate, caller } = self;
        let pool = gate.pool.load_full();
        // HTTP/2 has no such field; its connections say farewell themselves.
        let says_close = request.version() <= Version::HTTP_11;
        let mut entry = Entry::begin(&gate.log, caller.address(), &pool, &request);
        let mut answer = gate.edge.answer(&pool, caller, request).await;
        let status = answer.status();
        if let Some(entry) = &mut entry
            && let Some(Why(why)) = answer.extensions_mut().remove()
        {
            entry.failed(why);
        }
        answer.body_mut().accompany(busy, status, entry);
        if !says_close {
            answer.headers_mut().remove(header::CONNECTION);
        } else if !status.is_informational() && gate.draining.is_cancelled() {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        answer
    }

    /// Counts and logs a request whose head nobody understood, and its answer.
    pub(super) fn refused<B>(&self, request: &Request<B>, answer: &mut Response<Body>) {
        let pool = self.gate.pool.load_full();
        pool.counts.malformed.fetch_add(1, Ordering::Relaxed);
        let entry = Entry::begin(&self.gate.log, self.caller.address(), &pool, request);
        let status = answer.status();
        answer.body_mut().accompany(None, status, entry);
    }
}
