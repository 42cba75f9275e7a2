//! Are distances and normals those of exact arithmetic, at every depth?

use fractal::{Field, Formula, Plan, Quality, Tier, View};

use crate::growth::{Picture, Truth};
use crate::random::SplitMix64;
use crate::{HEIGHT, WIDTH, field, place, view};

/// In pixels: nearer to the set f64 may not know which way it lies, and nobody sees it.
const UNSTEADY: f64 = 1e-6;

/// Compares `pixels` random ones that escape with the truth, in a tier.
fn is_true(view: View, tier: Tier, pixels: usize) {
    let view = View {
        // A truer field of the same place would not be computed directly.
        quality: if tier == Tier::Direct {
            Quality::Fast
        } else {
            Quality::Exact
        },
        ..view
    };
    assert_eq!(Plan::new(&view).unwrap().tier(), tier);
    let (field, picture) = (field(&view), Picture::new(&view));
    let mut random = SplitMix64(1);
    let tries = (0..20 * pixels).map(|_| (random.below(WIDTH), random.below(HEIGHT)));
    let errors = tries.filter_map(|(column, row)| {
        let truth = picture.truth(column, row)?;
        Some(error(&field, (row * WIDTH + column) as usize, &truth))
    });
    let mut errors: Vec<f64> = errors.take(pixels).collect();
    assert_eq!(errors.len(), pixels, "too few pixels escape");
    errors.sort_by(f64::total_cmp);
    let (median, most) = (errors[pixels / 2], errors[pixels * 9 / 10]);
    assert!(median < 1e-5 && most < 1e-3, "{median:e}, {most:e}");
}

/// How far a sample's distance or normal is from the truth; infinite where the count is.
fn error(field: &Field, sample: usize, truth: &Truth) -> f64 {
    if truth.count != field.counts[sample] {
        return f64::INFINITY;
    }
    let distance = f64::from(field.distance[sample]);
    if truth.distance < UNSTEADY {
        let is_tiny = distance < 10.0 * UNSTEADY;
        return if is_tiny { 0.0 } else { f64::INFINITY };
    }
    let normal = field.normal[sample].map(f64::from);
    let turned = (normal[0] - truth.normal[0]).hypot(normal[1] - truth.normal[1]);
    (distance / truth.distance - 1.0).abs().max(turned)
}

#[test]
fn shallow_places_are_true() {
    use Formula::*;
    let seed = |re: &str, im: &str| Julia {
        seed_re: re.parse().unwrap(),
        seed_im: im.parse().unwrap(),
    };
    for (formula, re, im, zoom, limit) in [
        (Mandelbrot, "-0.75", "0", "1.6", 1000),
        (Mandelbrot, "-0.75", "0.1", "40", 5000),
        (Mandelbrot, "0.2869", "0.0142", "2000", 20_000),
        (Mandelbrot, "-1.25066", "0.02012", "2e5", 5000),
        (Multibrot { power: 3 }, "0", "0", "1.3", 500),
        (Multibrot { power: 8 }, "0.1", "0.6", "2.6", 500),
        (seed("-0.8", "0.156"), "0", "0", "1.2", 1000),
        (BurningShip, "-1.755", "-0.03", "40", 1000),
        (Tricorn, "-0.1", "0.85", "10", 1000),
    ] {
        is_true(view(formula, re, im, zoom, limit), Tier::Direct, 100);
    }
}

#[test]
fn places_past_f64s_grain_are_true() {
    for (id, pixels) in [
        ("line-e28", 40),
        ("seahorse-e31", 20),
        ("multibrot-3-e60", 30),
        ("multibrot-5-e20", 30),
        ("julia-e60", 30),
        ("burning-ship-e60", 30),
        ("tricorn-e58", 30),
        ("dendrite-i", 20),
    ] {
        is_true(place(id), Tier::Perturbation, pixels);
    }
}

#[test]
fn places_past_f64s_exponents_are_true() {
    for id in [
        "border-dendrite-e308",
        "multibrot-3-e320",
        "multibrot-5-e320",
        "julia-e320",
        "burning-ship-e320",
        "tricorn-e320",
    ] {
        is_true(place(id), Tier::ExtendedPerturbation, 20);
    }
}

#[test]
fn normals_turn_with_the_picture_and_point_away_from_the_set() {
    let upright = View {
        width: HEIGHT,
        ..view(Formula::Mandelbrot, "-0.5", "0", "0.4", 300)
    };
    let turned = field(&View {
        rotation: 90.0,
        ..upright.clone()
    });
    let upright = field(&upright);
    let side = HEIGHT as usize;
    for (x, y) in [(0, 0), (40, 3), (7, 30)] {
        let here = y * side + x;
        // The turned picture's right is the plane's up.
        let there = (side - 1 - x) * side + y;
        let ([right, up], [turned_right, turned_up]) = (upright.normal[there], turned.normal[here]);
        assert!((turned_right - up).abs() < 1e-5 && (turned_up + right).abs() < 1e-5);
        let far = (upright.distance[there] / turned.distance[here] - 1.0).abs();
        assert!(far < 1e-5);
    }
    assert!(upright.normal[0][0] < -0.5 && upright.normal[0][1] > 0.5);
}

#[test]
fn distances_are_in_pixels_however_many_samples_a_pixel_has() {
    for base in [
        view(Formula::Mandelbrot, "-0.75", "0.1", "40", 3000),
        place("line-e28"),
        place("border-dendrite-e308"),
    ] {
        let three = field(&View {
            samples: 3,
            ..base.clone()
        });
        let one = field(&base);
        for (x, y) in [(5, 7), (31, 20), (60, 44)] {
            let middle = (3 * y + 1) * 3 * WIDTH as usize + 3 * x + 1;
            let (fine, coarse) = (three.distance[middle], one.distance[y * WIDTH as usize + x]);
            assert!((fine - coarse).abs() <= 1e-3 * coarse, "{fine} {coarse}");
        }
    }
}
