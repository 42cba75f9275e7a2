//! What becomes of a connection that changes its protocol? Only WebSocket may (RFC 6455); the server decides,
//! and once it has agreed, bytes flow both ways until one side ends, or nothing has come for long. The server's
//! slot is held that long.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use crate::pool::Slot;
use crate::upstream::Switched;

/// As much as is read before it is passed on, either way.
const BUFFER: usize = 8 << 10;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A request's extension: it asks for an upgrade, which its connection field no longer says.
#[derive(Clone, Debug)]
pub(crate) struct Wanted;

/// An answer's extension: the server has agreed. Extensions are cloned; there is one tunnel all the same.
#[derive(Clone, Debug)]
pub(crate) struct Agreed(Arc<Mutex<Option<Tunnel>>>);

impl Agreed {
    pub(crate) fn new(server: Switched, slot: Slot) -> Agreed {
        Agreed(Arc::new(Mutex::new(Some(Tunnel { server, slot }))))
    }

    fn take(&self) -> Option<Tunnel> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        place.take()
    }
}

/// The server's end, until the client's is free. Holds its slot.
#[derive(Debug)]
pub(crate) struct Tunnel {
    server: Switched,
    slot: Slot,
}

/// Where a connection's tunnel waits until its HTTP is over.
#[derive(Debug, Default)]
pub(crate) struct Entrance(Mutex<Option<Tunnel>>);

impl Entrance {
    pub(crate) fn take(&self) -> Option<Tunnel> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        place.take()
    }

    fn put(&self, tunnel: Tunnel) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(tunnel);
    }
}

/// Whether the request is a WebSocket handshake (RFC 6455 §4.1), and is marked as one. Any other offer to change the
/// protocol, h2c among them, may be ignored (RFC 9110 §7.8).
pub(super) fn wanted<B>(request: &mut Request<B>) -> bool {
    let headers = request.headers();
    if !headers.contains_key(UPGRADE) || !is_handshake(request.method(), request.version(), headers)
    {
        return false;
    }
    request.extensions_mut().insert(Wanted);
    true
}

fn is_handshake(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    *method == Method::GET
        && version == Version::HTTP_11
        && names(headers, CONNECTION, "upgrade")
        && names(headers, UPGRADE, "websocket")
}

fn names(headers: &HeaderMap, list: http::HeaderName, member: &str) -> bool {
    let values = headers.get_all(list).into_iter();
    let mut members = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    members.any(|name| name.trim().eq_ignore_ascii_case(member))
}

/// Says what is asked for in the fields of this hop, or what was agreed on.
pub(crate) fn announce(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
}

/// Keeps the server's end until the client has its answer; whether the protocol changes.
pub(super) fn agree<B>(answer: &mut Response<B>, entrance: &Entrance) -> bool {
    let agreed = answer.extensions_mut().remove::<Agreed>();
    let tunnel = agreed.and_then(|agreed| agreed.take());
    let (StatusCode::SWITCHING_PROTOCOLS, Some(tunnel)) = (answer.status(), tunnel) else {
        return false;
    };
    announce(answer.headers_mut());
    entrance.put(tunnel);
    true
}

impl Tunnel {
    /// Carries bytes until one side ends; an error is why nothing came. `early` came from the client already.
    pub(crate) async fn run(
        self,
        client: impl AsyncRead + AsyncWrite,
        early: Bytes,
    ) -> io::Result<()> {
        let idle = self.slot.pool.settings.timeouts.tunnel_idle;
        let Switched {
            stream,
            early: from_start,
        } = self.server;
        carry((client, early), (stream, from_start.freeze()), idle).await
    }
}

/// Carries bytes between two, of whom something was read already.
async fn carry(
    (client, from_client): (impl AsyncRead + AsyncWrite, Bytes),
    (server, from_server): (impl AsyncRead + AsyncWrite, Bytes),
    idle: Duration,
) -> io::Result<()> {
    let (client_says, to_client) = tokio::io::split(client);
    let (server_says, to_server) = tokio::io::split(server);
    let pulse = Pulse::new();
    tokio::select! {
        outcome = async {
            tokio::try_join!(
                pump(from_client, client_says, to_server, &pulse),
                pump(from_server, server_says, to_client, &pulse),
            )
        } => outcome.map(|_| ()),
        () = pulse.stopped(idle) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn pump(
    early: Bytes,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    pulse: &Pulse,
) -> io::Result<()> {
    to.write_all(&early).await?;
    to.flush().await?;
    drop(early);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        pulse.beat();
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
    }
}

/// When bytes came last, either way.
#[derive(Debug)]
struct Pulse {
    start: Instant,
    last_millis: AtomicU64,
}

impl Pulse {
    fn new() -> Pulse {
        Pulse {
            start: Instant::now(),
            last_millis: AtomicU64::new(0),
        }
    }

    fn beat(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_millis.store(millis, Ordering::Relaxed);
    }

    /// Waits until nothing has come for `idle`.
    async fn stopped(&self, idle: Duration) {
        loop {
            let last = Duration::from_millis(self.last_millis.load(Ordering::Relaxed));
            let end = self.start + last + idle;
            if Instant::now() >= end {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_handshake_is_told_from_other_offers() {
        let is = |method: Method, connection: &str, upgrade: &str| {
            let mut request = Request::builder()
                .method(method)
                .header(CONNECTION, connection)
                .header(UPGRADE, upgrade)
                .body(())
                .unwrap();
            wanted(&mut request)
        };
        assert!(is(Method::GET, "keep-alive, Upgrade", "WebSocket"));
        assert!(!is(Method::GET, "Upgrade", "h2c"));
        assert!(!is(Method::GET, "keep-alive", "websocket"));
        assert!(!is(Method::POST, "Upgrade", "websocket"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_before_is_waited_for_no_longer_than_what_follows() {
        let early = || Bytes::from(vec![b'x'; 100]);
        let idle = Duration::from_secs(10);
        for (client_takes, server_takes) in [(1, 100), (100, 1)] {
            let (client, _deaf) = tokio::io::duplex(client_takes);
            let (server, _mute) = tokio::io::duplex(server_takes);
            let carried = carry((client, early()), (server, early()), idle);
            let outcome = tokio::time::timeout(2 * idle, carried).await;
            assert_eq!(
                outcome.unwrap().unwrap_err().kind(),
                io::ErrorKind::TimedOut
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_without_bytes_is_noticed() {
        let (pulse, idle) = (Pulse::new(), Duration::from_secs(10));
        tokio::select! {
            () = pulse.stopped(idle) => panic!("too early"),
            () = async {
                for _ in 0..5 {
                    tokio::time::sleep(Duration::from_secs(9)).await;
                    pulse.beat();
                }
            } => {}
        }
        pulse.stopped(idle).await;
        assert_eq!(pulse.start.elapsed(), Duration::from_secs(55));
    }
}
