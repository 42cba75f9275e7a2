//! How does a connection of HTTP/2 end? The frames are looked at as they are (RFC 9113), since a client's library says nothing of them.

use std::time::Duration;

use balancer::settings::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::harness::{Balancer, Origin, pool_of, soon, until};
use crate::tls::{Folder, certify, connect};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// A client that does only what it is told.
struct Client {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

/// A frame's type, its stream, and what it carries.
type Frame = (u8, u32, Vec<u8>);

impl Client {
    /// Connects; each of its streams takes so many bytes and no more.
    async fn connect(balancer: &Balancer, folder: &Folder, window: u32) -> Client {
        let pem = std::fs::read(folder.0.join("site.pem")).unwrap();
        let certificate = pem_of(&pem);
        let stream = connect(balancer.site, &certificate, b"h2").await.unwrap();
        let mut client = Client {
            stream,
            read: Vec::new(),
        };
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        client.stream.write_all(preface).await.unwrap();
        // SETTINGS_INITIAL_WINDOW_SIZE.
        let mut settings = vec![0, 4];
        settings.extend_from_slice(&window.to_be_bytes());
        client.send(SETTINGS, 0, 0, &settings).await;
        client
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Asks for `path` on `stream`: END_STREAM and END_HEADERS, all fields as literals or of the static table (RFC 7541).
    async fn get(&mut self, stream: u32, path: &str) {
        let mut block = vec![0x82, 0x87];
        for (name, value) in [(0x04, path), (0x01, "site.example")] {
            block.extend_from_slice(&[name, u8::try_from(value.len()).unwrap()]);
            block.extend_from_slice(value.as_bytes());
        }
        self.send(HEADERS, 0x5, stream, &block).await;
    }

    /// The next frame; nothing at the end.
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let [a, b, c, kind, _, s @ ..] = &self.read[..]
                && s.len() >= 4
            {
                let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
                let stream = u32::from_be_bytes([s[0], s[1], s[2], s[3]]);
                if self.read.len() >= 9 + length {
                    let frame = (*kind, stream, self.read[9..9 + length].to_vec());
                    self.read.drain(..9 + length);
                    return Some(frame);
                }
            }
            let mut piece = [0; 4096];
            let read = soon("a frame or the end", self.stream.read(&mut piece)).await;
            match read {
                Ok(count @ 1..) => self.read.extend_from_slice(&piece[..count]),
                _ => return None,
            }
        }
    }

    /// Waits for a frame of this kind; the rest is passed over.
    async fn expect(&mut self, kind: u8) -> Frame {
        while let Some(frame) = self.frame().await {
            if frame.0 == kind {
                return frame;
            }
        }
        panic!("the connection ended before a frame of type {kind}");
    }

    async fn end(&mut self) {
        while self.frame().await.is_some() {}
    }
}

fn pem_of(pem: &[u8]) -> tokio_rustls::rustls::pki_types::CertificateDer<'static> {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    PemObject::from_pem_slice(pem).unwrap()
}

async fn balancer(origin: &Origin, folder: &Folder, change: impl FnOnce(&mut Limits)) -> Balancer {
    let (files, _) = certify(&folder.0, "site.example");
    Balancer::up_with(pool_of(&[origin]), |settings| {
        settings.listeners[0].tls = Some(files);
        change(&mut settings.limits);
    })
    .await
}

const SHORT: Duration = Duration::from_millis(50);
/// More than all data of a test.
const WIDE: u32 = 1 << 30;
/// What GOAWAY says while any stream may still have begun (RFC 9113 section 6.8).
const ANY_STREAM: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];

#[tokio::test]
async fn after_its_rest_a_connection_is_told_to_go_and_not_waited_for_long() {
    let (origin, folder) = (Origin::start("a"), Folder::new("goaway-rest"));
    let balancer = balancer(&origin, &folder, |limits| {
        limits.keep_alive = SHORT;
        limits.header_timeout = Duration::from_secs(1);
    })
    .await;
    let mut client = Client::connect(&balancer, &folder, WIDE).await;
    client.get(1, "/name").await;
    assert_eq!(client.expect(DATA).await, (DATA, 1, b"a".to_vec()));
    let (_, _, farewell) = client.expect(GOAWAY).await;
    assert_eq!(farewell[..4], ANY_STREAM);
    // Whoever asks at that moment is answered still.
    client.get(3, "/name").await;
    assert_eq!(client.expect(DATA).await, (DATA, 3, b"a".to_vec()));
    client.end().await;
}

#[tokio::test]
async fn connections_are_told_to_go_when_shutdown_is_announced() {
    let (origin, folder) = (Origin::start("a"), Folder::new("goaway-drain"));
    let balancer = balancer(&origin, &folder, |limits| {
        limits.shutdown_delay = Duration::from_secs(3600);
    })
    .await;
    let mut before = Client::connect(&balancer, &folder, WIDE).await;
    before.get(1, "/name").await;
    before.expect(DATA).await;
    before.get(3, "/hold").await;
    origin.wait_until_running(1).await;
    balancer.shutdown.cancel();
    before.expect(GOAWAY).await;
    origin.gate.add_permits(1);
    assert_eq!(before.expect(DATA).await, (DATA, 3, b"a".to_vec()));
    // The listener is open still: who comes has an answer, and is told then.
    let mut after = Client::connect(&balancer, &folder, WIDE).await;
    after.get(1, "/name").await;
    assert_eq!(after.expect(DATA).await, (DATA, 1, b"a".to_vec()));
    after.expect(GOAWAY).await;
    balancer.task.abort();
}

#[tokio::test]
async fn a_client_that_never_opens_its_window_is_given_up_and_its_connection_is_not() {
    let (origin, folder) = (Origin::start("a"), Folder::new("window"));
    let balancer = balancer(&origin, &folder, |limits| limits.stall = SHORT).await;
    let mut client = Client::connect(&balancer, &folder, 5).await;
    client.get(1, "/large").await;
    assert_eq!(client.expect(DATA).await.2.len(), 5);
    assert_eq!(client.expect(RESET).await.1, 1);
    until("the slot is free", async || balancer.in_flight().await == 0).await;
    origin.wait_until_running(0).await;
    client.get(3, "/name").await;
    assert_eq!(client.expect(DATA).await, (DATA, 3, b"a".to_vec()));
}

#[tokio::test]
async fn a_stream_waits_for_its_server_longer_than_for_its_client() {
    let (origin, folder) = (Origin::start("a"), Folder::new("patience"));
    let balancer = balancer(&origin, &folder, |limits| limits.stall = SHORT).await;
    let mut client = Client::connect(&balancer, &folder, WIDE).await;
    client.get(1, "/drip").await;
    assert_eq!(client.expect(DATA).await.2, b"first");
    tokio::time::sleep(5 * SHORT).await;
    origin.gate.add_permits(1);
    assert_eq!(client.expect(DATA).await.1, 1);
}
