//! What do strips cost, filtered, deflated and summed? In bytes of pixels a second, on one core.

use std::sync::atomic::AtomicBool;

use fractal::{Colouring, Colours, Formula, Plan, Quality, Rect, Sequential, View, paint};

fn main() {
    divan::main();
}

/// Rows 400 to 530 of the full set at 1920 × 1080: filaments, smooth outside and interior.
fn pixels() -> Vec<u8> {
    let text = |text: &str| text.parse().expect("a decimal");
    let view = View {
        re: text("-0.75"),
        im: text("0"),
        zoom: text("1.6"),
        rotation: 0.0,
        width: 1920,
        height: 1080,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit: 1000,
        reference: None,
        quality: Quality::Standard,
    };
    let colours = Colours {
        gradient: worker::gradient_of(&protocol::Colours::default().palette),
        colouring: Colouring::Smooth,
        density: 1.0,
        offset: 0.0,
        interior: [0; 3],
    };
    let plan = Plan::new(&view).expect("a view");
    let renderer = plan
        .prepare(&Sequential, &AtomicBool::new(false))
        .expect("nobody cancels");
    let rect = Rect {
        x: 0,
        y: 400,
        w: 1920,
        h: 130,
    };
    let field = renderer
        .field(rect, &AtomicBool::new(false))
        .expect("nobody cancels");
    paint(&field, 1, &colours)
}

/// Strips of so many rows; the last is one strip of all.
#[divan::bench(args = [4, 8, 16, 24, 32, 130])]
fn strips(bencher: divan::Bencher, rows: usize) {
    let pixels = pixels();
    let encode = || -> usize {
        let strips = pixels.chunks(rows * 1920 * 3);
        strips
            .map(|strip| worker::band::strip(strip, 1920).deflated.len())
            .sum()
    };
    println!("{} bytes of pixels become {}", pixels.len(), encode());
    bencher
        .counter(divan::counter::BytesCount::of_slice(&pixels))
        .bench(encode);
}
