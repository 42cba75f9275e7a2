//! Does the field mean what its documentation says?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::atomic::AtomicBool;

use fractal::{
    Backend, Cancelled, Channels, Field, Formula, Plan, PlanError, Quality, Rect, Renderer,
    Sequential, Tier, View,
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
    let picture = Rect {
        x: 0,
        y: 0,
        w: view.width,
        h: view.height,
    };
    renderer(view)
        .field(picture, &AtomicBool::new(false))
        .unwrap()
}

#[test]
fn a_pan_keeps_the_reference_and_moves_the_picture() {
    // Pixels of 4e-22.
    let before = View {
        height: 100,
        ..view("0", "1", "1e20")
    };
    let after = View {
        re: "4e-21".parse().unwrap(),
        im: "1.000000000000000000002".parse().unwrap(),
        ..before.clone()
    };
    let key = |view: &View| Plan::new(view).unwrap().orbit().unwrap().clone();
    assert_eq!(key(&before), key(&after));
    let (one, two) = (field(&before), field(&after));
    let (width, height) = (one.width, one.height);
    // To the right by ten and up by five.
    for y in 5..height {
        let (row, same) = ((y - 5) * width, y * width);
        assert_eq!(
            one.counts[row + 10..row + width],
            two.counts[same..same + width - 10]
        );
    }
    let far = View {
        re: "1e-18".parse().unwrap(),
        ..before.clone()
    };
    assert_ne!(key(&before), key(&far));
    // A little nearer is the same cell, twice as near is another.
    let zoomed = |zoom: &str| View {
        zoom: zoom.parse().unwrap(),
        ..before.clone()
    };
    assert_eq!(key(&before), key(&zoomed("1.1e20")));
    assert_ne!(key(&before), key(&zoomed("2e20")));
}

/// A series has the samples of the picture, and of a margin; what lies beyond goes by the reference.
#[test]
fn a_rectangle_far_beyond_the_picture_is_what_a_larger_picture_has_there() {
    // Pixels of 1e-12.
    let narrow = View {
        height: 100,
        limit: 20_000,
        quality: Quality::Standard,
        ..view(
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
            "4e10",
        )
    };
    let wide = View {
        re: "-0.743643886957158704752191506114774".parse().unwrap(),
        width: 320,
        ..narrow.clone()
    };
    let rect = Rect {
        x: 140,
        y: 0,
        w: 180,
        h: 100,
    };
    let of = |view: &View| renderer(view).field(rect, &AtomicBool::new(false)).unwrap();
    let (beyond, within) = (of(&narrow).counts, of(&wide).counts);
    let differing = beyond.iter().zip(&within).filter(|(a, b)| a != b).count();
    assert!(differing * 1000 <= within.len(), "{differing} differ");
    assert!(
        within.iter().max() > Some(&2_000),
        "{:?}",
        within.iter().max()
    );
}

proptest! {
    /// In steps of 1e-24; a visible height is 4e-20.
    #[test]
    fn a_pan_that_names_where_it_began_needs_no_other_orbit(
        began in prop::array::uniform2(-1_000_000_i64..1_000_000),
        moved in prop::array::uniform2(-320_000_i64..=320_000),
    ) {
        let at = |steps: [i64; 2]| {
            let [re, im] = steps.map(|steps| {
                let beside_one = 10_i128.pow(24) + i128::from(steps);
                format!("{beside_one}e-24")
            });
            View { height: 90, ..view(&re, &im, "1e20") }
        };
        let before = at(began);
        let after = View {
            reference: Some([before.re.clone(), before.im.clone()]),
            ..at([began[0] + moved[0], began[1] + moved[1]])
        };
        let key = |view: &View| Plan::new(view).unwrap().orbit().unwrap().clone();
        prop_assert_eq!(key(&before), key(&after));
        // Who names the centre names nothing new.
        let named = View { re: before.re.clone(), im: before.im.clone(), ..after };
        prop_assert_eq!(key(&before), key(&named));
    }
}

/// In f64, too, where nobody asks for it.
#[test]
fn a_reference_is_at_most_8_heights_away() {
    for (zoom, near, far) in [
        ("1e20", "3.2e-19", "3.2000001e-19"),
        ("1e-2", "-3.2e3", "-3200.001"),
        ("1e900", "3.2e-899", "1"),
    ] {
        let along = |re: &str, im: &str| View {
            reference: Some([re.parse().unwrap(), im.parse().unwrap()]),
            ..view("0", "0", zoom)
        };
        let refusal = |view: View| Plan::new(&view).err();
        assert_eq!(refusal(along(near, near)), None);
        let (of_re, of_im) = (refusal(along(far, near)), refusal(along(near, far)));
        assert_eq!(of_re, Some(PlanError::ReferenceReTooFar));
        assert_eq!(of_im, Some(PlanError::ReferenceImTooFar));
    }
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
    let renderer = renderer(&View {
        limit: 1 << 50,
        ..view("-0.75", "0.1", "40")
    });
    for backend in Backend::available() {
        let rect = Rect {
            x: 0,
            y: 0,
            w: 160,
            h: 120,
        };
        assert_eq!(
            renderer.field_with(backend, rect, &AtomicBool::new(true)),
            Err(Cancelled)
        );
    }
}

#[test]
fn the_depth_and_the_quality_choose_the_tier() {
    let seahorse = |zoom: &str, quality| {
        let view = View {
            width: 1920,
            height: 1080,
            quality,
            ..view("-0.7436438870371587", "0.1318259042053119", zoom)
        };
        Plan::new(&view).map(|plan| plan.tier())
    };
    for (zoom, quality, tier) in [
        ("1", Quality::Exact, Tier::Direct),
        ("40", Quality::Exact, Tier::Perturbation),
        ("40", Quality::Standard, Tier::Direct),
        ("2000", Quality::Exact, Tier::Perturbation),
        ("2000", Quality::Standard, Tier::Direct),
        ("1e7", Quality::Standard, Tier::Perturbation),
        ("4e10", Quality::Fast, Tier::Direct),
        ("1e12", Quality::Fast, Tier::Perturbation),
        ("1e280", Quality::Standard, Tier::Perturbation),
        ("1e300", Quality::Standard, Tier::ExtendedPerturbation),
        ("1e2000", Quality::Fast, Tier::ExtendedPerturbation),
    ] {
        assert_eq!(seahorse(zoom, quality), Ok(tier), "{zoom} {quality:?}");
    }
    for zoom in ["1e100001", "1e999999999", "1e999999999999999"] {
        let refused = seahorse(zoom, Quality::Fast);
        assert_eq!(refused, Err(PlanError::TooDeep), "{zoom}");
    }
}

#[test]
fn bad_views_are_refused_by_name() {
    type Spoil = fn(&mut View);
    fn julia(re: &str) -> Formula {
        Formula::Julia {
            seed_re: re.parse().unwrap(),
            seed_im: "0".parse().unwrap(),
        }
    }
    let bad: [(Spoil, PlanError); 16] = [
        (
            |v| v.zoom = "0".parse().unwrap(),
            PlanError::ZoomNotPositive,
        ),
        (
            |v| v.zoom = "-1".parse().unwrap(),
            PlanError::ZoomNotPositive,
        ),
        (
            |v| v.zoom = "1e-999999999".parse().unwrap(),
            PlanError::OutOfRange,
        ),
        (
            |v| v.re = "1e999999999".parse().unwrap(),
            PlanError::OutOfRange,
        ),
        (|v| v.im = "-1e31".parse().unwrap(), PlanError::OutOfRange),
        (|v| v.rotation = f64::NAN, PlanError::RotationNotFinite),
        (|v| v.rotation = f64::INFINITY, PlanError::RotationNotFinite),
        (|v| v.width = 0, PlanError::Size),
        (|v| v.samples = 0, PlanError::Size),
        (
            |v| (v.height, v.samples) = (u32::MAX, u32::MAX),
            PlanError::Size,
        ),
        (|v| v.limit = 0, PlanError::Limit),
        (|v| v.limit = u64::MAX, PlanError::Limit),
        (
            |v| v.formula = Formula::Multibrot { power: 1 },
            PlanError::Power,
        ),
        (
            |v| v.formula = Formula::Multibrot { power: 9 },
            PlanError::Power,
        ),
        (|v| v.formula = julia("2.01"), PlanError::SeedTooFar),
        (|v| v.formula = julia("-1e999999999"), PlanError::SeedTooFar),
    ];
    for (spoil, error) in bad {
        let mut view = view("-0.5", "0", "1");
        spoil(&mut view);
        assert_eq!(Plan::new(&view).unwrap_err(), error, "{view:?}");
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
