//! A server that obeys the test: it can hold its answers, freeze, break connections, die and rise again.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

type Reply = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// The length of `/large`: more than the buffers of sockets take.
pub(crate) const LARGE: usize = 64 << 20;

/// What the test sets and reads.
#[derive(Debug)]
pub(crate) struct Control {
    name: String,
    /// What a probe is answered.
    pub(crate) ready: AtomicU16,
    /// What all other requests are answered at once; 0 leaves it to their paths.
    pub(crate) status: AtomicU16,
    /// Told with the probe's answer; 0 tells none.
    pub(crate) capacity: AtomicU32,
    /// While true nothing is answered, probes included, though connections are taken.
    pub(crate) frozen: watch::Sender<bool>,
    /// Held answers take one permit each.
    pub(crate) gate: Semaphore,
    /// Paths of all requests but probes, in the order in which they came.
    pub(crate) log: Mutex<Vec<String>>,
    /// Requests that are being worked on, and the most there ever were.
    pub(crate) running: AtomicUsize,
    pub(crate) most_running: AtomicUsize,
    /// Connections taken.
    pub(crate) connections: AtomicUsize,
}

/// A server on a port of its own.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) control: Arc<Control>,
    /// Keeps the port ours while nobody listens: another test must not get it and answer for us.
    _reserved: TcpSocket,
    alive: CancellationToken,
    /// A child of `alive`.
    open: CancellationToken,
}

impl std::ops::Deref for Origin {
    type Target = Control;
    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Origin {
    pub(crate) fn start(name: &str) -> Origin {
        let socket = reserved("127.0.0.1:0".parse().unwrap());
        let control = Arc::new(Control {
            name: name.into(),
            ready: AtomicU16::new(200),
            status: AtomicU16::new(0),
            capacity: AtomicU32::new(0),
            frozen: watch::Sender::new(false),
            gate: Semaphore::new(0),
            log: Mutex::default(),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let mut origin = Origin {
            address: socket.local_addr().unwrap(),
            _reserved: socket,
            control,
            alive: CancellationToken::new(),
            open: CancellationToken::new(),
        };
        origin.rise();
        origin
    }

    /// Listens, on the same port as before.
    pub(crate) fn rise(&mut self) {
        let listener = reserved(self.address).listen(1024).unwrap();
        self.alive = CancellationToken::new();
        self.open = self.alive.child_token();
        let (control, alive) = (self.control.clone(), self.alive.clone());
        tokio::spawn(self.open.clone().run_until_cancelled_owned(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                control.connections.fetch_add(1, Ordering::SeqCst);
                let control = control.clone();
                let service = service_fn(move |request| answer(control.clone(), request));
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(alive.clone().run_until_cancelled_owned(served));
            }
        }));
    }

    /// Dies: the port is closed and every connection cut.
    pub(crate) async fn kill(&self) {
        self.alive.cancel();
        self.close_port().await;
    }

    /// Takes no more connections, as a server does that was told to stop.
    pub(crate) async fn close_port(&self) {
        self.open.cancel();
        super::until("the port is closed", async || {
            tokio::net::TcpStream::connect(self.address).await.is_err()
        })
        .await;
    }

    pub(crate) fn seen(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub(crate) async fn wait_until_running(&self, count: usize) {
        super::until("requests are running", async || self.running() == count).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.alive.cancel();
    }
}

/// A socket that holds a port, and leaves it to whoever listens there in the same way.
pub(crate) fn reserved(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// Counts a request while it is worked on.
struct Running(Arc<Control>);

impl Running {
    fn new(control: &Arc<Control>) -> Running {
        let now = control.running.fetch_add(1, Ordering::SeqCst) + 1;
        control.most_running.fetch_max(now, Ordering::SeqCst);
        Running(control.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(control: Arc<Control>, request: Request<Incoming>) -> io::Result<Reply> {
    let mut frozen = control.frozen.subscribe();
    frozen
        .wait_for(|frozen| !frozen)
        .await
        .map_err(io::Error::other)?;
    if request.uri().path() == "/readyz" {
        return Ok(readiness(&control));
    }
    control.log.lock().unwrap().push(request.uri().to_string());
    let running = Running::new(&control);
    let path = match control.status.load(Ordering::SeqCst) {
        0 => request.uri().path().to_owned(),
        status => format!("/status/{status}"),
    };
    let reply = match path.as_str() {
        "/hold" => {
            held(&control).await;
            text(control.name.clone())
        }
        "/echo" => {
            let body = request
                .into_body()
                .collect()
                .await
                .map_err(io::Error::other)?
                .to_bytes();
            Response::new(whole(body))
        }
        "/flow" => Response::new(UnsyncBoxBody::new(
            request.into_body().map_err(io::Error::other),
        )),
        "/large" => Response::new(whole(vec![b'x'; LARGE].into())),
        "/fields" => fields(&request),
        "/drip" => drip(&control, running, false),
        "/break" => drip(&control, running, true),
        "/break-length" => {
            let mut reply = drip(&control, running, true);
            reply.headers_mut().insert("content-length", 100.into());
            reply
        }
        "/crash" => return Err(io::Error::other("as asked")),
        "/freeze" => {
            control.frozen.send_replace(true);
            std::future::pending().await
        }
        path => {
            let status = path
                .strip_prefix("/status/")
                .and_then(|code| code.parse().ok());
            let mut reply = text(control.name.clone());
            *reply.status_mut() = status.unwrap_or(http::StatusCode::OK);
            reply.headers_mut().insert("retry-after", 7.into());
            reply
        }
    };
    Ok(reply)
}

fn readiness(control: &Control) -> Reply {
    let mut reply = match control.capacity.load(Ordering::SeqCst) {
        0 => text("ready".into()),
        capacity => text(format!(r#"{{"status":"ready","capacity":{capacity}}}"#)),
    };
    *reply.status_mut() = control.ready.load(Ordering::SeqCst).try_into().unwrap();
    reply
}

async fn held(control: &Control) {
    if let Ok(permit) = control.gate.acquire().await {
        permit.forget();
    }
}

/// A first piece at once, the second when the gate opens; then the end, or the connection breaks.
fn drip(control: &Arc<Control>, running: Running, breaks: bool) -> Reply {
    let control = control.clone();
    let pieces = futures::stream::once(async { Ok(Frame::data(Bytes::from_static(b"first"))) });
    let rest = futures::stream::once(async move {
        held(&control).await;
        drop(running);
        if breaks {
            return Err(io::Error::other("as asked"));
        }
        Ok(Frame::data(Bytes::from_static(b" second")))
    });
    Response::new(StreamBody::new(pieces.chain(rest).boxed()).boxed_unsync())
}

fn fields(request: &Request<Incoming>) -> Reply {
    let fields = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    let mut reply = text(format!(
        "{} {}\n{}",
        request.method(),
        request.uri(),
        fields.collect::<String>()
    ));
    let headers = reply.headers_mut();
    headers.insert("connection", "x-private".parse().unwrap());
    headers.insert("x-private", 1.into());
    headers.insert("keep-alive", "timeout=9".parse().unwrap());
    headers.insert("x-public", 1.into());
    reply
}

fn text(text: String) -> Reply {
    Response::new(whole(text.into()))
}

fn whole(bytes: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}
