//! How near to the ideal are skewed tiles dispatched? Tiles with lognormal times go to servers that run one at a time,
//! through this balancer, nginx and HAProxy in turn: `cargo bench -p balancer --bench dispatch`.
//!
//! The ideal is a queue that costs nothing: whenever a server is free it has the next tile. It is reckoned for each run
//! from the times that its tiles really took, for on a busy machine a sleep is longer than it was asked to be.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should stop"
)]

mod clients;
mod hurry;
#[path = "../peers/mod.rs"]
mod peers;
#[path = "../role/mod.rs"]
mod role;
mod roles;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use clients::{Tile, clients_runtime, p99_millis, times, together};
use peers::Peer;
use role::cpu_seconds;
use roles::{origins, proxy, start_before, start_origins};
use tokio::net::TcpStream;

const ROUNDS: u64 = 5;
/// How much slower the first server of a slow pool is.
const SLOWNESS: u32 = 3;

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
            hurry::hurry();
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
    println!("          makespan / ideal   / work   p99 ms   CPU µs/tile   (medians of {ROUNDS})");
    let (_origins, servers) = start_origins(case.servers, case.slowness);
    let mut results = [const { Vec::new() }; 3];
    for seed in 0..ROUNDS {
        let mut ours = start_before(&servers);
        let address = ours.address();
        results[0].push(measure(case, seed, address, ours.process()));
        drop(ours);
        for (peer, results) in [Peer::nginx, Peer::haproxy].iter().zip(&mut results[1..]) {
            let peer = peer(&servers);
            results.push(measure(case, seed, peer.address, peer.process()));
        }
    }
    for (name, results) in ["balancer", "nginx", "haproxy"].iter().zip(&mut results) {
        let mut median = |column: fn(&Run) -> f64| {
            results.sort_by(|one, other| column(one).total_cmp(&column(other)));
            column(&results[results.len() / 2])
        };
        let (ideal, work) = (median(|run| run.over_ideal), median(|run| run.over_work));
        let (p99, cpu) = (median(|run| run.p99_millis), median(|run| run.cpu_micros));
        println!("{name:9} {ideal:16.3} {work:8.3} {p99:8.0} {cpu:13.1}");
    }
}

/// What came of one run.
struct Run {
    /// The makespan over the ideal one.
    over_ideal: f64,
    /// The makespan over that of work that could be divided at will: nobody is idle until all is done.
    over_work: f64,
    p99_millis: f64,
    /// Of the proxy, per tile.
    cpu_micros: f64,
}

fn measure(case: &Case, seed: u64, proxy: SocketAddr, process: u32) -> Run {
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
    let work: f64 = tiles.iter().map(|tile| tile.took.as_secs_f64()).sum();
    let speed = (case.servers - 1) as f64 + 1.0 / f64::from(case.slowness);
    Run {
        over_ideal: makespan / ideal(case, &mut tiles),
        over_work: makespan / (work / speed),
        p99_millis: p99_millis(&mut tiles),
        cpu_micros: cpu,
    }
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
