//! Does a pool follow its name through a real name server, whose answers may be kept for ten minutes? The system's resolver asks
//! it over UDP on port 53, so this runs in a network of its own, where nobody else has that port: `tests/dns.sh`.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what should not fail may panic"
)]

#[path = "../proxy/harness/client.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod client;
mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use balancer::settings::{Address, Listener, Pool, Server, Settings};
use http::Method;
use service::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use client::{Client, get, request};
use server::NameServer;

/// What an operator may count on: names are asked for every second, and a new server is probed at once.
const FOLLOWED: Duration = Duration::from_secs(2);
/// Longer than anything else takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers everything with its own address.
async fn origin(listener: TcpListener) {
    let name = listener.local_addr().unwrap().to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}",
        name.len()
    );
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = answer.clone();
        tokio::spawn(async move {
            let mut read = Vec::new();
            while stream
                .read_buf(&mut read)
                .await
                .is_ok_and(|count| count > 0)
            {
                if read.ends_with(b"\r\n\r\n") {
                    read.clear();
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

/// Asks without pause until it is told to stop, and then once more; the name of who answered that last one. Fails on any answer
/// but 200.
fn customer(site: SocketAddr, stop: &CancellationToken) -> JoinHandle<String> {
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut client = Client::connect(site).await;
        loop {
            // What was on its way when the stop came may still be answered by a server that is leaving.
            let last = stop.is_cancelled();
            let answer = client.ask(request(Method::GET, "/", &[], b"")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.complete);
            if last {
                return answer.text().to_owned();
            }
        }
    })
}

/// The servers that get requests, as the admin pages tell.
async fn used(admin: SocketAddr) -> BTreeSet<String> {
    let stats = get(admin, "/stats").await.json();
    let servers = stats["pools"][0]["servers"].as_array().unwrap().iter();
    let used = servers.filter(|server| server["state"] == "up" && server["leaving"] == false);
    used.map(|server| server["address"].as_str().unwrap().to_owned())
        .collect()
}

async fn until_used(admin: SocketAddr, expected: &[SocketAddr], patience: Duration) {
    let expected: BTreeSet<String> = expected.iter().map(SocketAddr::to_string).collect();
    let waiting = async {
        while used(admin).await != expected {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(patience, waiting).await.is_err() {
        let used = used(admin).await;
        panic!("after {patience:?} {used:?} are used, and not {expected:?}");
    }
}

#[tokio::test]
async fn two_then_four_then_one_address_are_followed_and_no_request_fails() {
    let asked = std::fs::read_to_string("/etc/resolv.conf").unwrap();
    let ours = "nameserver 127.0.0.1\n";
    assert_eq!(
        asked, ours,
        "/etc/resolv.conf: this test is run by tests/dns.sh"
    );
    let mut origins: Vec<SocketAddr> = Vec::new();
    for last in 1..=4 {
        let port = origins.first().map_or(0, SocketAddr::port);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 1, last], port)))
            .await
            .unwrap();
        origins.push(listener.local_addr().unwrap());
        tokio::spawn(origin(listener));
    }
    let names = NameServer::start(&origins[..2]).await;
    let site = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, admin_at) = (site.local_addr().unwrap(), admin.local_addr().unwrap());
    // The pool of an operator who changes nothing, and the system's resolver.
    let name = format!("dns://{}:{}", server::NAME, origins[0].port());
    let workers = Server::from(name.parse::<Address>().unwrap());
    let pool = Pool::new("tiles", vec![workers]);
    let settings = Settings::new(vec![Listener::new("site", "", "tiles")], vec![pool]);
    let shutdown = Shutdown::new();
    let run = balancer::run(vec![site], Some(admin), settings, shutdown.clone());
    let balancer = tokio::spawn(run);
    until_used(admin_at, &origins[..2], PATIENCE).await;

    let stop = CancellationToken::new();
    let customers: Vec<_> = (0..4).map(|_| customer(at, &stop)).collect();
    for now in [&origins[..], &origins[3..]] {
        names.say(now);
        until_used(admin_at, now, FOLLOWED).await;
    }
    stop.cancel();
    for customer in customers {
        let last = tokio::time::timeout(PATIENCE, customer).await;
        assert_eq!(last.unwrap().unwrap(), origins[3].to_string());
    }
    shutdown.cancel();
    balancer.await.unwrap().unwrap();
}
