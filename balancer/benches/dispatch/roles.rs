//! What runs in processes of its own: the servers, and this balancer before them.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use balancer::Settings;
use balancer::settings::Flags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Ticks per second in `/proc/PID/stat`: `USER_HZ` is 100 on every Linux that is in use.
const TICKS: f64 = 100.0;

/// This program again, in another process.
pub(crate) struct Role {
    pub(crate) child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Role {
    pub(crate) fn start(arguments: &[&str]) -> Role {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Role { child, said }
    }

    pub(crate) fn start_before(servers: &[SocketAddr]) -> Role {
        let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
        let arguments = ["proxy"]
            .into_iter()
            .chain(servers.iter().map(String::as_str));
        Role::start(&arguments.collect::<Vec<_>>())
    }

    pub(crate) fn addresses(&mut self, count: usize) -> Vec<SocketAddr> {
        let mut one = || {
            let mut line = String::new();
            self.said.read_line(&mut line).unwrap();
            line.trim().parse().unwrap()
        };
        (0..count).map(|_| one()).collect()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
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

fn announce(address: SocketAddr) {
    println!("{address}");
    std::io::stdout().flush().unwrap();
}

/// The CPU time of a process so far.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks
        .map(|field| field.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS
}
