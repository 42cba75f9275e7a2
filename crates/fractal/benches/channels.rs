//! What do distances and normals cost beside counts?
//!
//! `cargo bench -p fractal --bench channels`; each place with and without them, in shares as a worker draws them.

use std::sync::atomic::AtomicBool;

use divan::Bencher;
use fractal::{Channels, Formula, Plan, Quality, Rect, Renderer, Sequential, View};

fn main() {
    divan::main();
}

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
/// Rows of a share: 65,536 samples.
const ROWS: u32 = 34;

const SEAHORSE: (&str, &str) = (
    "-0.743643887037158704752191506114774",
    "0.131825904205311970493132056385139",
);

fn renderer((re, im): (&str, &str), zoom: &str, limit: u64) -> Renderer {
    let number = |text: &str| text.parse().expect("a decimal number");
    let view = View {
        re: number(re),
        im: number(im),
        zoom: number(zoom),
        rotation: 0.0,
        width: WIDTH,
        height: HEIGHT,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit,
        reference: None,
        quality: Quality::Standard,
    };
    let plan = Plan::new(&view).expect("a view that can be drawn");
    plan.prepare(&Sequential, &AtomicBool::new(false))
        .expect("nobody cancels")
}

fn draw(bencher: Bencher, renderer: Renderer, derivative: bool) {
    let renderer = renderer.with_channels(Channels {
        derivative,
        ..Channels::default()
    });
    bencher.bench(|| {
        for y in (0..HEIGHT).step_by(ROWS as usize) {
            let h = ROWS.min(HEIGHT - y);
            let rect = Rect {
                x: 0,
                y,
                w: WIDTH,
                h,
            };
            let field = renderer.field(rect, &AtomicBool::new(false));
            divan::black_box(field).expect("nobody cancels");
        }
    });
}

#[divan::bench(args = [false, true], sample_size = 1, sample_count = 10)]
fn full_set(bencher: Bencher, derivative: bool) {
    draw(bencher, renderer(("-0.75", "0"), "1.6", 1000), derivative);
}

#[divan::bench(args = [false, true], sample_size = 1, sample_count = 10)]
fn seahorse_valley(bencher: Bencher, derivative: bool) {
    let valley = renderer(("-0.75", "0.1"), "40", 10_000);
    draw(bencher, valley, derivative);
}

#[divan::bench(args = [false, true], sample_size = 1, sample_count = 5)]
fn seahorse_e10(bencher: Bencher, derivative: bool) {
    draw(bencher, renderer(SEAHORSE, "4e10", 10_000), derivative);
}

#[divan::bench(args = [false, true], sample_size = 1, sample_count = 5)]
fn seahorse_e31(bencher: Bencher, derivative: bool) {
    draw(bencher, renderer(SEAHORSE, "3e31", 50_000), derivative);
}

#[divan::bench(args = [false, true], sample_size = 1, sample_count = 5)]
fn dendrite_e308(bencher: Bencher, derivative: bool) {
    draw(bencher, renderer(("0", "1"), "1e308", 3000), derivative);
}
