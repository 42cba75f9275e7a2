//! Who asks, and for what: clients with a connection each, who share a list of tiles.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const MEAN_MILLIS: f64 = 20.0;
const SIGMA: f64 = 1.0;

/// Lognormal with the mean and σ above, in microseconds.
pub(crate) fn times(tiles: usize, seed: u64) -> Vec<u64> {
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
pub(crate) struct Tile {
    pub(crate) index: usize,
    pub(crate) latency: Duration,
    /// On a server at full speed.
    pub(crate) took: Duration,
}

pub(crate) fn p99_millis(tiles: &mut [Tile]) -> f64 {
    tiles.sort_by_key(|tile| tile.latency);
    tiles[(tiles.len() - 1) * 99 / 100].latency.as_secs_f64() * 1e3
}

pub(crate) fn clients_runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// All clients ask for tiles until there are no more; gives the connections back, and the tiles.
pub(crate) fn together(
    runtime: &Runtime,
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

/// Asks for one tile after the other on one connection.
pub(crate) async fn client(
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
