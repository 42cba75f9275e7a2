//! A name server that knows one name (RFC 1035): its addresses are what the test says, and may be kept for ten minutes.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// The name that it knows.
pub(crate) const NAME: &str = "worker.example";

/// How long an answer may be kept, in seconds.
const TTL: u32 = 600;
/// Where a system asks whose `/etc/resolv.conf` names this machine alone.
const PLACE: &str = "127.0.0.1:53";

const A: u16 = 1;
const NO_SUCH_NAME: u8 = 3;

/// A running server.
pub(crate) struct NameServer(Arc<Mutex<Vec<IpAddr>>>);

impl NameServer {
    /// Starts to say `addresses`.
    pub(crate) async fn start(addresses: &[SocketAddr]) -> NameServer {
        let socket = UdpSocket::bind(PLACE).await;
        let socket =
            socket.unwrap_or_else(|e| panic!("{PLACE}: {e}; this test is run by tests/dns.sh"));
        let server = NameServer(Arc::default());
        server.say(addresses);
        let said = server.0.clone();
        tokio::spawn(async move {
            let mut question = [0; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut question).await.unwrap();
                let addresses = said.lock().unwrap().clone();
                if let Some(answer) = answer(&question[..length], &addresses) {
                    socket.send_to(&answer, peer).await.unwrap();
                }
            }
        });
        server
    }

    /// From now on the name has these addresses.
    pub(crate) fn say(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = addresses.iter().map(SocketAddr::ip).collect();
    }
}

/// The answer to a message of one question (§4.1), if it is one.
fn answer(message: &[u8], addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let (header, mut rest) = message.split_at_checked(12)?;
    let mut name = Vec::new();
    let length = loop {
        let (length, label) = rest.split_first()?;
        let label = label.get(..usize::from(*length))?;
        rest = &rest[1 + label.len()..];
        if label.is_empty() {
            break message.len() - rest.len() + 4;
        }
        name.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    };
    let question = message.get(12..length)?;
    let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
    let is_known = name.join(".") == NAME;
    let known: Vec<[u8; 4]> = addresses
        .iter()
        .filter(|_| is_known && kind == A)
        .filter_map(|address| match address {
            IpAddr::V4(address) => Some(address.octets()),
            IpAddr::V6(_) => None,
        })
        .collect();
    let mut answer = header[..2].to_vec();
    // An answer, recursion desired and available.
    answer.extend_from_slice(&[0x81, 0x80 | if is_known { 0 } else { NO_SUCH_NAME }]);
    for count in [1, u16::try_from(known.len()).ok()?, 0, 0] {
        answer.extend_from_slice(&count.to_be_bytes());
    }
    answer.extend_from_slice(question);
    for address in known {
        // The name of the question (§4.1.4), type A, class IN.
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
        answer.extend_from_slice(&TTL.to_be_bytes());
        answer.extend_from_slice(&[0, 4]);
        answer.extend_from_slice(&address);
    }
    Some(answer)
}
