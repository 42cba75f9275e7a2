//! Are they the same bits however they are computed, and the counts what they are without them?

use std::sync::atomic::AtomicBool;

use fractal::{Backend, Channels, Field, Formula, Rect, View};

use crate::cycles::minibrot;
use crate::{place, renderer, view};

/// Every formula in the direct tier and past f64's grain, and some past f64's exponents.
fn cases() -> Vec<View> {
    use Formula::*;
    let ids = [
        "line-e28",
        "multibrot-3-e60",
        "julia-e60",
        "burning-ship-e18",
        "tricorn-e18",
        "border-dendrite-e308",
        "tricorn-e320",
        "julia-e320",
    ];
    let mut cases: Vec<View> = ids.map(place).to_vec();
    cases.extend([
        view(Mandelbrot, "-0.75", "0.1", "40", 3001),
        view(Mandelbrot, "-2", "0", "0.001", 1),
        view(Mandelbrot, "1e20", "-3e20", "1e-12", 17),
        view(BurningShip, "-1.755", "-0.03", "40", 1000),
        view(Tricorn, "1", "1.7320508075688772935", "2e11", 1000),
        // Iterated by the reference after a look in f64.
        view(
            Mandelbrot,
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
            "4e10",
            3000,
        ),
    ]);
    cases.extend(["seahorse-e31", "multibrot-3-e320"].map(|id| minibrot(id, 50)));
    cases.extend((3..=8).map(|power| view(Multibrot { power }, "-0.3", "0.2", "1.1", 700)));
    cases.push(View {
        rotation: 33.3,
        samples: 3,
        ..view(Mandelbrot, "-1.25", "0.02", "30", 1500)
    });
    cases
}

/// All numbers of every sample.
fn bits(field: &Field) -> Vec<[u32; 6]> {
    (0..field.counts.len())
        .map(|sample| {
            let [right, up] = field.normal[sample];
            let [re, im] = field.multiplier[sample];
            let [distance, right, up, re, im] =
                [field.distance[sample], right, up, re, im].map(f32::to_bits);
            [distance, right, up, re, im, field.period[sample]]
        })
        .collect()
}

#[test]
fn every_backend_gives_the_same_bits() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let renderer = renderer(&view);
        let on = |backend| {
            let field = renderer.field_with(backend, view.whole(), &never).unwrap();
            bits(&field)
        };
        let scalar = on(Backend::Scalar);
        for backend in Backend::available() {
            assert!(on(backend) == scalar, "{backend:?} on {view:?}");
        }
    }
}

#[test]
fn every_piece_has_the_bits_of_the_whole() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let renderer = renderer(&view);
        let picture = bits(&renderer.field(view.whole(), &never).unwrap());
        let row = (view.width * view.samples) as usize;
        for (w, h) in [(view.width, 1), (37, 41)] {
            for (x, y) in [(0, 0), (37 % view.width, 41 % view.height)] {
                let (w, h) = (w.min(view.width - x), h.min(view.height - y));
                let rect = Rect { x, y, w, h };
                let piece = bits(&renderer.field(rect, &never).unwrap());
                let [x, y, w, h] = [x, y, w, h].map(|side| (side * view.samples) as usize);
                let cut = (y..y + h).flat_map(|y| &picture[y * row + x..y * row + x + w]);
                assert!(piece.iter().eq(cut), "{rect:?} of {view:?}");
            }
        }
    }
}

#[test]
fn counts_are_the_same_with_derivatives() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let with = renderer(&view);
        let without = with.clone().with_channels(Channels::default());
        let [with, without] = [with, without].map(|r| r.field(view.whole(), &never).unwrap());
        assert!(with.counts == without.counts && with.smooth == without.smooth);
        assert!(without.distance.is_empty() && without.normal.is_empty());
        for (sample, &count) in with.counts.iter().enumerate() {
            let (distance, [right, up]) = (with.distance[sample], with.normal[sample]);
            let length = right.hypot(up);
            assert!(!distance.is_nan() && distance >= 0.0);
            assert!(length == 0.0 || (length - 1.0).abs() < 1e-5, "{right} {up}");
            assert!(count > 0 || (distance == 0.0 && length == 0.0));
            assert!(length > 0.0 || distance == 0.0 || distance.is_infinite());
        }
    }
}
