//! How long does each known place take, with its reference, on two threads? One row a place: medians, and the peak of memory.
//!
//! `cargo bench -p fractal --bench places` runs all of z² + c, each three times in turn; ids after `--` choose some, a number among them is how many
//! megabytes an orbit may take (longer ones are kept as waypoints), `fast` or `exact` the quality, which is `standard` without, and `subdivided` fills
//! squares on whose border nothing escapes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use fractal::{Fork, Formula, Job, OrbitProgress, Plan, Quality, Rect, View};
use rayon::prelude::*;
use serde::Deserialize;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PLACES: &str = include_str!("../tests/truth/places.json");
const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const THREADS: usize = 2;
const RUNS: usize = 3;
/// As many as a worker's shares have.
const ROWS: u32 = 16;
/// Places that take longer run once.
const LONG: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Place {
    id: String,
    formula: String,
    power: Option<u32>,
    seed_re: Option<String>,
    seed_im: Option<String>,
    re: String,
    im: String,
    zoom: String,
    iterations: u64,
}

impl Place {
    fn formula(&self) -> Formula {
        let seed = |part: &Option<String>| {
            let text = part.as_deref().expect("a Julia set has a seed");
            text.parse().expect("a decimal number")
        };
        match self.formula.as_str() {
            "mandelbrot" => Formula::Mandelbrot,
            "multibrot" => Formula::Multibrot {
                power: self.power.expect("a Multibrot set has a power"),
            },
            "julia" => Formula::Julia {
                seed_re: seed(&self.seed_re),
                seed_im: seed(&self.seed_im),
            },
            "burning-ship" => Formula::BurningShip,
            "tricorn" => Formula::Tricorn,
            other => panic!("there is no formula {other}"),
        }
    }
}

struct Rayon;

impl Fork for Rayon {
    fn join(&self, one: Job, other: Job) {
        rayon::join(one, other);
    }
}

/// How places are drawn.
struct Way {
    quality: Quality,
    is_subdivided: bool,
    /// Bytes that an orbit may take.
    memory: u64,
}

/// Of one run.
struct Times {
    orbit: Duration,
    total: Duration,
}

fn main() {
    let arguments = std::env::args().skip(1);
    let arguments = arguments.filter(|argument| !argument.starts_with('-'));
    let (megabytes, words): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.parse::<u64>().is_ok());
    let mut way = Way {
        quality: Quality::Standard,
        is_subdivided: false,
        memory: megabytes
            .first()
            .and_then(|text| text.parse::<u64>().ok())
            .map_or(u64::MAX, |megabytes| megabytes << 20),
    };
    let mut chosen = Vec::new();
    for word in words {
        match word.as_str() {
            "fast" => way.quality = Quality::Fast,
            "standard" => way.quality = Quality::Standard,
            "exact" => way.quality = Quality::Exact,
            "subdivided" => way.is_subdivided = true,
            _ => chosen.push(word),
        }
    }
    let threads = rayon::ThreadPoolBuilder::new().num_threads(THREADS);
    threads.build_global().expect("two threads");
    let places: Vec<Place> = serde_json::from_str(PLACES).expect("the places are JSON");
    if let Some(unknown) = chosen
        .iter()
        .find(|&id| places.iter().all(|place| place.id != *id))
    {
        panic!("there is no place {unknown}");
    }
    let is_meant = |place: &&Place| {
        if chosen.is_empty() {
            place.formula == "mandelbrot" && !place.id.starts_with("border")
        } else {
            chosen.contains(&place.id)
        }
    };
    let places = places.iter().filter(is_meant);
    println!("| place | tier | reference's points | reference, s | total, s | peak, MB |");
    println!("|---|---|---|---|---|---|");
    for place in places {
        forget_peak();
        let (first, tier, points) = draw(place, &way);
        let mut runs = vec![first];
        while runs.len() < RUNS && runs[0].total < LONG {
            runs.push(draw(place, &way).0);
        }
        println!(
            "| {} | {tier} | {points} | {:.3} | {:.3} | {} |",
            place.id,
            median(runs.iter().map(|run| run.orbit)),
            median(runs.iter().map(|run| run.total)),
            peak_megabytes(),
        );
    }
}

fn draw(place: &Place, way: &Way) -> (Times, String, usize) {
    let number = |text: &str| text.parse().expect("a decimal number");
    let view = View {
        re: number(&place.re),
        im: number(&place.im),
        zoom: number(&place.zoom),
        rotation: 0.0,
        width: WIDTH,
        height: HEIGHT,
        samples: 1,
        formula: place.formula(),
        limit: place.iterations,
        reference: None,
        quality: way.quality,
    };
    let cancel = AtomicBool::new(false);
    let began = Instant::now();
    let mut plan = Plan::new(&view).expect("a view that can be drawn");
    if way.is_subdivided {
        plan = plan.subdividing().expect("the set has no holes");
    }
    let tier = plan.tier().to_string();
    let renderer = plan.with_orbit(|key| {
        let progress = OrbitProgress::default();
        let orbit = key.compute(way.memory, &Rayon, &progress, &cancel)?;
        Ok::<_, fractal::Cancelled>(Arc::new(orbit))
    });
    let renderer = renderer.expect("nobody cancels");
    let orbit = began.elapsed();
    (0..HEIGHT.div_ceil(ROWS)).into_par_iter().for_each(|band| {
        let rect = Rect {
            x: 0,
            y: band * ROWS,
            w: WIDTH,
            h: ROWS.min(HEIGHT - band * ROWS),
        };
        std::hint::black_box(renderer.field(rect, &cancel).expect("nobody cancels"));
    });
    let total = began.elapsed();
    let points = renderer.orbit().map_or(0, fractal::Orbit::points);
    (Times { orbit, total }, tier, points)
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Lets the kernel's highest resident size begin anew (proc(5), clear_refs).
fn forget_peak() {
    // Where this cannot be done, peaks are those of all places so far.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
