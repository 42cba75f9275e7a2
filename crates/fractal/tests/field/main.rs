//! Does the field mean what its documentation says?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod plans;
mod references;

use std::sync::atomic::AtomicBool;

use fractal::{
    Backend, Cancelled, Channels, Field, Formula, Plan, Quality, Rect, Renderer, Sequential, View,
};
use num_complex::Complex;
use proptest::prelude::*;

fn view(re: &str, im: &str, zoom: &str) -> View {
    View {
        re: re.parse().unwrap(),
        im: im.parse().unwrap(),
        zoom: zoom.parse().unwrap(),
        rotation: 0.0,
        width: 160,
        height: 120,
        samples: 1,
        formula: Formula::Mandelbrot,
        limit: 1000,
        reference: None,
        quality: Quality::Fast,
    }
}

fn renderer(view: &View) -> Renderer {
    let plan = Plan::new(view).unwrap();
    plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
}

fn field(view: &View) -> Field {
    let picture = view.whole();
    renderer(view)
        .field(picture, &AtomicBool::new(false))
        .unwrap()
}

/// Counts as the definition reads, in plain f64.
fn plain_count(c: Complex<f64>, limit: u64) -> u64 {
    let mut z = c;
    for n in 1..=limit {
        if z.norm_sqr() > 4.0 {
            return n;
        }
        z = z * z + c;
    }
    0
}

#[test]
fn the_first_row_is_the_top_and_the_first_column_the_left() {
    let view = view("-0.6", "0.4", "0.8");
    let field = field(&view);
    let pixel = 4.0 / 0.8 / 120.0;
    for (x, y) in [(0, 0), (159, 0), (0, 119), (159, 119), (90, 31)] {
        let (right, up) = (x as f64 - 79.5, 59.5 - y as f64);
        let c = Complex::new(-0.6 + right * pixel, 0.4 + up * pixel);
        assert_eq!(field.counts[y * 160 + x], plain_count(c, 1000), "{x}, {y}");
    }
}

#[test]
fn a_quarter_turn_turns_the_axes_counter_clockwise() {
    let upright = View {
        width: 120,
        ..view("0.1", "0.6", "2")
    };
    let turned = field(&View {
        rotation: 90.0,
        ..upright.clone()
    });
    let upright = field(&upright);
    // The turned picture's right is the plane's up.
    for (x, y) in [(0, 0), (100, 3), (17, 90)] {
        assert_eq!(
            turned.counts[y * 120 + x],
            upright.counts[(119 - x) * 120 + 119 - (119 - y)]
        );
    }
}

#[test]
fn subsamples_are_the_pixels_of_a_larger_picture() {
    let small = View {
        samples: 3,
        ..view("-0.75", "0.1", "10")
    };
    let large = View {
        width: 480,
        height: 360,
        ..view("-0.75", "0.1", "10")
    };
    assert_eq!(field(&small).counts, field(&large).counts);
}

#[test]
fn a_sample_escapes_at_the_limit_but_not_past_it() {
    // c = 1: 1, 2, 5: |z₃| > 2.
    let at = |limit| {
        field(&View {
            limit,
            width: 1,
            height: 1,
            ..view("1", "0", "1")
        })
        .counts[0]
    };
    assert_eq!([at(1), at(2), at(3), at(4)], [0, 0, 3, 3]);
    // |c| = 2 has not passed 2 yet; what lies farther out has.
    let first = |re| {
        field(&View {
            width: 1,
            height: 1,
            ..view(re, "0", "1")
        })
        .counts[0]
    };
    assert_eq!(
        [
            first("2"),
            first("2.0000001"),
            first("-2"),
            first("-2.0000001")
        ],
        [2, 1, 0, 1]
    );
}

#[test]
fn a_limit_of_2_to_the_40_overflows_nothing() {
    let field = field(&View {
        limit: 1 << 40,
        width: 8,
        height: 8,
        ..view("-0.1226", "0.7449", "1000")
    });
    assert!(field.counts.iter().all(|&count| count == 0));
    assert!(field.smooth.iter().all(|&smooth| smooth == f64::INFINITY));
}

/// Where |c| = 2 a repelling fixed point lies on the escape radius, and rounding may keep an orbit there.
#[test]
fn orbits_on_the_escape_radius_come_to_an_end() {
    let (re, im) = ("1", "1.7320508075688772935274463415058723669428");
    for (formula, re, im) in [
        (Formula::Tricorn, re, im),
        (Formula::BurningShip, "-2", "0"),
        (Formula::Mandelbrot, "-2", "0"),
    ] {
        let field = field(&View {
            formula,
            ..view(re, im, "2e11")
        });
        assert!(field.smooth.iter().all(|smooth| !smooth.is_nan()));
    }
}

/// Left of the needle's tip |z| leaves 2 by the point's distance from it, and by four times as much with every step. So a point three times as far away
/// in the same direction leaves log₄ 3 earlier.
#[test]
fn smooth_counts_are_continuous_where_orbits_begin_at_the_escape_radius() {
    for (zoom, quality) in [("1e30", Quality::Standard), ("1e275", Quality::Fast)] {
        let view = View {
            quality,
            ..view("-2", "0", zoom)
        };
        let field = field(&view);
        // In halves of a pixel from the tip, leftwards and upwards.
        let smooth = |left: usize, up: usize| {
            let (column, row) = ((160 - left) / 2, (120 - up) / 2);
            let sample = row * 160 + column;
            assert_eq!(field.counts[sample], 1, "{left}, {up}");
            field.smooth[sample]
        };
        for left in (1..50).step_by(2) {
            for up in (1..40).step_by(2) {
                let earlier = smooth(left, up) - smooth(3 * left, 3 * up);
                let expected = 3_f64.ln() / 4_f64.ln();
                assert!((earlier - expected).abs() < 1e-5, "{left}, {up}: {earlier}");
            }
        }
    }
}

#[test]
fn interior_is_infinite_and_counted_0() {
    let field = field(&view("-0.75", "0", "1.6"));
    let interior = field.counts.iter().filter(|&&count| count == 0).count();
    assert!(interior > 1000);
    for (count, smooth) in field.counts.iter().zip(&field.smooth) {
        assert_eq!(*count == 0, *smooth == f64::INFINITY);
        assert!(*smooth > -2.0);
    }
}

#[test]
fn a_raised_flag_cancels_on_every_backend() {
    let view = View {
        limit: 1 << 50,
        ..view("-0.75", "0.1", "40")
    };
    let renderer = renderer(&view);
    for backend in Backend::available() {
        assert_eq!(
            renderer.field_with(backend, view.whole(), &AtomicBool::new(true)),
            Err(Cancelled)
        );
    }
}

proptest! {
    // About every twentieth line crosses from band to band.
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Neighbours differ by what the slope of the smooth count allows, also where their counts differ.
    #[test]
    fn the_smooth_count_is_continuous(
        angle in 0.0..std::f64::consts::TAU,
        distance in 0.0..1.0_f64,
        power in 2_u32..=8,
    ) {
        // Just outside of |c| = 2, 1.2 and so on every power has bands within reach of a line from the origin outwards.
        let (re, im) = (angle.cos() * (1.3 + distance), angle.sin() * (1.3 + distance));
        let line = View {
            width: 4000,
            height: 1,
            formula: Formula::Multibrot { power },
            rotation: angle.to_degrees(),
            ..view(&format!("{re:.17}"), &format!("{im:.17}"), "4e5")
        };
        let picture = Rect { x: 0, y: 0, w: 4000, h: 1 };
        let derivative = Channels { derivative: true, ..Channels::default() };
        let field = renderer(&line).with_channels(derivative).field(picture, &AtomicBool::new(false)).unwrap();
        // No sample nearer to the set than a quarter of the estimate: up to there the slope changes little from neighbour to neighbour (Koebe's distortion theorem).
        let far = (1..4000).filter(|&sample| field.distance[sample - 1].min(field.distance[sample]) > 64.0);
        for sample in far {
            // The count is -log_p of the potential G but for a constant, and the estimate 2 G / |∇G|.
            let slope = 2.0 / (f64::from(field.distance[sample]) * f64::from(power).ln());
            let step = (field.smooth[sample] - field.smooth[sample - 1]).abs();
            prop_assert!(step < 1.5 * slope, "a step of {step} where the slope is {slope}");
        }
    }
}
