//! What does a band cost, filtered, deflated and summed? In bytes of pixels a second, on one core.

use std::sync::atomic::AtomicBool;

use fractal::{Colouring, Colours, Formula, Gradient, Plan, Rect, Stop, View, paint};

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
    };
    let stops: Vec<Stop> = protocol::PALETTES[0]
        .stops()
        .map(|stop| Stop {
            position: stop.position,
            colour: stop.colour,
        })
        .collect();
    let colours = Colours {
        gradient: Gradient::new(&stops).expect("a palette"),
        colouring: Colouring::Smooth,
        density: 1.0,
        offset: 0.0,
        interior: [0; 3],
    };
    let plan = Plan::new(&view).expect("a shallow view");
    let rect = Rect {
        x: 0,
        y: 400,
        w: 1920,
        h: 130,
    };
    let field = plan
        .field(rect, &AtomicBool::new(false))
        .expect("nobody cancels");
    paint(&field, 1, &colours)
}

#[divan::bench]
fn band(bencher: divan::Bencher) {
    let pixels = pixels();
    let band = worker::band::encode(&pixels, 1920);
    println!("{} bytes of pixels become {}", pixels.len(), band.len());
    bencher
        .counter(divan::counter::BytesCount::of_slice(&pixels))
        .bench(|| worker::band::encode(&pixels, 1920));
}
