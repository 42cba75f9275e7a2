//! How many steps of a reference orbit are done a second, at how many places, in whose numbers?

use divan::Bencher;
use divan::counter::ItemsCount;
use fractal::{Fork, Job, Numbers, Sequential, walk_for_benchmark};

fn main() {
    divan::main();
}

/// Places, and as many steps as take dashu about a twentieth of a second.
const LENGTHS: [(usize, u64); 10] = [
    (128, 100_000),
    (192, 100_000),
    (256, 100_000),
    (512, 60_000),
    (1024, 30_000),
    (2048, 20_000),
    (3700, 10_000),
    (8000, 3000),
    (16_000, 1000),
    (75_000, 100),
];

/// Two threads, if both are idle.
struct Rayon;

impl Fork for Rayon {
    fn join(&self, one: Job, other: Job) {
        rayon::join(one, other);
    }
}

fn measure(
    bencher: Bencher,
    numbers: Numbers,
    (bits, steps): (usize, u64),
    fork: &(dyn Fork + Send),
) {
    bencher
        .counter(ItemsCount::new(steps))
        .bench_local(|| walk_for_benchmark(numbers, bits, steps, fork));
}

#[divan::bench(args = LENGTHS, sample_size = 1, sample_count = 10)]
fn own(bencher: Bencher, length: (usize, u64)) {
    measure(bencher, Numbers::Own, length, &Sequential);
}

#[divan::bench(args = LENGTHS, sample_size = 1, sample_count = 10)]
fn own_in_two_threads(bencher: Bencher, length: (usize, u64)) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.expect("two threads");
    bencher.counter(ItemsCount::new(length.1)).bench_local(|| {
        pool.install(|| walk_for_benchmark(Numbers::Own, length.0, length.1, &Rayon))
    });
}

/// As [`own`], where it is long, on processors without AVX-512 IFMA.
#[divan::bench(args = &LENGTHS[4..], sample_size = 1, sample_count = 5)]
fn portable(bencher: Bencher, length: (usize, u64)) {
    measure(bencher, Numbers::Portable, length, &Sequential);
}

#[divan::bench(args = LENGTHS, sample_size = 1, sample_count = 5)]
fn dashu(bencher: Bencher, length: (usize, u64)) {
    measure(bencher, Numbers::Dashu, length, &Sequential);
}
