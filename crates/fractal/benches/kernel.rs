//! How many iterations does a core do a second, and how long does a picture take?
//!
//! `cargo bench -p fractal`; the plain loop runs beside the backends, so that their ratio holds on a busy machine too.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use divan::Bencher;
use divan::counter::ItemsCount;
use fractal::{
    Backend, Colouring, Colours, Distribution, Field, Formula, Gradient, Plan, Quality, Sequential,
    Stop, View, paint,
};
use num_complex::Complex;

fn main() {
    divan::main();
}

/// The centre of the Siegel disc of the golden mean (B. Mandelbrot, "The Fractal Geometry of Nature", 1982): orbits turn
/// about it for ever and never meet themselves, so that neither escape nor periodicity cuts the work short.
const SIEGEL_SEED: (&str, &str) = (
    "-0.390540870218400050669762600713798",
    "-0.586787907346968854163170341098",
);
const SIEGEL_CENTRE: (&str, &str) = ("-0.3684", "-0.3378");
const SIEGEL_LIMIT: u64 = 100_000;
const SIEGEL_SIDE: u32 = 40;

fn view(formula: Formula, (re, im): (&str, &str), zoom: &str, limit: u64) -> View {
    View {
        re: parse(re),
        im: parse(im),
        zoom: parse(zoom),
        rotation: 0.0,
        width: 1920,
        height: 1080,
        samples: 1,
        formula,
        limit,
        reference: None,
        quality: Quality::Fast, // which keeps all of these views in the direct tier
    }
}

fn parse(text: &str) -> fractal::Decimal {
    text.parse().expect("a decimal number")
}

fn field(view: &View, backend: Backend) -> Field {
    let rect = view.whole();
    let cancel = AtomicBool::new(false);
    let plan = Plan::new(view).expect("a view that can be drawn");
    let renderer = plan.prepare(&Sequential, &cancel).expect("nobody cancels");
    renderer
        .field_with(backend, rect, &cancel)
        .expect("nobody cancels")
}

#[divan::bench(args = Backend::available(), sample_size = 1, sample_count = 10)]
fn interior(bencher: Bencher, backend: Backend) {
    let formula = Formula::Julia {
        seed_re: parse(SIEGEL_SEED.0),
        seed_im: parse(SIEGEL_SEED.1),
    };
    let siegel = View {
        width: SIEGEL_SIDE,
        height: SIEGEL_SIDE,
        ..view(formula, SIEGEL_CENTRE, "100", SIEGEL_LIMIT)
    };
    assert!(
        field(&siegel, backend)
            .counts
            .iter()
            .all(|&count| count == 0)
    );
    let iterations = u64::from(SIEGEL_SIDE * SIEGEL_SIDE) * SIEGEL_LIMIT;
    bencher
        .counter(ItemsCount::new(iterations))
        .bench(|| field(&siegel, backend));
}

#[divan::bench(sample_size = 1, sample_count = 10)]
fn interior_plain_loop(bencher: Bencher) {
    let part = |text: &str| text.parse::<f64>().expect("a number");
    let seed = Complex::new(part(SIEGEL_SEED.0), part(SIEGEL_SEED.1));
    let start = Complex::new(part(SIEGEL_CENTRE.0), part(SIEGEL_CENTRE.1));
    let iterations = 100 * SIEGEL_LIMIT;
    bencher.counter(ItemsCount::new(iterations)).bench(|| {
        let mut z = black_box(start);
        for _ in 0..iterations {
            if z.norm_sqr() > 4.0 {
                break;
            }
            z = z * z + seed;
        }
        z
    });
}

#[divan::bench(args = Backend::available(), sample_size = 1, sample_count = 10)]
fn full_set(bencher: Bencher, backend: Backend) {
    let full = view(Formula::Mandelbrot, ("-0.75", "0"), "1.6", 1000);
    bencher.bench(|| field(&full, backend));
}

#[divan::bench(sample_size = 1, sample_count = 10)]
fn seahorse_valley(bencher: Bencher) {
    let valley = view(Formula::Mandelbrot, ("-0.75", "0.1"), "40", 10_000);
    bencher.bench(|| field(&valley, Backend::detect()));
}

#[divan::bench(sample_size = 1, sample_count = 5)]
fn seahorse_e10(bencher: Bencher) {
    let centre = (
        "-0.743643887037158704752191506114774",
        "0.131825904205311970493132056385139",
    );
    let seahorse = view(Formula::Mandelbrot, centre, "4e10", 10_000);
    bencher.bench(|| field(&seahorse, Backend::detect()));
}

#[divan::bench(args = ["smooth", "bands", "histogram"], sample_size = 1, sample_count = 10)]
fn paint_full_set(bencher: Bencher, colouring: &str) {
    let full = field(
        &view(Formula::Mandelbrot, ("-0.75", "0"), "1.6", 1000),
        Backend::detect(),
    );
    let stops = [
        (0.0, [0, 7, 100]),
        (0.42, [237, 255, 255]),
        (0.64, [255, 170, 0]),
        (1.0, [0, 7, 100]),
    ];
    let stops = stops.map(|(position, colour)| Stop { position, colour });
    let colours = Colours {
        gradient: Gradient::new(&stops).expect("stops in order"),
        colouring: match colouring {
            "smooth" => Colouring::Smooth,
            "bands" => Colouring::Bands,
            _ => Colouring::Histogram(Distribution::of(&full.smooth)),
        },
        density: 1.0,
        offset: 0.0,
        interior: [0; 3],
    };
    bencher
        .counter(ItemsCount::new(full.smooth.len()))
        .bench(|| paint(&full, 1, &colours));
}
