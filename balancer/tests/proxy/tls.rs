//! What do clients get who come by TLS, by HTTP/2, or through a proxy that carries bytes?

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use balancer::settings::{Listener, Tls};
use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{Balancer, LARGE, Origin, pool_of, request, soon, until};

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("balancer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Writes a new certificate for `name` and its key; the certificate, for clients to trust.
pub(crate) fn certify(folder: &Path, name: &str) -> (Tls, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let files = Tls {
        certificate: folder.join("site.pem"),
        key: folder.join("site.key.pem"),
    };
    std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    std::fs::write(&files.certificate, cert.pem()).unwrap();
    (files, cert.der().clone())
}

async fn balancer(origin: &Origin, change: impl FnOnce(&mut Listener)) -> Balancer {
    Balancer::up_with(pool_of(&[origin]), |settings| {
        change(&mut settings.listeners[0]);
    })
    .await
}

/// Connects as to `site.example`, trusting `certificate` alone and offering `protocol`.
pub(crate) async fn connect(
    address: SocketAddr,
    certificate: &CertificateDer<'static>,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("site.example").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

#[tokio::test]
async fn a_client_with_tls_is_served_and_its_server_told() {
    let (origin, folder) = (Origin::start("a"), Folder::new("tls"));
    let (files, certificate) = certify(&folder.0, "site.example");
    let balancer = balancer(&origin, |listener| listener.tls = Some(files)).await;
    let stream = connect(balancer.site, &certificate, b"http/1.1")
        .await
        .unwrap();
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(driver);
    for _ in 0..2 {
        let asked = request(Method::GET, "/fields", &[], b"");
        let answer = sender.send_request(asked).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let seen = String::from_utf8_lossy(&body).into_owned();
        assert!(seen.contains("x-forwarded-proto: https"), "{seen}");
    }
    let mut plain = TcpStream::connect(balancer.site).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon("plain HTTP is refused", plain.read_to_end(&mut answer))
        .await
        .ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn http_2_carries_many_requests_on_one_connection() {
    let (origin, folder) = (Origin::start("a"), Folder::new("h2"));
    let (files, certificate) = certify(&folder.0, "site.example");
    let balancer = balancer(&origin, |listener| listener.tls = Some(files)).await;
    let stream = connect(balancer.site, &certificate, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let executor = TokioExecutor::new();
    let handshake = hyper::client::conn::http2::handshake(executor, TokioIo::new(stream));
    let (sender, driver) = handshake.await.unwrap();
    tokio::spawn(driver);
    let ask = |method: Method, path: &str, body: &'static [u8]| {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://site.example{path}"))
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Full::new(Bytes::from_static(body)))
            .unwrap();
        let mut sender = sender.clone();
        async move {
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    };
    let (status, seen) = ask(Method::GET, "/fields?x=1", b"").await;
    assert_eq!(status, 200);
    assert!(seen.starts_with("GET /fields?x=1\n"), "{seen}");
    for field in [
        "host: site.example",
        "cookie: a=1; b=2",
        "via: 2 balancer",
        "x-forwarded-proto: https",
    ] {
        assert!(seen.contains(field), "{field} in {seen}");
    }
    // Held until all are there: they are in flight at once.
    let held: Vec<_> = (0..20)
        .map(|_| tokio::spawn(ask(Method::GET, "/hold", b"")))
        .collect();
    origin.wait_until_running(20).await;
    let echoed = ask(Method::POST, "/echo", b"while others wait").await;
    assert_eq!(echoed.1, "while others wait");
    origin.gate.add_permits(20);
    let held = soon(
        "all",
        futures::stream::iter(held).buffered(20).collect::<Vec<_>>(),
    )
    .await;
    assert!(held.into_iter().all(|answer| answer.unwrap().1 == "a"));
}

#[tokio::test]
async fn a_connection_with_tls_that_rests_loses_nothing() {
    let (origin, folder) = (Origin::start("a"), Folder::new("rest"));
    let (files, certificate) = certify(&folder.0, "site.example");
    let balancer = balancer(&origin, |listener| listener.tls = Some(files)).await;
    let mut stream = connect(balancer.site, &certificate, b"http/1.1")
        .await
        .unwrap();
    let text = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut piece = vec![0; 64 << 10];
    for round in 0..2 {
        stream.write_all(text).await.unwrap();
        let (mut length, mut ends) = (0, 0);
        while length < LARGE {
            let read = soon("a piece", stream.read(&mut piece)).await.unwrap();
            assert!(read > 0, "closed after {length} bytes in round {round}");
            length += read;
            // Longer than a connection without a request waits until it rests, with the end in its buffers.
            if length + 300_000 > LARGE && ends < 3 {
                ends += 1;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
        // The rest of it, and a rest.
        while let Ok(read) =
            tokio::time::timeout(Duration::from_millis(250), stream.read(&mut piece)).await
        {
            assert!(read.unwrap() > 0, "closed in round {round}");
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let (origin, folder) = (Origin::start("a"), Folder::new("renewal"));
    let (files, first) = certify(&folder.0, "site.example");
    let balancer = balancer(&origin, |listener| listener.tls = Some(files.clone())).await;
    assert!(connect(balancer.site, &first, b"h2").await.is_ok());
    let (_, second) = certify(&folder.0, "site.example");
    until("the new one is shown", async || {
        connect(balancer.site, &second, b"h2").await.is_ok()
    })
    .await;
    assert!(connect(balancer.site, &first, b"h2").await.is_err());
    std::fs::write(&files.certificate, "nonsense").unwrap();
    // It is looked at every second.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(connect(balancer.site, &second, b"h2").await.is_ok());
}

#[tokio::test]
async fn without_its_certificate_a_balancer_does_not_start() {
    let origin = Origin::start("a");
    let mut balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.listeners[0].tls = Some(Tls {
            certificate: "/nowhere/site.pem".into(),
            key: "/nowhere/site.key.pem".into(),
        });
    })
    .await;
    let outcome = soon("the end", &mut balancer.task).await.unwrap();
    let text = outcome.unwrap_err().to_string();
    assert!(
        text.starts_with("listener site: /nowhere/site.pem: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_forwarder_tells_who_the_client_is() {
    let origin = Origin::start("a");
    let balancer = balancer(&origin, |listener| listener.proxy_protocol = true).await;
    let ask = async |header: &[u8]| {
        let mut stream = TcpStream::connect(balancer.site).await.unwrap();
        stream.write_all(header).await.unwrap();
        let text = b"GET /fields HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(text).await.ok();
        let mut answer = Vec::new();
        soon("the answer", stream.read_to_end(&mut answer))
            .await
            .ok();
        String::from_utf8(answer).unwrap()
    };
    let v1 = ask(b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n").await;
    assert!(v1.contains("x-forwarded-for: 192.0.2.7\n"), "{v1}");
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x08\x0a\0\0\x01\x30\x39\0\x50";
    let v2 = ask(v2).await;
    assert!(v2.contains("x-forwarded-for: 192.0.2.8\n"), "{v2}");
    assert_eq!(
        ask(b"").await,
        "",
        "a connection without a header is closed"
    );
}
