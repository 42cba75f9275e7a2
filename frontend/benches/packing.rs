//! What do zstd and gzip make of tiles of counts, and in what time? Of the npy files that are named, the sum of their sizes and the
//! shortest time that each took, on one core.
//!
//! `cargo bench -p frontend --bench packing -- tile.npy …`

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on panics")]

use std::io::Read;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};

const ROUNDS: usize = 50;

fn main() {
    let files: Vec<Vec<u8>> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    println!(
        "{} files of {} bytes",
        files.len(),
        files.iter().map(Vec::len).sum::<usize>()
    );
    for level in [1, 3, 6] {
        let pack = |raw: &[u8]| zstd::bulk::compress(raw, level).unwrap();
        let unpack = |packed: &[u8]| zstd::bulk::decompress(packed, 1 << 20).unwrap();
        measure(&format!("zstd {level}"), &files, pack, unpack);
    }
    for level in [1, 3, 6] {
        let pack = |raw: &[u8]| read(GzEncoder::new(raw, Compression::new(level)));
        measure(&format!("gzip {level}"), &files, pack, |packed| {
            read(GzDecoder::new(packed))
        });
    }
}

fn read(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}

fn measure(
    name: &str,
    files: &[Vec<u8>],
    pack: impl Fn(&[u8]) -> Vec<u8>,
    unpack: impl Fn(&[u8]) -> Vec<u8>,
) {
    let (mut size, mut packing, mut unpacking) = (0, Duration::ZERO, Duration::ZERO);
    for raw in files {
        let (packed, took) = shortest(|| pack(raw));
        packing += took;
        let (unpacked, took) = shortest(|| unpack(&packed));
        unpacking += took;
        assert!(unpacked == *raw);
        size += packed.len();
    }
    let each = |whole: Duration| whole.as_secs_f64() * 1e3 / files.len().max(1) as f64;
    println!(
        "{name}: {size} bytes, {:.2} ms to pack a tile, {:.2} ms to unpack it",
        each(packing),
        each(unpacking)
    );
}

fn shortest<T>(work: impl Fn() -> T) -> (T, Duration) {
    let timed = || {
        let began = Instant::now();
        (work(), began.elapsed())
    };
    let rounds = (0..ROUNDS).map(|_| timed());
    rounds.min_by_key(|(_, took)| *took).unwrap()
}
