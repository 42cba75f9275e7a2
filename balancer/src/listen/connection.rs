//! What happens on one connection of a client? It is opened (who is there, and by which protocol), asked for one request
//! after the other, and perhaps becomes a tunnel.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::rt::Write;
use hyper::server::conn::http1::Parts;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use service::Shutdown;
use tokio::net::TcpStream;

use super::stream::{Activity, ClientStream};
use super::wire::{Socket, Wire};
use super::{Gate, forwarder};
use crate::body::Body;
use crate::edge::Caller;
use crate::log::Entry;

/// Requests at once on a connection of HTTP/2: as many as browsers send, and as others allow.
const MOST_STREAMS: u32 = 128;

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
    let activity = Arc::new(Activity::default());
    let number = gate.numbers.next();
    let caller = Caller::new(peer.ip(), &gate.edge.trusted, is_tls, number);
    let wire = Wire::new(socket, activity.clone());
    let stream = ClientStream::new(wire, gate.limits.clone(), activity.clone());
    let client = Arc::new(Client {
        gate,
        caller,
        activity,
    });
    let outcome = if is_h2 {
        Box::pin(client.http_2(stream, shutdown)).await
    } else {
        client.http_1(stream, shutdown).await
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

/// An open connection.
struct Client {
    gate: Arc<Gate>,
    caller: Caller,
    activity: Arc<Activity>,
}

impl Client {
    /// One request after the other. hyper has the connection while there are requests, and gives it back for a
    /// rest, for a tunnel, and in the end.
    async fn http_1(
        self: &Arc<Self>,
        mut stream: ClientStream,
        shutdown: Shutdown,
    ) -> hyper::Result<()> {
        let limits = &self.gate.limits;
        loop {
            let mut served = http1::Builder::new()
                // Its work is done by the stream.
                .header_read_timeout(None)
                .max_header_size(limits.header_bytes)
                .max_buf_size(limits.header_bytes)
                .serve_connection(stream, service_fn(|request| self.answer(request)));
            let mut outcome = tokio::select! {
                outcome = poll_fn(|cx| served.poll_without_shutdown(cx)) => outcome,
                () = shutdown.cancelled() => {
                    Pin::new(&mut served).graceful_shutdown();
                    poll_fn(|cx| served.poll_without_shutdown(cx)).await
                }
            };
            let Parts { io, read_buf, .. } = served.into_parts();
            stream = io;
            if let Some(tunnel) = self.caller.tunnel.take() {
                let _busy = self.activity.start();
                let client = TokioIo::new(stream);
                if let Err(error) = Box::pin(tunnel.run(client, read_buf)).await {
                    tracing::debug!(%error, "tunnel of a client ended");
                }
                return Ok(());
            }
            if self.activity.take_rest() && read_buf.is_empty() {
                outcome = Ok(());
                // Empty, but with all its room.
                drop(read_buf);
                let rested = shutdown.run_until_cancelled(stream.rest()).await;
                if rested == Some(true) {
                    continue;
                }
            }
            // The end has been reached in any case.
            poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx))
                .await
                .ok();
            return outcome;
        }
    }

    async fn http_2(
        self: &Arc<Self>,
        stream: ClientStream,
        shutdown: Shutdown,
    ) -> hyper::Result<()> {
        let limits = &self.gate.limits;
        let most_bytes = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
        let served = http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(most_bytes)
            .serve_connection(stream, service_fn(|request| self.answer(request)));
        tokio::pin!(served);
        tokio::select! {
            outcome = served.as_mut() => outcome,
            () = shutdown.cancelled() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    }

    /// The future holds all it needs: HTTP/2 has many at once, in tasks of their own. It is boxed so that a connection
    /// that rests does not keep the room for a request and all its tries.
    fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>> {
        let busy = self.activity.start();
        let client = self.clone();
        Box::pin(async move {
            let Client {
                gate,
                caller,
                activity,
            } = &*client;
            let pool = gate.pool.load_full();
            // HTTP/2 has no such field; its connections say farewell themselves.
            let says_close = request.version() <= Version::HTTP_11;
            let begin = |log| Entry::begin(log, caller.address(), &pool, &request);
            let entry = gate.access_log.as_ref().map(begin);
            let answer = gate.edge.answer(&pool, caller, request).await;
            let status = answer.status();
            let mut answer = answer.map(|body| body.during(busy, status, entry));
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                activity.open_tunnel();
                return Ok(answer);
            }
            if !says_close {
                answer.headers_mut().remove(header::CONNECTION);
            } else if gate.draining.is_cancelled() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(answer)
        })
    }
}
