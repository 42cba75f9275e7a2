//! Is the field the same bit for bit, however it is computed and however it is cut?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::atomic::AtomicBool;

use fractal::{Backend, Field, Formula, Plan, Quality, Rect, Renderer, Sequential, View};

fn view(formula: Formula, re: &str, im: &str, zoom: &str, limit: u64) -> View {
    View {
        re: re.parse().unwrap(),
        im: im.parse().unwrap(),
        zoom: zoom.parse().unwrap(),
        rotation: 0.0,
        width: 161,
        height: 97,
        samples: 1,
        formula,
        limit,
        reference: None,
        quality: Quality::Fast,
    }
}

/// Odd sizes, rotations and limits; every formula; deep and shallow; far outside and all inside.
fn cases() -> Vec<View> {
    use Formula::*;
    let seed = |re: &str, im: &str| Julia {
        seed_re: re.parse().unwrap(),
        seed_im: im.parse().unwrap(),
    };
    let (seahorse_re, seahorse_im) = (
        "-0.743643887037158704752191506114774",
        "0.131825904205311970493132056385139",
    );
    let mut cases = vec![
        view(Mandelbrot, "-0.75", "0", "1.6", 1000),
        view(Mandelbrot, "-0.75", "0.1", "40", 3001),
        view(Mandelbrot, "0.2869", "0.0142", "2000", 20_000),
        view(Mandelbrot, seahorse_re, seahorse_im, "4e10", 5000),
        view(Mandelbrot, "-2", "0", "1e9", 500),
        view(Mandelbrot, "-2", "0", "0.001", 1),
        view(Mandelbrot, "1e20", "-3e20", "1e-12", 17),
        view(Mandelbrot, "0", "0", "1000", 100),
        view(BurningShip, "-1.755", "-0.03", "40", 1000),
        view(Tricorn, "-0.1", "0.85", "10", 1000),
        view(
            seed(
                "-0.390540870218400050669762600713798485817",
                "-0.586787907346968854163170341098",
            ),
            "0",
            "0",
            "1.2",
            999,
        ),
        view(seed("-2", "0"), "2", "0", "1e5", 300),
    ];
    cases.extend((2..=8).map(|power| view(Multibrot { power }, "-0.3", "0.2", "1.1", 700)));
    cases.push(View {
        rotation: 33.3,
        samples: 3,
        ..view(Mandelbrot, "-1.25", "0.02", "30", 1500)
    });
    cases.extend(deep_cases());
    cases.extend(doubtful_cases());
    cases.push(View {
        width: 1,
        height: 1,
        ..view(Mandelbrot, "-0.8", "0.2", "3", 1500)
    });
    cases
}

/// Every formula as differences from a reference, with f64's exponents and with their own; among them some that lose more than f64
/// has, and are iterated again.
fn deep_cases() -> Vec<View> {
    use Formula::*;
    let seed = Julia {
        seed_re: "-0.7436438870371587".parse().unwrap(),
        seed_im: "0.1318259042053119".parse().unwrap(),
    };
    let mut cases = Vec::new();
    for (zoom, quality) in [
        ("1e4", Quality::Fast),
        ("1e20", Quality::Standard),
        ("1e305", Quality::Exact),
    ] {
        let views = [
            view(Mandelbrot, "0", "1", zoom, 1500),
            // A reference that escapes soon, beside samples that do not.
            view(Mandelbrot, "-1.76", "0.0003", zoom, 800),
            view(Multibrot { power: 3 }, "0.4", "0.70001", zoom, 900),
            view(Multibrot { power: 8 }, "-0.3", "0.9", zoom, 900),
            view(seed.clone(), "0", "0", zoom, 700),
            view(BurningShip, "-1.755", "-0.03", zoom, 900),
            view(Tricorn, "-0.1", "0.85", zoom, 900),
        ];
        cases.extend(views.map(|view| View { quality, ..view }));
    }
    cases.push(View {
        rotation: -71.5,
        samples: 2,
        quality: Quality::Exact,
        ..view(
            Mandelbrot,
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
            "4e10",
            3000,
        )
    });
    cases
}

/// Every formula where some samples are iterated again after a look in f64: with more digits, and by a reference.
fn doubtful_cases() -> Vec<View> {
    use Formula::*;
    let seed = Julia {
        seed_re: "-0.7436438870371587".parse().unwrap(),
        seed_im: "0.1318259042053119".parse().unwrap(),
    };
    let near = |zoom: &str| {
        [
            view(
                Mandelbrot,
                "-0.743643887037158704752191506114774",
                "0.131825904205311970493132056385139",
                zoom,
                3000,
            ),
            view(Multibrot { power: 3 }, "0.4", "0.70001", zoom, 900),
            view(seed.clone(), "0", "0.0001", zoom, 700),
            view(BurningShip, "-1.755", "-0.03", zoom, 900),
            view(Tricorn, "-0.1", "0.85", zoom, 900),
        ]
    };
    let shallow = View {
        rotation: 20.0,
        samples: 2,
        ..view(Mandelbrot, "0.2869", "0.0142", "2000", 3000)
    };
    let views = near("60").into_iter().chain(near("4e10")).chain([shallow]);
    let standard = Quality::Standard;
    views
        .map(|view| View {
            quality: standard,
            ..view
        })
        .collect()
}

fn renderer(view: &View) -> Renderer {
    let plan = Plan::new(view).unwrap();
    plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
}

fn field(view: &View, rect: Rect) -> Field {
    renderer(view).field(rect, &AtomicBool::new(false)).unwrap()
}

fn bits(field: &Field) -> (Vec<u64>, &[u64]) {
    (
        field.smooth.iter().map(|value| value.to_bits()).collect(),
        &field.counts,
    )
}

#[test]
fn every_backend_gives_the_same_bits() {
    for view in cases() {
        let renderer = renderer(&view);
        let on = |backend| {
            renderer
                .field_with(backend, view.whole(), &AtomicBool::new(false))
                .unwrap()
        };
        let scalar = on(Backend::Scalar);
        for backend in Backend::available() {
            assert!(
                bits(&on(backend)) == bits(&scalar),
                "{backend:?} on {view:?}"
            );
        }
    }
}

#[test]
fn every_piece_has_the_bits_of_the_whole() {
    for view in cases() {
        let picture = field(&view, view.whole());
        for (w, h) in [(1, view.height), (view.width, 1), (37, 41), (64, 64)] {
            for y in (0..view.height).step_by(h as usize) {
                for x in (0..view.width).step_by(w as usize) {
                    let rect = Rect {
                        x,
                        y,
                        w: w.min(view.width - x),
                        h: h.min(view.height - y),
                    };
                    let cut = cut(&picture, rect, view.samples);
                    assert!(
                        bits(&field(&view, rect)) == bits(&cut),
                        "{rect:?} of {view:?}"
                    );
                }
            }
        }
    }
}

fn cut(picture: &Field, rect: Rect, samples: u32) -> Field {
    let [x, y, width, height] =
        [rect.x, rect.y, rect.w, rect.h].map(|side| (side * samples) as usize);
    let rows = (y..y + height).map(|row| row * picture.width + x);
    let indices: Vec<usize> = rows.flat_map(|start| start..start + width).collect();
    Field {
        width,
        height,
        smooth: indices.iter().map(|&index| picture.smooth[index]).collect(),
        counts: indices.iter().map(|&index| picture.counts[index]).collect(),
        ..Field::default()
    }
}

#[test]
fn a_higher_limit_changes_no_count_that_was_reached() {
    for view in cases() {
        let low = field(&view, view.whole());
        let high = field(
            &View {
                limit: 4 * view.limit + 3,
                ..view.clone()
            },
            view.whole(),
        );
        for (before, after) in low.counts.iter().zip(&high.counts) {
            let reached = if *after > view.limit { 0 } else { *after };
            assert_eq!(*before, reached);
        }
    }
}
