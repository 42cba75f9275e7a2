//! Does one who is in a hurry wait for a poster? The same tiles of one client, alone and beside a poster without end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::ROUNDS;
use crate::clients::{client, clients_runtime, p99_millis, times, together};
use crate::roles::{start_before, start_origins};

/// Tiles of the one who is in a hurry.
const HURRIED: usize = 300;
/// Tiles of the poster in flight, all but four of them in the queue.
const POSTER: usize = 1000;

/// One who asks for tile after tile, alone and beside a poster without end that is in no hurry.
pub(crate) fn hurry() {
    println!(
        "\nOne client's {HURRIED} tiles, 4 servers, alone and beside {POSTER} of u=7 in flight"
    );
    println!("           p99 alone   p99 beside   ratio");
    let (_origins, servers) = start_origins(4, 1);
    for seed in 0..ROUNDS {
        let mut proxy = start_before(&servers);
        let address = proxy.address();
        let runtime = clients_runtime();
        let connect = |_| runtime.block_on(TcpStream::connect(address)).unwrap();
        let tiles = Arc::new(times(HURRIED, seed));
        let (one, mut alone) = together(&runtime, vec![connect(0)], &tiles, "u=3");
        let endless = Arc::new(times(1_000_000, seed + ROUNDS));
        let next = Arc::new(AtomicUsize::new(0));
        for stream in (0..POSTER).map(connect) {
            runtime.spawn(client(stream, endless.clone(), next.clone(), "u=7"));
        }
        while next.load(Ordering::Relaxed) <= POSTER {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (_, mut beside) = together(&runtime, one, &tiles, "u=3");
        let (alone, beside) = (p99_millis(&mut alone), p99_millis(&mut beside));
        println!("balancer {alone:11.0} {beside:12.0} {:7.2}", beside / alone);
    }
}
