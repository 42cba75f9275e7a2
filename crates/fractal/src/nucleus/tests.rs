//! Are they the right nuclei? Held against published ones, against a search of all by f64, and against plain loops over integers.

use std::sync::atomic::AtomicBool;

use dashu_int::IBig;
use num_complex::Complex64;

use super::*;
use crate::view::Formula;

/// The largest period-3 minibrot: a root of c³ + 2c² + c + 1.
const ISLAND: &str = "-1.754877666246692760049508896358528691894606617772793143989283970646";

fn find(view: &View) -> Option<Nucleus> {
    nucleus(view, &AtomicBool::new(false)).unwrap()
}

fn assert_near(one: &Decimal, other: f64) {
    let one = one.to_f64();
    assert!((one - other).abs() <= 1e-5 * other.abs(), "{one} {other}");
}

#[test]
fn the_largest_components_are_found_with_their_size_and_shape() {
    use Shape::{Cardioid, Disc};
    for (re, im, zoom, period, digits, size, turn, shape) in [
        ("-0.5", "0", "1", 1, ["0", "0"], 1.0, 0.0, Cardioid),
        ("-1.1", "0.05", "10", 2, ["-1", "0"], 0.5, 0.0, Disc),
        (
            "-1.76",
            "0.01",
            "20",
            3,
            [&ISLAND[..21], "0"],
            0.019_035_5,
            0.0,
            Cardioid,
        ),
        (
            "-0.12",
            "0.75",
            "20",
            3,
            ["-0.12256116687665361", "0.7448617666197442"],
            0.188_914,
            // Where the disc touches the cardioid is almost below it.
            -80.0,
            Disc,
        ),
    ] {
        let found = find(&View::small(re, im, zoom, 1000)).unwrap();
        assert_eq!(found.period, period);
        for (found, digits) in [&found.re, &found.im].into_iter().zip(digits) {
            assert!(found.to_string().starts_with(digits), "{found} {digits}");
        }
        assert_near(&found.size, size);
        assert_near(&found.zoom, 1.0 / size);
        let turned = found.orientation_degrees;
        assert!((turned - turn).abs() < 20.0, "{turned} {turn}");
        assert_eq!(found.shape, Some(shape));
    }
}

#[test]
fn all_digits_are_right_however_many_there_are() {
    let found = find(&View::small(&ISLAND[..42], "1e-40", "1e39", 1000)).unwrap();
    assert_eq!(found.period, 3);
    let digits = found.re.to_string();
    let right = digits.len() - 1; // the last one is rounded
    assert!(right > 55);
    assert_eq!(digits[..right], ISLAND[..right]);
    assert_eq!(found.im.to_string(), "0");
}

#[test]
fn multibrots_have_nuclei_too() {
    let cubic = |re, im, zoom| View {
        formula: Formula::Multibrot { power: 3 },
        ..View::small(re, im, zoom, 1000)
    };
    assert_eq!(find(&cubic("0", "0", "1")).unwrap().period, 1);
    let found = find(&cubic("0.01", "1.02", "10")).unwrap();
    // z³ + z = 0, λ = 3z² = -3 and dZ₂/dc = -2.
    assert_eq!(found.period, 2);
    assert_eq!(
        [found.re, found.im].map(|part| part.to_string()),
        ["0", "1"]
    );
    assert_near(&found.size, 1.5 / 27_f64.sqrt());
    assert!((found.orientation_degrees - 90.0).abs() < 1e-9);
    assert_eq!(found.shape, None);
}

#[test]
fn a_view_without_a_nucleus_up_to_its_limit_has_none() {
    // Inside the cardioid, outside of the set, far outside, and where the period is 3.
    for none in [
        View::small("0.1", "0.1", "1000", 500),
        View::small("0.5", "0.5", "100", 500),
        View::small("50", "0", "1", 500),
        View::small("-1.7549", "0", "1e6", 500),
        View::small("-1.7548777", "0", "1000", 2),
    ] {
        assert!(find(&none).is_none(), "{none:?}");
    }
}

#[test]
fn a_view_far_wider_than_the_set_has_period_1() {
    for (re, zoom) in [("3", "0.3"), ("0", "0.01"), ("-40", "0.01")] {
        assert_eq!(
            find(&View::small(re, "0.7", zoom, 100)).unwrap().period,
            1,
            "{re}"
        );
    }
}

#[test]
fn what_has_no_answer_is_an_error() {
    let never = AtomicBool::new(false);
    for formula in [Formula::BurningShip, Formula::Tricorn] {
        let of_formula = View {
            formula,
            ..View::small("0", "0", "1", 10)
        };
        let error = nucleus(&of_formula, &never).unwrap_err();
        assert_eq!(error, NucleusError::Formula);
    }
    let error = nucleus(&View::small("0", "0", "-1", 10), &never).unwrap_err();
    assert_eq!(error, NucleusError::Plan(PlanError::ZoomNotPositive));
    let cancelled = AtomicBool::new(true);
    let inside = View::small("0.1", "0.1", "1e9", 1 << 40);
    let error = nucleus(&inside, &cancelled).unwrap_err();
    assert_eq!(error, NucleusError::Cancelled);
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let mut budget = Budget {
        cancel: &AtomicBool::new(false),
        left: 1_000_000,
    };
    let inside = View::small("0.1", "0.1", "1e9", 1 << 40);
    let error = search::search(&inside, &Iteration::Mandelbrot, &mut budget).unwrap_err();
    assert_eq!(error, NucleusError::TooLong);
}

#[test]
fn no_nucleus_of_a_lower_period_lies_in_the_view() {
    let places = [
        ("-0.75", "0.1", 40, 0.0),
        ("0.2869", "0.0142", 150, 0.0),
        ("-0.16", "1.04", 30, 20.0),
        ("-1.25", "0.02", 100, 45.0),
        ("-0.5", "0.56", 60, -10.0),
        ("0.36", "0.6", 20, 77.0),
        ("-1.4", "0", 15, 0.0),
    ];
    for (re, im, zoom, rotation) in places {
        let view = View {
            rotation,
            ..View::small(re, im, &zoom.to_string(), 1000)
        };
        let found = find(&view).unwrap();
        let centre = Complex64::new(re.parse().unwrap(), im.parse().unwrap());
        let lowest = (1..=found.period)
            .find(|&period| has_nucleus(centre, 2.0 / f64::from(zoom), rotation, period));
        assert_eq!(lowest, Some(found.period), "{re} {im}");
    }
}

/// Whether Newton's method from a grid of points finds a nucleus in a view of 16:9, in f64.
fn has_nucleus(centre: Complex64, half_height: f64, rotation: f64, period: u64) -> bool {
    const GRID: i32 = 24;
    let turn = Complex64::from_polar(half_height, rotation.to_radians());
    let inside = |c: Complex64| {
        let offset = (c - centre) / turn;
        offset.re.abs() <= 16.0 / 9.0 && offset.im.abs() <= 1.0
    };
    let starts = (-GRID..=GRID).flat_map(|x| (-GRID..=GRID).map(move |y| (x, y)));
    starts.into_iter().any(|(x, y)| {
        let start = Complex64::new(f64::from(x) * 16.0 / 9.0, f64::from(y)) / f64::from(GRID);
        let mut c = centre + turn * start;
        for _ in 0..50 {
            let (mut z, mut derivative) = (Complex64::ZERO, Complex64::ZERO);
            for _ in 0..period {
                derivative = 2.0 * z * derivative + 1.0;
                z = z * z + c;
            }
            let step = z / derivative;
            c -= step;
            if step.norm() < 1e-12 {
                return inside(c);
            }
        }
        false
    })
}

/// Deep places of tests/truth/places.json, and the periods of what their authors dived to.
#[test]
fn deep_orbits_return_to_zero() {
    for (id, period, size) in [
        ("e14-bench", 252, 4.125_17e-20),
        ("e113-bench", 11_380, 1.386_49e-152),
        ("e1000", 4498, 0.0),
    ] {
        let place = place(id);
        let found = find(&place).unwrap();
        assert_eq!(found.period, period, "{id}");
        if size > 0.0 {
            assert_near(&found.size, size);
        }
        // A view of it at the zoom that is said finds the same, with the same digits.
        let again = find(&View {
            re: found.re.clone(),
            im: found.im.clone(),
            zoom: found.zoom.clone(),
            ..place
        });
        let again = again.unwrap();
        assert_eq!(again.period, period);
        assert_eq!(again.size.to_string(), found.size.to_string());
        let turned = again.orientation_degrees - found.orientation_degrees;
        assert!(turned.abs() < 1e-6);
        let (one, other) = (again.re.to_string(), found.re.to_string());
        let right = one.len().min(other.len()) - 2;
        assert_eq!(one[..right], other[..right]);
        // At the nucleus 0 comes back to 0 far nearer than from beside it, by a hundredth of the size.
        let bits = (-3.33 * found.size.log10()) as usize + 200;
        let [re, im] = [&found.re, &found.im].map(|part| part.to_fixed_point(bits));
        let beside = &re + (found.size.to_fixed_point(bits) / 100);
        let (at, off) = (
            last([re, im.clone()], period, bits),
            last([beside, im], period, bits),
        );
        assert!(at < off - 40.0, "{id}: {at} {off}");
    }
}

/// The binary logarithm of |Zₙ|, about.
fn last([re, im]: [IBig; 2], steps: u64, bits: usize) -> f64 {
    use dashu_int::ops::BitTest;
    let (mut x, mut y) = (re.clone(), im.clone());
    for _ in 1..steps {
        let sum = &x + &y;
        let difference = &x - &y;
        y = ((x * y) >> (bits - 1)) + &im;
        x = ((sum * difference) >> bits) + &re;
    }
    x.bit_len().max(y.bit_len()) as f64 - bits as f64
}

fn place(id: &str) -> View {
    let file = include_str!("../../tests/truth/places.json");
    let places: serde_json::Value = serde_json::from_str(file).unwrap();
    let mut places = places.as_array().unwrap().iter();
    let place = places.find(|place| place["id"] == id).unwrap();
    let text = |name: &str| place[name].as_str().unwrap();
    let limit = place["iterations"].as_u64().unwrap();
    View::small(text("re"), text("im"), text("zoom"), limit)
}
