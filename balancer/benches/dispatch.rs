//! How near to the ideal are skewed tiles dispatched? Tiles with lognormal times go to servers that run one at a time,
//! through this balancer, nginx and HAProxy in turn: `cargo bench -p balancer --bench dispatch`.
//!
//! The ideal is a queue that costs nothing: whenever a server is free it has the next tile. It is reckoned for each run
//! from the times that its tiles really took, for on a busy machine a sleep is longer than it was asked to be.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should stop"
)]

mod peers;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use balancer::Settings;
use balancer::settings::Flags;
use peers::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const MEAN_MILLIS: f64 = 20.0;
const SIGMA: f64 = 1.0;
const ROUNDS: u64 = 5;
/// Tiles of the one who is in a hurry.
const HURRIED: usize = 300;
/// How much slower the first server of a slow pool is.
const SLOWNESS: u32 = 3;
/// Ticks per second in `/proc/PID/stat`: `USER_HZ` is 100 on every Linux that is in use.
const TICKS: f64 = 100.0;

/// What is measured.
struct Case {
    name: &'static str,
    servers: usize,
    /// Of the first one, the others' is 1.
    slowness: u32,
    tiles: usize,
    in_flight: usize,
}

const CASES: [Case; 2] = [
    Case {
        name: "300 tiles, 4 servers, one at a third",
        servers: 4,
        slowness: SLOWNESS,
        tiles: 300,
        in_flight: 64,
    },
    Case {
        name: "3,000 tiles, 64 servers",
        servers: 64,
        slowness: 1,
        tiles: 3000,
        in_flight: 256,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let text: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match text[1..] {
        ["origins", count, slowness] => {
            run(
                2,
                origins(count.parse().unwrap(), slowness.parse().unwrap()),
            );
        }
        ["proxy", ref servers @ ..] => run(1, proxy(servers)),
        _ => {
            CASES.iter().for_each(compare);
            hurry();
        }
    }
}

fn run(threads: usize, role: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(threads).enable_all().build();
    runtime.unwrap().block_on(role);
}

fn compare(case: &Case) {
    println!("\n{}, {} in flight", case.name, case.in_flight);
    println!("           makespan / ideal   p99 ms   proxy's CPU µs/tile   (medians of {ROUNDS})");
    let mut origins = Role::start(&[
        "origins",
        &case.servers.to_string(),
        &case.slowness.to_string(),
    ]);
    let servers = origins.addresses(case.servers);
    for name in ["balancer", "nginx", "haproxy"] {
        let mut results: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|seed| match name {
                "balancer" => {
                    let mut proxy = Role::start_before(&servers);
                    let address = proxy.addresses(1)[0];
                    measure(case, seed, address, proxy.child.id())
                }
                "nginx" => {
                    let peer = Peer::nginx(&servers);
                    measure(case, seed, peer.address, peer.process())
                }
                _ => {
                    let peer = Peer::haproxy(&servers);
                    measure(case, seed, peer.address, peer.process())
                }
            })
            .collect();
        let mut median = |column: usize| {
            results.sort_by(|one, other| one[column].total_cmp(&other[column]));
            results[results.len() / 2][column]
        };
        let (makespan, p99, cpu) = (median(0), median(1), median(2));
        println!("{name:10} {makespan:16.3} {p99:8.0} {cpu:21.1}");
    }
}

/// One run: the makespan over the ideal one, the 99th percentile in milliseconds and the proxy's CPU time per tile.
fn measure(case: &Case, seed: u64, proxy: SocketAddr, process: u32) -> [f64; 3] {
    let times = Arc::new(times(case.tiles, seed));
    let runtime = clients_runtime();
    let clients: Vec<_> = (0..case.in_flight)
        .map(|_| runtime.block_on(TcpStream::connect(proxy)).unwrap())
        .collect();
    // What takes no time opens the connections.
    let warm = Arc::new(vec![0; 2 * case.in_flight]);
    let clients = together(&runtime, clients, &warm, "u=3").0;
    let (cpu, started) = (cpu_seconds(process), Instant::now());
    let (_, mut tiles) = together(&runtime, clients, &times, "u=3");
    let makespan = started.elapsed().as_secs_f64();
    let cpu = (cpu_seconds(process) - cpu) * 1e6 / case.tiles as f64;
    assert_eq!(tiles.len(), case.tiles);
    let ideal = ideal(case, &mut tiles);
    [makespan / ideal, p99_millis(&mut tiles), cpu]
}

fn p99_millis(tiles: &mut [Tile]) -> f64 {
    tiles.sort_by_key(|tile| tile.latency);
    tiles[(tiles.len() - 1) * 99 / 100].latency.as_secs_f64() * 1e3
}

fn clients_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// All clients ask for tiles until there are no more; gives the connections back, and the tiles.
fn together(
    runtime: &tokio::runtime::Runtime,
    clients: Vec<TcpStream>,
    times: &Arc<Vec<u64>>,
    priority: &'static str,
) -> (Vec<TcpStream>, Vec<Tile>) {
    let next = Arc::new(AtomicUsize::new(0));
    let asking: Vec<_> = clients
        .into_iter()
        .map(|stream| runtime.spawn(client(stream, times.clone(), next.clone(), priority)))
        .collect();
    let (mut streams, mut tiles) = (Vec::new(), Vec::new());
    for client in asking {
        let (stream, some) = runtime.block_on(client).unwrap();
        streams.push(stream);
        tiles.extend(some);
    }
    (streams, tiles)
}

/// One who asks for tile after tile, alone and beside a poster without end that is in no hurry.
fn hurry() {
    const POSTER: usize = 1000;
    println!(
        "\nOne client's {HURRIED} tiles, 4 servers, alone and beside {POSTER} of u=7 in flight"
    );
    println!("           p99 alone   p99 beside   ratio");
    let mut origins = Role::start(&["origins", "4", "1"]);
    let servers = origins.addresses(4);
    for seed in 0..ROUNDS {
        let mut proxy = Role::start_before(&servers);
        let address = proxy.addresses(1)[0];
        let runtime = clients_runtime();
        let connect = |_| runtime.block_on(TcpStream::connect(address)).unwrap();
        let times = Arc::new(times(HURRIED, seed));
        let (one, mut alone) = together(&runtime, vec![connect(0)], &times, "u=3");
        let endless = Arc::new(self::times(1_000_000, seed + ROUNDS));
        let next = Arc::new(AtomicUsize::new(0));
        for stream in (0..POSTER).map(connect) {
            runtime.spawn(client(stream, endless.clone(), next.clone(), "u=7"));
        }
        while next.load(Ordering::Relaxed) <= POSTER {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (_, mut beside) = together(&runtime, one, &times, "u=3");
        let (alone, beside) = (p99_millis(&mut alone), p99_millis(&mut beside));
        println!("balancer {alone:11.0} {beside:12.0} {:7.2}", beside / alone);
    }
}

/// Lognormal with the mean and σ above, in microseconds.
fn times(tiles: usize, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mu = MEAN_MILLIS.ln() - SIGMA * SIGMA / 2.0;
    let mut one = || {
        // Box and Muller's method: of two uniform numbers a normal one.
        let (u, v) = (1.0 - random.f64(), random.f64());
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        ((mu + SIGMA * normal).exp() * 1e3) as u64
    };
    (0..tiles).map(|_| one()).collect()
}

/// A tile that was answered.
struct Tile {
    index: usize,
    latency: Duration,
    /// On a server at full speed.
    took: Duration,
}

/// The makespan of a queue that costs nothing, for these tiles in their order.
fn ideal(case: &Case, tiles: &mut [Tile]) -> f64 {
    tiles.sort_by_key(|tile| tile.index);
    let mut free_at = vec![0.0_f64; case.servers];
    for tile in tiles {
        let (first, _) = free_at
            .iter()
            .enumerate()
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .unwrap();
        let slowness = if first == 0 { case.slowness } else { 1 };
        free_at[first] += tile.took.as_secs_f64() * f64::from(slowness);
    }
    free_at.into_iter().max_by(f64::total_cmp).unwrap()
}

/// Asks for one tile after the other on one connection.
async fn client(
    mut stream: TcpStream,
    times: Arc<Vec<u64>>,
    next: Arc<AtomicUsize>,
    priority: &str,
) -> (TcpStream, Vec<Tile>) {
    stream.set_nodelay(true).unwrap();
    let mut tiles = Vec::new();
    let mut read = [0; 4096];
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(micros) = times.get(index) else {
            return (stream, tiles);
        };
        let asked = Instant::now();
        let request =
            format!("GET /{micros} HTTP/1.1\r\nHost: tiles\r\nPriority: {priority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut length = 0;
        while !read[..length].windows(4).any(|end| end == b"\r\n\r\n") {
            let more = stream.read(&mut read[length..]).await.unwrap();
            assert!(more > 0, "the proxy closed the connection");
            length += more;
        }
        let head = std::str::from_utf8(&read[..length]).unwrap();
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        let took = head.split("took: ").nth(1).unwrap();
        let took: u64 = took.split("\r\n").next().unwrap().parse().unwrap();
        tiles.push(Tile {
            index,
            latency: asked.elapsed(),
            took: Duration::from_micros(took),
        });
    }
}

/// Servers that run one tile at a time, in the order in which they were asked, each on a thread that sleeps.
async fn origins(count: usize, slowness: u32) {
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

async fn proxy(servers: &[&str]) {
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

/// This program again, in another process.
struct Role {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Role {
    fn start(arguments: &[&str]) -> Role {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Role { child, said }
    }

    fn start_before(servers: &[SocketAddr]) -> Role {
        let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
        let arguments = ["proxy"]
            .into_iter()
            .chain(servers.iter().map(String::as_str));
        Role::start(&arguments.collect::<Vec<_>>())
    }

    fn addresses(&mut self, count: usize) -> Vec<SocketAddr> {
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

fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks
        .map(|field| field.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS
}
