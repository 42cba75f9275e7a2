//! What happens on one connection of a client? It is opened (who is there, and by which protocol), asked for one request
//! after the other, and perhaps becomes a tunnel.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::rt::Write;
use hyper::server::conn::http1::Parts;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::Shutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::stream::{Activity, ClientStream};
use super::streams::Streams;
use super::wire::{Socket, Wire};
use super::{Gate, forwarder};
use crate::body::{Body, closing};
use crate::edge::Caller;
use crate::log::Entry;
use crate::refuse;

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
            if stream.ended_unclear() {
                Box::pin(self.answer_unclear(&mut stream)).await;
            } else if let Err(e) = &outcome
                && let Some(status) = refusal_of(e)
            {
                self.note_malformed(status, 0);
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
        let streams = Streams {
            activity: self.activity.clone(),
            stall: limits.stall,
        };
        let served = http2::Builder::new(streams)
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(most_bytes)
            .serve_connection(stream, service_fn(|request| self.answer(request)));
        tokio::pin!(served);
        // Who comes while we are draining gets one answer before the farewell, as with HTTP/1.
        let draining = async {
            if self.gate.draining.is_cancelled() {
                std::future::pending().await
            } else {
                self.gate.draining.cancelled().await;
            }
        };
        let leaving = poll_fn(|cx| match served.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if self.activity.is_leaving() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let ended = tokio::select! {
            ended = leaving => ended,
            () = shutdown.cancelled() => None,
            () = draining => None,
        };
        if let Some(outcome) = ended {
            return outcome;
        }
        // GOAWAY (RFC 9113 §6.8); the stream does not wait for ever for the end.
        self.activity.leave();
        served.as_mut().graceful_shutdown();
        served.await
    }

    /// A head that could be read in two ways, or none at all: the connection's last answer is ours, and not hyper's.
    async fn answer_unclear(&self, stream: &mut ClientStream) {
        let why = refuse::unclear();
        let status = why.status();
        let (head, body) = closing(why).into_parts();
        let Ok(body) = body.collect().await.map(Collected::to_bytes) else {
            return;
        };
        let mut text = format!("HTTP/1.1 {status}\r\n").into_bytes();
        let length = (header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let fields = head.headers.iter().chain([(&length.0, &length.1)]);
        for (name, value) in fields {
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&body);
        // Who has left, or does not read, gets none.
        let mut stream = TokioIo::new(stream);
        let sent = stream.write_all(&text).await.is_ok();
        self.note_malformed(status, if sent { body.len() } else { 0 });
    }

    /// Counts and logs a request whose head nobody understood.
    fn note_malformed(&self, status: StatusCode, bytes: usize) {
        let pool = self.gate.pool.load_full();
        pool.counts.malformed.fetch_add(1, Ordering::Relaxed);
        Entry::malformed(&self.gate.log, self.caller.address(), &pool, status, bytes);
    }

    /// The future holds all it needs: HTTP/2 has many at once, in tasks of their own. It is boxed so that a connection
    /// that rests does not keep the room for a request and all its tries.
    fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>> {
        let busy = if request.version() == Version::HTTP_2 {
            self.activity.start_stream()
        } else {
            self.activity.start()
        };
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
            let entry = Entry::begin(&gate.log, caller.address(), &pool, &request);
            let answer = gate.edge.answer(&pool, caller, request).await;
            let status = answer.status();
            let mut answer = answer.map(|body| body.during(busy, status, entry));
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                activity.open_tunnel();
                return Ok(answer);
            }
            if !says_close {
                answer.headers_mut().remove(header::CONNECTION);
                if gate.draining.is_cancelled() {
                    activity.leave();
                }
            } else if gate.draining.is_cancelled() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(answer)
        })
    }
}

/// What hyper has answered by itself to what it could not parse.
fn refusal_of(e: &hyper::Error) -> Option<StatusCode> {
    if e.is_parse_too_large() {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else if e.is_parse() && !e.is_parse_version_h2() {
        Some(StatusCode::BAD_REQUEST)
    } else {
        None
    }
}
