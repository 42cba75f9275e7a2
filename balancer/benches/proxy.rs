//! What does a proxied request cost? Origin, proxy and clients are processes of their own, so that the CPU time
//! of the proxy can be read from `/proc` and divided by the requests it carried.
//!
//! `cargo bench -p balancer --bench proxy` measures this proxy; with `-- --nginx` nginx beside it, and with `-- --idle` what
//! 10,000 connections cost that do nothing: memory, and time of the requests of others.
//! For a profiler the roles can be started one by one: `origin BYTES`, `proxy ORIGIN`, `drive PROXY PID`.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should stop"
)]

#[path = "role/mod.rs"]
mod role;

use std::net::SocketAddr;
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use balancer::Settings;
use balancer::settings::Flags;
use role::{Role, announce, cpu_seconds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_millis(500);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match text[1..] {
        ["origin", bytes] => run(2, origin(bytes.parse().unwrap())),
        ["proxy", origin] => run(1, proxy(origin.into())),
        ["drive", address, process] => {
            measure(
                "proxy",
                0,
                address.parse().unwrap(),
                process.parse().unwrap(),
            );
        }
        _ if text.contains(&"--idle") => idle(text.contains(&"--nginx")),
        _ => compare(text.contains(&"--nginx")),
    }
}

fn run(threads: usize, role: impl Future<Output = ()>) {
    service::runtime(NonZero::new(threads))
        .unwrap()
        .block_on(role);
}

fn compare(nginx: bool) {
    println!("proxy     body    requests/s   CPU µs/request   p50 ms   p99 ms");
    for bytes in [1 << 10, 64 << 10] {
        let mut origin = Role::start(&["origin", &bytes.to_string()]);
        let address = origin.address();
        for _ in 0..ROUNDS {
            let mut balancer = Role::start(&["proxy", &address.to_string()]);
            measure("balancer", bytes, balancer.address(), balancer.process());
            if nginx {
                let nginx = Nginx::start(address);
                measure("nginx", bytes, nginx.address, nginx.worker());
            }
        }
    }
}

/// Connections that have had one answer and rest.
const IDLE: usize = 10_000;

fn idle(nginx: bool) {
    println!("proxy     body    requests/s   CPU µs/request   p50 ms   p99 ms");
    let mut origin = Role::start(&["origin", "1024"]);
    let address = origin.address();
    for _ in 0..ROUNDS {
        let mut balancer = Role::start(&["proxy", &address.to_string()]);
        rest("balancer", balancer.address(), balancer.process());
        if nginx {
            let nginx = Nginx::start(address);
            rest("nginx", nginx.address, nginx.worker());
        }
    }
}

/// Measures a proxy alone, and while many connections rest on it.
fn rest(name: &str, proxy: SocketAddr, process: u32) {
    measure(name, 1024, proxy, process);
    let before = resident_bytes(process);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let resting = runtime.block_on(async {
        let mut resting = Vec::new();
        for _ in 0..IDLE {
            let mut stream = TcpStream::connect(proxy).await.unwrap();
            let text = b"GET /v1/tile?x=0 HTTP/1.1\r\nHost: tiles.example:8081\r\nAccept: image/png\r\n\r\n";
            stream.write_all(text).await.unwrap();
            let mut read = [0; 2048];
            let mut length = 0;
            while length_of(&read[..length]) != Some(length) {
                length += stream.read(&mut read[length..]).await.unwrap();
            }
            resting.push(stream);
        }
        resting
    });
    let each = (resident_bytes(process) - before) / IDLE as f64;
    measure(name, 1024, proxy, process);
    println!("{name:8} {IDLE} resting connections: {each:.0} bytes each");
    drop(resting);
}

fn resident_bytes(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024.0
}

/// Answers every head with the same bytes: as cheap as an origin can be.
async fn origin(bytes: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    announce(listener.local_addr().unwrap());
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {bytes}\r\n\r\n");
    answer.push_str(&"x".repeat(bytes));
    let answer: Arc<[u8]> = answer.into_bytes().into();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer = answer.clone();
        tokio::spawn(async move {
            let mut read = [0; 4096];
            while stream.read(&mut read).await.is_ok_and(|length| length > 0) {
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn proxy(origin: String) {
    let settings = Settings::single(&Flags {
        listen: "127.0.0.1:0".into(),
        servers: vec![format!("http://{origin}")],
        ..Flags::default()
    });
    let mut settings = settings.unwrap();
    settings.limits.connections = IDLE + CONNECTIONS;
    let (listener, address) = service::bind("127.0.0.1:0").await.unwrap();
    announce(address);
    let run = balancer::run(vec![listener], None, settings, service::Shutdown::new());
    run.await.unwrap();
}

/// nginx with one worker process, doing the same.
struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: std::path::PathBuf,
}

impl Nginx {
    fn start(origin: SocketAddr) -> Nginx {
        let address = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let folder = std::env::temp_dir().join(format!("balancer-bench-{}", address.port()));
        std::fs::create_dir_all(&folder).unwrap();
        let configuration = format!(
            "worker_processes 1; worker_rlimit_nofile 20000; daemon off; pid nginx.pid; error_log stderr crit;
             events {{ worker_connections 20480; }}
             http {{
                 access_log off; keepalive_timeout 600; keepalive_requests 1000000000; tcp_nodelay on;
                 upstream tiles {{ least_conn; server {origin}; keepalive 128; keepalive_requests 1000000000; }}
                 server {{
                     listen {address};
                     location / {{
                         proxy_pass http://tiles; proxy_http_version 1.1;
                         proxy_set_header Connection \"\"; proxy_set_header Host $http_host;
                         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                         proxy_set_header X-Forwarded-Proto $scheme; proxy_buffers 8 64k;
                     }}
                 }}
             }}"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new("nginx")
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Nginx {
            child,
            address,
            folder,
        }
    }

    fn worker(&self) -> u32 {
        let master = self.child.id();
        let file = format!("/proc/{master}/task/{master}/children");
        // The master listens before it has a worker.
        loop {
            let children = std::fs::read_to_string(&file).unwrap();
            if let Some(worker) = children.split_whitespace().next() {
                return worker.parse().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let master = self.child.id().to_string();
        Command::new("kill").arg(master).status().unwrap();
        self.child.wait().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn measure(name: &str, bytes: usize, proxy: SocketAddr, process: u32) {
    let count = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| runtime.spawn(client(proxy, count.clone(), stop.clone())))
        .collect();
    std::thread::sleep(WARM_UP);
    let (from, cpu, started) = (
        count.load(Ordering::Relaxed),
        cpu_seconds(process),
        Instant::now(),
    );
    std::thread::sleep(ROUND);
    let (requests, cpu) = (
        count.load(Ordering::Relaxed) - from,
        cpu_seconds(process) - cpu,
    );
    let rate = requests as f64 / started.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let mut times: Vec<Duration> = Vec::new();
    for client in clients {
        times.extend(runtime.block_on(client).unwrap());
    }
    times.sort_unstable();
    let percentile = |p: usize| times[(times.len() - 1) * p / 100].as_secs_f64() * 1e3;
    let cost = cpu * 1e6 / requests as f64;
    let (p50, p99) = (percentile(50), percentile(99));
    println!("{name:8} {bytes:6}   {rate:11.0}   {cost:14.1}   {p50:6.2}   {p99:6.2}");
}

/// Asks again and again on one connection; gives the time of every answer.
async fn client(proxy: SocketAddr, count: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = b"GET /v1/tile?x=0&y=0&w=256&h=256 HTTP/1.1\r\nHost: tiles.example:8081\r\n\
        Accept: image/png\r\nAccept-Encoding: gzip\r\nUser-Agent: bench\r\n\r\n";
    let mut read = vec![0; 128 << 10];
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        stream.write_all(request).await.unwrap();
        let mut length = 0;
        let mut whole = usize::MAX;
        while length < whole {
            let more = stream.read(&mut read[length..]).await.unwrap();
            assert!(more > 0, "the proxy closed the connection");
            length += more;
            if whole == usize::MAX {
                whole = length_of(&read[..length]).unwrap_or(usize::MAX);
            }
        }
        times.push(asked.elapsed());
        count.fetch_add(1, Ordering::Relaxed);
    }
    times
}

/// The length of the answer, head and body, once the head is there.
fn length_of(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head])
        .unwrap()
        .to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    let body = text
        .split("content-length:")
        .nth(1)?
        .split("\r\n")
        .next()?
        .trim();
    Some(head + body.parse::<usize>().unwrap())
}
