//! A client with one connection per request, unless a test keeps it.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

/// A connection; dropping it is how a client leaves.
pub(crate) struct Client(SendRequest<Full<Bytes>>);

/// A whole answer; `body` stays empty where it broke off.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// Comes from `source`, which is how the balancer tells clients apart.
    pub(crate) async fn connect_from(source: IpAddr, address: SocketAddr) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        Client::over(socket.connect(address).await.unwrap()).await
    }

    async fn over(stream: TcpStream) -> Client {
        let (sender, driver) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Client(sender)
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        self.0.ready().await?;
        self.0.send_request(request).await
    }

    pub(crate) async fn ask(&mut self, request: Request<Full<Bytes>>) -> Answer {
        whole(self.send(request).await.unwrap()).await
    }
}

async fn whole(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    Answer {
        status: head.status,
        headers: head.headers,
        complete: body.is_ok(),
        body: body.map(|body| body.to_bytes()).unwrap_or_default(),
    }
}

/// A request with a `Host` and the given fields.
pub(crate) fn request(
    method: Method,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "example.org");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request
        .body(Full::new(Bytes::copy_from_slice(body)))
        .unwrap()
}

/// A request to the admin pages, on this machine.
pub(crate) fn order(
    method: Method,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Request<Full<Bytes>> {
    let mut request = request(method, path, fields, body);
    let host = http::HeaderValue::from_static("localhost");
    request.headers_mut().insert("host", host);
    request
}

/// One request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let mut client = Client::connect(address).await;
    client.ask(request(Method::GET, path, &[], b"")).await
}
