//! What runs in processes of its own: the servers, and this balancer before them.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use balancer::Settings;
use balancer::settings::Flags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::role::{Role, announce};

/// So many servers in another process, the first of them so many times slower, and where they listen.
pub(crate) fn start_origins(count: usize, slowness: u32) -> (Role, Vec<SocketAddr>) {
    let mut origins = Role::start(&["origins", &count.to_string(), &slowness.to_string()]);
    let addresses = (0..count).map(|_| origins.address()).collect();
    (origins, addresses)
}

/// This balancer in another process, before `servers`.
pub(crate) fn start_before(servers: &[SocketAddr]) -> Role {
    let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
    let arguments = ["proxy"]
        .into_iter()
        .chain(servers.iter().map(String::as_str));
    Role::start(&arguments.collect::<Vec<_>>())
}

/// Servers that run one tile at a time, in the order in which they were asked, each on a thread that sleeps.
pub(crate) async fn origins(count: usize, slowness: u32) {
    let mut serving = Vec::new();
    for position in 0..count {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        announce(listener.local_addr().unwrap());
        let slowness = if position == 0 { slowness } else { 1 };
        let (ask, asked) = mpsc::channel::<(Duration, oneshot::Sender<Duration>)>();
        std::thread::spawn(move || {
            for (time, reply) in asked {
                let started = Instant::now();
                std::thread::sleep(time * slowness);
                // Whoever asked may have left.
                let _ = reply.send(started.elapsed() / slowness);
            }
        });
        serving.push(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, ask.clone()));
            }
        }));
    }
    futures::future::join_all(serving).await;
}

async fn serve(mut stream: TcpStream, ask: mpsc::Sender<(Duration, oneshot::Sender<Duration>)>) {
    stream.set_nodelay(true).unwrap();
    let mut read = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut read).await {
        let head = std::str::from_utf8(&read[..length]).unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let answer = if path == "/readyz" {
            let body = r#"{"status":"ready","capacity":1}"#;
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        } else {
            let micros: u64 = path[1..].parse().unwrap();
            let (reply, took) = oneshot::channel();
            ask.send((Duration::from_micros(micros), reply)).unwrap();
            let took = took.await.unwrap().as_micros();
            format!("HTTP/1.1 204 No Content\r\ntook: {took}\r\n\r\n")
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

pub(crate) async fn proxy(servers: &[&str]) {
    let settings = Settings::single(&Flags {
        listen: "127.0.0.1:0".into(),
        servers: servers
            .iter()
            .map(|server| format!("http://{server}"))
            .collect(),
        ..Flags::default()
    });
    let (listener, address) = service::bind("127.0.0.1:0").await.unwrap();
    announce(address);
    let shutdown = service::Shutdown::new();
    let run = balancer::run(vec![listener], None, settings.unwrap(), shutdown);
    run.await.unwrap();
}
